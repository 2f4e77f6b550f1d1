"""Reviews as approvals, from pull request to apply: what counts, what does not, and that whatever fails blocks (R12, R15; CASES 25, 27, 28)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.builders import FakeClock, SeededEntropy
from tests.forge.desk import DANA, PAT, PATH, PEOPLE, REPOSITORY, URL, ReviewDesk, founding, request_text
from tests.gitrepo import keygen
from tests.standins.github import Fault, StandInGitHub, serving_github

from goldenpath.app.approve import approve_change
from goldenpath.app.reviewed import VERIFIED
from goldenpath.errors import (
    AccessDenied,
    GoldenpathError,
    InvalidIntent,
    Misconfigured,
    NotFound,
    PolicyBlocked,
    ProviderRefused,
    ProviderUnavailable,
    Unauthenticated,
)
from goldenpath.model.approval import ApprovalStatement
from goldenpath.model.base import canonical_bytes
from goldenpath.model.change import EFFECTS_VERSION
from goldenpath.model.forge_settings import ForgeSettings
from goldenpath.model.statement import STATEMENT_VERSION
from goldenpath.policy.defaults import DEFAULT_POLICY
from goldenpath.providers.forge.opening import ForgeOptions, open_forge

HIGH = {"spec": {"risk": {"tier": "high"}}}


@pytest.fixture
def desk(tmp_path: Path) -> ReviewDesk:
    return ReviewDesk(tmp_path / "platform")


# --- a review that counts


def test_a_review_of_the_head_by_an_eligible_person_counts(desk: ReviewDesk) -> None:
    number = desk.propose()
    assert not desk.check().is_approved
    desk.review(number)
    result = desk.check()
    assert result.is_approved
    assert [(met.need.role, met.person) for met in result.approvals.met] == [("platform", "pat")]
    assert result.counted[0].source == "review"
    assert result.counted[0].statement.change_digest == result.change.digest


@pytest.mark.parametrize("how", ["merge", "squash", "rebase"])
def test_what_was_reviewed_can_be_applied(desk: ReviewDesk, how: str) -> None:
    number = desk.propose()
    desk.review(number)
    commit = desk.merge(number, how=how)
    assert desk.verified() == commit
    assert desk.facts.kept == {VERIFIED: commit}


def test_a_rebase_of_several_commits_can_be_applied(desk: ReviewDesk) -> None:
    desk.propose()
    del desk.forge.pull_requests[1]
    number = desk.propose({PATH: request_text({"spec": {"ttlDays": 60}})})
    desk.review(number)
    desk.repo.commit("Beside", {"README.md": "x\n"}, author=PAT)
    commit = desk.merge(number, how="rebase")
    assert len(desk.services.repository().first_parents(desk.founded, commit)) == 3
    assert desk.verified() == commit


def test_two_needs_take_two_people(desk: ReviewDesk) -> None:
    number = desk.propose({PATH: request_text(HIGH)}, by="lee-who", author=("X", "x@elsewhere.example"))
    desk.review(number, by="sam-sec", author_id="4711")
    assert [need.role for need in desk.check().approvals.missing] == ["owner"]
    desk.review(number, by="dana-dev")
    assert desk.check().is_approved


def test_a_login_is_compared_without_case(desk: ReviewDesk) -> None:
    desk.review(desk.propose(), by="Pat-OPS")
    assert desk.check().is_approved


def test_a_comment_takes_no_approval_back(desk: ReviewDesk) -> None:
    number = desk.propose()
    desk.review(number)
    desk.review(number, state="commented")
    assert desk.check().is_approved


def test_a_person_who_changed_their_mind_twice_approves(desk: ReviewDesk) -> None:
    number = desk.propose()
    desk.review(number, state="changes-requested")
    desk.review(number)
    assert desk.check().is_approved


def test_the_forge_is_not_asked_where_nobody_has_to_agree(desk: ReviewDesk) -> None:
    low = {"metadata": {"environment": "dev"}, "spec": {"secretType": "api-key", "risk": {"tier": "low"}}}
    desk.propose({PATH: request_text(low)})
    desk.forge.faults = [ProviderUnavailable("forge.unavailable", "down")]
    assert desk.check().is_approved
    assert desk.forge.calls == []


# --- reviews that do not count, before the merge and after it

Arrange = Callable[[ReviewDesk, int], object]


def dismissed(desk: ReviewDesk, number: int) -> None:
    desk.forge.dismiss(number, desk.review(number))


def dismissed_after_another(desk: ReviewDesk, number: int) -> None:
    desk.review(number)
    dismissed(desk, number)


def changes_after_an_approval(desk: ReviewDesk, number: int) -> None:
    desk.review(number)
    desk.review(number, state="changes-requested")


def retargeted(desk: ReviewDesk, number: int) -> None:
    desk.review(number)
    desk.forge.retarget(number, "main")


def pushed(desk: ReviewDesk, number: int) -> None:
    desk.review(number)
    desk.forge.hands[number].add("PAT-ops")


def pushed_by_who_knows(desk: ReviewDesk, number: int) -> None:
    desk.review(number)
    desk.forge.unknown_hands.add(number)


VOID: list[tuple[str, Arrange, list[str]]] = [
    ("nobody", lambda desk, number: None, []),
    ("author", lambda desk, number: desk.review(number, by="dana-dev"), ["approval.by-author"]),
    ("unknown", lambda desk, number: desk.review(number, by="stranger"), ["approval.approver-unknown"]),
    ("a login that is another's id", lambda desk, number: desk.review(number, by="pat"), ["approval.approver-unknown"]),
    ("a look-alike login", lambda desk, number: desk.review(number, by="pat\N{NON-BREAKING HYPHEN}ops"), ["approval.approver-unknown"]),
    ("a listed person without a login", lambda desk, number: desk.review(number, by="lee"), ["approval.approver-unknown"]),
    ("an account that took over the login", lambda desk, number: desk.review(number, by="sam-sec"), ["approval.approver-unknown"]),
    ("an account that is gone", lambda desk, number: desk.review(number, by=""), ["approval.approver-unknown"]),
    ("bot account", lambda desk, number: desk.review(number, is_bot=True), ["approval.by-bot"]),
    ("bot login", lambda desk, number: desk.review(number, by="renovate[bot]"), ["approval.by-bot"]),
    ("comment", lambda desk, number: desk.review(number, state="commented"), ["approval.review-void"]),
    ("pending", lambda desk, number: desk.review(number, state="pending"), ["approval.review-void"]),
    ("changes", lambda desk, number: desk.review(number, state="changes-requested"), ["approval.review-void"]),
    ("dismissed", dismissed, ["approval.review-void"]),
    ("changes after an approval", changes_after_an_approval, ["approval.review-void"]),
    ("the second approval dismissed", dismissed_after_another, ["approval.review-void"]),
    ("an older commit", lambda desk, number: desk.review(number, commit=desk.founded), ["approval.stale"]),
    ("no commit", lambda desk, number: desk.review(number, commit="0" * 40), ["approval.stale"]),
    ("another base meanwhile", retargeted, ["approval.stale"]),
    ("pusher", pushed, ["approval.by-author"]),
    ("pushers unknown", pushed_by_who_knows, ["approval.pusher-unknown"]),
]


@pytest.mark.parametrize(("arrange", "codes"), [case[1:] for case in VOID], ids=[case[0] for case in VOID])
def test_what_does_not_count_blocks_the_pull_request_and_the_apply(desk: ReviewDesk, arrange: Arrange, codes: list[str]) -> None:
    number = desk.propose()
    arrange(desk, number)
    assert desk.codes() == codes
    desk.merge(number)
    with pytest.raises(PolicyBlocked) as caught:
        desk.verified()
    assert caught.value.code == "approval.missing"
    assert "goldenpath approve" not in caught.value.hint
    assert all(f"[{code}]" in caught.value.hint for code in codes)
    assert desk.facts.kept == {VERIFIED: desk.founded}


@pytest.mark.parametrize(
    ("author", "message", "people"),
    [
        (PAT, "Ask", PEOPLE),
        (DANA, "Ask\n\nCo-authored-by: Pat <PAT@example.com>", PEOPLE),
        (("x", "9+pat-ops@users.noreply.forge.example"), "Ask", PEOPLE),
        (DANA, "Ask", (*PEOPLE[:1], {**PEOPLE[1], "logins": {"gitea": "pat-ops", "github": "dana-dev"}}, *PEOPLE[2:])),
    ],
    ids=["author", "co-author", "no-reply address", "a second login is the opener's"],
)
def test_hands_in_the_commits_rule_a_reviewer_out(
    tmp_path: Path, author: tuple[str, str], message: str, people: tuple[dict[str, Any], ...]
) -> None:
    desk = ReviewDesk(tmp_path / "platform", people=people)
    desk.repo.branch("request")
    head = desk.repo.commit(message, {PATH: request_text()}, author=author)
    desk.repo.switch("main")
    desk.review(desk.forge.propose(head, by="dana-dev"))
    assert desk.check().approvals.missing


def test_who_opened_the_pull_request_cannot_approve_it(desk: ReviewDesk) -> None:
    desk.review(desk.propose(by="pat-ops"))
    assert desk.codes() == ["approval.by-author"]


def test_the_requester_cannot_approve(desk: ReviewDesk) -> None:
    desk.review(desk.propose({PATH: request_text({"metadata": {"requester": "pat"}})}))
    assert desk.codes() == ["approval.by-author"]


def test_a_push_after_the_review_takes_it_back(desk: ReviewDesk) -> None:
    number = desk.propose()
    desk.review(number)
    desk.repo.switch("request")
    head = desk.repo.commit("More", {PATH: request_text({"spec": {"ttlDays": 365}})}, author=DANA)
    desk.repo.switch("main")
    assert desk.codes() == [], "the forge does not know of that head yet, so no pull request speaks for it"
    desk.forge.push(number, head, by="dana-dev")
    assert desk.codes() == ["approval.stale"]
    desk.review(number)
    assert desk.check().is_approved


def test_a_review_of_another_pull_request_does_not_count(desk: ReviewDesk) -> None:
    desk.propose()
    other = desk.propose({"README.md": "x\n"}, branch="other")
    desk.review(other)
    assert desk.codes() == []


def test_a_pull_request_to_another_branch_does_not_count(desk: ReviewDesk) -> None:
    number = desk.propose(base_ref="playground")
    desk.review(number)
    assert desk.codes() == []
    desk.merge(number)
    with pytest.raises(PolicyBlocked):
        desk.verified()


def test_two_pull_requests_of_one_head_rule_out_the_hands_of_both(desk: ReviewDesk) -> None:
    number = desk.propose()
    desk.review(number)
    desk.forge.propose(desk.repo.head("request"), by="pat-ops", head_ref="again")
    assert desk.codes() == ["approval.by-author"]


def test_a_moved_merge_base_takes_a_review_back(desk: ReviewDesk) -> None:
    """CASE 27: the head stays, and what it would change is another thing, because part of it reached the base by another way."""
    first = desk.propose()
    inner = desk.repo.head("request")
    outer = desk.propose({PATH: request_text({"spec": {"ttlDays": 20}})})
    desk.review(first)
    desk.review(outer)
    desk.repo.branch("inner", inner)
    desk.repo.switch("main")
    merged = desk.repo.merge("inner", time=int(desk.forge.clock.now().timestamp()) + 60)
    desk.forge.merge(first, merged)
    desk.forge.clock.advance(120)
    result = desk.check()
    assert result.change.merge_base == inner
    assert [each.code for each in result.approvals.rejected] == ["approval.stale"]
    desk.review(outer)
    assert not desk.check().approvals.rejected


def test_labels_and_words_are_no_approval(desk: ReviewDesk) -> None:
    number = desk.propose(title="platform-approved", body="Approved-by: pat")
    desk.forge.add_comment(number, by="pat-ops", body="LGTM, approved")
    assert desk.codes() == []


# --- after the merge


def test_a_push_to_the_branch_after_the_merge_changes_nothing(desk: ReviewDesk) -> None:
    number = desk.propose()
    desk.review(number)
    commit = desk.merge(number)
    desk.forge.push(number, "c" * 40, by="pat-ops")
    assert desk.verified() == commit


@pytest.mark.parametrize("time", [253_402_300_800, 10**13, 10**17])
def test_a_commit_from_the_far_future_stops_nobody(desk: ReviewDesk, time: int) -> None:
    """Who writes a commit states its time, and a fast-forward puts it on the protected branch as it is."""
    desk.repo.branch("request", "main")
    head = desk.repo.commit("Ask", {PATH: request_text()}, author=DANA, time=time)
    desk.repo.switch("main")
    number = desk.forge.propose(head, by="dana-dev", head_ref="request")
    desk.review(number)
    desk.repo.git("merge", "-q", "--ff-only", "request")
    desk.forge.merge(number, head)
    assert desk.verified() == head
    desk.propose({PATH: request_text({"spec": {"ttlDays": 20}})}, branch="next")
    assert not desk.check("next").is_approved


def test_reviews_of_something_else_do_not_cover_what_was_merged(desk: ReviewDesk) -> None:
    """An evil merge: the pull request is approved, and the merge commit brings more."""
    number = desk.propose()
    desk.review(number)
    who = {f"GIT_COMMITTER_{part}": "dana@example.com" for part in ("NAME", "EMAIL")}
    desk.repo.git("merge", "-q", "--no-ff", "--no-commit", "request", env=who)
    merged = desk.repo.commit("Merge", {PATH: request_text({"spec": {"ttlDays": 365}})}, author=DANA)
    desk.forge.merge(number, merged)
    with pytest.raises(PolicyBlocked):
        desk.verified()


def test_a_squash_that_brings_something_else_is_not_covered(desk: ReviewDesk) -> None:
    number = desk.propose()
    desk.review(number)
    commit = desk.repo.commit("Squashed", {PATH: request_text({"spec": {"ttlDays": 365}})}, author=DANA)
    desk.forge.merge(number, commit)
    with pytest.raises(PolicyBlocked):
        desk.verified()


def test_a_push_past_the_pull_request_is_blocked_and_a_revert_heals(desk: ReviewDesk) -> None:
    desk.repo.commit("Straight", {PATH: request_text()}, author=DANA)
    with pytest.raises(PolicyBlocked):
        desk.verified()
    reverted = desk.repo.commit("Revert", {PATH: None}, author=DANA)
    assert desk.verified() == reverted


def test_what_a_squash_came_from_is_fetched_as_objects(desk: ReviewDesk) -> None:
    number = desk.propose()
    desk.review(number)
    desk.merge(number, how="squash")
    desk.verified()
    assert desk.brought.asked == [(number, desk.repo.head("request"))]


def test_a_squash_whose_branch_is_gone_blocks_and_a_revert_heals(desk: ReviewDesk) -> None:
    number = desk.propose()
    desk.review(number)
    desk.merge(number, how="squash")
    desk.brought.lost.add(number)
    with pytest.raises(NotFound):
        desk.verified()
    reverted = desk.repo.commit("Revert", {PATH: None}, author=DANA)
    assert desk.verified() == reverted


# --- which forge is asked


def test_a_change_cannot_bring_a_forge_or_a_source_of_its_own(desk: ReviewDesk) -> None:
    evil = founding(url="https://evil.example/api/v1", repository="mallory/yes")["goldenpath.yaml"]
    number = desk.propose({"goldenpath.yaml": evil})
    desk.check()
    desk.merge(number)
    with pytest.raises(PolicyBlocked):
        desk.verified()
    assert {(each.url, each.repository) for each in desk.opened} == {(URL, REPOSITORY)}


def test_a_change_cannot_switch_to_reviews_by_itself(tmp_path: Path) -> None:
    desk = ReviewDesk(tmp_path / "platform", source="signed-notes")
    number = desk.propose({"goldenpath.yaml": founding()["goldenpath.yaml"]})
    desk.review(number)
    desk.review(number, by="sam-sec", author_id="4711")
    assert desk.codes() == []
    assert desk.forge.calls == []


@pytest.mark.parametrize("missing", ["url", "repository"])
def test_reviews_count_only_on_a_forge_that_is_stated(tmp_path: Path, missing: str) -> None:
    desk = ReviewDesk(tmp_path / "platform", **{missing: ""})
    desk.review(desk.propose())
    with pytest.raises(Misconfigured) as caught:
        desk.check()
    assert caught.value.code == "forge.not-stated"


def test_signed_statements_do_not_count_beside_reviews_unless_both_do(desk: ReviewDesk) -> None:
    desk.propose()
    with pytest.raises(InvalidIntent) as caught:
        approve_change(desk.services, base="main", head="request", signing_key="", name="Pat", email="pat@example.com")
    assert caught.value.code == "approval.reviews-only"


# --- statements beside reviews


@pytest.fixture
def both(tmp_path: Path) -> ReviewDesk:
    """Pat (platform) and Sam (security, and owner side) can sign as well."""
    keys = {name: keygen(tmp_path / name) for name in ("pat", "sam")}
    people = [{**each, **({"keys": [keys[each["id"]].public]} if each["id"] in keys else {})} for each in PEOPLE]
    people[2]["owners"] = ["app-team"]
    return ReviewDesk(tmp_path / "platform", source="both", people=tuple(people))


def sign(desk: ReviewDesk, who: str) -> None:
    """Sign a statement for the branch as ``goldenpath approve`` writes it."""
    change, notes = desk.check().change, desk.services.notes()
    statement = ApprovalStatement(
        schema_version=STATEMENT_VERSION,
        change_digest=change.digest,
        content_digest=change.content_digest,
        effects_digest=change.effects_digest,
        effects_version=EFFECTS_VERSION,
        head=change.head,
        merge_base=change.merge_base,
        approver=who,
        time="2026-01-15T12:00:00.000000Z",
    )
    names = {"name": who, "email": f"{who}@example.com"}
    key = str(desk.repo.path.parent / who)
    notes.add(change.head, notes.sign(change.head, canonical_bytes(statement), signing_key=key, **names), **names)


def test_either_counts_and_a_person_counts_once(both: ReviewDesk) -> None:
    number = both.propose({PATH: request_text(HIGH)})
    sign(both, "sam")
    both.review(number, by="sam-sec", author_id="4711")
    result = both.check()
    assert [(met.need.role, met.person) for met in result.approvals.met] == [("owner", "sam")]
    assert [need.role for need in result.approvals.missing] == ["security"]
    assert [each.code for each in result.approvals.rejected] == ["approval.duplicate"]


def test_one_may_sign_and_another_review(both: ReviewDesk) -> None:
    number = both.propose({PATH: request_text(), "governance/policy.yaml": DEFAULT_POLICY + b"# more\n"})
    sign(both, "pat")
    assert not both.check().is_approved
    both.review(number, by="sam-sec", author_id="4711")
    assert both.check().is_approved
    commit = both.merge(number)
    assert both.verified() == commit


def test_statements_that_suffice_need_no_forge(both: ReviewDesk) -> None:
    number = both.propose()
    sign(both, "pat")
    both.forge.faults = [ProviderUnavailable("forge.unavailable", "down")] * 20
    both.forge.unknown_hands.add(number)
    assert both.check().is_approved
    commit = both.merge(number)
    assert both.verified() == commit


def test_who_pushed_cannot_sign_either(both: ReviewDesk) -> None:
    number = both.propose({PATH: request_text(), "governance/policy.yaml": DEFAULT_POLICY + b"# more\n"})
    sign(both, "pat")
    both.review(number, by="sam-sec", author_id="4711")
    both.forge.hands[number].add("pat-ops")
    result = both.check()
    assert len(result.approvals.missing) == 1
    assert "approval.by-author" in {each.code for each in result.approvals.rejected}


def test_statements_alone_do_not_count_where_reviews_do(desk: ReviewDesk, tmp_path: Path) -> None:
    keygen(tmp_path / "pat")
    desk.propose()
    sign(desk, "pat")
    assert desk.codes() == []


# --- whatever fails, blocks (R15)

FAILURES: list[GoldenpathError] = [
    ProviderUnavailable("forge.unavailable", "500, timeout or cut off"),
    ProviderUnavailable("forge.throttled", "rate limit", retry_after_seconds=3600),
    Unauthenticated("forge.unauthenticated", "401"),
    AccessDenied("forge.forbidden", "403"),
    NotFound("forge.not-found", "404"),
    ProviderRefused("forge.refused", "422"),
    ProviderRefused("forge.answer-invalid", "html"),
    Misconfigured("forge.token-missing", "none"),
]


AT = [*((fault, 0) for fault in FAILURES), *((fault, call) for fault in (FAILURES[0], FAILURES[4]) for call in (1, 2))]
"""Which error comes at which of the calls: finding the pull request, who had a hand in it, the reviews."""
AT_NAMES = [f"{fault.code}-{call}" for fault, call in AT]


@pytest.mark.parametrize(("fault", "call"), AT, ids=AT_NAMES)
def test_a_forge_that_fails_at_any_call_approves_nothing(desk: ReviewDesk, fault: GoldenpathError, call: int) -> None:
    number = desk.propose()
    desk.review(number)
    desk.forge.faults = [*[None] * call, fault]
    with pytest.raises(GoldenpathError) as caught:
        desk.check()
    assert caught.value is fault
    assert len(desk.forge.calls) == call + 1
    assert desk.check().is_approved, "the next run asks again"


@pytest.mark.parametrize("how", ["merge", "squash"])
@pytest.mark.parametrize(("fault", "call"), AT, ids=AT_NAMES)
def test_a_forge_that_fails_at_any_call_lets_nothing_be_applied(desk: ReviewDesk, fault: GoldenpathError, call: int, how: str) -> None:
    number = desk.propose()
    desk.review(number)
    commit = desk.merge(number, how=how)
    # a fault that a segment can carry is asked about again for the net change, so it lasts
    desk.forge.faults = [*[None] * call, *[fault] * 20]
    with pytest.raises(GoldenpathError):
        desk.verified()
    assert desk.facts.recall(VERIFIED) in {"", desk.founded}
    desk.forge.faults = []
    assert desk.verified() == commit


@pytest.fixture
def github(tmp_path: Path) -> Iterator[tuple[ReviewDesk, StandInGitHub]]:
    """The same over GitHub's own protocol, with a client that sends each call once."""
    people = tuple({**each, "logins": {"github": each.get("logins", {}).get("gitea", "")}} for each in PEOPLE)
    desk = ReviewDesk(tmp_path / "platform", people=people, kind="github")
    with serving_github(desk.forge) as server:
        options = ForgeOptions(
            settings=ForgeSettings(url=server.url, repository=REPOSITORY),
            clock=FakeClock(),
            entropy=SeededEntropy(1),
            variables={"GITHUB_TOKEN": "t" * 40},
            retry_limit=0,
        )
        client = open_forge(options)
        desk.services.forge = lambda _settings: client  # type: ignore[misc]
        yield desk, server


def test_reviews_at_github_count_from_check_to_apply(github: tuple[ReviewDesk, StandInGitHub]) -> None:
    desk, server = github
    number = desk.propose()
    assert not desk.check().is_approved
    first = desk.review(number)
    assert desk.check().is_approved
    desk.forge.dismiss(number, first)
    assert desk.codes() == ["approval.review-void"]
    desk.review(number)
    commit = desk.merge(number, how="squash")
    assert desk.verified() == commit
    assert not any(line.startswith(("POST", "PATCH", "DELETE", "PUT")) for line in server.seen), "who judges never writes"


BAD = [
    (502, {}, b"<html>"),
    (403, {"Retry-After": "3600"}, b"{}"),
    (404, {}, b"{}"),
    (200, {}, b'[{"id": 1,'),
    (200, {}, b'{"message": "ok"}'),
]


@pytest.mark.parametrize("fault", BAD, ids=["502 html", "secondary limit", "404", "truncated", "no list"])
def test_github_that_fails_at_any_request_lets_nothing_be_applied(github: tuple[ReviewDesk, StandInGitHub], fault: Fault) -> None:
    desk, server = github
    number = desk.propose()
    desk.review(number)
    commit = desk.merge(number)
    server.seen.clear()
    desk.verified()
    requests = len(server.seen)
    assert requests >= 6
    for failing in range(requests):
        desk.facts.kept.clear()
        server.faults = [*[None] * failing, *[fault] * 30]
        try:
            assert desk.verified() != commit
        except GoldenpathError:
            assert desk.facts.recall(VERIFIED) != commit


def test_one_run_asks_about_a_pull_request_once(desk: ReviewDesk) -> None:
    for index in range(3):
        files = {f"catalogs/secrets/payments/dev/SEC-000{index + 1}.yaml": request_text(_named(index))}
        number = desk.propose(files, branch=f"request-{index}")
        desk.review(number)
        desk.merge(number)
    desk.forge.calls.clear()
    desk.verified()
    assert sorted(desk.forge.calls) == sorted(["pull_request_of_commit", "contributors", "reviews"] * 3)


def _named(index: int) -> dict[str, Any]:
    return {
        "metadata": {"id": f"SEC-000{index + 1}", "name": f"payments-{index}"},
        "spec": {"access": {"k8sSecretName": f"payments-{index}"}},
    }
