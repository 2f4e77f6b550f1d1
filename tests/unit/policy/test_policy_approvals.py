"""Who may approve, and what counts (R12; CASES 25, 27, 29)."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import msgspec
import pytest
from tests.unit.policy.policy_desk import change_of, commit, edit, new

from goldenpath.model.approval import Approval, ApprovalStatement, Approvers
from goldenpath.model.change import EFFECTS_VERSION, Change
from goldenpath.model.finding import ApprovalNeed
from goldenpath.policy.approvals import ApprovalResult, evaluate, person_with_email
from goldenpath.policy.identity import canonical_address, canonical_word, login_behind

SECURITY, PLATFORM = ApprovalNeed(role="security"), ApprovalNeed(role="platform")
OWNER, OTHER_OWNER = ApprovalNeed(role="owner", owner="app-team"), ApprovalNeed(role="owner", owner="sre-team")
KEY_BLOB = base64.b64encode(b"\0\0\0\x0bssh-ed25519" + bytes(36)).decode()
KEY_PRINT = "SHA256:" + base64.b64encode(hashlib.sha256(base64.b64decode(KEY_BLOB)).digest()).decode().rstrip("=")


def person(who: str, /, *roles: str, owners: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
    return {"id": who, "emails": [f"{who}@example.com"], "roles": list(roles), "owners": list(owners), **fields}


ALICE = person("alice", "security", name="Alice Adams", logins={"github": "alice-a"}, keys=[f"ssh-ed25519 {KEY_BLOB} alice@laptop"])
BOB = person("bob", "platform", owners=("app-team",))
CAROL = person("carol", "security", "platform", owners=("app-team", "sre-team"))
ROBOT = person("robot", "security", isBot=True)


def approvers(*people: dict[str, Any]) -> Approvers:
    return msgspec.convert({"apiVersion": "goldenpath.io/v1", "kind": "Approvers", "people": list(people)}, Approvers)


def signed(change: Change, who: str, *, is_valid: bool = True, fingerprint: str = "", **over: Any) -> Approval:
    fields = {
        "schema_version": 1,
        "change_digest": change.digest,
        "head": change.head,
        "merge_base": change.merge_base,
        "approver": who,
        "time": "2026-06-15T12:00:00Z",
        "content_digest": change.content_digest,
        "effects_digest": change.effects_digest,
        "effects_version": EFFECTS_VERSION,
        **over,
    }
    return Approval(statement=ApprovalStatement(**fields), is_valid=is_valid, fingerprint=fingerprint)


def by(*names: str, needs: tuple[ApprovalNeed, ...], people: tuple[dict[str, Any], ...], change: Change | None = None) -> ApprovalResult:
    change = change or change_of(new())
    return evaluate(needs, [signed(change, name) for name in names], approvers(*people), change)


STAFF = (ALICE, BOB, CAROL, ROBOT)
COUNTING = [
    # approved by            needs                       missing
    ((), (), []),
    ((), (SECURITY,), ["security"]),
    (("alice",), (SECURITY,), []),
    (("bob",), (SECURITY,), ["security"]),
    (("alice", "bob"), (SECURITY, OWNER), []),
    (("carol",), (SECURITY, OWNER), ["owner app-team"]),  # one person with both roles counts once (CASE 29)
    (("carol", "alice"), (SECURITY, OWNER), []),  # carol for the owner side, because alice can only be security
    (("carol", "bob"), (SECURITY, OWNER), []),
    (("carol", "carol"), (SECURITY, OWNER), ["owner app-team"]),
    (("alice", "carol"), (SECURITY, SECURITY), []),
    (("alice",), (SECURITY, SECURITY), ["security"]),
    (("bob", "carol"), (OWNER, OTHER_OWNER), []),
    (("bob",), (OWNER, OTHER_OWNER), ["owner sre-team"]),
    (("alice", "bob", "carol"), (OWNER, PLATFORM, SECURITY), []),
    (("nobody",), (SECURITY,), ["security"]),
    (("robot",), (SECURITY,), ["security"]),
    (("Alice",), (SECURITY,), ["security"]),
]


@pytest.mark.parametrize(("names", "needs", "missing"), COUNTING)
def test_distinct_people_for_distinct_needs(names: tuple[str, ...], needs: tuple[ApprovalNeed, ...], missing: list[str]) -> None:
    result = by(*names, needs=needs, people=STAFF)
    assert [f"{need.role} {need.owner}".strip() for need in result.missing] == missing
    assert result.is_satisfied == (not missing)
    assert len({met.person for met in result.met}) == len(result.met) == len(needs) - len(missing)


def code_of(result: ApprovalResult) -> str:
    assert not result.counted
    assert not result.is_satisfied
    (rejected,) = result.rejected
    assert rejected.reason
    return rejected.code


STALE = [
    ({"head": "c" * 40}, "approval.stale"),
    ({"merge_base": "c" * 40}, "approval.stale"),
    ({"change_digest": "sha256:" + "0" * 64}, "approval.stale"),
    ({"change_digest": ""}, "approval.stale"),
    ({"schema_version": 2}, "approval.statement-unknown"),
    ({"is_valid": False}, "approval.signature-invalid"),
    ({"approver": "mallory"}, "approval.approver-unknown"),
    ({"approver": ""}, "approval.approver-unknown"),
    ({"approver": "robot"}, "approval.by-bot"),
    ({"fingerprint": "SHA256:somebody-elses"}, "approval.key-unknown"),
]


@pytest.mark.parametrize(("over", "code"), STALE)
def test_approval_that_does_not_count(over: dict[str, Any], code: str) -> None:
    change = change_of(new())
    approval = signed(change, "alice", **over)
    assert code_of(evaluate([SECURITY], [approval], approvers(*STAFF), change)) == code


def test_listed_key_counts() -> None:
    change = change_of(new())
    assert evaluate([SECURITY], [signed(change, "alice", fingerprint=KEY_PRINT)], approvers(*STAFF), change).is_satisfied


def test_new_commit_voids_an_approval() -> None:
    before = change_of(new())
    after = msgspec.structs.replace(before, head="d" * 40)
    assert code_of(evaluate([SECURITY], [signed(before, "alice")], approvers(*STAFF), after)) == "approval.stale"


HANDS = [
    {"email": "alice@example.com"},
    {"email": "ALICE@Example.COM"},
    {"email": " alice@example.com "},
    {"email": "alice+work@example.com"},
    {"email": "Alice Adams <alice@example.com>"},
    {"email": "\N{FULLWIDTH LATIN SMALL LETTER A}lice@example.com"},
    {"email": "al\u200bice@example.com"},
    {"email": "alice@example.com."},
    {"email": '"alice"@example.com'},
    {"email": "1234567+alice-a@users.noreply.github.com"},
    {"email": "Alice-A@users.noreply.github.com"},
    {"email": "laptop@unlisted.example", "name": "Alice Adams"},
    {"email": "laptop@unlisted.example", "name": "  ALICE   adams "},
    {"email": "laptop@unlisted.example", "name": "alice-a"},
    {"email": "alice@laptop.local", "name": "root"},
    {"email": "Alice-A+x@unlisted.example", "name": "root"},
    {"committer_email": "alice@example.com", "committer_name": "x"},
    {"co_authors": (("Alice", "alice@example.com"),)},
    {"co_authors": (("Pair", "pair@example.com"), ("A", "Alice+pair@EXAMPLE.com"))},
]


@pytest.mark.parametrize("hand", HANDS)
def test_nobody_with_a_hand_in_the_change_approves_it(hand: dict[str, Any]) -> None:
    change = change_of(new(), commits=(commit(), commit(**hand), commit()))
    assert code_of(evaluate([SECURITY], [signed(change, "alice")], approvers(*STAFF), change)) == "approval.by-author"


def test_somebody_of_the_same_name_with_an_address_of_their_own_is_somebody_else() -> None:
    other = person("adams", "platform", name="Alice Adams")
    change = change_of(new(), commits=(commit(name="Alice Adams", email="adams@example.com"),))
    assert evaluate([SECURITY], [signed(change, "alice")], approvers(*STAFF, other), change).is_satisfied


@pytest.mark.parametrize("requester", ["alice", "alice@example.com", "Alice Adams", "ALICE-A"])
def test_requester_of_a_new_request_counts_as_its_author(requester: str) -> None:
    change = change_of(new(requester=requester))
    assert code_of(evaluate([SECURITY], [signed(change, "alice")], approvers(*STAFF), change)) == "approval.by-author"


def test_requester_of_long_ago_may_approve_later_changes() -> None:
    change = change_of(edit({"requester": "alice"}, {"description": "x"}))
    assert evaluate([SECURITY], [signed(change, "alice")], approvers(*STAFF), change).is_satisfied


def test_somebody_without_an_address_on_file_could_be_any_author() -> None:
    ghost = person("ghost", "security", emails=[])
    assert code_of(by("ghost", needs=(SECURITY,), people=(ghost,))) == "approval.address-unknown"


def test_change_without_commits_has_unknown_authors() -> None:
    change = change_of(new(), commits=())
    assert code_of(evaluate([SECURITY], [signed(change, "alice")], approvers(*STAFF), change)) == "approval.authors-unknown"


SHARED = [
    ("address", {"emails": ["alice@example.com"]}),
    ("address", {"emails": ["ALICE+two@example.com"]}),
    ("key", {"keys": [f"ssh-ed25519 {KEY_BLOB} another comment"]}),
    ("key", {"keys": [f'command="x" ssh-ed25519 {KEY_BLOB}']}),
    ("github login", {"logins": {"github": "Alice-A"}}),
    ("id", {"id": "alice"}),
]


@pytest.mark.parametrize(("what", "over"), SHARED)
def test_two_entries_that_could_be_one_human_do_not_count(what: str, over: dict[str, Any]) -> None:
    twin = person("alice-two", "security", owners=("app-team",)) | over
    change = change_of(new())
    names = ["alice", twin["id"]]
    result = evaluate([SECURITY, OWNER], [signed(change, name) for name in names], approvers(ALICE, twin, BOB), change)
    assert {rejected.code for rejected in result.rejected} == {"approval.identity-shared"}
    assert result.missing == (SECURITY, OWNER)
    assert what in result.problems[0].message


def test_others_still_count_beside_entries_that_cannot_be_told_apart() -> None:
    twin = person("twin", "security", emails=["alice@example.com"])
    assert by("carol", needs=(SECURITY,), people=(ALICE, twin, CAROL)).is_satisfied


def test_same_login_on_two_forges_is_no_shared_identity() -> None:
    other = person("zed", "platform", logins={"gitlab": "alice-a"})
    assert by("alice", needs=(SECURITY,), people=(ALICE, other)).problems == ()


ADDRESSES = [
    ("Alice <A.Lice@Example.com>", "a.lice@example.com"),
    ("mailto:alice@example.com", "alice@example.com"),
    ("a.b.c+x@googlemail.com", "abc@gmail.com"),
    ("abc@gmail.com", "abc@gmail.com"),
    ("+tag@example.com", "+tag@example.com"),
    ("no-at-sign", "no-at-sign"),
    ("", ""),
    ("99+bob@users.noreply.github.com", "99+bob@users.noreply.github.com"),
]


@pytest.mark.parametrize(("given", "canonical"), ADDRESSES)
def test_addresses_have_one_spelling(given: str, canonical: str) -> None:
    assert canonical_address(given) == canonical
    assert canonical_address(canonical) == canonical


def test_logins_and_names_have_one_spelling() -> None:
    assert canonical_word(" @Alice\u00a0 B ") == "alice b"
    assert login_behind("7-alice@users.noreply.gitlab.example.com") == "alice"
    assert login_behind("alice@example.com") == ""


def test_person_behind_an_address() -> None:
    staff = approvers(*STAFF)
    found = person_with_email(staff, "Alice+git@EXAMPLE.com")
    assert found is not None
    assert found.id == "alice"
    assert person_with_email(staff, "nobody@example.com") is None
    assert person_with_email(staff, "") is None
    assert person_with_email(approvers(ALICE, person("twin", emails=["alice@example.com"])), "alice@example.com") is None


MERGED = [
    # what the statement says                                          merged  counts
    ({}, False, True),
    ({"change_digest": "sha256:" + "1" * 64, "effects_version": EFFECTS_VERSION - 1}, True, True),
    ({"change_digest": "sha256:" + "1" * 64, "effects_version": EFFECTS_VERSION - 1}, False, False),
    ({"change_digest": "sha256:" + "1" * 64, "effects_version": EFFECTS_VERSION}, True, False),
    ({"change_digest": "sha256:" + "1" * 64, "effects_version": EFFECTS_VERSION + 1}, True, False),
    ({"content_digest": "sha256:" + "1" * 64, "effects_version": EFFECTS_VERSION - 1}, True, False),
]


@pytest.mark.parametrize(("over", "is_merged", "counts"), MERGED)
def test_an_earlier_rendering_voids_an_approval_only_before_the_merge(over: dict[str, Any], is_merged: bool, counts: bool) -> None:
    change = change_of(new())
    result = evaluate((SECURITY,), [signed(change, "alice", **over)], approvers(*STAFF), change, is_merged=is_merged)
    assert result.is_satisfied is counts
