"""Adopt and restore: explicit, for what was reviewed, safe to repeat, and for the right owner only (R20, R21)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.apply_rig import COMMIT, ApplyRig, open_rig, outcomes
from tests.faults import Fault, Schedule
from tests.stores import make_desired, make_ref

from goldenpath.errors import Conflict, NotFound
from goldenpath.provision.adopt import adopt
from goldenpath.provision.effects import EffectRunner
from goldenpath.provision.fence import hold_fence
from goldenpath.provision.restore import restore
from goldenpath.provision.retry import Retrier


@pytest.fixture
def rig(tmp_path: Path) -> ApplyRig:
    return open_rig(tmp_path / "state", Schedule())


@contextmanager
def runner_of(rig: ApplyRig) -> Iterator[EffectRunner]:
    retrier = Retrier(clock=rig.clock, entropy=rig.entropy, deadline_seconds=600)
    with hold_fence(rig.store, "dev", holder="run-1", lease_seconds=60, clock=rig.clock) as fence:
        yield EffectRunner(
            store=rig.faulty, fence=fence, journal=rig.journal, clock=rig.clock, retrier=retrier, commit=COMMIT, correlation_id="run-1"
        )


def digest_of(rig: ApplyRig) -> str:
    record = rig.store.describe(make_ref())
    assert record is not None
    return record.container_digest


def release(rig: ApplyRig) -> None:
    rig.store.release(rig.bench().fence())


def foreign_record(rig: ApplyRig) -> str:
    rig.bench().create(make_desired("", description="theirs", tags={"cost": "7"}))
    release(rig)
    return digest_of(rig)


def scheduled_record(rig: ApplyRig, owner: str = "SEC-0007") -> str:
    rig.bench().create(make_desired(owner))
    rig.bench().put(b"value")
    rig.store.schedule_deletion(make_ref(), recovery_window_days=7, fence=rig.bench().fence())
    release(rig)
    return digest_of(rig)


def test_an_untagged_record_becomes_the_requests_own_and_is_then_unchanged(rig: ApplyRig) -> None:
    expected = foreign_record(rig)
    desired = make_desired()
    with runner_of(rig) as runner:
        assert adopt(desired, expected_digest=expected, runner=runner).outcome == "done"
        assert adopt(desired, expected_digest=expected, runner=runner).outcome == "already"
        assert runner.mutating_calls == 1
    assert outcomes(rig.apply([desired])) == {"SEC-0007": ("already", "")}


FAULTS: list[Fault] = ["drop-before", "drop-after", "throttle"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("action", ["adopt", "restore"])
def test_a_lost_answer_is_resolved(tmp_path: Path, action: str, fault: Fault) -> None:
    rig = open_rig(tmp_path / "state", Schedule(by_name={action: [fault]}))
    expected = foreign_record(rig) if action == "adopt" else scheduled_record(rig)
    with runner_of(rig) as runner:
        act = adopt if action == "adopt" else restore
        assert act(make_desired(), expected_digest=expected, runner=runner).outcome == "done"
    record = rig.store.describe(make_ref())
    assert record is not None
    assert (record.request_id, record.deletion_date) == ("SEC-0007", "")
    assert list(rig.journal.unfinished("dev")) == []


def test_adoption_holds_for_what_was_reviewed_only(rig: ApplyRig) -> None:
    expected = foreign_record(rig)
    edited = rig.bench()
    found = rig.store.describe(make_ref())
    assert found is not None
    with runner_of(rig) as runner, pytest.raises(Conflict) as caught:
        adopt(make_desired(), expected_digest="sha256:" + "0" * 64, runner=runner)
    assert caught.value.code == "provision.expectation-failed"
    assert edited.all_records() == [found]
    assert found.container_digest == expected


def test_another_requests_record_is_never_adopted_or_restored(rig: ApplyRig) -> None:
    expected = scheduled_record(rig, "SEC-0008")
    before = rig.bench().all_records()
    with runner_of(rig) as runner:
        with pytest.raises(Conflict) as caught:
            restore(make_desired(), expected_digest=expected, runner=runner)
        assert caught.value.code == "store.foreign-record"
        with pytest.raises(Conflict) as caught:
            adopt(make_desired(), expected_digest=expected, runner=runner)
        assert caught.value.code == "store.scheduled-for-deletion"
        assert runner.mutating_calls == 0
    assert rig.bench().all_records() == before


def test_a_living_record_of_another_request_is_never_adopted(rig: ApplyRig) -> None:
    rig.bench().create(make_desired("SEC-0008"))
    release(rig)
    with runner_of(rig) as runner, pytest.raises(Conflict, match="SEC-0008") as caught:
        adopt(make_desired(), expected_digest=digest_of(rig), runner=runner)
    assert caught.value.code == "store.foreign-record"


def test_a_scheduled_record_comes_back_with_its_value(rig: ApplyRig) -> None:
    expected = scheduled_record(rig)
    with runner_of(rig) as runner:
        assert restore(make_desired(), expected_digest=expected, runner=runner).outcome == "done"
        assert restore(make_desired(), expected_digest=expected, runner=runner).outcome == "already"
        assert runner.mutating_calls == 1
    assert rig.bench().read() == b"value"


def test_a_restore_holds_for_the_deletion_that_was_reviewed(rig: ApplyRig) -> None:
    old = scheduled_record(rig)
    fence = rig.bench().fence()
    rig.store.restore(make_ref(), fence=fence)
    rig.store.schedule_deletion(make_ref(), recovery_window_days=30, fence=fence)
    release(rig)
    with runner_of(rig) as runner, pytest.raises(Conflict) as caught:
        restore(make_desired(), expected_digest=old, runner=runner)
    assert caught.value.code == "provision.expectation-failed"


@pytest.mark.parametrize("act", [adopt, restore])
def test_nothing_there_is_not_found(rig: ApplyRig, act: object) -> None:
    with runner_of(rig) as runner, pytest.raises(NotFound) as caught:
        act(make_desired(), expected_digest="sha256:0", runner=runner)  # type: ignore[operator]
    assert caught.value.code == "store.record-missing"


def test_when_the_window_is_over_there_is_nothing_to_restore(rig: ApplyRig) -> None:
    expected = scheduled_record(rig)
    rig.bench().clock.advance(7 * 24 * 3600)
    with runner_of(rig) as runner, pytest.raises(NotFound):
        restore(make_desired(), expected_digest=expected, runner=runner)
