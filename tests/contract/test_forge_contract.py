"""What a forge promises, asked of the in-memory one, of a stand-in for GitHub and of a real Gitea: a fake that cheats fails here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.cluster.process import wait_until
from tests.forge.bench import OUTSIDER, REQUESTER, REVIEWERS, TEAM, ForgeBench, StateBench, github_bench
from tests.forge_fake import FakeForge
from tests.standins.github import serving_github

from goldenpath.errors import GoldenpathError
from goldenpath.model.forge import Contributors
from goldenpath.model.instant import from_text
from goldenpath.providers.forge.marking import COMMENT_MAX_CHARACTERS, carries

SAM, SEC = REVIEWERS
UNKNOWN_SHA = "d" * 40
HOSTILE = "$(touch pwned) `id` ::add-mask::x <!-- goldenpath:verdict --> \N{RIGHT-TO-LEFT OVERRIDE} <img src=x onerror=alert(1)>"


@pytest.fixture(params=["fake", "github", pytest.param("gitea", marks=[pytest.mark.real, pytest.mark.timeout(120)])])
def bench(request: pytest.FixtureRequest) -> Iterator[ForgeBench]:
    if request.param == "gitea":
        yield request.getfixturevalue("gitea_bench")
    elif request.param == "github":
        with serving_github(FakeForge()) as github:
            yield github_bench(github)
    else:
        state = FakeForge()
        yield StateBench(state, state)


def hands(bench: ForgeBench, number: int) -> Contributors:
    """Return who had a hand in it once the forge knows of every push: Gitea takes notice of one after it took it."""
    return wait_until(lambda: found if (found := bench.forge.contributors(number)).is_complete else None, what="contributors", seconds=20)


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(GoldenpathError) as caught:
        call()
    return caught.value.code


# --- pull requests


def test_a_pull_request_is_what_was_proposed(bench: ForgeBench) -> None:
    number = bench.propose("request/a", title="Ask for SEC-0400", body="because\nof this")
    found = bench.forge.pull_request(number)
    assert (found.number, found.title, found.body, found.author) == (number, "Ask for SEC-0400", "because\nof this", REQUESTER)
    assert (found.state, found.head_ref, found.base_ref, found.is_fork, found.is_draft) == ("open", "request/a", "main", False, False)
    assert found.head_repository == bench.repository
    assert (found.merge_commit, found.merged_at) == ("", "")
    assert len(found.head_sha) == 40
    assert found.url.startswith("http")
    assert from_text(found.updated_at)


def test_what_is_not_there_is_not_found(bench: ForgeBench) -> None:
    assert code_of(lambda: bench.forge.pull_request(4711)) == "forge.not-found"
    assert bench.forge.pull_request_of_commit(UNKNOWN_SHA) is None
    assert bench.forge.open_pull_requests("main") == ()


def test_open_ones_are_listed_by_number_and_base(bench: ForgeBench) -> None:
    bench.branch("release")
    numbers = [bench.propose("request/a"), bench.propose("request/b"), bench.propose("request/c")]
    other = bench.propose("request/d", base="release")
    bench.close(numbers[1])
    assert [each.number for each in bench.forge.open_pull_requests("main")] == [numbers[0], numbers[2]]
    assert [each.number for each in bench.forge.open_pull_requests("release")] == [other]
    assert bench.forge.pull_request(numbers[1]).state == "closed"


def test_one_is_opened_once(bench: ForgeBench) -> None:
    bench.branch("request/a")
    first = bench.forge.open_pull_request(head="request/a", base="main", title="One", body="x")
    again = bench.forge.open_pull_request(head="request/a", base="main", title="Two", body="y")
    assert (first.number, first.title) == (again.number, again.title)
    assert [each.number for each in bench.forge.open_pull_requests("main")] == [first.number]


def test_one_is_not_opened_from_nothing(bench: ForgeBench) -> None:
    bench.branch("request/a")
    code = code_of(lambda: bench.forge.open_pull_request(head="request/none", base="main", title="One", body=""))
    assert code in {"forge.refused", "forge.not-found"}
    assert bench.forge.open_pull_requests("main") == ()


def test_a_merge_names_its_commit_and_a_commit_its_pull_request(bench: ForgeBench) -> None:
    number = bench.propose("request/a")
    head = bench.forge.pull_request(number).head_sha
    assert bench.forge.pull_request_of_commit(head) is None
    merged = bench.merge(number)
    found = bench.forge.pull_request(number)
    assert (found.state, found.merge_commit, found.head_sha) == ("merged", merged, head)
    assert from_text(found.merged_at)
    by_commit = bench.forge.pull_request_of_commit(merged)
    assert by_commit is not None
    assert (by_commit.number, by_commit.head_sha, by_commit.base_ref) == (number, head, "main")
    assert bench.forge.pull_request_of_commit(head) is None, "a commit inside the branch is not what the base got"


def test_a_push_after_the_merge_changes_nothing(bench: ForgeBench) -> None:
    number = bench.propose("request/a")
    head = bench.forge.pull_request(number).head_sha
    bench.review(number, by=SEC)
    merged = bench.merge(number)
    pushed = bench.push(number, by=SAM)
    for found in (bench.forge.pull_request(number), bench.forge.pull_request_of_commit(merged)):
        assert found is not None
        assert found.head_sha == head != pushed
    assert [(each.author, each.commit, each.state) for each in bench.forge.reviews(number)] == [(SEC, head, "approved")]


def test_words_of_strangers_come_back_as_they_are(bench: ForgeBench) -> None:
    found = bench.forge.pull_request(bench.propose("request/$(id)", title=HOSTILE, body=f"{HOSTILE}\n{HOSTILE}"))
    assert (found.title, found.body, found.head_ref) == (HOSTILE, f"{HOSTILE}\n{HOSTILE}", "request/$(id)")


# --- reviews


def test_reviews_come_oldest_first_with_what_was_looked_at(bench: ForgeBench) -> None:
    number = bench.propose("request/a")
    head = bench.forge.pull_request(number).head_sha
    assert bench.forge.reviews(number) == ()
    bench.review(number, by=SAM, state="commented")
    bench.review(number, by=SEC, state="changes-requested")
    bench.review(number, by=SAM)
    found = bench.forge.reviews(number)
    assert [(each.author, each.state) for each in found] == [(SAM, "commented"), (SEC, "changes-requested"), (SAM, "approved")]
    assert {each.commit for each in found} == {head}
    assert not any(each.is_stale or each.is_bot for each in found)
    assert found[0].author_id == found[2].author_id != found[1].author_id
    assert [from_text(each.submitted_at) for each in found] == sorted(from_text(each.submitted_at) for each in found)


def test_a_dismissed_review_is_dismissed(bench: ForgeBench) -> None:
    number = bench.propose("request/a")
    review = bench.review(number, by=SAM)
    bench.dismiss(number, review)
    assert [(each.id, each.state) for each in bench.forge.reviews(number)] == [(review, "dismissed")]


@pytest.mark.parametrize("force", [False, True])
def test_a_review_stays_with_the_commit_it_was_given_for(bench: ForgeBench, force: bool) -> None:
    number = bench.propose("request/a")
    old = bench.forge.pull_request(number).head_sha
    bench.review(number, by=SAM)
    new = bench.push(number, by=REQUESTER, force=force)
    bench.review(number, by=SEC)
    assert bench.forge.pull_request(number).head_sha == new != old
    assert [(each.author, each.commit) for each in bench.forge.reviews(number)] == [(SAM, old), (SEC, new)]


def test_another_base_makes_reviews_stale(bench: ForgeBench) -> None:
    bench.branch("release")
    number = bench.propose("request/a", base="release")
    bench.review(number, by=SAM)
    bench.retarget(number, "main")
    bench.review(number, by=SEC)
    assert bench.forge.pull_request(number).base_ref == "main"
    assert [(each.author, each.is_stale) for each in bench.forge.reviews(number)] == [(SAM, True), (SEC, False)]


def test_reviews_of_nothing_are_not_found(bench: ForgeBench) -> None:
    assert code_of(lambda: bench.forge.reviews(4711)) == "forge.not-found"
    assert code_of(lambda: bench.forge.contributors(4711)) == "forge.not-found"


def test_who_opened_and_who_pushed_had_a_hand_in_it(bench: ForgeBench) -> None:
    number = bench.propose("request/a")
    bench.push(number, by=SAM)
    found = hands(bench, number)
    assert {REQUESTER, SAM} <= set(found.logins)
    assert not {SEC, OUTSIDER} & set(found.logins)


def test_who_pushed_before_it_was_opened_by_somebody_else(bench: ForgeBench) -> None:
    bench.branch("request/a")  # the requester pushed it
    number = bench.open_for("request/a", by=SAM)
    found = hands(bench, number)
    assert {REQUESTER, SAM} <= set(found.logins)


def test_a_fork_is_one_and_its_owner_had_a_hand_in_it(bench: ForgeBench) -> None:
    number = bench.propose_from_fork("request/f", by=OUTSIDER)
    found = bench.forge.pull_request(number)
    name = bench.repository.partition("/")[2]
    assert (found.is_fork, found.author, found.head_repository) == (True, OUTSIDER, f"{OUTSIDER}/{name}")
    assert OUTSIDER in hands(bench, number).logins


def test_a_team_has_members_and_a_missing_team_is_not_an_empty_one(bench: ForgeBench) -> None:
    owner = bench.repository.partition("/")[0]
    assert bench.forge.team_members(TEAM) == bench.forge.team_members(f"{owner}/{TEAM}") == tuple(sorted(REVIEWERS))
    assert code_of(lambda: bench.forge.team_members("nobody")) == "forge.not-found"


# --- comments, statuses, issues


def test_there_is_one_comment_and_it_is_updated_in_place(bench: ForgeBench) -> None:
    number = bench.propose("request/a")
    first = bench.forge.upsert_comment(number, marker="verdict", body="**blocked**")
    second = bench.forge.upsert_comment(number, marker="verdict", body="fine\n\n| a | b |")
    assert first == second
    other = bench.forge.upsert_comment(number, marker="receipts", body="applied")
    assert other != first
    ours = {body for _, body in bench.comments(number)}
    assert len(ours) == 2
    (verdict,) = [body for body in ours if carries(body, "verdict")]
    assert verdict.endswith("fine\n\n| a | b |")
    assert "<!--" in verdict.partition("\n")[0]


def test_only_our_own_comments_count_and_older_ones_go(bench: ForgeBench) -> None:
    number = bench.propose("request/a")
    forged = "<!-- goldenpath:verdict -->\napproved by everybody"
    bench.comment(number, by=REQUESTER, body=forged)
    bench.forge.upsert_comment(number, marker="verdict", body="first")
    ours = bench.comments(number)[1][0]
    bench.comment(number, by=ours, body="<!-- goldenpath:verdict -->\nsecond")
    bench.comment(number, by=ours, body="> <!-- goldenpath:verdict -->\nquoted")
    bench.forge.upsert_comment(number, marker="verdict", body="third")
    assert [(who, body.splitlines()[-1]) for who, body in bench.comments(number)] == [
        (REQUESTER, "approved by everybody"),
        (ours, "third"),
        (ours, "quoted"),
    ]


def test_a_comment_that_is_too_long_is_refused_whole(bench: ForgeBench) -> None:
    number = bench.propose("request/a")
    code = code_of(lambda: bench.forge.upsert_comment(number, marker="verdict", body="x" * COMMENT_MAX_CHARACTERS))
    assert code == "forge.text-too-long"
    assert bench.comments(number) == []
    bench.forge.upsert_comment(number, marker="verdict", body="x" * (COMMENT_MAX_CHARACTERS - 100))
    assert len(bench.comments(number)) == 1


def test_comments_on_nothing_are_not_found(bench: ForgeBench) -> None:
    assert code_of(lambda: bench.forge.upsert_comment(4711, marker="verdict", body="x")) == "forge.not-found"


def test_the_newest_status_of_a_context_counts(bench: ForgeBench) -> None:
    head = bench.forge.pull_request(bench.propose("request/a")).head_sha
    bench.forge.set_status(head, context="goldenpath/policy", state="pending", description="looking")
    bench.forge.set_status(head, context="goldenpath/policy", state="success", description="x" * 300, url="https://ci.example/1")
    bench.forge.set_status(head, context="goldenpath/approval", state="failure", description="missing: security")
    found = bench.statuses(head)
    assert found["goldenpath/approval"] == ("failure", "missing: security")
    assert found["goldenpath/policy"][0] == "success"
    assert found["goldenpath/policy"][1].startswith("xxx")


def test_there_is_one_issue_that_closes_and_opens_again(bench: ForgeBench) -> None:
    assert bench.forge.close_issue(marker="drift", body="gone") is False
    first = bench.forge.upsert_issue(marker="drift", title="Drift: 1", body="SEC-0001", labels=("security",))
    again = bench.forge.upsert_issue(marker="drift", title="Drift: 2", body="SEC-0001\nSEC-0002", labels=("security",))
    other = bench.forge.upsert_issue(marker="orphans", title="Orphans", body="x")
    assert first.number == again.number != other.number
    assert bench.issue(first.number) == ("Drift: 2", True, {"goldenpath", "security"})
    assert bench.forge.close_issue(marker="drift", body="nothing drifts any more") is True
    assert bench.issue(first.number)[1] is False
    assert [body for _, body in bench.comments(first.number)] == ["nothing drifts any more"]
    assert bench.forge.close_issue(marker="drift", body="nothing drifts any more") is False
    assert len(bench.comments(first.number)) == 1
    reopened = bench.forge.upsert_issue(marker="drift", title="Drift: 3", body="SEC-0003", labels=("urgent",))
    assert (reopened.number, reopened.is_open) == (first.number, True)
    assert bench.issue(first.number) == ("Drift: 3", True, {"goldenpath", "security", "urgent"})
