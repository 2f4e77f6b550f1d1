"""One worker for many callers: in order, together, and never for ever (CASES 151)."""

from __future__ import annotations

import threading

import pytest

from goldenpath.audit.group_commit import GroupCommit
from goldenpath.errors import AuditUnavailable


def submit_from_threads(group: GroupCommit[int, int], count: int) -> dict[int, int]:
    results: dict[int, int] = {}

    def run(number: int) -> None:
        results[number] = group.submit(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_waiting_callers_share_a_commit() -> None:
    entered, release = threading.Event(), threading.Event()
    batches: list[list[int]] = []

    def commit(batch: list[int]) -> list[int]:
        batches.append(batch)
        entered.set()
        release.wait(5)
        return [number * 2 for number in batch]

    group: GroupCommit[int, int] = GroupCommit(commit, timeout_seconds=10)
    first = threading.Thread(target=group.submit, args=(100,))
    first.start()
    entered.wait(5)
    threading.Timer(0.1, release.set).start()
    assert submit_from_threads(group, 20) == {number: number * 2 for number in range(20)}
    first.join()
    assert group.stop()
    assert len(batches[0]) == 1
    assert sum(len(batch) for batch in batches) == 21
    assert len(batches) < 15


def test_a_batch_is_no_larger_than_allowed() -> None:
    sizes: list[int] = []

    def commit(batch: list[int]) -> list[int]:
        sizes.append(len(batch))
        return batch

    group: GroupCommit[int, int] = GroupCommit(commit, timeout_seconds=10, batch_max=3)
    assert len(submit_from_threads(group, 30)) == 30
    assert max(sizes) <= 3
    assert group.stop()


def test_a_failed_commit_fails_its_callers_and_no_others() -> None:
    def commit(batch: list[int]) -> list[int]:
        if 13 in batch:
            raise AuditUnavailable("audit.unwritable", "no")
        return batch

    group: GroupCommit[int, int] = GroupCommit(commit, timeout_seconds=5)
    with pytest.raises(AuditUnavailable):
        group.submit(13)
    assert group.submit(14) == 14
    assert group.stop()


def test_a_fault_of_the_commit_reaches_the_caller_as_it_is() -> None:
    def commit(batch: list[int]) -> list[int]:
        raise ZeroDivisionError

    group: GroupCommit[int, int] = GroupCommit(commit, timeout_seconds=5)
    with pytest.raises(ZeroDivisionError):
        group.submit(1)
    assert group.stop()


def test_it_works_again_after_it_was_stopped() -> None:
    group: GroupCommit[int, int] = GroupCommit(lambda batch: batch, timeout_seconds=5)
    for number in range(50):
        assert group.submit(number) == number
        assert group.stop()
    assert group.stop()


def test_a_worker_that_hangs_cannot_be_stopped_and_says_so() -> None:
    release = threading.Event()

    def commit(batch: list[int]) -> list[int]:
        release.wait(10)
        return batch

    group: GroupCommit[int, int] = GroupCommit(commit, timeout_seconds=0.1)
    with pytest.raises(AuditUnavailable) as refused:
        group.submit(1)
    assert refused.value.code == "audit.timeout"
    assert not group.stop()
    release.set()
    assert group.stop()
