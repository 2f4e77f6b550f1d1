"""The one door to a forge: every call is sent again while that can help, and ends in an answer or in an error of our family (R22).

A call that changes nothing, or that states what shall be, may be sent twice. One that makes something new may not: when its outcome is
unknown, whoever sent it looks whether it is there before it is sent again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from goldenpath.errors import ProviderUnavailable
from goldenpath.model.secret import SecretValue
from goldenpath.ports.clock import Clock, Entropy
from goldenpath.providers.backoff import Backoff
from goldenpath.providers.forge.failures import NO_JSON, Errand, answer_invalid, failure, tree_of
from goldenpath.providers.forge.transport import Reply, Request, Transport, unavailable

TRIES: Final = 5
DEADLINE_SECONDS: Final = 120.0
"""For one call with all its tries and pauses; no new try begins after it."""
BACKOFF: Final = Backoff(base_seconds=0.5, cap_seconds=10.0)
PAGE_SIZE: Final = 50
PAGES_MAX: Final = 200
_UNAUTHENTICATED: Final = 401
_MISSING: Final = 404
_NEXT: Final = re.compile(r'<([^<>]*)>\s*;[^,]*\brel="?next"?')

T = TypeVar("T")
Query = Mapping[str, str | int]


class Authority(Protocol):
    """Who we are."""

    def current(self) -> SecretValue | None:
        """Return what goes into the header ``Authorization``; None to ask as nobody."""
        ...

    def renew(self) -> SecretValue | None:
        """Return a new one when the forge does not believe the old one any more (R44); None when there is no other."""
        ...


class ForgeCalls:
    """Sends calls; safe for threads.

    Args:
        transport: The connections.
        authority: Who we are.
        clock: Waiting.
        entropy: Jitter.
        size_word: How this forge calls the size of a page.
        tries: How often a call is sent at most.
        deadline_seconds: For one call with all its tries.
    """

    def __init__(
        self,
        transport: Transport,
        authority: Authority,
        *,
        clock: Clock,
        entropy: Entropy,
        size_word: str,
        tries: int = TRIES,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._transport = transport
        self._authority = authority
        self._clock = clock
        self._entropy = entropy
        self._size_word = size_word
        self._tries = tries
        self._deadline_seconds = deadline_seconds

    def get(self, path: str, errand: Errand, *, query: Query | None = None, missing: frozenset[int] = frozenset()) -> Any:
        """Return what is at ``path``; None where the forge answers with a status of ``missing``."""
        reply, tree = self._repeatedly(Request(method="GET", path=path, query=urlencode(query or {})), errand, expected=missing)
        return None if reply.status in missing else tree

    def pages(self, path: str, errand: Errand, *, query: Query | None = None, is_numbered: bool = True) -> list[Any]:
        """Return every item of a list, page by page.

        A next page is where the forge names one, and after every full page of a list that is numbered: a page that is lost could hold the
        one review that takes an approval back. Of the address that it names only the query counts: the token stays where it belongs.

        Raises:
            ProviderRefused: ``forge.answer-invalid`` for what is no list, and for pages without an end.
        """
        found: list[Any] = []
        asked: dict[str, str | int] = {self._size_word: PAGE_SIZE, **({"page": 1} if is_numbered else {}), **(query or {})}
        for _ in range(PAGES_MAX):
            request = Request(method="GET", path=path, query=urlencode(asked))
            reply, tree = self._repeatedly(request, errand)
            items = _list(tree, errand)
            found += items
            following = _following(reply, asked, len(items), len(found))
            if following is None:
                return found
            if following == asked:
                raise answer_invalid(errand, "its pages have no end")
            asked = following
        raise answer_invalid(errand, f"more than {PAGES_MAX} pages")

    def put(self, method: str, path: str, errand: Errand, body: Any = None) -> Any:
        """Send what states a wanted end, so that sending it twice does no harm; a thing to delete that is gone is deleted."""
        request = Request(method=method, path=path, body=None if body is None else json.dumps(body).encode())
        expected = frozenset({_MISSING}) if method == "DELETE" else frozenset[int]()
        return self._repeatedly(request, errand, expected=expected)[1]

    def make(self, path: str, errand: Errand, body: Any, *, look: Callable[[], T | None], read: Callable[[Any], T]) -> T:
        """Make something new, once.

        Args:
            path: Where it is posted to.
            errand: What it is for.
            body: What is posted.
            look: Returns it when it is there after all.
            read: Returns it from the answer.
        """
        request = Request(method="POST", path=path, body=json.dumps(body).encode())
        until = self._clock.monotonic() + self._deadline_seconds
        for number in range(self._tries):
            try:
                return read(self._once(request, errand, frozenset())[1])
            except ProviderUnavailable as error:
                is_over = not self._waits(number, error, until)
                found = look() if error.code != "forge.throttled" else None
                if found is not None:
                    return found
                if is_over:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _repeatedly(self, request: Request, errand: Errand, *, expected: frozenset[int] = frozenset()) -> tuple[Reply, Any]:
        until = self._clock.monotonic() + self._deadline_seconds
        for number in range(self._tries):
            try:
                return self._once(request, errand, expected)
            except ProviderUnavailable as error:
                if not self._waits(number, error, until):
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _waits(self, number: int, error: ProviderUnavailable, until: float) -> bool:
        """Wait as long as the forge asks, plus jitter, so that those it asked together do not come together; False when it is over."""
        asked = error.retry_after_seconds or 0.0 if error.code == "forge.throttled" else 0.0
        pause = BACKOFF.pause_seconds(number, self._entropy) + asked
        if number == self._tries - 1 or self._clock.monotonic() + pause > until:
            return False
        self._clock.sleep(pause)
        return True

    def _once(self, request: Request, errand: Errand, expected: frozenset[int]) -> tuple[Reply, Any]:
        reply = self._transport.send(request, authorization=self._authority.current())
        if reply.status == _UNAUTHENTICATED:
            renewed = self._authority.renew()
            if renewed is not None:
                reply = self._transport.send(request, authorization=renewed)
        if reply.status in expected:
            return reply, None
        if not 200 <= reply.status < 300:  # noqa: PLR2004 - HTTP's own numbers
            raise failure(reply, errand, self._clock)
        tree = tree_of(reply) if reply.body.strip() else None
        if tree is NO_JSON:
            raise unavailable(f"what came back when asked to {errand.what} is no JSON", subject=errand.subject)
        return reply, tree


def _list(tree: Any, errand: Errand) -> list[Any]:
    if tree is None:  # Gitea's word for an empty list
        return []
    if not isinstance(tree, list):
        raise answer_invalid(errand, "it is no list")
    return tree


def _following(reply: Reply, asked: Mapping[str, str | int], count: int, so_far: int) -> dict[str, str | int] | None:
    """Return the query of the next page; None when this was the last one."""
    named = _NEXT.search(reply.headers.get("Link", ""))
    if named:
        return {**asked, **dict(parse_qsl(urlsplit(named[1]).query))}
    total = reply.headers.get("X-Total-Count", "")
    if "page" not in asked:
        return None
    is_more = count >= PAGE_SIZE or (total.isascii() and total.isdigit() and count > 0 and so_far < int(total))
    return {**asked, "page": int(asked["page"]) + 1} if is_more else None
