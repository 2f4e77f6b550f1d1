"""One HTTPS request to a forge, its answer bounded in size and time. No retries, no redirects, no meaning: ``calls`` gives these.

Redirects are not followed, because the token would go along (R37), and the token is sent to the configured address and nowhere else.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from goldenpath import __version__
from goldenpath.errors import GoldenpathError, Misconfigured, ProviderUnavailable
from goldenpath.model.secret import SecretValue
from goldenpath.ports.clock import Clock
from goldenpath.providers.kubernetes.proxies import proxy_of

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 20.0
ANSWER_SECONDS: Final = 45.0
"""For one whole answer, however slowly it drips."""
ANSWER_MAX_BYTES: Final = 16 * 1024 * 1024
_PIECE_BYTES: Final = 64 * 1024
_KEPT_HEADERS: Final = ("Link", "Retry-After", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-GitHub-Request-Id", "X-Total-Count")
_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent. ``path`` and ``query`` are encoded and safe to print."""

    method: str
    path: str
    query: str = ""
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back. ``headers`` holds only those that count here."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Transport:
    """Connections to one forge; safe for threads.

    Args:
        address: The API's base.
        headers: What every request carries beside who we are.
        clock: Time.
        variables: Where proxies are named.

    Raises:
        Misconfigured: ``forge.client-missing`` without urllib3, ``forge.unencrypted`` for a token that would travel in clear.
    """

    def __init__(self, address: str, *, headers: Mapping[str, str], clock: Clock, variables: Mapping[str, str]) -> None:
        if address.startswith("http://") and urlsplit(address).hostname not in _THIS_MACHINE:
            raise Misconfigured("forge.unencrypted", f"the token would travel to {address} in clear", subject=address, hint="use https")
        self._address = address
        self._always = dict(headers)
        self._clock = clock
        self._pool = _pool(address, variables)

    def __repr__(self) -> str:
        return f"Transport({self._address})"

    def send(self, request: Request, *, authorization: SecretValue | None) -> Reply:
        """Send a request and return the whole answer.

        Raises:
            ProviderUnavailable: ``forge.unavailable``: no whole answer; the request may have had its effect.
            Misconfigured: ``forge.certificate-untrusted``.
        """
        with closing(self._request(request, authorization)) as answer:
            return Reply(status=answer.status, headers=_kept(answer), body=b"".join(self._pieces(answer)))

    def _request(self, request: Request, authorization: SecretValue | None) -> BaseHTTPResponse:
        with self._wrapped():
            return self._pool.request(
                request.method,
                f"{self._address}{request.path}{'?' if request.query else ''}{request.query}",
                body=request.body,
                headers=self._headers(request, authorization),
                timeout=_kit().Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        raise AssertionError("unreachable: the block returns or raises")

    def _headers(self, request: Request, authorization: SecretValue | None) -> dict[str, str]:
        headers = {**self._always, "User-Agent": f"goldenpath/{__version__}", "Accept-Encoding": "identity"}
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        if authorization is not None:
            headers["Authorization"] = authorization.reveal().decode("ascii")
        return headers

    def _pieces(self, answer: BaseHTTPResponse) -> Iterator[bytes]:
        size, until = 0, self._clock.monotonic() + ANSWER_SECONDS
        while True:
            with self._wrapped():
                piece = answer.read1(_PIECE_BYTES)
            if not piece:
                return
            size += len(piece)
            if size > ANSWER_MAX_BYTES:
                raise unavailable(f"its answer is larger than {ANSWER_MAX_BYTES // (1024 * 1024)} MiB", subject=self._address)
            if self._clock.monotonic() > until:
                raise unavailable(f"its answer did not end within {ANSWER_SECONDS:.0f} s", subject=self._address)
            yield piece

    @contextmanager
    def _wrapped(self) -> Iterator[None]:
        """Turn the HTTP library's errors into ours; none is kept as a cause, since some quote what the other side sent."""
        kit = _kit()
        try:
            yield
        except kit.exceptions.SSLError as error:
            raise _tls_failure(self._address, error) from None
        except (kit.exceptions.HTTPError, OSError, ValueError) as error:
            raise unavailable(f"{self._address} did not answer ({type(error).__name__})", subject=self._address) from None


def unavailable(said: str, *, subject: str = "", retry_after_seconds: float = 1.0) -> ProviderUnavailable:
    """Return the error for a forge that gave no usable answer; what was asked may have been done or not."""
    return ProviderUnavailable(
        "forge.unavailable",
        said,
        subject=subject,
        hint="look at the forge's status and the network, then run the same command again",
        retry_after_seconds=retry_after_seconds,
    )


def _kit() -> Any:
    """Return urllib3. Raises ``Misconfigured`` ``forge.client-missing``."""
    try:
        import urllib3  # noqa: PLC0415 - paid for by whoever asks a forge
    except ImportError as error:
        hint = "pip install 'goldenpath[forge]'"
        raise Misconfigured("forge.client-missing", "urllib3 is not installed, which speaks to forges", hint=hint) from error
    return urllib3


def _pool(address: str, variables: Mapping[str, str]) -> PoolManager:
    kit = _kit()
    options: dict[str, Any] = {
        "maxsize": 4,
        "num_pools": 1,
        "retries": False,
        "socket_options": [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)],
    }
    if address.startswith("https:"):
        options["ssl_context"] = ssl.create_default_context()
    proxy = proxy_of(address, "", variables)
    if not proxy:
        return kit.PoolManager(**options)  # type: ignore[no-any-return]
    login, _, place = proxy.rpartition("://")[2].rpartition("@")
    scheme = proxy.partition("://")[0] if "://" in proxy else "http"
    headers = kit.make_headers(proxy_basic_auth=unquote(login)) if login else {}
    return kit.ProxyManager(f"{scheme}://{place}", proxy_headers=headers, **options)  # type: ignore[no-any-return]


def _kept(answer: BaseHTTPResponse) -> Mapping[str, str]:
    return {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}


def _tls_failure(address: str, error: Exception) -> GoldenpathError:
    cause = error.args[0] if error.args else None
    if not isinstance(cause, ssl.SSLCertVerificationError):
        return unavailable(f"{address} did not agree on TLS ({getattr(cause, 'reason', None) or type(error).__name__})", subject=address)
    return Misconfigured(
        "forge.certificate-untrusted",
        f"the certificate of {address} is not to be trusted: {cause.verify_message}",
        subject=address,
        hint="name your authority's certificates with SSL_CERT_FILE, or correct forge.url; something on the way may answer in its place",
    )
