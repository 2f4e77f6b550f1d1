"""Asks External Secrets to refresh, and waits until it did: one list, one watch, at most so many requests at the same time.

Each object gets a mark of its own, so that two runs in the same second do not take each other's answer for theirs. Must not read a value:
whether the right one arrived is what ``verify`` of the caller says.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, Protocol

from goldenpath.delivery.external_secret_state import FORCE_SYNC, ExternalSecretState, StoreReference, read_state, store_problem
from goldenpath.delivery.flights import Flight, Landing, deletion_text, expire, judge
from goldenpath.errors import AccessDenied, Conflict, GoldenpathError, NotFound, ProviderUnavailable
from goldenpath.model.base import Record
from goldenpath.model.cluster import CLUSTER_SECRET_STORE, SECRET_STORE, ClusterObject, Kind, ObjectRef
from goldenpath.ports.clock import Clock, Entropy
from goldenpath.ports.cluster import ClusterProbe, ClusterReader, ClusterWriter

WATCH_SECONDS = 5.0
"""One watch lasts at most this long, so that deadlines are met and progress is told."""

MOST_ATTEMPTS = 3
"""How often one object is asked: a store that is eventually consistent may hand out the older version once more."""


class SyncLimits(Record, frozen=True, kw_only=True):
    """How long one object may take, how long a failure may last, and how many are asked at the same time."""

    timeout_seconds: float = 120.0
    patience_seconds: float = 15.0
    at_once: int = 50


class SyncCluster(ClusterReader, ClusterWriter, ClusterProbe, Protocol):
    """The powers that a refresh needs; no value is among them."""


Verdict = Literal["done", "again"]

_NEVER: Final = datetime.max.replace(tzinfo=UTC)
"""The moment of a request until the cluster's clock was asked: nothing comes after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What the caller does on the way.

    ``before`` is called right before an object is marked: what it raises as an error of ours keeps that object from being asked. ``verify``
    looks at what arrived after the controller was done, and may ask for another round.
    """

    before: Callable[[ObjectRef], None]
    verify: Callable[[Landing], Verdict]
    progress: Callable[[str], None] = lambda _message: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An object that was not asked, or could not be, and why."""

    ref: ObjectRef
    error: GoldenpathError
    state: ExternalSecretState


class ForceSync:
    """One run over many ExternalSecrets of one cluster.

    Args:
        cluster: Where they are.
        kind: ExternalSecret at the version that this cluster serves.
        clock: For deadlines; only monotonic time counts.
        entropy: For the marks.
        limits: See :class:`SyncLimits`.
        hooks: See :class:`Hooks`.
    """

    def __init__(self, cluster: SyncCluster, *, kind: Kind, clock: Clock, entropy: Entropy, limits: SyncLimits, hooks: Hooks) -> None:
        self._cluster = cluster
        self._kind = kind
        self._clock = clock
        self._entropy = entropy
        self._limits = limits
        self._hooks = hooks
        self._waiting: deque[ClusterObject] = deque()
        self._flights: dict[ObjectRef, Flight] = {}
        self._stores: dict[tuple[str, str, str], str] = {}
        self._total = 0
        self._ended = 0

    def ask(self, objects: Sequence[ClusterObject]) -> Iterator[Landing | Refusal]:
        """Mark each of ``objects`` and wait for none: what is yielded claims no more than that it was asked."""
        self._waiting, self._total = deque(objects), len(objects)
        while self._waiting:
            yield from self._take_off()
            yield from (Landing(flight=flight) for flight in self._flights.values())
            self._flights.clear()

    def run(self, objects: Sequence[ClusterObject], *, since: str) -> Iterator[Landing | Refusal]:
        """Yield how each of ``objects`` ended, in the order in which they do; ``since`` is the version of the list that they come from."""
        self._waiting, self._total = deque(objects), len(objects)
        scopes = _Scopes(objects, since)
        while self._waiting or self._flights:
            yield from self._take_off()
            if self._flights:
                yield from self._wait(scopes)

    def _take_off(self) -> Iterator[Refusal]:
        asked: list[Flight] = []
        while self._waiting and len(self._flights) < self._limits.at_once:
            found = self._waiting.popleft()
            try:
                self._refuse(read_state(found))
                self._hooks.before(found.ref)
                asked.append(self._mark(found.ref))
            except GoldenpathError as error:
                self._ended += 1
                yield Refusal(ref=found.ref, error=error, state=read_state(found))
        if asked:
            now = self._cluster.now()
            for flight in asked:
                flight.asked_at = now

    def _mark(self, ref: ObjectRef, *, attempts: int = 1) -> Flight:
        token = self._entropy.sortable_id()
        change = {"metadata": {"annotations": {FORCE_SYNC: token}}}
        marked = read_state(self._cluster.patch(self._kind, ref.name, change, namespace=ref.namespace))
        started = self._clock.monotonic()
        flight = Flight(
            before=marked,
            token=token,
            asked_at=_NEVER,
            started=started,
            deadline=started + self._limits.timeout_seconds,
            attempts=attempts,
        )
        self._flights[ref] = flight
        return flight

    def _wait(self, scopes: _Scopes) -> Iterator[Landing | Refusal]:
        """Watch until something ends, or for a few seconds."""
        nearest = min(flight.deadline for flight in self._flights.values())
        seconds = min(WATCH_SECONDS, max(nearest - self._clock.monotonic(), 1.0))
        for namespace in scopes.namespaces:
            try:
                yield from self._watch(scopes, namespace, seconds / len(scopes.namespaces))
            except AccessDenied:
                if not scopes.narrow():
                    raise
                break
            except ProviderUnavailable as error:
                self._hooks.progress(f"the cluster does not answer ({error.code}); trying again")
                self._clock.sleep(1.0 + self._entropy.below(1000) / 1000)
        yield from self._look_at_time()

    def _watch(self, scopes: _Scopes, namespace: str, seconds: float) -> Iterator[Landing | Refusal]:
        try:
            for change in self._cluster.watch(self._kind, namespace=namespace, since=scopes.since[namespace], seconds=seconds):
                scopes.since[namespace] = change.object.meta.resource_version
                landed = self._look(change.object, is_gone=change.kind == "deleted")
                if landed is not None:
                    yield landed
                if len(self._flights) <= self._limits.at_once // 2:
                    yield from self._take_off()
                if not self._flights:
                    return
        except Conflict as error:
            if error.code != "cluster.watch-expired":
                raise
            yield from self._list_again(scopes, namespace)

    def _list_again(self, scopes: _Scopes, namespace: str) -> Iterator[Landing]:
        listing = self._cluster.list(self._kind, namespace=namespace)
        scopes.since[namespace] = listing.resource_version
        there = {found.ref: found for found in listing.objects}
        for ref in [ref for ref in self._flights if namespace in {"", ref.namespace}]:
            found = there.get(ref)
            landed = self._lost(ref) if found is None else self._look(found)
            if landed is not None:
                yield landed

    def _look(self, found: ClusterObject, *, is_gone: bool = False) -> Landing | None:
        flight = self._flights.get(found.ref)
        if flight is None:
            return None
        if is_gone:
            return self._lost(found.ref)
        landed = judge(flight, read_state(found), now=self._clock.monotonic(), patience_seconds=self._limits.patience_seconds)
        return None if landed is None else self._land(landed)

    def _look_at_time(self) -> Iterator[Landing]:
        """End what is over its time or failed for too long: neither makes an event."""
        now = self._clock.monotonic()
        for flight in list(self._flights.values()):
            landed = judge(flight, flight.latest, now=now, patience_seconds=self._limits.patience_seconds)
            if landed is None and now >= flight.deadline:
                landed = expire(flight, waited_seconds=now - flight.started)
            ended = None if landed is None else self._land(landed)
            if ended is not None:
                yield ended
        if self._flights:
            left = max(flight.deadline for flight in self._flights.values()) - now
            self._hooks.progress(f"{self._ended} of {self._total} done, {len(self._flights)} in work, at most {left:.0f} s left")

    def _land(self, landed: Landing) -> Landing | None:
        ref = landed.flight.before.ref
        del self._flights[ref]
        if not landed.code and self._hooks.verify(landed) == "again" and landed.flight.attempts < MOST_ATTEMPTS:
            again = self._mark(ref, attempts=landed.flight.attempts + 1)
            again.asked_at, again.deadline = self._cluster.now(), landed.flight.deadline
            return None
        self._ended += 1
        return landed

    def _lost(self, ref: ObjectRef) -> Landing:
        self._ended += 1
        flight = self._flights.pop(ref)
        return Landing(flight=flight, code="sync.deleted", message="it was deleted meanwhile", hint="goldenpath trace shows who removes it")

    def _refuse(self, state: ExternalSecretState) -> None:
        """Refuse what could only time out."""
        if state.deleted_at:
            raise Conflict("sync.being-deleted", deletion_text(state), subject=str(state.ref), hint="wait until it is gone")
        if state.ignores_requests:
            raise Conflict(
                "sync.refresh-disabled",
                state.ignores_requests,
                subject=str(state.ref),
                hint="give it a refreshInterval above 0, or change its spec",
            )
        problem = self._store_problem(state.store, state.ref.namespace)
        if problem:
            raise Conflict("sync.store-unusable", problem, subject=str(state.ref), hint="goldenpath doctor --cluster")

    def _store_problem(self, reference: StoreReference, namespace: str) -> str:
        is_cluster_wide = reference.kind == CLUSTER_SECRET_STORE.name
        key = (reference.kind, "" if is_cluster_wide else namespace, reference.name)
        if key not in self._stores:
            kind = (CLUSTER_SECRET_STORE if is_cluster_wide else SECRET_STORE).at(self._kind.version)
            try:
                self._stores[key] = store_problem(self._cluster.get(kind, reference.name, namespace=key[1]), reference=reference)
            except AccessDenied:
                self._hooks.progress(f"may not look at {reference}; whether it is ready shows when it is used")
                self._stores[key] = ""
        return self._stores[key]


class _Scopes:
    """Where to watch: one namespace, or the whole cluster; each namespace by itself where the cluster's whole may not be seen."""

    def __init__(self, objects: Sequence[ClusterObject], since: str) -> None:
        self._all = tuple(sorted({found.meta.namespace for found in objects}))
        self.since = dict.fromkeys(("", *self._all), since)
        self.namespaces: tuple[str, ...] = self._all if len(self._all) == 1 else ("",)

    def narrow(self) -> bool:
        """Watch each namespace by itself from now on; False when that is done already."""
        if self.namespaces != ("",) or not self._all:
            return False
        self.namespaces = self._all
        return True


def require_some(objects: Sequence[ClusterObject], *, what: str) -> None:
    """Refuse an empty selection: nothing was refreshed, so nothing succeeded (R30).

    Raises:
        NotFound: ``sync.nothing-selected``.
    """
    if not objects:
        raise NotFound(
            "sync.nothing-selected",
            f"no ExternalSecret matches {what}",
            hint="goldenpath status shows what should be there; a request without a value has no ExternalSecret yet",
        )
