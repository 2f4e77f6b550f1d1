"""Apply: converges, touches only what is its own, isolates failures, and proves what it did (CASES group 3)."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.apply_rig import COMMIT, ApplyRig, many, open_rig, outcomes
from tests.faults import Fault, FaultyJournal, FaultyStore, LaggingStore, Schedule
from tests.stores import LEASE_SECONDS, bookkeeping, make_desired, make_ref, token

from goldenpath.errors import AccessDenied, AuditUnavailable, Conflict
from goldenpath.model.receipt import StepReceipt
from goldenpath.model.store import TAG_COMMIT, DesiredSecret, Fence, StoreRecord
from goldenpath.plan.planner import make_plan
from goldenpath.providers.local.store import LocalStore
from goldenpath.provision.effects import operation_token
from goldenpath.provision.executor import ExecutionLimits, execute
from goldenpath.provision.fence import hold_fence

WORKERS = pytest.mark.parametrize("workers", [1, 4])


@pytest.fixture
def rig(tmp_path: Path) -> ApplyRig:
    return open_rig(tmp_path / "state")


# --- converging (CASES 40, 46) ------------------------------------------------------------------------------------------------


@WORKERS
def test_applying_twice_changes_nothing_the_second_time(rig: ApplyRig, workers: int) -> None:
    limits = ExecutionLimits(workers=workers)
    first = rig.apply(many(5), limits=limits)
    assert first.is_complete
    assert (first.mutating_calls, rig.schedule.count("create")) == (5, 5)
    assert {outcome for outcome, _ in outcomes(first).values()} == {"done"}
    before = rig.bench().all_records()
    rig.schedule.calls.clear()
    second = rig.apply(many(5), commit="d" * 40, limits=limits)
    assert {outcome for outcome, _ in outcomes(second).values()} == {"already"}
    assert (second.mutating_calls, rig.schedule.mutating_calls) == (0, 0)
    assert rig.bench().all_records() == before
    assert rig.schedule.count("describe") == 0


def test_a_new_record_carries_tags_policy_and_who_wrote_it(rig: ApplyRig) -> None:
    desired = make_desired()
    receipt = rig.apply([desired])
    record = rig.store.describe(desired.ref)
    assert record is not None
    assert record.field_digests == desired.field_digests == record.applied_digests
    assert dict(record.tags)[TAG_COMMIT] == COMMIT
    assert record.generation == receipt.generation
    assert rig.schedule.tokens == [operation_token(desired, "create")]
    entry = rig.journal.get(operation_token(desired, "create"))
    assert entry is not None
    assert (entry.state, entry.request_id, entry.commit, entry.correlation_id) == ("done", "SEC-0007", COMMIT, "run-1")


def test_a_late_run_includes_what_cancelled_runs_would_have_done(rig: ApplyRig) -> None:
    first, second, third = many(1), many(2), many(4)
    rig.apply(first)
    changed = [replace(third[0], description="of the third commit"), *third[1:]]
    receipt = rig.apply(changed, commit="3" * 40)
    assert receipt.is_complete
    assert [step.action for step in receipt.steps] == ["update", "create", "create", "create"]
    assert len(second) == 2
    assert rig.apply(changed).mutating_calls == 0


def test_going_back_to_an_older_state_is_an_update_and_no_drift(rig: ApplyRig) -> None:
    old, new = make_desired(), make_desired(description="new", policy="", tags={"x": "y"})
    for desired in (old, new, old):
        assert rig.apply([desired]).is_complete
    record = rig.store.describe(old.ref)
    assert record is not None
    assert record.field_digests == old.field_digests


def test_the_same_content_has_the_same_token_on_every_machine_and_other_content_another() -> None:
    desired = make_desired()
    different = [
        replace(desired, description="x"),
        replace(desired, policy="x"),
        replace(desired, kms_key="x"),
        make_desired("SEC-0008"),
        make_desired(path="x"),
        make_desired(environment="prod"),
        make_desired(tags={"a": "b"}),
    ]
    tokens = {operation_token(each, action) for each in (desired, *different) for action in ("create", "update")}
    assert len(tokens) == 2 * (1 + len(different))
    assert {len(each) for each in tokens} == {64}
    assert operation_token(make_desired(), "create") == operation_token(desired, "create")


def test_progress_tells_each_step_in_plan_order(rig: ApplyRig) -> None:
    receipt = rig.apply(many(6), limits=ExecutionLimits(workers=3))
    assert tuple(rig.progress) == receipt.steps
    assert [step.ref for step in receipt.steps] == sorted(step.ref for step in receipt.steps)


# --- what is not ours (CASES 24, 48, 49, 54) ----------------------------------------------------------------------------------


@pytest.mark.parametrize("owner", ["", "SEC-0008"])
def test_somebody_elses_record_stays_byte_for_byte(rig: ApplyRig, owner: str) -> None:
    before = rig.bench().create(make_desired(owner, tags={"theirs": "yes"}))
    rig.store.release(rig.bench().fence())
    receipt = rig.apply([make_desired("SEC-0007"), *many(1)])
    assert outcomes(receipt)["SEC-0007"] == ("refused", "store.foreign-record")
    assert outcomes(receipt)["SEC-0001"] == ("done", "")
    assert not receipt.is_complete
    assert rig.store.describe(make_ref()) == before


def test_a_name_scheduled_for_deletion_is_refused_and_not_restored(rig: ApplyRig) -> None:
    rig.apply([make_desired()])
    scheduled = rig.store.schedule_deletion(make_ref(), recovery_window_days=7, fence=rig.bench().fence(holder="run-1"))
    rig.store.release(rig.bench().fence(holder="run-1"))
    receipt = rig.apply([make_desired()])
    assert outcomes(receipt) == {"SEC-0007": ("refused", "store.scheduled-for-deletion")}
    assert rig.store.describe(make_ref()) == scheduled
    assert rig.schedule.count("restore", "schedule_deletion") == 0


def test_a_name_scheduled_between_plan_and_apply_is_refused_too(rig: ApplyRig) -> None:
    plan = rig.plan([make_desired()])
    rig.apply([make_desired()])
    rig.store.schedule_deletion(make_ref(), recovery_window_days=7, fence=rig.bench().fence(holder="run-1"))
    rig.store.release(rig.bench().fence(holder="run-1"))
    assert outcomes(rig.execute(plan)) == {"SEC-0007": ("refused", "store.scheduled-for-deletion")}


def test_an_orphan_is_reported_and_stays(rig: ApplyRig) -> None:
    rig.apply(many(2))
    receipt = rig.apply(many(1))
    assert outcomes(receipt)["SEC-0002"] == ("skipped", "plan.orphan")
    assert len(rig.bench().all_records()) == 2
    assert receipt.mutating_calls == 0


EDITS: dict[str, dict[str, object]] = {
    "description": {"description": "by hand"},
    "policy": {"policy": '{"Statement":"*"}'},
    "key": {"kms_key": "alias/theirs"},
    "a tag more": {"tags": tuple(sorted((*make_desired().tags, ("more", "tag"))))},
    "a tag less": {"tags": tuple(pair for pair in make_desired().tags if not pair[0].endswith("owner"))},
    "owner tag": {"tags": tuple((key, "thief" if key.endswith("owner") else value) for key, value in make_desired().tags)},
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_drift_waits_for_a_decision_and_is_overwritten_only_for_the_accepted_id(rig: ApplyRig, edit: dict[str, object]) -> None:
    rig.apply([make_desired()])
    edited = rig.bench().hand_edit(make_desired(), **edit)
    rig.store.release(rig.bench().fence())
    for accepted in (frozenset[str](), frozenset({"SEC-0008"})):
        receipt = rig.apply([make_desired()], accept_drift=accepted)
        assert outcomes(receipt) == {"SEC-0007": ("refused", "plan.drift")}
        assert rig.store.describe(make_ref()) == edited
    receipt = rig.apply([make_desired()], accept_drift=frozenset({"SEC-0007"}))
    assert outcomes(receipt) == {"SEC-0007": ("done", "")}
    record = rig.store.describe(make_ref())
    assert record is not None
    assert record.field_digests == make_desired().field_digests
    assert rig.apply([make_desired()]).mutating_calls == 0


def test_a_hand_edit_between_plan_and_apply_is_not_overwritten(rig: ApplyRig) -> None:
    rig.apply([make_desired()])
    plan = rig.plan([make_desired(description="new")])
    edited = rig.bench().hand_edit(make_desired(), policy="{}")
    rig.store.release(rig.bench().fence())
    receipt = rig.execute(plan)
    assert outcomes(receipt) == {"SEC-0007": ("refused", "plan.provider-changed")}
    assert rig.store.describe(make_ref()) == edited


def test_a_new_value_between_plan_and_apply_does_not_stop_it(rig: ApplyRig) -> None:
    rig.apply([make_desired()])
    plan = rig.plan([make_desired(description="new")])
    rig.bench().put(b"value")
    rig.store.release(rig.bench().fence())
    assert outcomes(rig.execute(plan)) == {"SEC-0007": ("done", "")}
    assert rig.bench().read() == b"value"


# --- tokens (CASE 43) ---------------------------------------------------------------------------------------------------------


def test_the_same_token_with_other_content_on_the_store_is_a_conflict_and_not_retried(rig: ApplyRig) -> None:
    desired = make_desired()
    plan = rig.plan([desired])
    other = replace(desired, description="other content")
    with hold_fence(rig.store, "dev", holder="other machine", lease_seconds=60, clock=rig.clock) as fence, fence.writing() as right:
        before = rig.store.create(other, bookkeeping=bookkeeping(other), token=operation_token(desired, "create"), fence=right)
    receipt = rig.execute(plan)
    assert outcomes(receipt) == {"SEC-0007": ("refused", "store.token-reused")}
    assert rig.schedule.count("create") == 1
    assert rig.store.describe(desired.ref) == before


# --- two runners (CASE 45) ----------------------------------------------------------------------------------------------------


def test_while_one_run_writes_another_is_told_who_and_how_long(tmp_path: Path) -> None:
    first, second = open_rig(tmp_path / "state"), open_rig(tmp_path / "state", entropy_seed=500)
    second.holder = "run-2"
    with hold_fence(first.store, "dev", holder="run-1", lease_seconds=LEASE_SECONDS, clock=first.clock):
        with pytest.raises(Conflict, match="run-1") as caught:
            second.apply(many(2))
        assert caught.value.code == "store.writer-active"
    assert second.apply(many(2)).is_complete


def test_a_second_run_with_the_same_plan_finds_everything_done(tmp_path: Path) -> None:
    first, second = open_rig(tmp_path / "state"), open_rig(tmp_path / "state", entropy_seed=500)
    plans = [rig.plan(many(3)) for rig in (first, second)]
    assert first.execute(plans[0]).is_complete
    before = first.bench().all_records()
    receipt = second.execute(plans[1])
    assert receipt.is_complete
    assert [record.container for record in second.bench().all_records()] == [record.container for record in before]


def test_a_run_that_lost_its_fence_stops_and_writes_nothing_more(rig: ApplyRig) -> None:
    desired = many(5)

    class Usurped(FaultyStore):
        def create(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], token: str, fence: Fence) -> StoreRecord:
            if desired.request_id == "SEC-0003":
                self.inner.break_lease("dev")
                self.inner.acquire("dev", holder="usurper", lease_seconds=60)
            return super().create(desired, bookkeeping=bookkeeping, token=token, fence=fence)

    store = Usurped(rig.store, rig.schedule)
    plan = rig.plan(desired)
    with hold_fence(store, "dev", holder="run-1", lease_seconds=LEASE_SECONDS, clock=rig.clock) as fence:
        receipt = execute(plan, store=store, fence=fence, journal=rig.journal, clock=rig.clock, entropy=rig.entropy, correlation_id="run-1")
    assert [step.outcome for step in receipt.steps] == ["done", "done", "refused", "failed", "failed"]
    assert {step.code for step in receipt.steps[2:]} == {"store.fenced-out"}
    assert rig.schedule.count("create") == 3
    assert len(rig.bench().all_records()) == 2


# --- lagging lists (CASE 50) --------------------------------------------------------------------------------------------------


def test_a_lagging_list_makes_no_second_create_no_orphan_and_no_drift(rig: ApplyRig) -> None:
    lagging = LaggingStore(rig.store)
    rig.apply(many(3))
    lagging.freeze("dev")
    changed = [replace(each, description="newer") for each in many(5)[1:]]
    rig.apply(changed)
    ending = rig.bench().fence(holder="run-1")
    rig.store.schedule_deletion(many(1)[0].ref, recovery_window_days=7, fence=ending)
    rig.store.release(ending)
    rig.bench().clock.advance(8 * 24 * 3600)
    rig.store = lagging
    plan = rig.plan(changed)
    assert {step.action for step in plan.steps} == {"unchanged"}
    assert [step.request_id for step in plan.steps] == ["SEC-0002", "SEC-0003", "SEC-0004", "SEC-0005"]
    assert rig.execute(plan).mutating_calls == 0


def test_a_list_that_shows_nothing_still_leads_to_one_record_each(rig: ApplyRig) -> None:
    rig.store = LaggingStore(rig.store)
    for _ in range(2):
        assert rig.apply(many(3)).is_complete
    assert rig.schedule.count("create") == 3


def test_only_doubtful_records_are_described(rig: ApplyRig) -> None:
    rig.apply(many(4))
    rig.bench().create(make_desired("", path="foreign"), fence=rig.bench().fence(), name="foreign")
    rig.store.release(rig.bench().fence())
    rig.schedule.calls.clear()
    seen = rig.observe(many(5)[1:])
    assert rig.schedule.calls == ["identity", "list_records", "describe", "describe"]
    assert seen.described == 2
    assert len(seen.records) == 5


# --- failing items (CASE 52) --------------------------------------------------------------------------------------------------


@WORKERS
def test_one_refused_item_does_not_stop_the_others_and_the_next_run_continues(tmp_path: Path, workers: int) -> None:
    rig = open_rig(tmp_path / "state", Schedule(by_name={"create": ["refuse"]}))
    receipt = rig.apply(many(10), limits=ExecutionLimits(workers=workers))
    results = sorted(outcomes(receipt).values())
    assert results == [("done", "")] * 9 + [("refused", "store.access-denied")]
    assert not receipt.is_complete
    again = rig.apply(many(10))
    assert again.is_complete
    assert again.mutating_calls == 1


def test_an_item_that_was_half_done_is_partial_and_is_finished_by_the_next_run(tmp_path: Path) -> None:
    rig = open_rig(tmp_path / "state", Schedule(by_name={"create": ["half"]}))
    receipt = rig.apply(many(2))
    assert outcomes(receipt) == {"SEC-0001": ("partial", "store.access-denied"), "SEC-0002": ("done", "")}
    plan = rig.plan(many(2))
    assert [(step.action, [change.field for change in step.changes]) for step in plan.steps] == [("update", ["policy"]), ("unchanged", [])]
    assert rig.execute(plan).is_complete
    assert rig.apply(many(2)).mutating_calls == 0


def test_an_item_refused_after_its_effect_is_partial_and_then_found_done(tmp_path: Path) -> None:
    rig = open_rig(tmp_path / "state", Schedule(by_name={"create": ["refuse-after"]}))
    assert outcomes(rig.apply(many(1))) == {"SEC-0001": ("partial", "store.access-denied")}
    again = rig.apply(many(1))
    assert (again.is_complete, again.mutating_calls) == (True, 0)


def test_a_store_that_keeps_only_part_of_a_change_is_not_believed(rig: ApplyRig) -> None:
    class Forgetful(FaultyStore):
        def update(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], fence: Fence) -> StoreRecord:
            return super().update(replace(desired, policy=""), bookkeeping=bookkeeping, fence=fence)

    rig.apply([make_desired()])
    plan = rig.plan([make_desired(policy='{"new":1}')])
    store = Forgetful(rig.store, rig.schedule)
    with hold_fence(store, "dev", holder="run-1", lease_seconds=60, clock=rig.clock) as fence:
        receipt = execute(plan, store=store, fence=fence, journal=rig.journal, clock=rig.clock, entropy=rig.entropy, correlation_id="r")
    assert outcomes(receipt) == {"SEC-0007": ("partial", "provision.not-converged")}


def test_without_an_audit_log_the_run_stops(rig: ApplyRig) -> None:
    class Unrecorded(FaultyStore):
        def create(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], token: str, fence: Fence) -> StoreRecord:
            if desired.request_id == "SEC-0002":
                raise AuditUnavailable("audit.unwritable", "no record")
            return super().create(desired, bookkeeping=bookkeeping, token=token, fence=fence)

    store = Unrecorded(rig.store, rig.schedule)
    plan = rig.plan(many(4))
    with (
        hold_fence(store, "dev", holder="run-1", lease_seconds=60, clock=rig.clock) as fence,
        pytest.raises(AuditUnavailable),
    ):
        execute(plan, store=store, fence=fence, journal=rig.journal, clock=rig.clock, entropy=rig.entropy, correlation_id="r")
    assert [record.request_id for record in rig.bench().all_records()] == ["SEC-0001"]
    assert rig.apply(many(4)).is_complete


# --- the right place (CASE 53) ------------------------------------------------------------------------------------------------


def test_another_account_is_refused_after_the_identity_check_alone(rig: ApplyRig) -> None:
    plan = replace(rig.plan(many(2)), account="another-store")
    rig.schedule.calls.clear()
    with pytest.raises(AccessDenied) as caught:
        rig.execute(plan)
    assert caught.value.code == "provision.wrong-account"
    assert rig.schedule.calls == ["acquire", "identity", "release"]
    assert rig.bench().all_records() == []


def test_a_plan_without_an_account_is_refused_as_well(rig: ApplyRig) -> None:
    with pytest.raises(AccessDenied) as caught:
        rig.execute(replace(rig.plan(many(1)), account=""))
    assert caught.value.code == "provision.wrong-account"


def test_a_fence_for_another_environment_is_refused(rig: ApplyRig) -> None:
    plan = make_plan(environment="prod", commit=COMMIT, account="x", desired=[], observed=[], now=rig.clock.now(), ttl_seconds=60)
    with pytest.raises(Conflict) as caught:
        rig.execute(plan)
    assert caught.value.code == "provision.other-environment"


# --- interruptions and full disks ---------------------------------------------------------------------------------------------


@WORKERS
def test_an_interrupted_run_gives_the_environment_back_and_the_next_one_finishes(tmp_path: Path, workers: int) -> None:
    first, second = open_rig(tmp_path / "state"), open_rig(tmp_path / "state", entropy_seed=500)
    second.holder = "run-2"

    class Interrupting(list[StepReceipt]):
        def append(self, receipt: StepReceipt, /) -> None:
            super().append(receipt)
            if len(self) == 3:
                raise KeyboardInterrupt

    first.progress = Interrupting()
    with pytest.raises(KeyboardInterrupt):
        first.apply(many(30), limits=ExecutionLimits(workers=workers))
    assert 3 <= len(first.bench().all_records()) < 30
    assert second.apply(many(30)).is_complete
    assert second.apply(many(30)).mutating_calls == 0


def test_a_full_disk_ends_in_failed_steps_at_once_and_not_in_retries(rig: ApplyRig) -> None:
    rig.apply(many(1))
    store = rig.store
    assert isinstance(store, LocalStore)
    database = store._sqlite._database._connection
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    database.execute(f"PRAGMA max_page_count={pages}")
    started = rig.clock.monotonic()
    receipt = rig.apply([*many(1), *(make_desired(f"SEC-1{n:03d}", path=f"{n}" * 400, policy="p" * 20_000) for n in range(5))])
    codes = {step.code for step in receipt.steps if step.outcome == "failed"}
    assert codes == {"store.unwritable"}
    assert rig.clock.monotonic() - started < 60
    database.execute("PRAGMA max_page_count=100000")
    assert rig.apply([*many(1), *(make_desired(f"SEC-1{n:03d}", path=f"{n}" * 400, policy="p" * 20_000) for n in range(5))]).is_complete


@pytest.mark.parametrize("call", ["drop-before", "drop-after", "throttle"])
def test_a_journal_that_does_not_take_the_intent_stops_the_effect(rig: ApplyRig, call: Fault) -> None:
    rig.journal = FaultyJournal(rig.journal, Schedule(by_name={"journal": [call]}))
    receipt = rig.apply(many(2))
    assert [step.outcome for step in receipt.steps] == ["failed", "done"]
    assert [record.request_id for record in rig.bench().all_records()] == ["SEC-0002"]
    assert rig.apply(many(2)).is_complete
    assert list(rig.journal.unfinished("dev")) == []


def test_a_journal_that_does_not_take_the_outcome_leaves_the_step_to_the_next_run(rig: ApplyRig) -> None:
    rig.journal = FaultyJournal(rig.journal, Schedule({2: "drop-before"}))
    receipt = rig.apply(many(1))
    assert [step.outcome for step in receipt.steps] == ["partial"]
    assert not receipt.is_complete
    assert len(list(rig.journal.unfinished("dev"))) == 1
    again = rig.apply(many(1))
    assert (again.is_complete, again.mutating_calls) == (True, 0)
    assert list(rig.journal.unfinished("dev")) == []


# --- what killed runs left ----------------------------------------------------------------------------------------------------


def test_open_entries_are_settled_by_what_the_store_shows(rig: ApplyRig) -> None:
    rig.apply(many(2))
    made = rig.journal.get(operation_token(many(1)[0], "create"))
    assert made is not None
    rig.journal.record(replace(made, state="intended"))
    rig.journal.record(replace(made, state="intended", token=token("never"), request_id="SEC-0900"))
    rig.apply(many(2))
    assert list(rig.journal.unfinished("dev")) == []
    settled = [rig.journal.get(name) for name in (made.token, token("never"))]
    assert [entry.state for entry in settled if entry] == ["done", "failed"]


def test_entries_of_other_actions_are_left_to_those_who_made_them(rig: ApplyRig) -> None:
    rig.apply(many(1))
    entry = rig.journal.get(operation_token(many(1)[0], "create"))
    assert entry is not None
    seeding = replace(entry, token=token("seed"), action="put-version", state="intended")
    rig.journal.record(seeding)
    rig.apply(many(1))
    assert list(rig.journal.unfinished("dev")) == [seeding]


def test_receipts_are_plain_and_hold_no_record_content() -> None:
    receipt = StepReceipt(request_id="SEC-0001", ref="a", action="create", outcome="done")
    fields = {"request_id", "ref", "action", "outcome", "code", "message", "version_id", "is_retryable"}
    assert set(StepReceipt.__struct_fields__) == fields
    assert receipt.version_id == ""
