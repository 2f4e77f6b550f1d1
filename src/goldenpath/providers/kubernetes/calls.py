"""The one door to an API server: every call is sent again while that can help, and ends in an answer or in an error of our family.

All calls of this package may be sent twice: reads and reviews change nothing; server-side apply and merge patches state what shall be, so
the second one finds it done; a delete names the uid of the one object it is for. So an unknown outcome is resolved by asking again, and
only a patch that names a version has to look (``writing``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

from goldenpath.errors import GoldenpathError, ProviderUnavailable
from goldenpath.ports.clock import Clock, Entropy
from goldenpath.providers.backoff import Backoff
from goldenpath.providers.kubernetes.credentials import Credentials, CredentialSource
from goldenpath.providers.kubernetes.failures import RETRY_SECONDS, Errand, body_of, failure
from goldenpath.providers.kubernetes.transport import Reply, Request, Stream, Transport, unavailable

TRIES: Final = 5
DEADLINE_SECONDS: Final = 90.0
"""For one call with all its tries and pauses; no new try begins after it."""
BACKOFF: Final = Backoff(base_seconds=0.2, cap_seconds=5.0)
_UNAUTHENTICATED: Final = 401

T = TypeVar("T")


class Answer(NamedTuple):
    """What the API server said: the JSON of a success, or of a status that the caller expected.

    ``is_repeated`` means that an earlier try may have had its effect already.
    """

    status: int
    tree: Any
    reply: Reply
    is_repeated: bool = False


class ApiCalls:
    """Sends calls; safe for threads.

    Args:
        source: Who we are.
        clock: Waiting.
        entropy: Jitter.
        variables: Where proxies are named.
        tries: How often a call is sent at most.
    """

    def __init__(
        self, source: CredentialSource, *, clock: Clock, entropy: Entropy, variables: Mapping[str, str], tries: int = TRIES
    ) -> None:
        self._source = source
        self._clock = clock
        self._entropy = entropy
        self._variables = variables
        self._tries = tries
        self._lock = threading.Lock()
        self._transport: tuple[int, Transport] | None = None

    def send(self, request: Request, errand: Errand, *, expected: frozenset[int] = frozenset()) -> Answer:
        """Send a call and return its answer.

        Args:
            request: What is sent.
            errand: What it is for, for messages.
            expected: HTTP statuses that are answers to this caller.

        Raises:
            ProviderUnavailable: ``cluster.unavailable`` (effect unknown), ``cluster.throttled`` (no effect).
            GoldenpathError: whatever the answer means (``failures``).
        """
        answer, is_repeated = self._patiently(errand, lambda transport: _judged(transport.send(request), errand, expected))
        return answer._replace(is_repeated=is_repeated)

    def stream(self, request: Request, errand: Errand, *, silence_seconds: float) -> Stream:
        """Send a call whose answer comes in bit by bit; the caller closes it. Errors as for :meth:`send`."""

        def attempt(transport: Transport) -> tuple[int, Stream]:
            reply, stream = transport.stream(request, silence_seconds=silence_seconds)
            if reply.status not in {200, _UNAUTHENTICATED}:
                raise failure(reply, errand)
            return reply.status, stream

        return self._patiently(errand, attempt)[0]

    def _patiently(self, errand: Errand, attempt: Callable[[Transport], tuple[int, T]]) -> tuple[T, bool]:
        """Return what ``attempt`` does, and whether an earlier try may have had its effect."""
        until, is_repeated = self._clock.monotonic() + DEADLINE_SECONDS, False
        for number in range(self._tries):
            try:
                return self._authenticated(errand, attempt), is_repeated
            except ProviderUnavailable as error:
                is_repeated = is_repeated or error.code != "cluster.throttled"
                pause = self._pause_seconds(number, error)
                if number == self._tries - 1 or self._clock.monotonic() + pause > until:
                    raise
            self._clock.sleep(pause)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _pause_seconds(self, number: int, error: GoldenpathError) -> float:
        """Return how long to wait: as long as the server asks, plus jitter, so that those it asked together do not come together."""
        asked = error.retry_after_seconds or 0.0
        is_asked = error.code == "cluster.throttled" or asked > RETRY_SECONDS
        return BACKOFF.pause_seconds(number, self._entropy) + (asked if is_asked else 0.0)

    def _authenticated(self, errand: Errand, attempt: Callable[[Transport], tuple[int, T]]) -> T:
        """Send once, and once more with new credentials where the server does not believe the old ones (R44)."""
        credentials = self._source.current()
        status, found = attempt(self._to(credentials))
        if status == _UNAUTHENTICATED:
            renewed = self._source.renew(credentials)
            if renewed is not None:
                status, found = attempt(self._to(renewed))
        if status == _UNAUTHENTICATED:
            raise failure(Reply(status=status, headers={}, body=b""), errand)
        return found

    def _to(self, credentials: Credentials) -> Transport:
        with self._lock:
            if self._transport is None or self._transport[0] != credentials.number:
                self._transport = (credentials.number, Transport(credentials, clock=self._clock, variables=self._variables))
            return self._transport[1]


def _judged(reply: Reply, errand: Errand, expected: frozenset[int]) -> tuple[int, Answer]:
    """Return an answer that means something to the caller, or that the credentials are refused; raise what it means otherwise."""
    tree = body_of(reply)
    is_success = 200 <= reply.status < 300  # noqa: PLR2004 - HTTP's own numbers
    if is_success and not isinstance(tree, dict):
        raise unavailable(f"what came back for {errand.verb} is no answer of an API server", subject=errand.subject)
    if not is_success and reply.status not in expected and reply.status != _UNAUTHENTICATED:
        raise failure(reply, errand)
    return reply.status, Answer(reply.status, tree, reply)
