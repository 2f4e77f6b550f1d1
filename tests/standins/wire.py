"""What travels between a client and AWS: a request read from WSGI, an answer, and a refusal in the form that each protocol gives it."""

from __future__ import annotations

import io
import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

REGION: Final = "us-east-1"
_SCOPE = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_TARGETS: Final = {"secretsmanager": "secretsmanager", "AmazonSSM": "ssm", "TrentService": "kms"}
_OPEN_ACTIONS: Final = frozenset({"AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"})
_SERVER_FAULTS: Final = {"InternalServiceError": 500, "InternalServerError": 500, "InternalFailure": 500, "ServiceUnavailable": 503}

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class AwsRefusal(Exception):
    """AWS says no. ``status`` follows from the code unless it is given."""

    def __init__(self, code: str, message: str = "refused by the stand-in", *, status: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status or _SERVER_FAULTS.get(code, 400)


@dataclass(frozen=True)
class AwsRequest:
    """One call. ``parameters`` is what the client sent, values included: it must not outlive the call."""

    service: str
    operation: str
    parameters: Mapping[str, Any] = field(repr=False)
    access_key: str
    region: str
    environ: Environ = field(repr=False)
    account: str = ""

    @property
    def is_json(self) -> bool:
        return "HTTP_X_AMZ_TARGET" in self.environ

    def text(self, name: str) -> str:
        """Return a parameter's text; empty when it was not sent."""
        return str(self.parameters.get(name) or "")

    def with_parameters(self, **changes: Any) -> AwsRequest:
        """Return the request as if the client had sent these too. JSON protocol only."""
        return replace(self, parameters={**self.parameters, **changes})

    def to_environ(self) -> Environ:
        """Return what moto reads: the same request, in the account that the credentials belong to."""
        environ = {**self.environ, "HTTP_X_MOTO_ACCOUNT_ID": self.account}
        body = json.dumps(self.parameters).encode() if self.is_json else environ["standin.body"]
        return {**environ, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}


@dataclass(frozen=True)
class AwsAnswer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        return self.status < 300

    def tree(self) -> dict[str, Any]:
        """Return a JSON answer's content."""
        tree: dict[str, Any] = json.loads(self.body or b"{}")
        return tree

    def with_tree(self, tree: Mapping[str, Any]) -> AwsAnswer:
        return self.with_body(json.dumps(tree).encode())

    def with_body(self, body: bytes) -> AwsAnswer:
        return replace(self, body=body)

    def error_code(self) -> str:
        """Return the error's name; empty for a success."""
        if self.is_success:
            return ""
        if self.body.startswith(b"{"):
            return str(self.tree().get("__type", "")).rpartition("#")[2]
        found = re.search(rb"<Code>([^<]+)</Code>", self.body)
        return found[1].decode() if found else "Unknown"

    def send(self, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a WSGI call."""
        headers = [(name, value) for name, value in self.headers if name.lower() != "content-length"]
        start_response(f"{self.status} {'OK' if self.is_success else 'Refused'}", [*headers, ("Content-Length", str(len(self.body)))])
        return [self.body]


def read_request(environ: Environ) -> AwsRequest | None:
    """Return the AWS call in a WSGI request; None for what is not one (moto's own pages)."""
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    kept = {**environ, "standin.body": body, "wsgi.input": io.BytesIO(body)}
    prefix, _, operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")
    key, region = (scope["key"], scope["region"]) if scope else ("", REGION)
    if operation:
        service = scope["service"] if scope else _TARGETS.get(prefix, prefix)
        return AwsRequest(service, operation, json.loads(body or b"{}"), key, region, kept)
    form = dict(parse_qsl(body.decode("utf-8", "replace")))
    action = form.get("Action", "")
    if not action or (scope is None and action not in _OPEN_ACTIONS):
        environ["wsgi.input"] = io.BytesIO(body)
        return None
    return AwsRequest(scope["service"] if scope else "sts", action, form, key, region, kept)


def json_answer(tree: Mapping[str, Any], *, status: int = 200) -> AwsAnswer:
    headers = (("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", str(uuid.uuid4())))
    return AwsAnswer(status, headers, json.dumps(tree).encode())


def refused_answer(refusal: AwsRefusal, request: AwsRequest) -> AwsAnswer:
    """Return a refusal in the protocol of the request."""
    if request.is_json:
        return json_answer({"__type": refusal.code, "message": refusal.message}, status=refusal.status)
    error = f"<Error><Type>Sender</Type><Code>{escape(refusal.code)}</Code><Message>{escape(refusal.message)}</Message></Error>"
    body = f"<ErrorResponse>{error}<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    return AwsAnswer(refusal.status, (("Content-Type", "text/xml"),), body.encode())
