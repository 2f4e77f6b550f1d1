"""What Gitea and Forgejo can say that a well-behaved server does not: each time the answer is "unknown", never "approved"."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.builders import FakeClock, SeededEntropy
from tests.standins.kube_api import Seen, StandInApi, answer, stand_in_api

from goldenpath.errors import GoldenpathError
from goldenpath.model.forge_settings import ForgeSettings
from goldenpath.ports.forge import Forge
from goldenpath.providers.forge.opening import ForgeOptions, open_forge

HEAD, OLDER = "a" * 40, "b" * 40
RILEY, SAM, GHOST = {"id": 5, "login": "riley"}, {"id": 6, "login": "sam"}, {"id": -1, "login": "Ghost"}
REPO = {"id": 1, "full_name": "acme/platform"}


class Paths:
    """Answers by path, whatever the order; what is not listed is 404."""

    def __init__(self, api: StandInApi) -> None:
        self.answers: dict[str, Any] = {
            "pulls/7": pull(),
            "pulls/7/commits": [{"sha": HEAD, "author": None, "committer": RILEY}],
            "pulls/7/reviews": [review()],
            "issues/7/timeline": [],
            "activities/feeds": [],
        }
        api.then(self._step)
        settings = ForgeSettings(kind="gitea", url=api.url, repository="acme/platform")
        self.forge: Forge = open_forge(
            ForgeOptions(settings=settings, clock=FakeClock(), entropy=SeededEntropy(1), variables={"GOLDENPATH_FORGE_TOKEN": "t" * 40})
        )
        self.api = api

    def _step(self, handler: Any, seen: Seen) -> None:
        found = self.answers.get(seen.path.partition("?")[0].removeprefix("/repos/acme/platform/"))
        answer(404 if found is None else 200, {} if found is None else found)(handler, seen)


@pytest.fixture
def paths() -> Iterator[Paths]:
    with stand_in_api() as api:
        yield Paths(api)


def pull(**over: Any) -> dict[str, Any]:
    return {
        "number": 7,
        "title": "t",
        "body": "b",
        "user": RILEY,
        "state": "open",
        "merged_at": None,
        "merge_commit_sha": None,
        "head": {"ref": "request", "sha": HEAD, "repo": REPO},
        "base": {"ref": "main", "sha": OLDER, "repo": REPO},
        "updated_at": "2026-01-15T12:00:00Z",
        **over,
    }


def review(**over: Any) -> dict[str, Any]:
    return {
        "id": 3, "user": SAM, "state": "APPROVED", "commit_id": HEAD, "stale": False, "dismissed": False,
        "submitted_at": "2026-01-15T13:00:00+01:00", **over,
    }  # fmt: skip


def push(user: Any, *commits: str, is_force: bool = False) -> dict[str, Any]:
    return {"type": "pull_push", "user": user, "body": json.dumps({"is_force_push": is_force, "commit_ids": commits})}


def feed(user: Any, ref: str, *commits: str) -> dict[str, Any]:
    content = json.dumps({"Commits": [{"Sha1": commit} for commit in commits], "HeadCommit": {"Sha1": commits[0]}})
    return {"op_type": "commit_repo", "act_user": user, "ref_name": ref, "content": content}


@pytest.mark.parametrize(
    ("over", "state", "is_stale", "author"),
    [
        ({}, "approved", False, "sam"),
        ({"stale": True}, "approved", True, "sam"),
        ({"stale": None}, "approved", True, "sam"),
        ({"dismissed": True}, "dismissed", False, "sam"),
        ({"state": "REQUEST_CHANGES", "dismissed": True}, "dismissed", False, "sam"),
        ({"state": "COMMENT"}, "commented", False, "sam"),
        ({"user": GHOST}, "approved", False, ""),
        ({"user": None}, "approved", False, ""),
    ],
)
def test_what_a_review_says(paths: Paths, over: dict[str, Any], state: str, is_stale: bool, author: str) -> None:
    paths.answers["pulls/7/reviews"] = [review(**over)]
    (found,) = paths.forge.reviews(7)
    assert (found.state, found.is_stale, found.author) == (state, is_stale, author)
    assert found.submitted_at == "2026-01-15T12:00:00.000000Z"


def test_a_server_without_the_word_stale_approves_nothing(paths: Paths) -> None:
    tree = review()
    del tree["stale"]
    paths.answers["pulls/7/reviews"] = [tree]
    assert [each.is_stale for each in paths.forge.reviews(7)] == [True]


def test_a_request_for_a_review_is_none(paths: Paths) -> None:
    paths.answers["pulls/7/reviews"] = [review(state="REQUEST_REVIEW")]
    assert paths.forge.reviews(7) == ()


def test_a_change_of_the_base_makes_earlier_reviews_stale(paths: Paths) -> None:
    paths.answers["issues/7/timeline"] = [{"type": "change_target_branch", "created_at": "2026-01-15T12:00:00Z"}]
    assert [each.is_stale for each in paths.forge.reviews(7)] == [True]


@pytest.mark.parametrize("timeline", [{"message": "x"}, [{"type": "change_target_branch", "created_at": "then"}]])
def test_a_timeline_that_cannot_be_read_is_no_answer(paths: Paths, timeline: Any) -> None:
    paths.answers["issues/7/timeline"] = timeline
    with pytest.raises(GoldenpathError) as caught:
        paths.forge.reviews(7)
    assert caught.value.code == "forge.answer-invalid"


HANDS = [
    ("pushed before it was opened", [], [feed(SAM, "refs/heads/request", HEAD)], {"riley", "sam"}, True),
    ("pushed after it was opened", [push(SAM, HEAD)], [], {"riley", "sam"}, True),
    ("another branch", [], [feed(SAM, "refs/heads/request-2", HEAD)], {"riley"}, False),
    ("nothing is told", [], [], {"riley"}, False),
    ("an older push alone", [push(SAM, OLDER)], [], {"riley", "sam"}, False),
    ("the pusher is gone", [push(GHOST, HEAD)], [], {"riley"}, False),
    ("words instead of commits", [{"type": "pull_push", "user": SAM, "body": "{"}], [], {"riley", "sam"}, False),
    ("a list of anything", [{"type": "pull_push", "user": SAM, "body": '{"commit_ids": [1, null, {}]}'}], [], {"riley", "sam"}, False),
    ("a feed of anything", [], [{**feed(SAM, "refs/heads/request", HEAD), "content": "[]"}], {"riley", "sam"}, False),
]


@pytest.mark.parametrize(("timeline", "feeds", "logins", "is_complete"), [case[1:] for case in HANDS], ids=[case[0] for case in HANDS])
def test_who_had_a_hand_in_it(paths: Paths, timeline: list[Any], feeds: list[Any], logins: set[str], is_complete: bool) -> None:
    paths.answers |= {"issues/7/timeline": timeline, "activities/feeds": feeds}
    found = paths.forge.contributors(7)
    assert (set(found.logins), found.is_complete) == (logins, is_complete)


def test_a_branch_of_the_same_name_that_was_pushed_after_the_merge_is_another_one(paths: Paths) -> None:
    paths.answers["pulls/7"] = pull(state="closed", merged_at="2026-01-15T12:00:00Z", merge_commit_sha="c" * 40)
    paths.answers["git/refs/pull/7/head"] = {"ref": "refs/pull/7/head", "object": {"sha": HEAD}}
    quinn = {"id": 8, "login": "quinn"}
    paths.answers["pulls/7/commits"] = [{"sha": HEAD}, {"sha": OLDER}]
    paths.answers["activities/feeds"] = [
        feed(quinn, "refs/heads/request", "e" * 40), feed(RILEY, "refs/heads/request", HEAD), feed(SAM, "refs/heads/request", OLDER)
    ]  # fmt: skip
    found = paths.forge.contributors(7)
    assert (found.logins, found.is_complete) == (("riley", "sam"), True)


def test_a_feed_without_an_end_is_read_to_a_bound(paths: Paths) -> None:
    paths.answers["activities/feeds"] = [feed(SAM, "refs/heads/other", OLDER)] * 50
    assert paths.forge.contributors(7).is_complete is False
    assert sum("activities" in line for line in paths.api.lines) == 20


def test_a_fork_that_is_gone_tells_nothing(paths: Paths) -> None:
    paths.answers["pulls/7"] = pull(head={"ref": "request", "sha": HEAD, "repo": None})
    found = paths.forge.contributors(7)
    assert found.is_complete is False
    assert paths.forge.pull_request(7).is_fork


def test_the_head_of_a_merged_one_is_the_ref_that_stands_still(paths: Paths) -> None:
    merged = pull(
        state="closed", merged_at="2026-01-15T12:00:00Z", merge_commit_sha="c" * 40, head={"ref": "request", "sha": "e" * 40, "repo": REPO}
    )
    paths.answers["pulls/7"] = merged
    paths.answers["git/refs/pull/7/head"] = [{"ref": "refs/pull/7/head", "object": {"sha": HEAD}}]
    assert paths.forge.pull_request(7).head_sha == HEAD
    del paths.answers["git/refs/pull/7/head"]
    with pytest.raises(GoldenpathError) as caught:
        paths.forge.pull_request(7)
    assert caught.value.code == "forge.not-found"


@pytest.mark.parametrize("refs", [[], {}, [{"ref": "refs/pull/7/head"}], [{"ref": "refs/pull/7/head", "object": {"sha": "x"}}]])
def test_a_ref_without_a_commit_is_no_answer(paths: Paths, refs: Any) -> None:
    paths.answers["pulls/7"] = pull(state="closed", merged_at="2026-01-15T12:00:00Z", merge_commit_sha="c" * 40)
    paths.answers["git/refs/pull/7/head"] = refs
    with pytest.raises(GoldenpathError) as caught:
        paths.forge.pull_request(7)
    assert caught.value.code == "forge.answer-invalid"


@pytest.mark.parametrize(
    "over",
    [
        {"number": 0}, {"number": "7"}, {"state": "limbo"}, {"merged_at": "2026-01-15T12:00:00Z"}, {"updated_at": "now"},
        {"head": None}, {"head": {"ref": "x", "sha": "main", "repo": REPO}},
    ],
)  # fmt: skip
def test_a_pull_request_that_lacks_what_decides_is_no_answer(paths: Paths, over: dict[str, Any]) -> None:
    paths.answers["pulls/7"] = pull(**over)
    with pytest.raises(GoldenpathError) as caught:
        paths.forge.pull_request(7)
    assert caught.value.code == "forge.answer-invalid"


def test_the_pull_request_of_a_commit_is_the_one_that_was_merged_as_it(paths: Paths) -> None:
    paths.answers[f"commits/{OLDER}/pull"] = pull()
    assert paths.forge.pull_request_of_commit(OLDER) is None
    paths.answers[f"commits/{OLDER}/pull"] = pull(state="closed", merged_at="2026-01-15T12:00:00Z", merge_commit_sha="c" * 40)
    paths.answers["git/refs/pull/7/head"] = {"ref": "refs/pull/7/head", "object": {"sha": HEAD}}
    assert paths.forge.pull_request_of_commit(OLDER) is None
