"""The one door to AWS: every call is paced, named, and ends in an answer or in an error of our family.

A throttled call had no effect, so it is sent again right here, a few times, with full jitter. Every other failure goes up at once:
whoever called knows how to look whether the call took effect.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from goldenpath.errors import AccessDenied, GoldenpathError, Misconfigured, ProviderRefused, ProviderUnavailable
from goldenpath.ports.clock import Clock, Entropy
from goldenpath.ports.pace import THROTTLED, UNPACED, Operation, Pace
from goldenpath.providers.aws.failures import code_of, failure, no_credentials, unreachable
from goldenpath.providers.aws.session import AwsClients, exceptions_of_the_kit
from goldenpath.providers.backoff import Backoff

TRIES = 6
BACKOFF = Backoff(base_seconds=0.1, cap_seconds=5.0)

COUNTED_AS: Final[Mapping[str, Operation]] = {
    "AddTagsToResource": "tag",
    "DeleteResourcePolicy": "policy",
    "DescribeParameters": "list",
    "GetParametersByPath": "list",
    "GetResourcePolicy": "policy",
    "ListSecretVersionIds": "list",
    "ListSecrets": "list",
    "PutResourcePolicy": "policy",
    "RemoveTagsFromResource": "tag",
    "TagResource": "tag",
    "UntagResource": "tag",
    "ValidateResourcePolicy": "policy",
}
"""What AWS counts together (STANDARD section 2); what is not here is a ``read`` when its name says so, else a ``write``."""
_READS = ("BatchGet", "Describe", "Get", "List")

ALWAYS_ANSWERED: Final[Mapping[str, str]] = {
    "CreateSecret": "Name",
    "DescribeParameters": "Parameters",
    "DescribeSecret": "Name",
    "GetCallerIdentity": "Account",
    "GetParameter": "Parameter",
    "GetParameterHistory": "Parameters",
    "GetParameters": "Parameters",
    "GetParametersByPath": "Parameters",
    "GetResourcePolicy": "Name",
    "GetSecretValue": "VersionId",
    "ListSecrets": "SecretList",
    "PutParameter": "Version",
    "PutSecretValue": "VersionId",
}
"""What is in every answer of AWS, also in one that found nothing. The kit makes an empty answer of a page that a proxy put in, or of one
that was cut off; taken as it is, that would say that nothing is there."""


class Answer(NamedTuple):
    """What AWS said: the body, or the name of an error that the caller expected."""

    body: dict[str, Any]
    code: str = ""


class AwsCalls:
    """Sends calls; safe for threads.

    Args:
        clients: The clients of one account, region and role.
        clock: Waiting.
        entropy: Jitter.
        pace: Keeps everybody's calls below the account's quotas (R22).
        expected_account: Nothing but the question for the identity is sent under credentials of another account (R33); empty for any.
    """

    def __init__(self, clients: AwsClients, *, clock: Clock, entropy: Entropy, pace: Pace = UNPACED, expected_account: str = "") -> None:
        self._clients = clients
        self._clock = clock
        self._entropy = entropy
        self._pace = pace
        self._expected_account = expected_account
        self._account = ""
        self._asking = threading.Lock()

    def account(self) -> str:
        """Return the account that the credentials belong to; asked once, by the one call that needs no permission."""
        with self._asking:
            if not self._account:
                self._account = str(self._patiently("sts", "GetCallerIdentity", "", frozenset(), {}).body["Account"])
            return self._account

    def send(self, service: str, operation: str, *, subject: str, expected: frozenset[str] = frozenset(), **parameters: Any) -> Answer:
        """Send one call.

        Args:
            service: the kit's name, e.g. ``secretsmanager``.
            operation: AWS's name, e.g. ``CreateSecret``.
            subject: What it is about, for messages; a path, never a value.
            expected: Names of AWS errors that are answers to this caller.
            parameters: As AWS names them.

        Raises:
            ProviderUnavailable: ``store.throttled`` (no effect), ``store.unreachable`` (effect unknown).
            ProviderRefused: ``store.refused``, ``store.key-unusable``.
            AccessDenied: ``store.access-denied``, ``store.wrong-account``.
            Unauthenticated: ``store.unauthenticated``.
        """
        if self._expected_account and self.account() != self._expected_account:
            raise _wrong_account(self._account, self._expected_account, subject)
        return self._patiently(service, operation, subject, expected, parameters)

    def _patiently(self, service: str, operation: str, subject: str, expected: frozenset[str], parameters: dict[str, Any]) -> Answer:
        for attempt in range(TRIES):
            try:
                with self._pace.turn(counted_as(operation)):
                    return self._once(service, operation, subject, expected, parameters)
            except ProviderUnavailable as error:
                if error.code != THROTTLED or attempt == TRIES - 1:
                    raise
            self._clock.sleep(BACKOFF.pause_seconds(attempt, self._entropy))
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _once(self, service: str, operation: str, subject: str, expected: frozenset[str], parameters: dict[str, Any]) -> Answer:
        kit = exceptions_of_the_kit()
        try:
            # a client is made here too: looking for credentials can ask the network
            body = _call(_method(self._clients, service, operation), parameters)
        except kit.ClientError as error:
            code = code_of(error.response)
            if code in expected:
                return Answer({}, code)
            raise failure(error.response, operation=operation, subject=subject) from error
        except (kit.NoCredentialsError, kit.PartialCredentialsError, kit.CredentialRetrievalError, kit.TokenRetrievalError) as error:
            raise no_credentials() from error
        except (kit.ConfigNotFound, kit.ConfigParseError, kit.InvalidConfigError, kit.InvalidRegionError, kit.NoRegionError) as error:
            raise _bad_configuration(type(error).__name__) from error
        except kit.ParamValidationError:
            # its text repeats the parameters, values included: neither shown nor kept as a cause
            raise _bad_parameters(operation, subject) from None
        except (kit.BotoCoreError, kit.HTTPClientError) as error:
            raise unreachable(f"no answer from AWS to {operation} ({type(error).__name__})", subject=subject) from error
        if ALWAYS_ANSWERED.get(operation, "ResponseMetadata") not in body:
            raise unreachable(f"what came back for {operation} is no answer of AWS", subject=subject)
        return Answer(body)


def _method(clients: AwsClients, service: str, operation: str) -> Callable[..., dict[str, Any]]:
    """Return the method of a client; the kit lets some faults of the configuration out as they are."""
    import botocore.exceptions  # noqa: PLC0415 - comes with the kit

    try:
        method: Callable[..., dict[str, Any]] = getattr(clients.client(service), _snake(operation))
    except botocore.exceptions.BotoCoreError:  # some are OSError or ValueError as well
        raise
    except (OSError, ValueError) as error:
        raise _bad_configuration(type(error).__name__) from None
    return method


def _call(method: Callable[..., dict[str, Any]], parameters: dict[str, Any]) -> dict[str, Any]:
    """Send the call; an empty body when the kit's parser falls over what came back, be it the answer or new credentials.

    The kit has no error of its own for that, or one that quotes the whole body, so it is not kept as a cause.
    """
    import botocore.exceptions  # noqa: PLC0415 - comes with the kit
    import botocore.parsers  # noqa: PLC0415 - same

    try:
        return method(**parameters)
    except botocore.exceptions.BotoCoreError:
        raise
    except OSError as error:  # a file of the configuration, e.g. a web identity token: faults of the network have names of their own
        raise _bad_configuration(type(error).__name__) from None
    except (AttributeError, KeyError, TypeError, ValueError, botocore.parsers.ResponseParserError):
        return {}


def counted_as(operation: str) -> Operation:
    """Return what the pace counts an AWS operation as."""
    return COUNTED_AS.get(operation) or ("read" if operation.startswith(_READS) else "write")


def _wrong_account(found: str, expected: str, subject: str) -> GoldenpathError:
    return AccessDenied(
        "store.wrong-account",
        f"the AWS credentials belong to account {found}, the environment to {expected}",
        subject=subject,
        hint="use the credentials of the environment's own account; nothing was read or written",
    )


def _bad_configuration(name: str) -> GoldenpathError:
    return Misconfigured(
        "store.kit-misconfigured",
        f"the AWS configuration of this machine cannot be used ({name})",
        hint="look at the AWS configuration files and the AWS_* variables; aws configure list shows where each comes from",
    )


def _bad_parameters(operation: str, subject: str) -> GoldenpathError:
    return ProviderRefused(
        "store.refused",
        f"{operation} was not sent: the AWS kit does not take its parameters",
        subject=subject,
        hint="nothing was sent",
    )


def _snake(operation: str) -> str:
    import botocore  # noqa: PLC0415 - same

    name: str = botocore.xform_name(operation)
    return name
