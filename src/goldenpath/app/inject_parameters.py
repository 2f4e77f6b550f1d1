"""Put a service's values into Parameter Store before it is deployed (R29): judge the whole batch, write what changed, report, resume.

The order is the point: catalog and batch are judged before the store is asked, what lies there is judged before the writer's lease is
taken, and under the lease it is looked at again before anything is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from goldenpath.app.desired import StoreScope
from goldenpath.app.locate_service import ServiceRequests, locate_service
from goldenpath.app.parameter_effects import ParameterEffects
from goldenpath.app.planning import require_account
from goldenpath.app.refusals import refusals_recorded
from goldenpath.app.services import Services
from goldenpath.app.trail import joins_of, open_trail
from goldenpath.errors import Conflict, InvalidIntent
from goldenpath.injection.parameter_writes import ParameterReceipt, receipt_of, write_changes
from goldenpath.injection.parameters import (
    Assignment,
    Change,
    DeclaredKey,
    changes_of,
    declared_keys,
    judge_observed,
    match_values,
    prunable,
)
from goldenpath.model.audit import AuditDecision, Target
from goldenpath.model.finding import Finding
from goldenpath.model.naming import PARAMETER_PROVIDER, parameter_folder
from goldenpath.model.parameter import VERSIONS_MAX, ParameterInfo
from goldenpath.model.secret import SecretValue
from goldenpath.provision.fence import HeldFence, hold_fence
from goldenpath.provision.retry import Retrier

ACTION = "platform.inject"
WORKERS = 8
"""Writes under way at a time; the pace, not this, keeps the account's rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for; ``environment`` is canonical. ``is_pruning``: parameters that nothing declares any more go."""

    service: str
    environment: str
    values: Mapping[str, SecretValue] = field(repr=False)
    is_pruning: bool = False
    is_empty_allowed: bool = False
    reason: str = ""

    @property
    def target(self) -> Target:
        """What the records are about."""
        return Target(service=self.service, environment=self.environment, backend=PARAMETER_PROVIDER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Injected:
    """What was done, or would be. ``missing`` are declared keys that have no parameter and were given no value."""

    service: str
    environment: str
    commit: str
    receipts: tuple[ParameterReceipt, ...]
    prunable: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def names(self, *outcomes: str) -> tuple[str, ...]:
        """Return the parameters with these outcomes, sorted."""
        return tuple(sorted(receipt.name for receipt in self.receipts if receipt.outcome in outcomes))

    @property
    def unfinished(self) -> tuple[ParameterReceipt, ...]:
        """What should have been written or removed and was not."""
        return tuple(receipt for receipt in self.receipts if receipt.outcome in {"refused", "not-written"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """What is wanted, judged against the reviewed requests. Nothing of the store is known yet."""

    wanted: Wanted
    found: ServiceRequests
    declared: tuple[DeclaredKey, ...]
    assignments: tuple[Assignment, ...]

    @property
    def folder(self) -> str:
        """The path that the service's parameters lie below."""
        prefix = self.found.governance.settings.naming.parameter_prefix
        return parameter_folder(self.wanted.environment, self.wanted.service, prefix=prefix)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The store as it was seen, and what follows from it."""

    observed: Mapping[str, ParameterInfo]
    versions: Mapping[str, int]
    changes: tuple[Change, ...]
    prunable: tuple[str, ...]


def plan_injection(services: Services, wanted: Wanted) -> Injected:
    """Judge everything and return what an injection would do, as receipts that say ``not-written``; writes nothing.

    Raises:
        InvalidIntent: ``parameter.batch-refused`` with every fault of every key.
        Conflict: ``parameter.store-refused`` with every parameter that is there and not ours to write.
        AccessDenied: ``apply.wrong-account``.
    """
    with refusals_recorded(services, ACTION, target=wanted.target):
        batch = _judge(services, wanted)
        seen = _look(batch, _effects(services, batch))
    return _result(batch, seen, tuple(receipt_of(change, "not-written") for change in seen.changes))


def inject(services: Services, wanted: Wanted) -> Injected:
    """Write what changed. A rerun with the same values writes nothing, one after a failure the rest.

    Raises:
        GoldenpathError: as :func:`plan_injection`, before the first write.
        AuditUnavailable: what was being done could not be recorded, so the run stopped there.
    """
    with refusals_recorded(services, ACTION, target=wanted.target):
        batch = _judge(services, wanted)
        effects = _effects(services, batch)
        seen = _look(batch, effects)
    effects.settle(batch.folder, seen.versions)
    if not seen.changes and not (wanted.is_pruning and seen.prunable):
        return _result(batch, seen, ())
    decision = AuditDecision(allowed=True, reason=wanted.reason)
    joins = joins_of(services, commit=batch.found.commit)
    with open_trail(services).operation(ACTION, target=wanted.target, decision=decision, joins=joins) as operation:
        done = _write(services, batch, effects)
        for outcome in ("written", "unchanged", "pruned", "refused", "not-written"):
            operation.add_detail(outcome, str(len(done.names(outcome))))
        if done.unfinished:
            operation.failed(done.unfinished[0].code)
    return done


def _judge(services: Services, wanted: Wanted) -> _Batch:
    found = locate_service(services, wanted.service, wanted.environment, provider=PARAMETER_PROVIDER)
    settings = found.governance.settings
    tier = settings.environment(wanted.environment).store(PARAMETER_PROVIDER).parameter_tier
    declared = declared_keys(found.in_use, settings=settings, tier=tier)
    assignments, findings = match_values(declared, wanted.values, settings=settings, is_empty_allowed=wanted.is_empty_allowed)
    if findings:
        raise InvalidIntent("parameter.batch-refused", _listed(findings), subject=found.subject, hint=_hint_of(findings))
    return _Batch(wanted=wanted, found=found, declared=declared, assignments=assignments)


def _effects(services: Services, batch: _Batch) -> ParameterEffects:
    environment = batch.wanted.environment
    store = services.parameters(environment)
    retrier = Retrier(
        clock=services.clock,
        entropy=services.entropy,
        deadline_seconds=batch.found.governance.settings.apply.deadline_seconds,
        retry_limit=services.retry_limit,
    )
    scope = StoreScope(environment=environment, provider=PARAMETER_PROVIDER, requests=batch.found.requests)
    require_account(batch.found.governance, scope, retrier.call(store.identity))
    return ParameterEffects(services, store, retrier, commit=batch.found.commit, requests=batch.found.requests, reason=batch.wanted.reason)


def _look(batch: _Batch, effects: ParameterEffects) -> _Seen:
    observed = effects.list_parameters(batch.folder, owners=[request.id for request in batch.found.requests])
    _require_ours(batch, judge_observed(batch.assignments, observed))
    current = effects.read_values(batch.folder, [each.name for each in batch.assignments])
    if current.keys() - observed.keys():
        # a list lags behind writes: what was written a moment ago is found by its name
        observed |= effects.look_up(sorted(current.keys() - observed.keys()))
        _require_ours(batch, judge_observed(batch.assignments, observed))
    changes = changes_of(batch.assignments, observed, current)
    full = [change for change in changes if change.expected_version >= VERSIONS_MAX and not effects.has_room(change.desired.name)]
    _require_ours(batch, tuple(_full(change) for change in full))
    versions = {name: info.version for name, info in observed.items()} | {name: found.version for name, found in current.items()}
    return _Seen(observed=observed, versions=versions, changes=changes, prunable=prunable(batch.declared, batch.found.in_use, observed))


def _write(services: Services, batch: _Batch, effects: ParameterEffects) -> Injected:
    lease_seconds = batch.found.governance.settings.apply.lease_seconds
    with hold_fence(
        effects.store,
        batch.wanted.environment,
        holder=f"{services.correlation_id}:{services.entropy.sortable_id()}",
        lease_seconds=lease_seconds,
        clock=services.clock,
        wait_seconds=lease_seconds,
        retrier=effects.retrier,
    ) as held:
        seen = _look(batch, effects)
        receipts = _write_seen(services, batch, seen, effects, held)
    return _result(batch, seen, receipts)


def _write_seen(services: Services, batch: _Batch, seen: _Seen, effects: ParameterEffects, held: HeldFence) -> tuple[ParameterReceipt, ...]:
    written = write_changes(
        seen.changes,
        lambda change: effects.put(change, held),
        workers=WORKERS,
        progress=_counting(services.progress, len(seen.changes)),
    )
    if not batch.wanted.is_pruning or any(receipt.outcome == "not-written" for receipt in written):
        return written
    return written + effects.prune([seen.observed[name] for name in seen.prunable], held)


def _result(batch: _Batch, seen: _Seen, receipts: tuple[ParameterReceipt, ...]) -> Injected:
    told = {receipt.name for receipt in receipts}
    changing = {change.desired.name for change in seen.changes}
    unchanged = tuple(
        ParameterReceipt(
            key=each.declared.spec.name,
            name=each.name,
            request_id=each.declared.request.id,
            outcome="unchanged",
            version=seen.versions[each.name],
        )
        for each in batch.assignments
        if each.name not in told | changing
    )
    given = {each.name for each in batch.assignments}
    return Injected(
        service=batch.wanted.service,
        environment=batch.wanted.environment,
        commit=batch.found.commit,
        receipts=tuple(sorted((*receipts, *unchanged), key=lambda receipt: receipt.name)),
        prunable=seen.prunable,
        missing=tuple(each.spec.name for each in batch.declared if each.desired.name not in given | seen.observed.keys()),
    )


def _counting(tell: Callable[[str], None], total: int) -> Callable[[ParameterReceipt], None]:
    done = 0

    def count(receipt: ParameterReceipt) -> None:
        nonlocal done
        done += 1
        tell(f"{done}/{total} {receipt.name}: {receipt.outcome}")

    return count


def _require_ours(batch: _Batch, findings: tuple[Finding, ...]) -> None:
    if findings:
        raise Conflict("parameter.store-refused", _listed(findings), subject=batch.found.subject, hint=_hint_of(findings))


def _full(change: Change) -> Finding:
    return Finding(
        rule="parameter.version-labelled",
        level="block",
        message=f"{change.desired.name} has {VERSIONS_MAX} versions, and the oldest carries a label, so none can be added",
        subject=change.desired.request_id,
        hint="move the label to a newer version (aws ssm label-parameter-version), then inject again; no label was moved",
    )


def _listed(findings: tuple[Finding, ...]) -> str:
    return "; ".join(f"{finding.message} [{finding.rule}]" for finding in findings)


def _hint_of(findings: tuple[Finding, ...]) -> str:
    hint = next((finding.hint for finding in findings if finding.hint), "mend every key named above and inject again")
    return "nothing was written; " + hint.removesuffix("; nothing was written")
