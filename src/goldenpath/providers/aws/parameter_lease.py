"""One writer per environment on Parameter Store, which has no compare-and-swap but counts every write (R19).

The lease is a parameter of its own. Each write of it says on which version it builds (``base``), and counts only when AWS gave it the very
next one: of two writers that saw the same version, exactly one gets it, and whatever the other wrote is void to every reader.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from goldenpath.errors import Conflict, ProviderRefused
from goldenpath.model.base import Record, canonical_bytes
from goldenpath.model.instant import from_text, to_text
from goldenpath.model.store import Fence
from goldenpath.ports.clock import Clock
from goldenpath.providers.aws.calls import AwsCalls

LEASE_KEY: Final = "_lease"
"""Beside the services' folders: no service is called so, as their names are DNS labels."""

_SERVICE: Final = "ssm"
_MISSING: Final = "ParameterNotFound"
_EXISTS: Final = "ParameterAlreadyExists"
_PAGE: Final = 50
_TRIES: Final = 5


class Lease(Record, frozen=True, kw_only=True):
    """One write of the lease. An empty ``holder`` means that nobody may write; ``ends_at`` is RFC 3339 UTC."""

    base: int = 0
    generation: int = 0
    holder: str = ""
    ends_at: str = ""

    def seconds_left(self, now: datetime) -> float:
        """Return how long the lease still runs; 0 when nobody holds it."""
        return max(0.0, (from_text(self.ends_at) - now).total_seconds()) if self.holder else 0.0


class _Seen(NamedTuple):
    """The number of the newest version, and the newest lease that counts."""

    version: int
    lease: Lease


class ParameterLeases:
    """The leases of all environments below one prefix."""

    def __init__(self, calls: AwsCalls, *, prefix: str, clock: Clock) -> None:
        self._calls = calls
        self._prefix = prefix
        self._clock = clock

    def acquire(self, environment: str, *, holder: str, lease_seconds: float) -> Fence:
        """Take the environment.

        Raises:
            Conflict: ``store.writer-active`` while another holder's lease runs, or when every try lost against somebody.
        """
        for _ in range(_TRIES):
            seen = self._look(environment)
            left = seen.lease.seconds_left(self._clock.now())
            if left > 0 and seen.lease.holder != holder:
                raise _active(environment, seen.lease.holder, left)
            generation = seen.lease.generation + 1
            ends_at = to_text(self._clock.now() + timedelta(seconds=lease_seconds))
            if self._write(environment, Lease(base=seen.version, generation=generation, holder=holder, ends_at=ends_at)):
                return Fence(environment=environment, generation=generation, holder=holder)
        raise _active(environment, "somebody", 0)

    def release(self, fence: Fence) -> None:
        """Give it back; a fence that was lost changes nothing."""
        seen = self._look(fence.environment)
        if _fence_of(seen.lease, fence.environment) == fence:
            self._write(fence.environment, Lease(base=seen.version, generation=fence.generation))

    def break_lease(self, environment: str) -> None:
        """End whatever lease there is; its fence is old from now on."""
        for _ in range(_TRIES):
            seen = self._look(environment)
            if self._write(environment, Lease(base=seen.version, generation=seen.lease.generation + 1)):
                return
        raise _active(environment, "somebody", 0)

    def require(self, fence: Fence) -> None:
        """Refuse any fence but the environment's newest. Raises ``Conflict`` ``store.fenced-out``."""
        lease = self._look(fence.environment).lease
        if fence.holder and _fence_of(lease, fence.environment) == fence:
            return
        raise Conflict(
            "store.fenced-out",
            f"generation {fence.generation} of {fence.environment} may not write; it is at {lease.generation}",
            subject=fence.environment,
            hint="another run took over; run again, it continues from what is there",
        )

    def _look(self, environment: str) -> _Seen:
        name = self._name(environment)
        answer = self._calls.send(_SERVICE, "GetParameter", subject=name, expected=frozenset({_MISSING}), Name=name)
        if answer.code == _MISSING:
            return _Seen(0, Lease())
        version, lease = _parsed(answer.body["Parameter"], name)
        return _Seen(version, lease if lease.base + 1 == version else self._newest_that_counts(name))

    def _newest_that_counts(self, name: str) -> Lease:
        following: dict[str, Any] = {}
        leases: list[tuple[int, Lease]] = []
        while True:
            body = self._calls.send(_SERVICE, "GetParameterHistory", subject=name, Name=name, MaxResults=_PAGE, **following).body
            leases += [_parsed(each, name) for each in body.get("Parameters", ())]
            if not body.get("NextToken"):
                break
            following = {"NextToken": body["NextToken"]}
        counting = [(version, lease) for version, lease in leases if lease.base + 1 == version]
        if not counting:
            raise _unreadable(name)
        return max(counting, key=lambda pair: pair[0])[1]

    def _write(self, environment: str, lease: Lease) -> bool:
        """Write and say whether it counts."""
        name = self._name(environment)
        answer = self._calls.send(
            _SERVICE,
            "PutParameter",
            subject=name,
            expected=frozenset({_EXISTS}),
            Name=name,
            Description="Who may write parameters of this environment; kept by goldenpath",
            Value=canonical_bytes(lease).decode(),
            Type="String",
            Tier="Standard",
            Overwrite=lease.base > 0,
        )
        return answer.code != _EXISTS and int(answer.body["Version"]) == lease.base + 1

    def _name(self, environment: str) -> str:
        return f"/{self._prefix}/{environment}/{LEASE_KEY}"


def _parsed(parameter: dict[str, Any], name: str) -> tuple[int, Lease]:
    try:
        lease = msgspec.json.decode(parameter["Value"], type=Lease)
        if lease.holder:
            from_text(lease.ends_at)
    except (msgspec.DecodeError, OverflowError, RecursionError, ValueError):
        raise _unreadable(name) from None
    return int(parameter["Version"]), lease


def _fence_of(lease: Lease, environment: str) -> Fence:
    return Fence(environment=environment, generation=lease.generation, holder=lease.holder)


def _active(environment: str, holder: str, left: float) -> Conflict:
    return Conflict(
        "store.writer-active",
        f"{holder} is writing in {environment}, for at most {left:.0f} s more",
        subject=environment,
        hint="wait and run again; if that run is dead, its lease ends by itself",
    )


def _unreadable(name: str) -> ProviderRefused:
    return ProviderRefused(
        "parameter.lease-unreadable",
        "the lease of the environment was not written by the platform",
        subject=name,
        hint="find out who wrote it, delete it, and run again",
    )
