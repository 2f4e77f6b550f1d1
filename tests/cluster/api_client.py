"""Asking a Kubernetes API plainly: one HTTPS request, JSON both ways. The tests' own eyes, independent of the product's client."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

Json = dict[str, Any]
NOT_FOUND: Final = 404
_ANSWER_SECONDS: Final = 30
_READY_SECONDS: Final = 2


class ApiRefused(Exception):
    """The API answered with an error: ``status`` is the HTTP status, ``body`` what it sent."""

    def __init__(self, method: str, path: str, status: int, body: str) -> None:
        super().__init__(f"{method} {path}: {status}: {body}")
        self.status = status
        self.body = body


class ApiClient:
    """Asks one API as the administrator, or as whoever has the token that a call names.

    Args:
        url: Where it listens.
        ca_file: What its certificate is checked with; it is read for each request, because a server makes it when it first starts.
        token: The administrator's.
    """

    def __init__(self, *, url: str, ca_file: Path, token: str) -> None:
        self.url = url
        self.ca_file = ca_file
        self.token = token

    def call(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        token: str | None = None,
        content_type: str = "application/json",
        seconds: float = _ANSWER_SECONDS,
    ) -> Json:
        """Send one request and return the answer. Raises ``ApiRefused``; ``OSError`` when nobody answers."""
        headers = {"Authorization": f"Bearer {token or self.token}", "Content-Type": content_type, "Accept": "application/json"}
        try:
            return dict(json.loads(self._send(method, path, headers=headers, body=body, seconds=seconds)))
        except urllib.error.HTTPError as error:
            raise ApiRefused(method, path, error.code, error.read().decode(errors="replace")) from None

    def get(self, path: str) -> Json | None:
        """Return an object; None when it is not there."""
        try:
            return self.call("GET", path)
        except ApiRefused as refused:
            if refused.status == NOT_FOUND:
                return None
            raise

    def merge(self, path: str, change: Json) -> Json:
        """Change an object, or its ``/status``, by a JSON merge patch: what real controllers cannot be made to write is written so."""
        return self.call("PATCH", path, change, content_type="application/merge-patch+json")

    def answers(self, path: str) -> bool:
        """Say whether a path answers with 200 now."""
        try:
            self._send("GET", path, headers={"Authorization": f"Bearer {self.token}"}, seconds=_READY_SECONDS)
        except OSError:
            return False
        return True

    def _send(self, method: str, path: str, *, headers: dict[str, str], seconds: float, body: Json | None = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)  # noqa: S310 - a server of ours
        context = ssl.create_default_context(cafile=str(self.ca_file))
        # no proxy stands between a test and its own machine
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
        with opener.open(request, timeout=seconds) as answer:
            return bytes(answer.read())
