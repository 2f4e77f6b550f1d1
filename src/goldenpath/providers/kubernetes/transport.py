"""One HTTP request to an API server, its answer bounded in size and time. No retries, no redirects, no meaning: ``calls`` gives these."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote

from goldenpath import __version__
from goldenpath.errors import GoldenpathError, Misconfigured, ProviderRefused, ProviderUnavailable
from goldenpath.ports.clock import Clock
from goldenpath.providers.kubernetes.credentials import Credentials
from goldenpath.providers.kubernetes.proxies import proxy_of
from goldenpath.providers.kubernetes.tls import tls_context

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 30.0
ANSWER_SECONDS: Final = 60.0
"""For one whole answer, however slowly it drips."""
ANSWER_MAX_BYTES: Final = 64 * 1024 * 1024
CONNECTIONS: Final = 16
_PIECE_BYTES: Final = 64 * 1024
_KEPT_HEADERS: Final = ("Audit-Id", "Date", "Retry-After")
_ALIVE: Final = tuple(
    (socket.IPPROTO_TCP, getattr(socket, name), seconds)
    for name, seconds in (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
    if hasattr(socket, name)
)
"""A watch is silent for long; a peer that is gone is noticed within half a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent. ``path`` and ``query`` are encoded and safe to print; ``body`` may hold values."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back. ``headers`` holds only those that count here."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Stream(NamedTuple):
    """An answer that still comes in; whoever took it closes it."""

    pieces: Iterator[bytes]
    close: Callable[[], None]


class Transport:
    """Connections to one API server in one state of credentials; safe for threads.

    Args:
        credentials: Who we are.
        clock: Time.
        variables: Where proxies are named.

    Raises:
        Misconfigured: ``cluster.client-missing`` without urllib3, ``cluster.kubeconfig-malformed`` for certificates.
    """

    def __init__(self, credentials: Credentials, *, clock: Clock, variables: Mapping[str, str]) -> None:
        self._credentials = credentials
        self._server = credentials.endpoint.server
        self._clock = clock
        self._pool = _pool(credentials, variables)

    def __repr__(self) -> str:
        return f"Transport({self._server})"

    def send(self, request: Request) -> Reply:
        """Send a request and return the whole answer.

        Raises:
            ProviderUnavailable: ``cluster.unavailable``: no whole answer; the request may have had its effect.
            ProviderRefused: ``cluster.refused`` for an answer beyond all bounds.
            Misconfigured: ``cluster.certificate-untrusted``.
        """
        # one that was read to its end has given its connection back before it is closed
        with closing(self._request(request, READ_SECONDS)) as answer:
            return Reply(status=answer.status, headers=_kept(answer), body=b"".join(self._pieces(answer)))

    def stream(self, request: Request, *, silence_seconds: float) -> tuple[Reply, Stream]:
        """Send a request whose answer comes in bit by bit: a reply without a body, and the stream. Errors as for :meth:`send`.

        A reply that is no success comes whole, with nothing left in the stream.
        """
        answer = self._request(request, silence_seconds)
        if answer.status == 200:  # noqa: PLR2004 - HTTP's own number
            return Reply(status=answer.status, headers=_kept(answer), body=b""), Stream(self._arriving(answer), answer.close)
        with closing(answer):
            return Reply(status=answer.status, headers=_kept(answer), body=b"".join(self._pieces(answer))), Stream(iter(()), answer.close)

    def _request(self, request: Request, read_seconds: float) -> BaseHTTPResponse:
        with self._wrapped():
            return self._pool.request(
                request.method,
                f"{self._server}{request.path}{'?' if request.query else ''}{request.query}",
                body=request.body,
                headers=self._headers(request),
                timeout=kit_of_http().Timeout(connect=CONNECT_SECONDS, read=read_seconds),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        raise AssertionError("unreachable: the block returns or raises")

    def _headers(self, request: Request) -> Any:
        headers = kit_of_http().HTTPHeaderDict({"User-Agent": f"goldenpath/{__version__}", "Accept-Encoding": "identity"})
        for name, text in (*request.headers, *self._credentials.impersonated):
            headers.add(name, text)
        if self._credentials.authorization is not None:
            headers["Authorization"] = self._credentials.authorization.reveal().decode("ascii")
        return headers

    def _pieces(self, answer: BaseHTTPResponse) -> Iterator[bytes]:
        size, until = 0, self._clock.monotonic() + ANSWER_SECONDS
        for piece in self._arriving(answer):
            size += len(piece)
            if size > ANSWER_MAX_BYTES:
                raise _too_large()
            if self._clock.monotonic() > until:
                raise unavailable(f"its answer did not end within {ANSWER_SECONDS:.0f} s")
            yield piece

    def _arriving(self, answer: BaseHTTPResponse) -> Iterator[bytes]:
        while True:
            with self._wrapped():
                piece = answer.read1(_PIECE_BYTES)
            if not piece:
                return
            yield piece

    @contextmanager
    def _wrapped(self) -> Iterator[None]:
        """Turn the HTTP library's errors into ours; none is kept as a cause, since some quote what the other side sent."""
        kit = kit_of_http()
        try:
            yield
        except kit.exceptions.SSLError as error:
            raise _tls_failure(self._server, error) from None
        except (kit.exceptions.HTTPError, OSError, ValueError) as error:
            raise unavailable(f"{self._server} did not answer ({type(error).__name__})") from None


def kit_of_http() -> Any:
    """Return urllib3. Raises ``Misconfigured`` ``cluster.client-missing``."""
    try:
        import urllib3  # noqa: PLC0415 - paid for by whoever looks into a cluster
    except ImportError as error:
        hint = "pip install 'goldenpath[kubernetes]'"
        raise Misconfigured("cluster.client-missing", "urllib3 is not installed, which speaks to clusters", hint=hint) from error
    return urllib3


def unavailable(said: str, *, subject: str = "", retry_after_seconds: float = 1.0) -> ProviderUnavailable:
    """Return the error for an API server that gave no usable answer; what was asked may have been done or not."""
    return ProviderUnavailable(
        "cluster.unavailable",
        said,
        subject=subject,
        hint="look at the address and the network (kubectl version), then run the same command again",
        retry_after_seconds=retry_after_seconds,
    )


def _pool(credentials: Credentials, variables: Mapping[str, str]) -> PoolManager:
    kit, endpoint = kit_of_http(), credentials.endpoint
    options: dict[str, Any] = {
        "maxsize": CONNECTIONS,
        "num_pools": 1,
        "retries": False,
        "socket_options": [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *_ALIVE],
    }
    if endpoint.server.startswith("https:"):
        options |= {"ssl_context": tls_context(endpoint, credentials.certificate)}
        if endpoint.is_unverified:  # whoever opened the cluster has said so already, or refused
            kit.disable_warnings(kit.exceptions.InsecureRequestWarning)
        if endpoint.tls_name:
            options |= {"server_hostname": endpoint.tls_name}
    proxy = proxy_of(endpoint.server, endpoint.proxy, variables)
    pool: PoolManager = (
        kit.ProxyManager(_plain(proxy), proxy_headers=_proxy_login(proxy), **options) if proxy else kit.PoolManager(**options)
    )
    return pool


def _plain(proxy: str) -> str:
    """Return a proxy's address without the login in it; one without a scheme is HTTP, as everywhere."""
    scheme, separator, rest = proxy.rpartition("://")
    return f"{scheme or 'http'}{separator or '://'}{rest.rpartition('@')[2]}"


def _proxy_login(proxy: str) -> dict[str, str]:
    login = proxy.rpartition("://")[2].rpartition("@")[0]
    headers: dict[str, str] = kit_of_http().make_headers(proxy_basic_auth=unquote(login)) if login else {}
    return headers


def _kept(answer: BaseHTTPResponse) -> Mapping[str, str]:
    return {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}


def _tls_failure(server: str, error: Exception) -> GoldenpathError:
    cause = error.args[0] if error.args else None
    if not isinstance(cause, ssl.SSLCertVerificationError):
        return unavailable(f"{server} did not agree on TLS ({getattr(cause, 'reason', None) or type(error).__name__})")
    return Misconfigured(
        "cluster.certificate-untrusted",
        f"the certificate of {server} is not to be trusted: {cause.verify_message}",
        subject=server,
        hint="the kubeconfig's certificate-authority belongs to another cluster, or something on the way answers in its place",
    )


def _too_large() -> GoldenpathError:
    return ProviderRefused(
        "cluster.refused",
        f"the API server's answer is larger than {ANSWER_MAX_BYTES // (1024 * 1024)} MiB",
        hint="is this the address of an API server? Nothing of the answer was used",
    )
