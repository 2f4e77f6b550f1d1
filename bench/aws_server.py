"""An AWS to measure against: moto's server in a process of its own, which also counts the calls that it gets.

Prints its address on the first line. ``GET /bench/calls`` answers the counts by operation since the last ``GET /bench/reset``.
"""

from __future__ import annotations

import functools
import json
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

Respond = Callable[..., Any]
_JSON = [("Content-Type", "application/json")]


class CountingApp:
    """Counts operations by the header or form field that names them, and hands every call on."""

    def __init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        # moto reads the folders of its own package at each call to learn which service is meant; whoever calls is not to pay for that
        self._app.get_backend_for_host = functools.cache(self._app.get_backend_for_host)  # type: ignore[method-assign]
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Respond) -> Iterable[bytes]:
        """Answer one request."""
        path = environ.get("PATH_INFO", "")
        if path.startswith("/bench/"):
            return self._answer(path, start_response)
        target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        with self._lock:
            self._counts[target or "query"] += 1
        found: Iterable[bytes] = self._app(environ, start_response)
        return found

    def _answer(self, path: str, start_response: Respond) -> Iterable[bytes]:
        with self._lock:
            counts = dict(self._counts)
            if path == "/bench/reset":
                self._counts.clear()
        start_response("200 OK", _JSON)
        return [json.dumps(counts).encode()]


def main() -> None:
    """Serve until the process is ended."""
    logging.getLogger("werkzeug").disabled = True
    server = make_server("127.0.0.1", 0, CountingApp(), threaded=True)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
