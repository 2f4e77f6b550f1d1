"""AWS's way to say no, in the words of our one exception family.

An AWS error's free text can hold parts of what was sent, so it is dropped: what stays is the error's name from AWS's closed list, the
HTTP status and the request id, with which AWS support finds the rest.
"""

from __future__ import annotations

import re
from typing import Any

from goldenpath.errors import AccessDenied, GoldenpathError, ProviderRefused, ProviderUnavailable, Unauthenticated

THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "TooManyUpdates",
        "TransactionInProgressException",
    }
)
"""The call had no effect; the account is over a rate, or somebody else writes the same thing right now."""

QUOTA = frozenset({"LimitExceededException"})
"""In Secrets Manager this is a quota, not a rate: waiting does not help."""

UNAUTHENTICATED = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "NotAuthorized", "OptInRequired", "UnauthorizedOperation"})
_DENIED_HINTS = {
    "RotateSecret": "the role needs RotateSecret and lambda:InvokeFunction, and the function's own policy must let "
    "secretsmanager.amazonaws.com call it: see the page on native rotation",
}
KEY_UNUSABLE = frozenset(
    {
        "DecryptionFailure",
        "DisabledException",
        "EncryptionFailure",
        "InvalidKeyId",
        "InvalidKeyUsageException",
        "KMSAccessDeniedException",
        "KMSDisabledException",
        "KMSInvalidStateException",
        "KMSNotFoundException",
        "KeyUnavailableException",
    }
)

RETRY_SECONDS = 0.5
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._]{0,80}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,80}")
_SERVER_FAULT = 500


def code_of(response: dict[str, Any]) -> str:
    """Return the error's name, without the shape's prefix that some services add; ``Unknown`` for anything but a plain name."""
    text = str(response.get("Error", {}).get("Code", "")).rpartition("#")[2]
    return text if _NAME.fullmatch(text) else "Unknown"


def failure(response: dict[str, Any], *, operation: str, subject: str) -> GoldenpathError:
    """Return our error for an AWS error answer."""
    code = code_of(response)
    metadata = response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode") or 0)
    request_id = str(metadata.get("RequestId", ""))
    said = f"AWS answered {operation} with {code} (HTTP {status}{_request(request_id)})"
    if code in THROTTLED - QUOTA:
        return ProviderUnavailable("store.throttled", said, subject=subject, retry_after_seconds=RETRY_SECONDS)
    if code in UNAUTHENTICATED:
        hint = "get new AWS credentials, then run the command again; nothing is lost"
        return Unauthenticated("store.unauthenticated", said, subject=subject, hint=hint)
    if code in DENIED:
        hint = _DENIED_HINTS.get(operation, "the permissions that each role needs are listed in the documentation of the AWS stores")
        return AccessDenied("store.access-denied", said, subject=subject, hint=hint)
    if code in KEY_UNUSABLE:
        hint = "enable the KMS key, or let the role use it, and run again"
        return ProviderRefused("store.key-unusable", said, subject=subject, hint=hint)
    if status >= _SERVER_FAULT or code == "InternalServiceError":
        return unreachable(said, subject=subject)
    return ProviderRefused("store.refused", said, subject=subject, hint="nothing else was tried for this record")


def unreachable(said: str, *, subject: str) -> ProviderUnavailable:
    """Return the error for an answer that never came, or says nothing: the call may have had its effect or not."""
    hint = "run the same command again; what is done is found and not done twice"
    return ProviderUnavailable("store.unreachable", said, subject=subject, hint=hint, retry_after_seconds=RETRY_SECONDS)


def no_credentials() -> GoldenpathError:
    """Return the error for a machine that has none."""
    return Unauthenticated(
        "store.no-credentials",
        "no AWS credentials were found",
        hint="log in to AWS, or set environments.<name>.stores.<provider>.profile in goldenpath.yaml",
    )


def _request(request_id: str) -> str:
    return f", request {request_id}" if _REQUEST_ID.fullmatch(request_id) else ""
