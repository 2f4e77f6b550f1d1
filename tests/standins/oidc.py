"""A stand-in for the runner's own identity service: a job that may ask for a token gets one about its repository and branch.

GitHub offers the address and the key to ask with only to a job with the permission ``id-token: write``; the rig that runs workflows does
the same. Signatures are nobody's: moto exchanges any token, and what a cloud makes of it is the trust policy's tests' matter.
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit


class StandInOidc:
    """``asked`` holds the audience of each token that was handed out; ``refused`` counts those that came without the key."""

    def __init__(self, address: str, subject: str) -> None:
        self.address = address
        self.subject = subject
        self.key = secrets.token_hex(24)
        self.tokens: list[str] = []
        self.asked: list[str] = []
        self.refused = 0

    def environment(self) -> dict[str, str]:
        """What GitHub gives to a job that may ask."""
        return {"ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.address}/token?api-version=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.key}

    def issue(self, audience: str) -> str:
        """Return a token that says whose job asked."""
        claims = {"iss": self.address, "sub": self.subject, "aud": audience}
        parts = ({"alg": "RS256", "typ": "JWT"}, claims)
        token = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
        self.tokens.append(f"{token}.{secrets.token_urlsafe(32)}")
        self.asked.append(audience)
        return self.tokens[-1]


@contextmanager
def serving_oidc(subject: str) -> Iterator[StandInOidc]:
    """Serve on loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        service: ClassVar[StandInOidc]

        def do_GET(self) -> None:
            if self.headers.get("Authorization", "").lower() != f"bearer {self.service.key}":
                self.service.refused += 1
                self.send_error(401)
                return
            body = json.dumps({"value": self.service.issue(parse_qs(urlsplit(self.path).query).get("audience", [""])[0])}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_parts: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Handler.service = StandInOidc(f"http://127.0.0.1:{server.server_port}", subject)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Handler.service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
