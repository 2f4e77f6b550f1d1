"""What reached the protected branch is asked about again at apply: approvals, policy, deletions, races (R12, R13, R17, R19)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.e2e.world import SEC_0007, Run, World

from goldenpath.bootstrap import open_platform

DEV = "catalogs/secrets/payments/dev/SEC-0007.yaml"
PROD = "catalogs/secrets/payments/prod/SEC-0100.yaml"
SEC_0100 = (
    SEC_0007.replace("SEC-0007", "SEC-0100")
    .replace("environment: dev", "environment: prod")
    .replace("tier: medium", "tier: high")
    .replace("ttlDays: 30", "ttlDays: 365")
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World.make(tmp_path_factory.mktemp("base") / "world")


@pytest.fixture
def world(base: World, tmp_path: Path) -> World:
    return base.copy(tmp_path / "world")


def apply(world: World, *arguments: str) -> Run:
    return world.cli("pat", "apply", "--yes", *arguments)


def paths_in_store(world: World, environment: str) -> list[str]:
    services = open_platform(world.platform)
    try:
        return [record.ref.path for record in services.store(environment, "aws-secrets-manager").list_records(environment)]
    finally:
        services.close()


def refused(done: Run, code: str, exit_code: int) -> None:
    assert done.code == exit_code, done
    assert f"[{code}]" in done.err, done.err


def test_merged_without_approval_is_not_applied(world: World) -> None:
    world.propose("request", {DEV: SEC_0007})
    world.merge("request")
    refused(apply(world), "approval.missing", 5)
    assert paths_in_store(world, "dev") == []


def test_approval_of_an_earlier_head_is_void(world: World) -> None:
    world.propose("request", {DEV: SEC_0007})
    assert world.cli("pat", "approve", "--head", "request").code == 0
    world.write(DEV, SEC_0007.replace("payments-db-creds", "payments-db-other"))
    world.git("dana", "commit", "--quiet", "--all", "--message", "One more thing")
    world.merge("request")
    refused(apply(world), "approval.missing", 5)


def test_a_merge_that_brings_more_than_its_branch_is_not_covered_by_it(world: World) -> None:
    world.propose("request", {DEV: SEC_0007})
    assert world.cli("pat", "approve", "--head", "request").code == 0
    world.git("pat", "switch", "--quiet", "main")
    world.git("pat", "merge", "--quiet", "--no-ff", "--no-commit", "request")
    world.write(DEV, SEC_0007.replace("payments-db-creds", "payments-db-evil"))
    world.git("pat", "add", "--all")
    world.git("pat", "commit", "--quiet", "--message", "Merge request")
    refused(apply(world), "approval.missing", 5)


def test_a_fast_forward_to_an_approved_commit_is_applied(world: World) -> None:
    world.propose("request", {DEV: SEC_0007.replace("ttlDays: 30", "ttlDays: 31")})
    world.write(DEV, SEC_0007)
    world.git("dana", "commit", "--quiet", "--all", "--message", "Shorten")
    assert world.cli("pat", "approve", "--head", "request").code == 0
    world.git("pat", "switch", "--quiet", "main")
    world.git("pat", "merge", "--quiet", "--ff-only", "request")
    assert apply(world).code == 0
    assert paths_in_store(world, "dev") == ["goldenpath/payments/dev/payments-db-credentials"]


def test_reverting_what_nobody_approved_heals_the_branch(world: World) -> None:
    world.propose("request", {DEV: SEC_0007})
    world.merge("request")
    assert apply(world).code == 5
    world.git("pat", "revert", "--no-edit", "-m", "1", "HEAD")
    assert apply(world).code == 0
    assert paths_in_store(world, "dev") == []


def test_approving_afterwards_heals_the_branch(world: World) -> None:
    before = world.git("pat", "rev-parse", "main").strip()
    world.propose("request", {DEV: SEC_0007})
    world.merge("request", who="olga")
    assert apply(world).code == 5
    assert world.cli("pat", "approve", "--base", before, "--head", "main").code == 0
    assert apply(world).code == 0


def test_a_high_request_needs_security_and_owner(world: World) -> None:
    before = world.git("pat", "rev-parse", "main").strip()
    world.propose("request", {PROD: SEC_0100})
    assert world.cli("sam", "approve", "--head", "request").code == 0
    world.merge("request")
    half = apply(world)
    refused(half, "approval.missing", 5)
    assert "without approval by: app-team" in half.err
    assert world.cli("olga", "approve", "--base", before, "--head", "request").code == 0
    assert apply(world).code == 0


def test_a_forced_merge_of_a_blocked_change_is_not_applied(world: World) -> None:
    """CASE 22: high and rotated, lowered to low without rotation; the gate blocks, and so does apply after a forced merge."""
    world.propose("request", {PROD: SEC_0100})
    for who in ("sam", "olga"):
        assert world.cli(who, "approve", "--head", "request").code == 0
    world.merge("request")
    assert apply(world).code == 0
    lowered = SEC_0100.replace("tier: high", "tier: low").replace("rotationClass: standard", "rotationClass: none")
    world.propose("lower", {PROD: lowered})
    assert world.cli("dana", "policy", "check", "--base", "main").code == 1
    assert world.cli("sam", "approve", "--head", "lower").code == 1
    world.merge("lower")
    done = apply(world)
    assert done.code == 1, done
    assert "apply.policy-blocked" in done.err


def test_deleting_a_file_deletes_nothing(world: World) -> None:
    """CASE 24: the gate blocks; when it is forced, apply refuses, and the record stays and shows as an orphan."""
    world.approved_request()
    assert apply(world).code == 0
    world.propose("delete", {DEV: None})
    assert world.cli("dana", "policy", "check", "--base", "main").code == 1
    world.merge("delete")
    assert apply(world).code == 1
    assert paths_in_store(world, "dev") == ["goldenpath/payments/dev/payments-db-credentials"]
    drift = world.cli("pat", "drift", "-o", "json")
    assert drift.code == 1
    assert [record["state"] for record in json.loads(drift.out)["records"]] == ["orphan"]


def test_two_changes_that_are_green_alone_and_clash_together(world: World) -> None:
    """CASE 36: both add SEC-0007; the second is refused at apply, the first one's record is untouched."""
    other = "catalogs/secrets/billing/dev/SEC-0007.yaml"
    text = SEC_0007.replace("payments", "billing")
    world.propose("first", {DEV: SEC_0007})
    world.propose("second", {other: text})
    for branch in ("first", "second"):
        assert world.cli("dana", "policy", "check", "--base", "main", "--head", branch).code == 0
        assert world.cli("pat", "approve", "--head", branch).code == 0
    world.merge("first")
    assert apply(world).code == 0
    world.merge("second")
    refused(apply(world), "intent.catalog-invalid", 2)
    assert paths_in_store(world, "dev") == ["goldenpath/payments/dev/payments-db-credentials"]


def test_skipped_runs_converge(world: World) -> None:
    """CASE 46: only the last of several merges is applied; it holds all of them."""
    for number in (1, 2, 3):
        text = SEC_0007.replace("SEC-0007", f"SEC-100{number}").replace("payments", f"team{number}")
        world.propose(f"r{number}", {f"catalogs/secrets/team{number}/dev/SEC-100{number}.yaml": text})
        assert world.cli("pat", "approve", "--head", f"r{number}").code == 0
        world.merge(f"r{number}")
    assert apply(world).code == 0
    assert len(paths_in_store(world, "dev")) == 3


def test_an_older_commit_and_a_branch_are_refused(world: World) -> None:
    first = world.git("pat", "rev-parse", "main").strip()
    world.approved_request()
    assert apply(world).code == 0
    refused(apply(world, "--commit", first), "apply.older-commit", 6)
    world.propose("loose", {"README.md": "x\n"})
    refused(apply(world, "--commit", "loose"), "apply.not-protected", 6)


def test_a_saved_plan_is_applied_only_to_the_world_it_was_made_for(world: World) -> None:
    """CASE 47."""
    world.approved_request()
    plans = world.root / "plans"
    assert world.cli("pat", "apply", "--dry-run", "--out", str(plans)).code == 0
    kept = world.root / "kept"
    assert apply(world, "--plan", str(plans)).code == 0
    assert world.cli("pat", "apply", "--dry-run", "--out", str(kept)).code == 0
    refused(apply(world, "--plan", str(plans)), "plan.provider-changed", 6)
    text = SEC_0007.replace("SEC-0007", "SEC-2001").replace("payments", "billing")
    world.propose("more", {"catalogs/secrets/billing/dev/SEC-2001.yaml": text})
    assert world.cli("pat", "approve", "--head", "more").code == 0
    world.merge("more")
    refused(apply(world, "--plan", str(kept)), "plan.other-commit", 6)


def test_governance_of_the_branch_itself_does_not_count(world: World) -> None:
    """R10: a change that makes its author an approver is judged by the approvers of the base."""
    approvers = (world.platform / "governance/approvers.yaml").read_text()
    world.propose("coup", {DEV: SEC_0007, "governance/approvers.yaml": approvers.replace("- security", "- security\n  - platform")})
    check = json.loads(world.cli("dana", "policy", "check", "--base", "main", "-o", "json").out)
    assert check["approvals"]["is_satisfied"] is False
    world.merge("coup")
    assert apply(world).code == 5


def test_a_record_of_somebody_else_is_adopted_only_as_reviewed(world: World) -> None:
    """R20, CASE 48: an untagged record blocks; adoption needs an entry on the protected branch, bound to that record."""
    from goldenpath.model.secret import SecretRef
    from goldenpath.model.store import DesiredSecret

    world.approved_request()
    services = open_platform(world.platform)
    ref = SecretRef(provider="aws-secrets-manager", environment="dev", path="goldenpath/payments/dev/payments-db-credentials")
    store = services.store("dev", "aws-secrets-manager")
    fence = store.acquire("dev", holder="somebody", lease_seconds=60)
    store.create(DesiredSecret(ref=ref, request_id="", description="made by hand"), bookkeeping={}, token="t" * 32, fence=fence)
    store.release(fence)
    services.close()

    blocked = apply(world)
    assert blocked.code == 1
    assert "store.foreign-record" in blocked.out
    refused(world.cli("pat", "adopt", "SEC-0007", "--yes"), "action.not-reviewed", 1)
    digest = json.loads(world.cli("pat", "adopt", "SEC-0007", "--dry-run", "-o", "json").out)["digest"]
    entry = f"  - action: adopt\n    request: SEC-0007\n    expect: {digest}\n    ticket: OPS-1\n    reason: made by hand last year\n"
    actions = "apiVersion: goldenpath.io/v1\nkind: Actions\nactions:\n" + entry
    world.propose("adopt", {"governance/actions.yaml": actions})
    for who in ("pat", "sam"):
        assert world.cli(who, "approve", "--head", "adopt").code == 0
    world.merge("adopt")
    adopted = world.cli("pat", "adopt", "SEC-0007", "--yes")
    assert adopted.code == 0, adopted
    assert apply(world).code == 0


def test_an_approved_branch_may_be_squashed(world: World) -> None:
    world.propose("request", {DEV: SEC_0007.replace("ttlDays: 30", "ttlDays: 31")})
    world.write(DEV, SEC_0007)
    world.git("dana", "commit", "--quiet", "--all", "--message", "Shorten")
    assert world.cli("pat", "approve", "--head", "request").code == 0
    world.git("pat", "switch", "--quiet", "main")
    world.git("pat", "merge", "--quiet", "--squash", "request")
    world.git("pat", "commit", "--quiet", "--message", "Request SEC-0007 (squashed)")
    done = apply(world)
    assert done.code == 0, done
    assert paths_in_store(world, "dev") == ["goldenpath/payments/dev/payments-db-credentials"]
    trace = json.loads(world.cli("pat", "trace", "SEC-0007", "-o", "json").out)
    assert next(seam["summary"] for seam in trace["seams"] if seam["name"] == "approval") == "approved by pat"


def test_a_squash_that_brings_more_than_its_branch_is_not_covered_by_it(world: World) -> None:
    world.propose("request", {DEV: SEC_0007})
    assert world.cli("pat", "approve", "--head", "request").code == 0
    world.git("pat", "switch", "--quiet", "main")
    world.git("pat", "merge", "--quiet", "--squash", "request")
    world.write(DEV, SEC_0007.replace("payments-db-creds", "payments-db-evil"))
    world.git("pat", "add", "--all")
    world.git("pat", "commit", "--quiet", "--message", "Request SEC-0007 (squashed)")
    refused(apply(world), "approval.missing", 5)


def test_what_a_squash_brings_beside_governed_files_does_not_matter(world: World) -> None:
    world.propose("request", {DEV: SEC_0007})
    assert world.cli("pat", "approve", "--head", "request").code == 0
    world.git("pat", "switch", "--quiet", "main")
    world.git("pat", "merge", "--quiet", "--squash", "request")
    world.write("notes.txt", "beside\n")
    world.git("pat", "add", "--all")
    world.git("pat", "commit", "--quiet", "--message", "Request SEC-0007 (squashed)")
    assert apply(world).code == 0
