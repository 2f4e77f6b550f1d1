"""Faults on demand: throttling, errors and lost answers, before or after the effect, and a hook to end a client at a numbered call.

Nothing here touches the console's own calls, so a test can always look at what happened.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from tests.standins.calls import Call
from tests.standins.wire import AwsRefusal

When = Literal["before", "after"]
Outcome = Callable[[], None]
"""Raises what the client gets instead of an answer; or does something and returns."""


class AnswerDropped(ConnectionAbortedError):
    """The connection is closed without an answer."""


@dataclass
class _Rule:
    """What happens to the calls that match, from the ``first`` to the ``last`` of them (1-based; None: for good)."""

    operation: str
    resource: str
    when: When
    outcome: Outcome
    first: int = 1
    last: int | None = None
    share: float = 1.0
    number: int = 0
    dice: random.Random = field(default_factory=random.Random)
    seen: int = 0

    def strikes(self, call: Call) -> bool:
        if self.number and call.number != self.number:
            return False
        if not (fnmatchcase(call.operation, self.operation) and fnmatchcase(call.resource_name, self.resource)):
            return False
        self.seen += 1
        is_due = self.seen >= self.first and (self.last is None or self.seen <= self.last)
        return is_due and (self.share >= 1.0 or self.dice.random() < self.share)


class Faults:
    """The faults of one stand-in. ``operation`` and ``resource`` are shell patterns over AWS's operation and the record's name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[_Rule] = []
        self.disabled_keys: set[str] = set()
        self.list_lag_seconds = 0.0
        self.on_lag: Callable[[], None] = lambda: None

    def throttle(self, operation: str = "*", *, share: float = 1.0, seed: int = 0, resource: str = "*") -> None:
        """Answer a share of the calls with ``ThrottlingException``, without effect."""
        self._add(_Rule(operation, resource, "before", _refuse("ThrottlingException"), share=share, dice=random.Random(seed)))  # noqa: S311 - a share, not a secret

    def throttle_after(self, n: int, *, operation: str = "*", resource: str = "*") -> None:
        """Let ``n`` matching calls pass and throttle the rest for good, until ``clear``."""
        self._add(_Rule(operation, resource, "before", _refuse("ThrottlingException"), first=n + 1))

    def fail(
        self,
        operation: str,
        *,
        times: int | None = 1,
        code: str = "InternalServiceError",
        when: When = "before",
        nth: int = 1,
        resource: str = "*",
    ) -> None:
        """Answer with an AWS error: the ``nth`` matching call from now on and the ``times - 1`` after it; ``times=None`` is for good."""
        self._add(_Rule(operation, resource, when, _refuse(code), first=nth, last=_last(nth, times)))

    def drop(self, operation: str, *, when: When, times: int | None = 1, nth: int = 1, resource: str = "*") -> None:
        """Close the connection without an answer, before or after the effect."""
        self._add(_Rule(operation, resource, when, _drop, first=nth, last=_last(nth, times)))

    def deny(self, operation: str, *, resource: str = "*") -> None:
        """Answer ``AccessDeniedException`` for good."""
        self._add(_Rule(operation, resource, "before", _refuse("AccessDeniedException")))

    def kill(self, number: int, when: When, callback: Outcome) -> None:
        """Run ``callback`` at the call of this number (``Call.number``), before or after its effect, and never answer it."""

        def strike() -> None:
            callback()
            raise AnswerDropped

        self._add(_Rule("*", "*", when, strike, number=number))

    def call_back(self, operation: str, callback: Outcome, *, when: When, nth: int = 1, resource: str = "*") -> None:
        """Run ``callback`` at the ``nth`` matching call, then go on: something else happens at just this moment."""
        self._add(_Rule(operation, resource, when, callback, first=nth, last=nth))

    def disable_key(self, key_id: str) -> None:
        """Fail what needs this KMS key, as the service itself names it."""
        self.disabled_keys.add(key_id)

    def enable_key(self, key_id: str) -> None:
        self.disabled_keys.discard(key_id)

    def lag_lists(self, seconds: float) -> None:
        """Answer ListSecrets and DescribeParameters from what was there so long ago (but never before this call)."""
        self.list_lag_seconds = seconds
        self.on_lag()

    def clear(self) -> None:
        """End every fault."""
        with self._lock:
            self._rules.clear()
        self.disabled_keys.clear()
        self.list_lag_seconds = 0.0
        self.on_lag()

    @contextmanager
    def around(self, call: Call) -> Iterator[None]:
        """Strike before the block and after it. Raises ``AwsRefusal``, ``AnswerDropped``."""
        struck = self._struck(call)
        for rule in struck:
            if rule.when == "before":
                rule.outcome()
        yield
        for rule in struck:
            if rule.when == "after":
                rule.outcome()

    def _struck(self, call: Call) -> list[_Rule]:
        if call.is_console:
            return []
        with self._lock:
            return [rule for rule in self._rules if rule.strikes(call)]

    def _add(self, rule: _Rule) -> None:
        with self._lock:
            self._rules.append(rule)


def _last(nth: int, times: int | None) -> int | None:
    return None if times is None else nth + times - 1


def _refuse(code: str) -> Outcome:
    def outcome() -> None:
        raise AwsRefusal(code, "a fault of the stand-in")

    return outcome


def _drop() -> None:
    raise AnswerDropped
