"""The one door to AWS: whatever goes wrong on the way is an error of our family, and none of its text repeats what was sent."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from tests.builders import FakeClock, FakeEntropy
from tests.canary import hits_in, new_canary

from goldenpath.errors import GoldenpathError
from goldenpath.providers.aws.calls import AwsCalls
from goldenpath.providers.aws.session import AwsClients, AwsPlace

exceptions = pytest.importorskip("botocore.exceptions")


class BrokenClients:
    """A stand-in for clients that cannot even be made, or whose every call ends in one exception."""

    def __init__(self, error: Exception, *, when: str) -> None:
        self._error = error
        self._when = when

    def client(self, _service: str) -> Any:
        if self._when == "open":
            raise self._error
        return self

    def __getattr__(self, _name: str) -> Any:
        def fail(**_parameters: object) -> None:
            raise self._error

        return fail


def answered(name: str, status: int, text: str = "said too much") -> Exception:
    metadata = {"HTTPStatusCode": status, "RequestId": "req-1"}
    error: Exception = exceptions.ClientError({"Error": {"Code": name, "Message": text}, "ResponseMetadata": metadata}, "PutSecretValue")
    return error


def send(error: Exception, *, when: str = "call", **parameters: object) -> GoldenpathError:
    calls = AwsCalls(BrokenClients(error, when=when), clock=FakeClock(), entropy=FakeEntropy())  # type: ignore[arg-type]
    with pytest.raises(GoldenpathError) as caught:
        calls.send("secretsmanager", "PutSecretValue", subject="a/path", **parameters)  # type: ignore[arg-type]
    return caught.value


ANSWERS = [
    (answered("ThrottlingException", 400), "store.throttled", True),
    (answered("TooManyUpdates", 400), "store.throttled", True),
    (answered("InternalServiceError", 500), "store.unreachable", True),
    (answered("ServiceUnavailable", 503), "store.unreachable", True),
    (answered("AccessDeniedException", 400), "store.access-denied", False),
    (answered("ExpiredTokenException", 400), "store.unauthenticated", False),
    (answered("DecryptionFailure", 400), "store.key-unusable", False),
    (answered("InvalidParameterException", 400), "store.refused", False),
    (answered("LimitExceededException", 400), "store.refused", False),
    (answered("x" * 200 + " <script>", 400), "store.refused", False),
    (exceptions.NoCredentialsError(), "store.no-credentials", False),
    (exceptions.CredentialRetrievalError(provider="sso", error_msg="said too much"), "store.no-credentials", False),
    (exceptions.NoRegionError(), "store.kit-misconfigured", False),
    (exceptions.InvalidRegionError(region_name="said too much"), "store.kit-misconfigured", False),
    (exceptions.ConnectTimeoutError(endpoint_url="said too much"), "store.unreachable", True),
    (exceptions.ReadTimeoutError(endpoint_url="said too much"), "store.unreachable", True),
    (exceptions.ConnectionClosedError(endpoint_url="said too much"), "store.unreachable", True),
    (exceptions.EndpointConnectionError(endpoint_url="said too much", error="x"), "store.unreachable", True),
    (exceptions.SSLError(endpoint_url="said too much", error="x"), "store.unreachable", True),
]


@pytest.mark.parametrize("when", ["call", "open"])
@pytest.mark.parametrize(("error", "code", "is_retryable"), ANSWERS, ids=[f"{number}-{row[1]}" for number, row in enumerate(ANSWERS)])
def test_every_failure_has_its_code_and_none_repeats_the_vendors_text(
    error: Exception, code: str, *, is_retryable: bool, when: str
) -> None:
    found = send(error, when=when)
    assert found.code == code
    assert (found.retry_after_seconds is not None) == is_retryable
    assert "said too much" not in f"{found} {found.hint} {found.subject}"
    assert "<script>" not in str(found)


def test_parameters_that_the_kit_refuses_are_not_repeated_nor_kept_as_a_cause() -> None:
    canary = new_canary()
    found = send(exceptions.ParamValidationError(report=f"Invalid type for SecretString, value: {canary}"), SecretString=canary)
    chain = [repr(each) for each in (found, found.__cause__) if each is not None]
    assert hits_in(" ".join(chain).encode(), [canary]) == []
    assert found.__suppress_context__


def test_without_the_kit_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3.session", None)
    calls = AwsCalls(AwsClients(AwsPlace(region="us-east-1")), clock=FakeClock(), entropy=FakeEntropy())
    with pytest.raises(GoldenpathError) as caught:
        calls.send("secretsmanager", "ListSecrets", subject="")
    assert caught.value.code == "store.kit-missing"
    assert "goldenpath[aws]" in caught.value.hint


@pytest.mark.parametrize(
    ("address", "is_safe"),
    [
        ("https://secretsmanager.us-east-1.amazonaws.com", True),
        ("http://127.0.0.1:5000", True),
        ("http://localhost:5000", True),
        ("http://[::1]:5000", True),
        ("http://secretsmanager.us-east-1.amazonaws.com", False),
        ("http://127.0.0.1.evil.example", False),
        ("http://10.0.0.1:5000", False),
        ("http://localhost@evil.example", False),
    ],
)
def test_values_never_go_to_an_address_in_clear(monkeypatch: pytest.MonkeyPatch, address: str, *, is_safe: bool) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    clients = AwsClients(AwsPlace(region="us-east-1"))
    if is_safe:
        assert clients.client("secretsmanager").meta.endpoint_url == address
        return
    with pytest.raises(GoldenpathError) as caught:
        clients.client("secretsmanager")
    assert caught.value.code == "store.endpoint-insecure"
