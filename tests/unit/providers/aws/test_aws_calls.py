"""The one door to AWS: whatever goes wrong on the way is an error of our family, and none of its text repeats what was sent."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tests.builders import FakeClock, FakeEntropy
from tests.canary import hits_in, new_canary

from goldenpath.errors import GoldenpathError
from goldenpath.providers.aws.calls import ALWAYS_ANSWERED, AwsCalls
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
    monkeypatch.setitem(sys.modules, "botocore.session", None)
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


@contextmanager
def proxy_that_answers(body: bytes) -> Iterator[str]:
    """Somebody between us and AWS, who answers every call with 200 and this body."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


NO_ANSWERS = {
    "empty": b"",
    "page": b"<html>log in first</html>",
    "cut off": b'{"SecretList": [{"Name": "goldenp',
    "nothing": b"{}",
    "null": b"null",
    "list": b"[]",
    "text": b'"fine"',
    "other types": b'{"SecretList": 5, "Parameters": 5, "Parameter": 5, "Tags": 5}',
}
ABOUT: dict[str, tuple[str, dict[str, object]]] = {
    "DescribeParameters": ("ssm", {}),
    "DescribeSecret": ("secretsmanager", {"SecretId": "a"}),
    "GetParameter": ("ssm", {"Name": "/a"}),
    "GetParameters": ("ssm", {"Names": ["/a"]}),
    "GetSecretValue": ("secretsmanager", {"SecretId": "a"}),
    "ListSecrets": ("secretsmanager", {}),
    "PutParameter": ("ssm", {"Name": "/a", "Value": "v"}),
}


@pytest.mark.parametrize("body", NO_ANSWERS.values(), ids=NO_ANSWERS.keys())
def test_what_is_no_answer_of_aws_never_says_that_nothing_is_there(monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    assert ABOUT.keys() <= ALWAYS_ANSWERED.keys()
    with proxy_that_answers(body) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        calls, assumed = (
            AwsCalls(AwsClients(AwsPlace(region="us-east-1", role_arn=role)), clock=FakeClock(), entropy=FakeEntropy())
            for role in ("", "arn:aws:iam::123456789012:role/platform")
        )
        for operation, (service, parameters) in ABOUT.items():
            with pytest.raises(GoldenpathError) as caught:
                calls.send(service, operation, subject="a/path", **parameters)  # type: ignore[arg-type]
            assert (operation, caught.value.code) == (operation, "store.unreachable")
        for opened in (calls, assumed):
            with pytest.raises(GoldenpathError) as caught:
                opened.account()
            assert (caught.value.code, caught.value.__cause__) == ("store.unreachable", None), "the kit's own error quotes the body"


ROLE = "arn:aws:iam::123456789012:role/platform"
NOWHERE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
NOBODY = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
SURROUNDINGS: dict[str, tuple[dict[str, str], AwsPlace, str]] = {
    "profile": ({"AWS_PROFILE": "nope"}, AwsPlace(region="us-east-1"), "store.profile-unknown"),
    "profile and role": ({"AWS_PROFILE": "nope"}, AwsPlace(region="us-east-1", role_arn=ROLE), "store.profile-unknown"),
    "role of nobody": ({**NOWHERE, **NOBODY}, AwsPlace(region="us-east-1", role_arn=ROLE), "store.no-credentials"),
    "no address": ({"AWS_ENDPOINT_URL": "garbage"}, AwsPlace(region="us-east-1"), "store.kit-misconfigured"),
    "half an address": ({"AWS_ENDPOINT_URL": "http://[::1"}, AwsPlace(region="us-east-1"), "store.kit-misconfigured"),
    "no token file": (
        {**NOWHERE, **NOBODY, "AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent/token"},
        AwsPlace(region="us-east-1"),
        "store.kit-misconfigured",
    ),
    "role in clear": (
        {"AWS_ENDPOINT_URL_STS": "http://evil.example"},
        AwsPlace(region="us-east-1", role_arn=ROLE),
        "store.endpoint-insecure",
    ),
}


@pytest.mark.parametrize(("variables", "place", "code"), SURROUNDINGS.values(), ids=SURROUNDINGS.keys())
def test_surroundings_that_cannot_work_are_named(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], place: AwsPlace, code: str
) -> None:
    for name, text in variables.items():
        monkeypatch.setenv(name, text) if text else monkeypatch.delenv(name)
    calls = AwsCalls(AwsClients(place), clock=FakeClock(), entropy=FakeEntropy(), expected_account="123456789012")
    with pytest.raises(GoldenpathError) as caught:
        calls.send("secretsmanager", "GetSecretValue", subject="a/path", SecretId="a")
    assert caught.value.code == code
    assert variables.get("AWS_PROFILE", "") in caught.value.message
