"""What a tool's plan may do beside ours: every kind of step against every kind of change, and a run over a store in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.apply_rig import COMMIT, ApplyRig, open_rig
from tests.stores import LEASE_SECONDS, make_desired, make_rotation

from goldenpath.errors import AuditUnavailable, GoldenpathError, ProviderRefused, ProviderUnavailable
from goldenpath.model.infrastructure import ChangeAction, InfrastructureChange, InfrastructurePlan, Part
from goldenpath.model.plan import Action, FieldChange, Plan, Step
from goldenpath.model.store import TAG_APPLIED, TAG_COMMIT, DesiredSecret, Fence
from goldenpath.provision.agreement import objections
from goldenpath.provision.effects import EffectRunner
from goldenpath.provision.fence import hold_fence
from goldenpath.provision.infrastructure import InfrastructureRun, existing_records, lease_seconds
from goldenpath.provision.retry import Retrier

FIELD = (FieldChange(field="description", before="a", after="b"),)
STEPS: tuple[Action, ...] = ("create", "update", "drift", "blocked", "unchanged")


def step(action: Action) -> Step:
    return Step(
        action=action, request_id="SEC-0007", desired=make_desired(), reason=f"reason.{action}" if action in {"drift", "blocked"} else ""
    )


def plan_of(*steps: Step) -> Plan:
    return Plan(environment="dev", commit=COMMIT, steps=steps)


def proposes(
    action: ChangeAction, *, part: Part = "secret", request_id: str = "SEC-0007", fields: tuple[FieldChange, ...] = FIELD
) -> InfrastructurePlan:
    change = InfrastructureChange(address="module.catalog.x", request_id=request_id, part=part, action=action, fields=fields)
    return InfrastructurePlan(environment="dev", changes=(change,))


ALLOWED = {("create", "secret", "create"), ("create", "policy", "create"), ("create", "secret", "update"), ("create", "policy", "update")}
ALLOWED |= {("update", "policy", "create"), ("update", "secret", "update"), ("update", "policy", "update")}


@pytest.mark.parametrize(
    ("ours", "part", "theirs"), list(product(STEPS, ("secret", "policy", "rotation"), ("create", "update", "delete", "replace")))
)
def test_the_tool_may_do_what_our_plan_asks_for_and_nothing_else(ours: Action, part: Part, theirs: ChangeAction) -> None:
    found = objections(plan_of(step(ours)), proposes(theirs, part=part))
    assert bool(found) is not ((ours, part, theirs) in ALLOWED)
    if theirs in {"delete", "replace"}:
        assert found[0].code == "terraform.would-destroy"


ROTATION = make_rotation().text
ROTATES = (FieldChange(field="rotation", before="", after=ROTATION),)
STOPS = (FieldChange(field="rotation", before=ROTATION, after=""),)
OTHER = (FieldChange(field="rotation", before="", after=make_rotation(days=7).text),)


@pytest.mark.parametrize(
    ("ours", "changes", "theirs", "fields", "code"),
    [
        ("update", ROTATES, "create", ROTATES, ""),
        ("update", ROTATES, "update", ROTATES, ""),
        ("update", STOPS, "delete", STOPS, ""),
        ("update", ROTATES, "create", OTHER, "terraform.plan-differs"),
        ("update", ROTATES, "replace", ROTATES, "terraform.would-destroy"),
        ("update", FIELD, "create", ROTATES, "terraform.plan-differs"),
        ("update", FIELD, "delete", STOPS, "terraform.would-destroy"),
        ("create", (), "create", ROTATES, "terraform.plan-differs"),
        ("unchanged", (), "update", OTHER, "terraform.plan-differs"),
        ("unchanged", (), "delete", STOPS, "terraform.would-destroy"),
        ("unchanged", (), "update", (), ""),
        ("unchanged", (), "none", (), ""),
        ("drift", ROTATES, "update", ROTATES, "reason.drift"),
        ("drift", STOPS, "delete", STOPS, "terraform.would-destroy"),
        ("blocked", (), "create", ROTATES, "reason.blocked"),
    ],
)
def test_rotation_is_set_and_turned_off_only_as_our_plan_says(
    ours: Action, changes: tuple[FieldChange, ...], theirs: ChangeAction, fields: tuple[FieldChange, ...], code: str
) -> None:
    mine = replace(step(ours), changes=changes)
    found = objections(plan_of(mine), proposes(theirs, part="rotation", fields=fields))
    assert [each.code for each in found] == ([code] if code else [])


def test_accepted_drift_may_turn_rotation_off_and_on() -> None:
    for changes, theirs in ((ROTATES, "create"), (STOPS, "delete")):
        drifted = plan_of(replace(step("drift"), changes=changes))
        proposed = proposes(theirs, part="rotation", fields=changes)  # type: ignore[arg-type]
        assert objections(drifted, proposed, accept_drift=frozenset({"SEC-0007"})) == ()


@pytest.mark.parametrize("ours", STEPS)
def test_settings_of_the_tools_own_are_no_change_of_the_record(ours: Action) -> None:
    assert objections(plan_of(step(ours)), proposes("update", fields=())) == ()


def test_accepted_drift_is_agreed_and_only_for_the_request_that_was_named() -> None:
    drifted = plan_of(step("drift"))
    assert objections(drifted, proposes("update"), accept_drift=frozenset({"SEC-0007"})) == ()
    assert [each.code for each in objections(drifted, proposes("update"), accept_drift=frozenset({"SEC-0008"}))] == ["reason.drift"]


@pytest.mark.parametrize(
    ("proposed", "codes"),
    [
        (proposes("update", request_id="SEC-0099"), ["terraform.unknown-address"]),
        (proposes("create", part="unknown", request_id=""), ["terraform.unknown-address"]),
        (proposes("delete", part="role", request_id=""), ["terraform.would-destroy"]),
        (proposes("update", part="role", request_id=""), []),
        (proposes("none", request_id="SEC-0099"), []),
    ],
)
def test_what_belongs_to_no_request(proposed: InfrastructurePlan, codes: list[str]) -> None:
    assert [each.code for each in objections(plan_of(step("create")), proposed)] == codes


@dataclass
class StandInWorkspace:
    """Stands in for a tool: makes the records of ``makes`` in the rig's store, as a tool would, then fails with ``error``."""

    rig: ApplyRig
    proposed: InfrastructurePlan
    makes: Sequence[DesiredSecret] = ()
    error: GoldenpathError | None = None
    applied: int = 0
    fence: Fence | None = None

    def plan(self) -> InfrastructurePlan:
        return self.proposed

    def apply(self) -> None:
        self.applied += 1
        assert self.fence is not None
        fence = self.fence
        for each in self.makes:
            if self.rig.store.describe(each.ref) is None:
                self.rig.store.create(each, bookkeeping={}, token=f"tool-{each.request_id:0>32}", fence=fence)
            else:
                self.rig.store.update(each, bookkeeping={}, fence=fence)
        if self.error is not None:
            raise self.error


@dataclass
class Run:
    """One run of the tool's engine on a rig. ``records`` are the audit records: (request id, code or "")."""

    rig: ApplyRig
    records: dict[str, str] = field(default_factory=dict)
    is_audit_away: bool = False

    def go(self, desired: list[DesiredSecret], workspace: StandInWorkspace, **options: object) -> dict[str, tuple[str, str]]:
        plan = self.rig.plan(desired)
        retrier = Retrier(clock=self.rig.clock, entropy=self.rig.entropy, deadline_seconds=3600)
        with hold_fence(self.rig.store, "dev", holder="run-1", lease_seconds=LEASE_SECONDS, clock=self.rig.clock) as fence:
            runner = EffectRunner(
                store=self.rig.faulty, fence=fence, journal=self.rig.journal, clock=self.rig.clock, retrier=retrier, commit=COMMIT,
                correlation_id="run-1",
            )  # fmt: skip
            workspace.fence = fence._fence
            run = InfrastructureRun(plan, runner=runner, fence=fence, recorded=self._recorded, **options)  # type: ignore[arg-type]
            result = run.refuse(run.held_up) if run.held_up else run.carry_out(workspace)
        return {each.request_id: (each.outcome, each.code) for each in result.receipt.steps}

    @contextmanager
    def _recorded(self, steps: Sequence[Step]) -> Iterator[Callable[[str, str], None]]:
        if self.is_audit_away:
            raise AuditUnavailable("audit.unwritable", "away")
        self.records = {each.request_id: "" for each in steps}
        yield self.records.__setitem__


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(open_rig(tmp_path))


WANTED = make_desired()
CREATES = proposes("create")


def tags(run: Run, desired: DesiredSecret = WANTED) -> dict[str, str]:
    found = run.rig.store.describe(desired.ref)
    assert found is not None
    return dict(found.tags)


def test_what_the_tool_made_is_confirmed_and_gets_our_bookkeeping(run: Run) -> None:
    tool = StandInWorkspace(run.rig, CREATES, makes=[WANTED])
    assert run.go([WANTED], tool) == {"SEC-0007": ("done", "")}
    assert (tags(run)[TAG_COMMIT], tags(run)[TAG_APPLIED]) == (COMMIT, WANTED.applied_tag)
    assert run.records == {"SEC-0007": ""}
    assert list(run.rig.journal.unfinished("dev")) == []
    again = StandInWorkspace(run.rig, InfrastructurePlan(environment="dev", changes=()))
    assert run.go([WANTED], again) == {"SEC-0007": ("already", "")}
    assert again.applied == 0


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (ProviderRefused("terraform.command-failed", "status 1"), False),
        (ProviderUnavailable("terraform.timeout", "stopped", retry_after_seconds=1.0), True),
    ],
)
def test_a_tool_that_fails_half_way_is_judged_by_the_store(run: Run, error: GoldenpathError, retryable: bool) -> None:
    other = make_desired("SEC-0008", path="goldenpath/payments/dev/other")
    changes = (*CREATES.changes, *proposes("create", request_id="SEC-0008").changes)
    tool = StandInWorkspace(run.rig, InfrastructurePlan(environment="dev", changes=changes), makes=[WANTED], error=error)
    assert run.go([WANTED, other], tool) == {"SEC-0007": ("done", ""), "SEC-0008": ("failed", error.code)}
    assert run.records == {"SEC-0007": "", "SEC-0008": error.code}


def test_a_tool_that_says_done_and_did_not_is_not_believed(run: Run) -> None:
    assert run.go([WANTED], StandInWorkspace(run.rig, CREATES)) == {"SEC-0007": ("partial", "provision.not-converged")}


def test_a_run_that_died_before_the_bookkeeping_is_settled_by_the_next(run: Run) -> None:
    fence = run.rig.store.acquire("dev", holder="dead", lease_seconds=1)
    run.rig.store.create(WANTED, bookkeeping={}, token="t" * 32, fence=fence)
    run.rig.store.release(fence)
    tool = StandInWorkspace(run.rig, InfrastructurePlan(environment="dev", changes=()))
    assert run.go([WANTED], tool) == {"SEC-0007": ("already", "")}
    assert tags(run)[TAG_APPLIED] == WANTED.applied_tag
    assert run.records == {"SEC-0007": ""}
    changed = replace(WANTED, description="new")
    assert run.rig.plan([changed]).steps[0].action == "update", "and not drift"


def test_undecided_drift_holds_up_everything_and_the_tool_is_not_asked(run: Run) -> None:
    run.rig.apply([WANTED])
    run.rig.bench().hand_edit(WANTED, description="by hand")
    run.rig.clock.sleep(LEASE_SECONDS)
    other = make_desired("SEC-0008", path="goldenpath/payments/dev/other")
    tool = StandInWorkspace(run.rig, CREATES, makes=[other])
    assert run.go([WANTED, other], tool) == {"SEC-0007": ("refused", "plan.drift"), "SEC-0008": ("refused", "terraform.held-up")}
    assert (tool.applied, run.rig.store.describe(other.ref)) == (0, None)
    accepted = StandInWorkspace(run.rig, proposes("update"), makes=[WANTED])
    assert run.go([WANTED], accepted, accept_drift=frozenset({"SEC-0007"})) == {"SEC-0007": ("done", "")}


@pytest.mark.parametrize("theirs", ["delete", "replace"])
def test_a_plan_that_destroys_is_never_applied(run: Run, theirs: ChangeAction) -> None:
    tool = StandInWorkspace(run.rig, proposes(theirs), makes=[WANTED])
    assert run.go([WANTED], tool) == {"SEC-0007": ("refused", "terraform.would-destroy")}
    assert tool.applied == 0


def test_a_refusal_that_is_about_no_request_is_not_lost(run: Run) -> None:
    run.rig.apply([WANTED])
    tool = StandInWorkspace(run.rig, proposes("delete", part="unknown", request_id=""))
    assert run.go([WANTED], tool) == {"SEC-0007": ("already", ""), "": ("refused", "terraform.would-destroy")}


def test_without_an_audit_log_the_tool_is_not_started(run: Run) -> None:
    run.is_audit_away = True
    tool = StandInWorkspace(run.rig, CREATES, makes=[WANTED])
    with pytest.raises(AuditUnavailable):
        run.go([WANTED], tool)
    assert tool.applied == 0


def test_only_living_records_of_ours_are_taken_over(run: Run) -> None:
    run.rig.apply([WANTED])
    assert [each.request_id for each in existing_records(run.rig.plan([WANTED]))] == ["SEC-0007"]
    foreign = make_desired("SEC-0099")
    assert existing_records(run.rig.plan([foreign])) == ()


def test_a_whole_command_fits_into_what_is_left_of_the_lease() -> None:
    assert lease_seconds(300, 900) / 2 > 900
    assert lease_seconds(7200, 900) == 7200
