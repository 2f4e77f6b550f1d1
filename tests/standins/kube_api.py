"""A stand-in for an API server, for what a real one cannot be made to do on demand: each answer is scripted, each request is kept.

Nothing here knows Kubernetes; what the real one does is tested on it (``tests/contract``, ``tests/real``).
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STATUS = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float


Step = Callable[["_Handler", Seen], None]


@dataclass
class StandInApi:
    """Answers the n-th request with the n-th step, and the last step for ever after."""

    steps: list[Step] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    def then(self, *steps: Step) -> StandInApi:
        self.steps += steps
        return self

    @property
    def lines(self) -> list[str]:
        """Method and path of each request, without the query."""
        return [f"{each.method} {each.path.partition('?')[0]}" for each in self.seen]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: StandInApi
    lock: threading.Lock

    def setup(self) -> None:
        super().setup()
        with self.lock:
            self.api.connections += 1

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = Seen(self.command, self.path, dict(self.headers.items()), body, time.monotonic())
        with self.lock:
            self.api.seen.append(seen)
            step = self.api.steps[min(len(self.api.seen), len(self.api.steps)) - 1]
        step(self, seen)

    do_GET = do_POST = do_PATCH = do_DELETE = do_CONNECT = _answer  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def sized(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        always = {"Date": self.date_time_string(), "Content-Type": "application/json", "Content-Length": str(len(body))}
        for name, text in {**always, **headers}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def drop(self) -> None:
        """End the connection hard, as a dying peer does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        for part in (self.wfile, self.rfile, self.connection):
            part.close()


def answer(status: int, tree: Any = None, **headers: str) -> Step:
    """A whole answer in JSON, or in ``bytes`` as given. ``Retry_After`` becomes ``Retry-After``."""
    body = tree if isinstance(tree, bytes) else json.dumps(STATUS | {"code": status} if tree is None else tree).encode()
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return lambda handler, _seen: handler.sized(status, body, named)


def refusal(status: int, reason: str = "", *, causes: Sequence[Mapping[str, str]] = (), name: str = "", **headers: str) -> Step:
    """A Status as an API server sends it."""
    details = {"name": name, "causes": [dict(each) for each in causes]}
    return answer(status, STATUS | {"code": status, "reason": reason, "details": details}, **headers)


def cut_off(body: bytes = b'{"kind":"Conf', *, promised: int = 1000) -> Step:
    """Less than was promised, and then the end of the connection."""

    def step(handler: _Handler, _seen: Seen) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(promised))
        handler.end_headers()
        handler.wfile.write(body)
        handler.wfile.flush()
        handler.close_connection = True

    return step


def reset(handler: _Handler, _seen: Seen) -> None:
    """The connection breaks before an answer."""
    handler.drop()


def reset_midway(handler: _Handler, _seen: Seen) -> None:
    """The connection breaks in the middle of an answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"kind":')
    handler.wfile.flush()
    handler.drop()


def silence(seconds: float) -> Step:
    """No answer for a while."""

    def step(handler: _Handler, _seen: Seen) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return step


def drip(pieces: int, seconds: float) -> Step:
    """An answer that never seems to end."""

    def step(handler: _Handler, _seen: Seen) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        try:
            for _ in range(pieces):
                handler.chunk(b" ")
                time.sleep(seconds)
        except OSError:
            handler.close_connection = True

    return step


def stream(*events: Any, tail: bytes = b"", ends: str = "well", piece: int = 0) -> Step:
    """A watch: events line by line, in pieces of ``piece`` bytes; it ends ``well``, with a ``drop``, or with a ``hold`` of 20 s."""

    def step(handler: _Handler, _seen: Seen) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        data = b"".join(json.dumps(event).encode() + b"\n" for event in events) + tail
        size = piece or max(1, len(data))
        for start in range(0, len(data), size):
            handler.chunk(data[start : start + size])
        if ends == "drop":
            time.sleep(0.2)  # until what was sent has arrived: a broken connection takes along what was not read yet
            handler.drop()
            return
        if ends == "hold":
            time.sleep(20)
        handler.chunk(b"")

    return step


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing: a broken connection is what was asked for."""


@contextmanager
def stand_in_api(context: ssl.SSLContext | None = None) -> Iterator[StandInApi]:
    """Run a stand-in on a free loopback port; with ``context`` it speaks TLS."""
    api = StandInApi()
    handler = type("Handler", (_Handler,), {"api": api, "lock": threading.Lock()})
    server = _Server(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    api.url = f"{'http' if context is None else 'https'}://127.0.0.1:{server.server_port}"
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
