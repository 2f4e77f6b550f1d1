"""One writer per environment (R19), kept in a record of the platform's own: ``<prefix>/_platform/<environment>``.

The lease is the record's current version. A version id is the number of the generation, and AWS never takes the same id with other
content twice: of two runs that want the same generation, one is refused. That is a true compare-and-swap, and the version holds no
secret: generation, holder, end. Giving back is a tag, since every version counts against AWS's quota of about 100 a day.

What AWS cannot give: a write to a secret cannot be made conditional on another record. So the lease is looked at before a write, at most
:data:`TRUSTED_SECONDS` earlier, and each record's own generation right before the write: a run that is stopped for longer than that
between the look and the call may still write once. For values the label's own compare-and-swap closes this gap; for tags and policies
the next plan finds it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from goldenpath.errors import GoldenpathError, ProviderRefused, ProviderUnavailable
from goldenpath.model.base import Record, canonical_bytes
from goldenpath.model.instant import from_text, to_text
from goldenpath.model.naming import platform_record_path
from goldenpath.model.store import TAG_ENVIRONMENT, Fence
from goldenpath.ports.clock import Clock
from goldenpath.providers import refusals
from goldenpath.providers.aws.calls import AwsCalls
from goldenpath.providers.aws.secretrecords import holder_of, tag_list, tags_of

TRUSTED_SECONDS: Final = 2.0
"""How long one look at the lease counts."""
TAG_PLATFORM: Final = "goldenpath:platform"
TAG_SETTLED: Final = "goldenpath:settled"
TAG_RELEASED: Final = "goldenpath:released"
_SERVICE: Final = "secretsmanager"
_VERSION: Final = re.compile(r"goldenpath-generation-([0-9]{12})")
_TRIES: Final = 5
_UNREADABLE: Final = (msgspec.DecodeError, OverflowError, RecursionError, ValueError)
"""Every way in which text that somebody else wrote is no lease: not JSON, nested too deep, or with a date that is none."""


class LeaseBody(Record, frozen=True, kw_only=True):
    """What a version of the platform's record says. ``ends_at`` is RFC 3339."""

    generation: int
    holder: str
    ends_at: str

    def seconds_left(self, now: datetime) -> float:
        """Return how long the lease still runs."""
        return max(0.0, (from_text(self.ends_at) - now).total_seconds())


class LeaseLook(NamedTuple):
    """What one look shows. ``settled``: the highest generation whose run left nothing half done.

    ``arn`` is another one when the record was deleted and made anew, and then the same generation may be somebody else's.
    """

    generation: int
    is_released: bool
    settled: int
    arn: str = ""


class SecretLease:
    """The lease of one environment, as one process sees it. Safe for threads.

    Args:
        calls: The door to the account.
        clock: Time.
        environment: Canonical name.
        prefix: First part of every path.
    """

    def __init__(self, calls: AwsCalls, *, clock: Clock, environment: str, prefix: str) -> None:
        self.path = platform_record_path(environment, prefix=prefix)
        self._environment = environment
        self._calls = calls
        self._clock = clock
        self._lock = threading.RLock()
        self._held: Fence | None = None
        self._held_arn = ""
        self._unanswered: LeaseBody | None = None
        self._trusted: tuple[Fence, float] | None = None

    def look(self) -> LeaseLook | None:
        """Return the state of the lease; None before the first run."""
        missing = frozenset({"ResourceNotFoundException"})
        answer = self._calls.send(_SERVICE, "DescribeSecret", subject=self.path, expected=missing, SecretId=self.path)
        if answer.code:
            return None
        tags = tags_of(answer.body)
        match = _VERSION.fullmatch(holder_of(answer.body, "AWSCURRENT"))
        if match is None or answer.body.get("DeletedDate"):
            raise self._unusable()
        generation = int(match[1])
        is_released = _number(tags.get(TAG_RELEASED, "")) >= generation
        return LeaseLook(generation, is_released, _number(tags.get(TAG_SETTLED, "")), str(answer.body.get("ARN", "")))

    def acquire(self, *, holder: str, lease_seconds: float, lowest: Callable[[], int]) -> Fence:
        """Take the environment.

        Args:
            holder: Who wants it.
            lease_seconds: For how long.
            lowest: Returns the highest generation that any record names; asked only when the platform's record is not there.

        Raises:
            Conflict: ``store.writer-active``.
            ProviderRefused: ``store.lease-unusable``, ``store.lease-quota``.
        """
        with self._lock:
            body = self._resumed(holder) or self._compete(holder, lease_seconds, lowest)
            self._held = Fence(environment=self._environment, generation=body.generation, holder=body.holder)
            self._trusted = (self._held, self._clock.monotonic())
            return self._held

    def release(self, fence: Fence, *, settles: Callable[[int], bool]) -> None:
        """Give the environment back; a lost fence does nothing. ``settles(settled)`` says whether the run leaves nothing half done."""
        with self._lock:
            self._trusted = None
            seen = self.look()
            if seen is None or seen.is_released or not self._is_holder(fence, seen):
                return
            tags = {TAG_RELEASED: str(fence.generation)}
            if settles(seen.settled):
                tags[TAG_SETTLED] = str(fence.generation)
            self._tag(tags)

    def break_lease(self) -> None:
        """End whatever lease runs."""
        with self._lock:
            self._trusted = None
            seen = self.look()
            if seen is not None:
                self._tag({TAG_RELEASED: str(seen.generation)})

    def require_current(self, fence: Fence, *, subject: str) -> None:
        """Refuse any fence but the environment's newest. Raises ``Conflict`` ``store.fenced-out``."""
        with self._lock:
            now = self._clock.monotonic()
            if self._trusted is not None and self._trusted[0] == fence and now - self._trusted[1] < TRUSTED_SECONDS:
                return
            seen = self.look() if fence.environment == self._environment else None
            if seen is None or seen.is_released or not self._is_holder(fence, seen):
                at = f"{self._environment} is at {seen.generation if seen else 0}"
                raise refusals.fenced_out(subject, f"generation {fence.generation} of {fence.environment} may not write; {at}")
            self._trusted = (fence, now)

    def _is_holder(self, fence: Fence, seen: LeaseLook) -> bool:
        if seen.generation != fence.generation:
            return False
        if self._held is not None and self._held.generation == fence.generation and self._held_arn == seen.arn:
            return self._held == fence
        body = self._read()
        return body is not None and (body.generation, body.holder) == (fence.generation, fence.holder)

    def _resumed(self, holder: str) -> LeaseBody | None:
        """Send a version again whose answer was lost: it is the same one, or somebody else has the number."""
        body, self._unanswered = self._unanswered, None
        if body is None or body.holder != holder or not body.seconds_left(self._clock.now()):
            return None
        return body if self._write(body, "PutSecretValue", SecretId=self.path) else None

    def _compete(self, holder: str, lease_seconds: float, lowest: Callable[[], int]) -> LeaseBody:
        for _ in range(_TRIES):
            seen = self.look()
            if seen is not None and not seen.is_released:
                self._require_free(holder)
            ends_at = to_text(self._clock.now() + timedelta(seconds=lease_seconds))
            generation = 1 + (lowest() if seen is None else seen.generation)
            body = LeaseBody(generation=generation, holder=holder, ends_at=ends_at)
            if self._make(body) if seen is None else self._write(body, "PutSecretValue", SecretId=self.path):
                return body
        raise refusals.writer_active(self._environment, holder="another run", seconds_left=lease_seconds)

    def _require_free(self, holder: str) -> None:
        body = self._read()
        left = body.seconds_left(self._clock.now()) if body is not None else 0.0
        if body is not None and left > 0 and body.holder != holder:
            raise refusals.writer_active(self._environment, holder=body.holder, seconds_left=left)

    def _make(self, body: LeaseBody) -> bool:
        # a record that is made anew starts above every generation that records know, and settles none of them
        tags = {TAG_PLATFORM: "lease", TAG_ENVIRONMENT: self._environment, TAG_SETTLED: "0", TAG_RELEASED: "0"}
        about = "Who writes in this environment; holds no secret."
        return self._write(body, "CreateSecret", Name=self.path, Tags=tag_list(tags), Description=about)

    def _write(self, body: LeaseBody, operation: str, **parameters: Any) -> bool:
        """Write one version; False when somebody else has its number."""
        refused = frozenset({"InvalidRequestException", "LimitExceededException", "ResourceExistsException", "ResourceNotFoundException"})
        try:
            answer = self._calls.send(
                _SERVICE,
                operation,
                subject=self.path,
                expected=refused,
                ClientRequestToken=f"goldenpath-generation-{body.generation:012d}",
                SecretString=canonical_bytes(body).decode(),
                **parameters,
            )
        except ProviderUnavailable:
            self._unanswered = body
            raise
        if answer.code == "LimitExceededException":
            raise self._over_quota()
        if answer.code == "InvalidRequestException":
            raise self._unusable()
        if answer.code:
            return False
        self._held_arn = str(answer.body.get("ARN", ""))
        return True

    def _read(self) -> LeaseBody | None:
        gone = frozenset({"ResourceNotFoundException", "InvalidRequestException"})
        answer = self._calls.send(
            _SERVICE, "GetSecretValue", subject=self.path, expected=gone, SecretId=self.path, VersionStage="AWSCURRENT"
        )
        if answer.code:
            return None
        try:
            body = msgspec.json.decode(str(answer.body.get("SecretString", "")), type=LeaseBody)
            body.seconds_left(self._clock.now())
        except _UNREADABLE:
            raise self._unusable() from None
        return body

    def _tag(self, tags: dict[str, str]) -> None:
        self._calls.send(_SERVICE, "TagResource", subject=self.path, SecretId=self.path, Tags=tag_list(tags))

    def _unusable(self) -> GoldenpathError:
        return ProviderRefused(
            "store.lease-unusable",
            "the record that holds the writer's lease was edited, or is scheduled for deletion",
            subject=self.path,
            hint="restore it, or delete it for good; the next run makes a new one",
        )

    def _over_quota(self) -> GoldenpathError:
        return ProviderRefused(
            "store.lease-quota",
            "too many runs took the lease within a day; AWS keeps no more versions of its record",
            subject=self.path,
            hint="wait until the oldest versions are a day old",
        )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0
