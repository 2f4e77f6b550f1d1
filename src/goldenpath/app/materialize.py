"""Make Kubernetes Secrets from the store, for clusters without External Secrets (seed 004, flow 4; D16).

The order is the point: what is asked for is judged whole before the first write, what was written by hand is left alone, and what nobody
asks for any more goes last, when everything else is in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from goldenpath.app.cluster_identity import require_cluster
from goldenpath.app.cluster_secrets import BACKEND, ClusterSecrets
from goldenpath.app.cluster_selection import Selected, Selection, select
from goldenpath.app.locate import require_readable
from goldenpath.app.refusals import refusals_recorded
from goldenpath.app.secret_batch import Judge, Judged
from goldenpath.app.secret_receipts import ends_the_run, held, moved, outcome_after, receipt_of, removal_of
from goldenpath.app.services import Services
from goldenpath.app.trail import joins_of, open_trail
from goldenpath.errors import AuditUnavailable, Conflict, GoldenpathError, NotFound, PolicyBlocked
from goldenpath.model.audit import AuditDecision, Target
from goldenpath.model.cluster import ClusterAccess, ClusterObject
from goldenpath.model.counting import counted
from goldenpath.model.finding import Finding
from goldenpath.model.lifecycle import PROJECTED_STATES
from goldenpath.model.materialize import CHANGING, SecretReceipt
from goldenpath.model.request import SecretRequest
from goldenpath.plan.kubernetes_secrets import find_leftovers
from goldenpath.provision.retry import Retrier

ACTION = "platform.materialize"
REFUSED = "materialize.refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for; ``environment`` is canonical. ``is_pruning``: Secrets of ours that nobody asks for any more go.

    ``agreed`` holds the changes that a person saw and agreed to; None when nobody was asked.
    """

    environment: str
    service: str = ""
    request_ids: tuple[str, ...] = ()
    accept_drift: frozenset[str] = frozenset()
    is_pruning: bool = False
    reason: str = ""
    agreed: frozenset[tuple[str, str, str]] | None = None

    @property
    def target(self) -> Target:
        """What the records are about."""
        return Target(environment=self.environment, service=self.service, intent_id=",".join(self.request_ids[:20]), backend=BACKEND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Materialized:
    """What was done, or would be. ``refusals`` stop all of it. ``left_alone`` says of leftovers that stay, why.

    ``unreviewed`` says why later commits of the branch do not count; empty when all do.
    """

    environment: str
    commit: str
    cluster_id: str
    receipts: tuple[SecretReceipt, ...] = ()
    refusals: tuple[Finding, ...] = ()
    left_alone: tuple[Finding, ...] = ()
    unreviewed: str = ""

    def with_action(self, *actions: str) -> tuple[SecretReceipt, ...]:
        """Return the receipts of these actions."""
        return tuple(receipt for receipt in self.receipts if receipt.action in actions)

    @property
    def changes(self) -> frozenset[tuple[str, str, str]]:
        """What is changed, or would be."""
        return frozenset(receipt.change for receipt in self.receipts if receipt.action in CHANGING)

    @property
    def unfinished(self) -> tuple[SecretReceipt, ...]:
        """What should have been written or deleted and was not."""
        return tuple(receipt for receipt in self.receipts if receipt.outcome in {"refused", "not-done"})


def plan_materialization(services: Services, wanted: Wanted, access: ClusterAccess) -> Materialized:
    """Judge everything and return what would be done; the cluster rehearses the writes, and nothing is changed.

    Raises:
        PolicyBlocked: ``materialize.not-allowed``.
        Misconfigured: ``cluster.wrong-cluster``.
        NotFound: ``materialize.nothing-asked-for``, ``request.unknown``.
        GoldenpathError: store or cluster did not answer.
    """
    with refusals_recorded(services, ACTION, target=wanted.target):
        run = _Run(services, wanted, access)
        run.look()
    return run.result(tuple(run.planned()))


def materialize(services: Services, wanted: Wanted, access: ClusterAccess) -> Materialized:
    """Write what is not as it should be. A rerun writes nothing, one after a failure the rest.

    Raises:
        Conflict: ``materialize.not-seen``: there is more to do than a person agreed to.
        AuditUnavailable: what was being done could not be recorded, so the run stopped there.
        GoldenpathError: as :func:`plan_materialization`, before the first write.
    """
    with refusals_recorded(services, ACTION, target=wanted.target):
        run = _Run(services, wanted, access)
        run.look()
        planned = run.result(tuple(run.planned()))
        _require_agreed(wanted, planned)
    if planned.refusals:
        refused = AuditDecision(allowed=False, reason=planned.refusals[0].rule)
        open_trail(services).denied(ACTION, error_type=REFUSED, target=wanted.target, decision=refused)
    if planned.refusals or not planned.changes:
        return planned
    decision = AuditDecision(allowed=True, reason=wanted.reason)
    joins = joins_of(services, commit=planned.commit)
    with open_trail(services).operation(ACTION, target=wanted.target, decision=decision, joins=joins) as operation:
        done = run.result(tuple(run.write()))
        for outcome in ("done", "none", "refused", "not-done"):
            operation.add_detail(outcome, str(sum(1 for receipt in done.receipts if receipt.outcome == outcome)))
        if done.unfinished:
            operation.failed(done.unfinished[0].code)
    return done


def _require_agreed(wanted: Wanted, planned: Materialized) -> None:
    unseen = sorted(planned.changes - (planned.changes if wanted.agreed is None else wanted.agreed))
    if unseen:
        action, namespace, name = unseen[0]
        raise Conflict(
            "materialize.not-seen",
            f"to {action} {namespace}/{name} was not among what was shown" + (f", and {len(unseen) - 1} more" if unseen[1:] else ""),
            subject=wanted.environment,
            hint="something changed meanwhile: look again with --dry-run; nothing was written",
        )


class _Run:
    """One run: what it looked at, and what it does about it."""

    def __init__(self, services: Services, wanted: Wanted, access: ClusterAccess) -> None:
        self._services = services
        self._wanted = wanted
        self._selected = _selected(services, wanted)
        self._requests = tuple(each for each in self._selected.of(wanted.environment) if is_projected(each))
        _require_any(wanted, self._selected, self._requests)
        self._commit = self._selected.governance.commit
        settings = self._selected.governance.settings
        retrier = Retrier(
            clock=services.clock,
            entropy=services.entropy,
            deadline_seconds=settings.apply.deadline_seconds,
            retry_limit=services.retry_limit,
        )
        self._cluster = ClusterSecrets(
            services,
            services.cluster(wanted.environment, access),
            retrier,
            environment=wanted.environment,
            commit=self._commit,
            reason=wanted.reason,
        )
        self._judge = Judge(
            services,
            self._selected,
            self._requests,
            self._cluster,
            retrier,
            environment=wanted.environment,
            accept_drift=wanted.accept_drift,
            reason=wanted.reason,
        )
        self._cluster_id = self._cluster.identity()
        require_cluster(settings, wanted.environment, self._cluster_id)
        self._judged: tuple[Judged, ...] = ()
        self._removable: tuple[ClusterObject, ...] = ()
        self._left_alone: tuple[Finding, ...] = ()
        self._ended_by: GoldenpathError | None = None
        self._failed_by: GoldenpathError | None = None

    def look(self) -> None:
        """Judge every request and find what nobody asks for any more."""
        self._services.progress(f"looking at {counted(len(self._requests), 'request')} in {self._wanted.environment}")
        self._judged = self._judge.judge()
        if self._wanted.is_pruning:
            made = self._cluster.list_made(service=self._wanted.service)
            mine = [each for each in self._selected.every if each.environment == self._wanted.environment and is_projected(each)]
            self._removable, self._left_alone = find_leftovers(
                made, mine, known_ids=_known_ids(self._selected), is_contained=self._judge.is_contained
            )

    def planned(self) -> Iterator[SecretReceipt]:
        """Yield what would be done; nothing where anything is refused."""
        if self._refusals():
            return
        for judged in self._judged:
            yield receipt_of(judged, "planned" if judged.action in CHANGING else "none")
        for found in self._removable:
            yield removal_of(found, "planned")

    def write(self) -> Iterator[SecretReceipt]:
        """Do it, and yield what became of each; leftovers go last, and only when everything that takes their place is there."""
        work = sum(1 for judged in self._judged if judged.action in CHANGING) + len(self._removable)
        tell = _counting(self._services.progress, work)
        for judged in self._judged:
            receipt = self._write_one(judged) if judged.action in CHANGING else receipt_of(judged, "none")
            tell(receipt)
            yield receipt
        before = self._failed_by
        for found in self._removable:
            receipt = removal_of(found, "not-done", before) if before else self._remove_one(found)
            tell(receipt)
            yield receipt

    def result(self, receipts: tuple[SecretReceipt, ...]) -> Materialized:
        """Return the receipts with what they are about."""
        pending = self._selected.unreviewed
        return Materialized(
            environment=self._wanted.environment,
            commit=self._commit,
            cluster_id=self._cluster_id,
            receipts=receipts,
            refusals=self._refusals(),
            left_alone=self._left_alone,
            unreviewed="" if pending is None else str(pending),
        )

    def _refusals(self) -> tuple[Finding, ...]:
        return tuple(finding for judged in self._judged for finding in judged.findings)

    def _write_one(self, judged: Judged) -> SecretReceipt:
        error = self._tried(lambda: self._write(judged))
        return receipt_of(judged, outcome_after(error), error)

    def _write(self, judged: Judged) -> None:
        """Write one Secret, then look whether its version still is the current one: another run may have been faster (R19)."""
        assert judged.wanted is not None  # noqa: S101 - what is to be written is known
        is_accepted = judged.action == "overwrite"
        surplus = judged.surplus if is_accepted else ()
        self._cluster.write(judged.request, judged.wanted, surplus=surplus, is_forced=is_accepted)
        now = self._judge.current_version(judged)
        if now != judged.version_id:
            raise moved(judged, now)

    def _remove_one(self, found: ClusterObject) -> SecretReceipt:
        error = self._tried(lambda: self._remove(found))
        return removal_of(found, outcome_after(error), error)

    def _remove(self, found: ClusterObject) -> None:
        left = self._cluster.delete(found)
        if left is not None:
            raise held(left)

    def _tried(self, act: Callable[[], None]) -> GoldenpathError | None:
        """Return why it did not work; what no later act can get past ends the run."""
        if self._ended_by is not None:
            return self._ended_by
        try:
            act()
        except AuditUnavailable:
            raise
        except GoldenpathError as error:
            self._failed_by = self._failed_by or error
            if ends_the_run(error):
                self._ended_by = error
            return error
        return None


def is_projected(request: SecretRequest) -> bool:
    """Say whether a request asks for a Secret, whatever its provider: nothing of it goes through External Secrets here."""
    return request.spec.lifecycle.status in PROJECTED_STATES


def _selected(services: Services, wanted: Wanted) -> Selected:
    selected = select(services, Selection(ids=wanted.request_ids, environments=(wanted.environment,), service=wanted.service))
    if not selected.governance.settings.may_materialize(wanted.environment):
        raise PolicyBlocked(
            "materialize.not-allowed",
            f"the Secrets of {wanted.environment} come through External Secrets; nothing is written around it",
            subject=wanted.environment,
            hint=f"where there is none, set environments.{wanted.environment}.kubernetes.materialize: true in goldenpath.yaml",
        )
    for request in selected.chosen if wanted.request_ids else ():
        require_readable(request)
    return selected


def _require_any(wanted: Wanted, selected: Selected, requests: Sequence[SecretRequest]) -> None:
    """Refuse a run that finds nothing to do because of a wrong name, or of a change that nobody reviewed."""
    if requests or wanted.is_pruning:
        return
    if selected.unreviewed is not None:
        raise selected.unreviewed
    raise NotFound(
        "materialize.nothing-asked-for",
        "no request asks for a Secret there" + (f" for service {wanted.service!a}" if wanted.service else ""),
        subject=wanted.environment,
        hint="goldenpath status lists what there is; a request on a branch counts once it is merged",
    )


def _known_ids(selected: Selected) -> frozenset[str]:
    """Return every id of the catalog and of its tombstones."""
    tombstoned = (entry.id for entry in selected.governance.tombstones.tombstones)
    return frozenset({*tombstoned, *(request.id for request in selected.every)})


def _counting(tell: Callable[[str], None], total: int) -> Callable[[SecretReceipt], None]:
    done = 0

    def count(receipt: SecretReceipt) -> None:
        nonlocal done
        if receipt.action in CHANGING:
            done += 1
            tell(f"{done}/{total} {receipt.action} {receipt.namespace}/{receipt.name}: {receipt.outcome}")

    return count
