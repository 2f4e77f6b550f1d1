"""Attacks with the shape of history: what stands on the protected branch without review never reaches a store (R10, R12, R17, R19)."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.e2e.world import SEC_0007, Run, World

DEV = "catalogs/secrets/payments/dev/SEC-0007.yaml"
SAFE, EVIL = "payments-db-creds", "payments-db-evil"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World.make(tmp_path_factory.mktemp("base") / "world")


@pytest.fixture
def world(base: World, tmp_path: Path) -> World:
    return base.copy(tmp_path / "world")


def apply(world: World, *arguments: str) -> Run:
    return world.cli("pat", "apply", "--yes", *arguments)


def refused(done: Run, *codes: str) -> None:
    assert done.code != 0, done
    assert any(f"[{code}]" in done.err for code in codes), done.err


def tip(world: World, ref: str = "main") -> str:
    return world.git("pat", "rev-parse", ref).strip()


def forge(world: World, tree: str, parents: Sequence[str]) -> str:
    """Make a commit with the tree of one commit and any parents, as whoever may push can."""
    options = [part for parent in parents for part in ("-p", parent)]
    return world.git("dana", "commit-tree", f"{tree}^{{tree}}", *options, "-m", "Merge").strip()


def push(world: World, commit: str, *, force: bool = False) -> None:
    world.git("dana", "switch", "--quiet", "main")
    world.git("dana", *(("reset", "--hard", "--quiet") if force else ("merge", "--quiet", "--ff-only")), commit)


def forget(world: World) -> None:
    """Make the machine a fresh one that only has the stores: the journal is gone."""
    for path in (world.platform / ".goldenpath").glob("journal*"):
        path.unlink()


def retargeted(world: World) -> str:
    """Apply a request, then an approved change of it; return the commit before that change."""
    world.approved_request()
    assert apply(world).code == 0
    before = tip(world)
    world.propose("raise", {DEV: SEC_0007.replace("ttlDays: 30", "ttlDays: 20").replace("standard", "high")})
    assert world.cli("pat", "approve", "--head", "raise").code == 0
    world.merge("raise")
    assert apply(world).code == 0
    return before


@pytest.mark.parametrize("is_fresh", [False, True], ids=["known-machine", "fresh-machine"])
@pytest.mark.parametrize("has_own_commit", [False, True], ids=["old-commit-first", "own-commit-first"])
def test_a_merge_with_swapped_parents_rolls_nothing_back(world: World, has_own_commit: bool, is_fresh: bool) -> None:
    before = retargeted(world)
    first = forge(world, before, [before]) if has_own_commit else before
    push(world, forge(world, before, [first, tip(world)]))
    if is_fresh:
        forget(world)
    refused(apply(world), "approval.missing", "apply.policy-blocked")


@pytest.mark.parametrize("is_fresh", [False, True], ids=["known-machine", "fresh-machine"])
def test_a_rewritten_branch_is_refused(world: World, is_fresh: bool) -> None:
    retargeted(world)
    push(world, forge(world, tip(world), []), force=True)
    if is_fresh:
        forget(world)
    refused(apply(world), "history.rewritten")
    refused(world.cli("pat", "get", "SEC-0007", "--reveal"), "history.rewritten", "value.awaiting")


def test_a_fresh_machine_does_not_take_a_store_back(world: World) -> None:
    before = retargeted(world)
    push(world, before, force=True)
    forget(world)
    refused(apply(world), "apply.older-commit")


def test_a_second_founding_merged_to_the_front_is_refused(world: World) -> None:
    """An orphan commit with approvers of its own, put first by a merge, would be the root of trust on a fresh machine."""
    world.approved_request()
    honest = tip(world)
    world.git("dana", "switch", "--quiet", "main")
    world.write(DEV, SEC_0007.replace(SAFE, EVIL))
    world.git("dana", "commit", "--quiet", "--all", "--message", "Evil")
    evil = tip(world)
    push(world, forge(world, evil, [forge(world, evil, []), honest]), force=True)
    refused(apply(world), "platform.two-foundings")


def test_a_commit_inside_a_merged_branch_is_no_state_of_the_protected_branch(world: World) -> None:
    world.propose("request", {DEV: SEC_0007.replace(SAFE, EVIL)})
    assert world.cli("pat", "approve", "--head", "request").code == 0
    inside = tip(world, "request")
    world.write(DEV, SEC_0007)
    world.git("dana", "commit", "--quiet", "--all", "--message", "Mend")
    assert world.cli("pat", "approve", "--head", "request").code == 0
    world.merge("request")
    refused(apply(world, "--commit", inside), "apply.not-protected")
    assert apply(world).code == 0


def test_an_approval_does_not_count_again_after_a_revert(world: World) -> None:
    world.approved_request()
    world.propose("raise", {DEV: SEC_0007.replace("standard", "high")})
    assert world.cli("pat", "approve", "--head", "raise").code == 0
    world.merge("raise")
    raised = tip(world)
    world.propose("lower", {DEV: SEC_0007.replace("ttlDays: 30", "ttlDays: 20")})
    assert world.cli("pat", "approve", "--head", "lower").code == 0
    world.merge("lower")
    assert apply(world).code == 0
    push(world, forge(world, raised, [tip(world), tip(world, "raise")]))
    refused(apply(world), "approval.missing")


def test_an_octopus_brings_in_nothing_by_the_approval_of_one_branch(world: World) -> None:
    start = tip(world)
    world.propose("good", {DEV: SEC_0007})
    assert world.cli("pat", "approve", "--head", "good").code == 0
    billing = SEC_0007.replace("SEC-0007", "SEC-0008").replace("payments", "billing")
    world.propose("bad", {"catalogs/secrets/billing/dev/SEC-0008.yaml": billing})
    world.git("dana", "merge", "--quiet", "--no-ff", "-m", "both", "good")
    push(world, forge(world, tip(world, "bad"), [start, tip(world, "good"), tip(world, "bad")]))
    refused(apply(world), "approval.missing")


def test_an_approval_note_copied_to_another_commit_does_not_count(world: World) -> None:
    world.propose("good", {DEV: SEC_0007})
    assert world.cli("pat", "approve", "--head", "good").code == 0
    world.propose("evil", {DEV: SEC_0007.replace(SAFE, EVIL)})
    world.git("dana", "notes", "--ref=goldenpath-approvals", "copy", "good", "evil")
    world.merge("evil")
    refused(apply(world), "approval.missing")


def test_what_cannot_be_judged_is_healed_by_a_revert(world: World) -> None:
    """A steering file that became a link blocks; taking it back must be enough, or one bad push would stop the platform for ever."""
    policy = world.platform / "governance/policy.yaml"
    world.git("dana", "switch", "--quiet", "main")
    shutil.move(policy, policy.with_name("moved.yaml"))
    policy.symlink_to("moved.yaml")
    world.git("dana", "add", "--all")
    world.git("dana", "commit", "--quiet", "--message", "Link")
    assert apply(world).code != 0
    world.git("dana", "revert", "--no-edit", "HEAD")
    assert apply(world).code == 0


def test_a_time_stated_ahead_of_the_clock_ends_no_waiting_period(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.approved_request()
    assert apply(world).code == 0
    deprecated = SEC_0007.replace("status: active", "status: deprecated")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2099-01-01T00:00:00Z")
    world.propose("retire", {DEV: deprecated})
    world.merge("retire")
    monkeypatch.delenv("GIT_COMMITTER_DATE")
    refused(apply(world), "apply.policy-blocked")
