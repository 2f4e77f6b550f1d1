"""A forge that fails, throttles, lies or sends us elsewhere: bounded tries, errors of ours, and neither its words nor the token in them (R15, R22)."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.builders import FakeClock, SeededEntropy
from tests.canary import hits_in, new_canary
from tests.certificates import issue
from tests.forge_fake import FakeForge
from tests.standins.github import serving_github
from tests.standins.kube_api import StandInApi, Step, answer, cut_off, reset, reset_midway, stand_in_api

from goldenpath.errors import GoldenpathError
from goldenpath.model.forge_settings import ForgeSettings
from goldenpath.ports.forge import Forge
from goldenpath.providers.forge import transport
from goldenpath.providers.forge.opening import ForgeOptions, open_forge

TOKEN = "ghp_" + "Zz9" * 12
WORDS = "the-forge-quotes-a-title-of-a-stranger"
BOB = {"login": "bob", "id": 7, "type": "User"}
HTML = b"<html><body>502 Bad Gateway " + WORDS.encode() + b"</body></html>"


def opened(url: str, clock: FakeClock, *, kind: str = "github", token: str = TOKEN, **options: Any) -> Forge:
    settings = ForgeSettings(kind="gitea" if kind == "gitea" else "github", url=url, repository="acme/platform")
    variables = {"GOLDENPATH_FORGE_TOKEN": token}
    return open_forge(ForgeOptions(settings=settings, clock=clock, entropy=SeededEntropy(1), variables=variables, **options))


class Rig:
    def __init__(self, api: StandInApi) -> None:
        self.api = api
        self.clock = FakeClock()
        self.forge = opened(api.url, self.clock)

    def then(self, *steps: Step) -> Forge:
        self.api.then(*steps)
        return self.forge

    @property
    def waited(self) -> float:
        return self.clock.monotonic() - 1000.0


@pytest.fixture
def rig() -> Iterator[Rig]:
    with stand_in_api() as api:
        yield Rig(api)


def error_of(forge: Forge) -> GoldenpathError:
    with pytest.raises(GoldenpathError) as caught:
        forge.reviews(7)
    return caught.value


def message(text: str = WORDS) -> dict[str, Any]:
    return {"message": text, "documentation_url": "https://docs.github.com", "errors": [{"message": text}]}


def review(over: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "id": 80, "user": BOB, "body": "ok", "state": "APPROVED", "commit_id": "a" * 40, "submitted_at": "2026-01-15T12:00:00Z", **(over or {})
    }  # fmt: skip


# --- what a status means

REFUSALS = [
    (401, message("Bad credentials"), "forge.unauthenticated", 1),
    (403, message("Resource not accessible by integration"), "forge.forbidden", 1),
    (404, message("Not Found"), "forge.not-found", 1),
    (410, message(), "forge.not-found", 1),
    (422, message("Validation Failed"), "forge.refused", 1),
    (451, message(), "forge.refused", 1),
    (500, message(), "forge.unavailable", 5),
    (502, HTML, "forge.unavailable", 5),
    (503, b"", "forge.unavailable", 5),
]


@pytest.mark.parametrize(("status", "body", "code", "tries"), REFUSALS)
def test_a_refusal_has_a_code_of_ours_and_no_words_of_theirs(rig: Rig, status: int, body: Any, code: str, tries: int) -> None:
    error = error_of(rig.then(answer(status, body)))
    assert (error.code, len(rig.api.seen)) == (code, tries)
    said = f"{error} {error.hint} {error!r}"
    assert f"HTTP {status}" in said
    assert not any(word in said for word in (WORDS, TOKEN, "Bad credentials", "Validation"))
    assert error.hint


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(rig: Rig, status: int) -> None:
    with stand_in_api() as elsewhere:
        elsewhere.then(answer(200, [review()]))
        error = error_of(rig.then(answer(status, {}, Location=f"{elsewhere.url}/repos/acme/platform/pulls/7/reviews")))
        assert error.code == "forge.refused"
        assert "rename" in error.hint
        assert elsewhere.seen == []


BROKEN = [
    cut_off(b'[{"id": 80, "state": "APPRO'),
    reset,
    reset_midway,
    answer(200, b'[{"id": 80,'),
    answer(200, HTML),
    answer(200, b"\xff\xfe"),
]


@pytest.mark.parametrize("step", BROKEN, ids=["cut off", "reset", "reset midway", "truncated json", "html", "no utf-8"])
def test_half_an_answer_is_asked_for_again_and_is_none(rig: Rig, step: Step) -> None:
    assert error_of(rig.then(step)).code == "forge.unavailable"
    assert len(rig.api.seen) == 5
    assert 0 < rig.waited < 30


@pytest.mark.parametrize("step", BROKEN[:4])
def test_one_that_comes_back_is_believed(rig: Rig, step: Step) -> None:
    found = rig.then(step, answer(200, [review()]), answer(200, [])).reviews(7)
    assert [each.state for each in found] == ["approved"]


@pytest.mark.parametrize(
    "tree",
    [
        {"message": "ok"},
        "APPROVED",
        [None],
        [1],
        [review({"state": "APPROVED_BY_MAGIC"})],
        [review({"state": "approved"})],
        [review({"state": None})],
        [review({"id": None})],
        [review({"id": "80"})],
        [review({"id": True})],
        [review({"submitted_at": None})],
        [review({"submitted_at": "yesterday"})],
        [review({"submitted_at": "2026-01-15T12:00:00"})],
        [review({"submitted_at": 1768478400})],
    ],
)
def test_an_answer_that_lacks_what_decides_is_refused(rig: Rig, tree: Any) -> None:
    assert error_of(rig.then(answer(200, tree), answer(200, []))).code == "forge.answer-invalid"
    assert len(rig.api.seen) <= 2, "it is not asked again: the second question is another one"


def test_deeply_nested_json_is_no_answer(rig: Rig) -> None:
    assert error_of(rig.then(answer(200, b"[" * 200_000))).code == "forge.unavailable"


def test_an_answer_beyond_all_bounds_is_dropped(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "ANSWER_MAX_BYTES", 1000)
    assert error_of(rig.then(answer(200, [review()] * 50))).code == "forge.unavailable"


# --- awkward accounts

WHO = [
    (BOB, "bob", "7", False),
    (None, "", "", False),
    ({}, "", "", False),
    ({"login": "Ghost", "id": -1}, "", "", False),
    ({"login": "bob", "id": 0}, "", "", False),
    ({"login": "bob", "id": True}, "", "", False),
    ({"login": ["bob"], "id": 7}, "", "", False),
    ({"login": "x" * 101, "id": 7}, "", "", False),
    ({"login": "copilot[bot]", "id": 9, "type": "Bot"}, "copilot[bot]", "9", True),
]


@pytest.mark.parametrize(("user", "login", "number", "is_bot"), WHO)
def test_a_reviewer_is_an_account_or_nobody(rig: Rig, user: Any, login: str, number: str, is_bot: bool) -> None:
    (found,) = rig.then(answer(200, [review({"user": user})]), answer(200, [])).reviews(7)
    assert (found.author, found.author_id, found.is_bot) == (login, number, is_bot)


def test_a_review_without_a_commit_looked_at_nothing(rig: Rig) -> None:
    (found,) = rig.then(answer(200, [review({"commit_id": None})]), answer(200, [])).reviews(7)
    assert found.commit == ""


# --- limits

LIMITS = [
    (429, {"Retry_After": "7"}, message(), 7),
    (403, {"Retry_After": "30"}, message(), 30),
    (403, {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "1768478440"}, message("API rate limit exceeded"), 40),
    (403, {}, message("You have exceeded a secondary rate limit. Please wait"), 60),
    (403, {"X_RateLimit_Remaining": "4999"}, message("You have triggered an abuse detection mechanism"), 60),
    (429, {"Retry_After": "soon"}, message(), 60),
    (429, {"Retry_After": "-5"}, message(), 60),
]


@pytest.mark.parametrize(("status", "headers", "body", "seconds"), LIMITS)
def test_it_waits_as_long_as_the_forge_asks(rig: Rig, status: int, headers: dict[str, str], body: Any, seconds: float) -> None:
    rig.then(answer(status, body, **headers), answer(200, [])).reviews(7)
    assert seconds <= rig.waited <= seconds + 1


@pytest.mark.parametrize("asked", ["600", "999999", "99999999999999999999"])
def test_it_does_not_wait_beyond_its_deadline(rig: Rig, asked: str) -> None:
    error = error_of(rig.then(answer(429, message(), Retry_After=asked)))
    assert error.code == "forge.throttled"
    assert rig.waited <= 120
    assert error.retry_after_seconds is not None
    assert error.retry_after_seconds <= 3600


def test_a_limit_that_lasts_ends_in_an_error(rig: Rig) -> None:
    error = error_of(rig.then(answer(403, message("secondary rate limit"))))
    assert (error.code, len(rig.api.seen)) == ("forge.throttled", 2)


def test_pauses_are_spread(rig: Rig) -> None:
    entropy = SeededEntropy(3)
    settings = ForgeSettings(url=rig.api.url, repository="acme/platform")
    options = ForgeOptions(settings=settings, clock=rig.clock, entropy=entropy, variables={"GITHUB_TOKEN": TOKEN})
    rig.api.then(answer(500))
    error_of(open_forge(options))
    assert len(entropy.drawn) == 5
    assert len(set(entropy.drawn)) == 5


def test_a_limit_of_retries_holds(rig: Rig) -> None:
    rig.api.then(answer(500))
    error_of(opened(rig.api.url, rig.clock, retry_limit=0))
    assert len(rig.api.seen) == 1


# --- pages


def pages_of(steps: list[tuple[list[Any], dict[str, str]]]) -> list[Step]:
    return [answer(200, items, **headers) for items, headers in steps]


def test_pages_are_followed_by_their_query_alone(rig: Rig) -> None:
    link = '<https://evil.example/steal?page=2&per_page=50>; rel="next", <https://evil.example/steal?page=9>; rel="last"'
    early = review({"id": 1})
    late = review({"id": 2, "state": "DISMISSED", "submitted_at": "2026-01-15T13:00:00Z"})
    found = rig.then(answer(200, [early], Link=link), answer(200, [late]), answer(200, [])).reviews(7)
    assert [each.state for each in found] == ["approved", "dismissed"]
    assert [each.path.partition("?")[0] for each in rig.api.seen[:2]] == ["/repos/acme/platform/pulls/7/reviews"] * 2
    assert "page=2" in rig.api.seen[1].path


def test_a_full_page_without_a_link_is_not_the_last(rig: Rig) -> None:
    """A proxy that drops the header must not hide the review that takes an approval back."""
    full = [review({"id": index + 1}) for index in range(50)]
    late = review({"id": 99, "state": "CHANGES_REQUESTED", "submitted_at": "2026-01-15T13:00:00Z"})
    found = rig.then(answer(200, full), answer(200, [late]), answer(200, [])).reviews(7)
    assert (len(found), found[-1].state) == (51, "changes-requested")


def test_a_page_that_fails_half_way_is_no_list(rig: Rig) -> None:
    link = f'<{rig.api.url}/x?page=2>; rel="next"'
    assert error_of(rig.then(answer(200, [review()], Link=link), answer(500))).code == "forge.unavailable"


@pytest.mark.parametrize("link", ['<https://x/?page=1&per_page=50>; rel="next"', '<https://x/?page=2>; rel="next"'])
def test_pages_without_an_end_are_refused(rig: Rig, link: str) -> None:
    assert error_of(rig.then(answer(200, [review()], Link=link))).code == "forge.answer-invalid"
    assert len(rig.api.seen) <= 200


# --- writes whose outcome is unknown


def test_a_comment_whose_outcome_is_unknown_is_looked_for_before_it_is_sent_again() -> None:
    state = FakeForge()
    number = state.propose("a" * 40, by="riley")
    with serving_github(state) as github:
        forge = opened(github.url, FakeClock())
        state.add_comment(number, by="riley", body="hello")
        github.faults = [None, (502, {}, HTML)]  # the comments come, and then the post is lost
        forge.upsert_comment(number, marker="verdict", body="x")
        assert len(state.comments_of(number)) == 2
        assert [line for line in github.seen if line.startswith("POST") and "comments" in line] == [f"POST /repos/acme/platform/issues/{number}/comments"] * 2  # fmt: skip


def test_a_comment_that_was_made_although_the_answer_was_lost_is_not_made_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    state = FakeForge()
    number = state.propose("a" * 40, by="riley")
    with serving_github(state) as github:
        made: list[str] = []
        plain = github.answer

        def losing(method: str, path: str, query: Any, body: Any) -> Any:
            found = plain(method, path, query, body)
            if method == "POST" and path.endswith("/comments") and not made:
                made.append(path)
                return 504, {"message": WORDS}
            return found

        monkeypatch.setattr(github, "answer", losing)
        opened(github.url, FakeClock()).upsert_comment(number, marker="verdict", body="x")
        assert len(made) == 1
        assert len(state.comments_of(number)) == 1


def test_a_pull_request_that_was_opened_although_the_answer_was_lost_is_the_one(monkeypatch: pytest.MonkeyPatch) -> None:
    state = FakeForge(heads={"request/a": "a" * 40})
    with serving_github(state) as github:
        plain, lost = github.answer, [True]

        def losing(method: str, path: str, query: Any, body: Any) -> Any:
            found = plain(method, path, query, body)
            return (500, {}) if method == "POST" and lost.pop() else found

        monkeypatch.setattr(github, "answer", losing)
        found = opened(github.url, FakeClock()).open_pull_request(head="request/a", base="main", title="t", body="b")
        assert (found.number, list(state.pull_requests)) == (1, [1])


def test_a_write_that_stays_unknown_is_an_error() -> None:
    state = FakeForge()
    number = state.propose("a" * 40, by="riley")
    with serving_github(state) as github:
        github.faults = [None, *[(500, {}, b"")] * 100]
        with pytest.raises(GoldenpathError) as caught:
            opened(github.url, FakeClock()).upsert_comment(number, marker="verdict", body="x")
        assert caught.value.code == "forge.unavailable"


def test_two_runs_at_once_leave_one_comment() -> None:
    state = FakeForge()
    number = state.propose("a" * 40, by="riley")
    for text in ("one", "two"):
        state.add_comment(number, by=state.account, body=f"<!-- goldenpath:verdict -->\n{text}")
    with serving_github(state) as github:
        opened(github.url, FakeClock()).upsert_comment(number, marker="verdict", body="two")
    assert [each.body for each in state.comments_of(number)] == ["<!-- goldenpath:verdict -->\ntwo"]


# --- who had a hand in it, where GitHub tells too little


@pytest.mark.parametrize("case", ["fork gone", "fork hidden", "head not pushed yet", "actor gone", "too many commits"])
def test_hands_that_are_not_all_known_are_said_to_be_incomplete(case: str) -> None:
    state = FakeForge()
    number = state.propose("a" * 40, by="riley", fork="" if case != "fork hidden" else "riley/platform")
    if case == "fork gone":
        state.pull_requests[number] = type(state.pull_requests[number])(**{**_fields(state, number), "head_repository": ""})
    if case == "actor gone":
        state.hands[number].add("")
    if case == "too many commits":
        state.commits[number] = ["a" * 40] * 251
    with serving_github(state) as github:
        if case == "fork hidden":
            state.unknown_hands.add(number)
        if case == "head not pushed yet":
            github.faults = [
                None,
                None,
                (200, {}, json.dumps([{"after": "b" * 40, "actor": BOB, "timestamp": "2026-01-15T12:00:00Z"}]).encode()),
            ]
        found = opened(github.url, FakeClock()).contributors(number)
    assert not found.is_complete
    assert "riley" in found.logins


def _fields(state: FakeForge, number: int) -> dict[str, Any]:
    return {name: getattr(state.pull_requests[number], name) for name in state.pull_requests[number].__struct_fields__}


def test_a_branch_of_the_same_name_that_was_pushed_later_is_another_one() -> None:
    state = FakeForge()
    number = state.propose("a" * 40, by="riley")
    state.merge(number, "c" * 40)
    pushes = [
        {"after": "a" * 40, "actor": {"login": "riley", "id": 5}, "timestamp": "2026-01-15T12:00:00Z"},
        {"after": "f" * 40, "actor": {"login": "sam", "id": 6}, "timestamp": "2026-01-14T12:00:00Z"},
        {"after": "e" * 40, "actor": BOB, "timestamp": "2026-02-15T12:00:00Z"},
    ]
    with serving_github(state) as github:
        github.faults = [None, None, (200, {}, json.dumps(pushes).encode())]
        found = opened(github.url, FakeClock()).contributors(number)
    assert found.logins == ("riley", "sam", "web-flow")
    assert found.is_complete


# --- TLS, and the token


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    pair = issue("localhost", address="127.0.0.1")
    (tmp_path / "cert.pem").write_bytes(pair.pem + pair.key_pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem")
    with stand_in_api(context) as api:
        error = error_of(opened(api.url, FakeClock()))
        assert error.code == "forge.certificate-untrusted"
        assert api.seen == []


@pytest.mark.parametrize("url", ["http://forge.example/api/v1", "http://localhost.evil.example", "http://127.0.0.1.nip.io"])
def test_a_token_does_not_travel_in_clear(url: str) -> None:
    with pytest.raises(GoldenpathError) as caught:
        opened(url, FakeClock())
    assert caught.value.code == "forge.unencrypted"


def test_the_token_goes_into_one_header_and_nowhere_else(
    rig: Rig, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    token = new_canary("ghp").replace("é", "e").replace(" ", "")
    caplog.set_level(0)
    forge = opened(rig.api.url, rig.clock, token=token)
    rig.api.then(answer(401, message(token)), answer(500, message(token)))
    errors = [error_of(forge), error_of(forge)]
    said = " ".join([repr(forge), *(f"{each} {each.hint} {each!r} {each.__cause__} {each.__context__}" for each in errors), caplog.text])
    streams = capfd.readouterr()
    assert hits_in((said + streams.out + streams.err).encode(), [token]) == []
    assert {each.headers["Authorization"] for each in rig.api.seen} == {f"Bearer {token}"}
    assert not any(token in each.path or token.encode() in each.body for each in rig.api.seen)


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "umläut", "\x00"])
def test_a_token_that_cannot_be_one_is_not_shown(token: str) -> None:
    with pytest.raises(GoldenpathError) as caught:
        opened("https://forge.example", FakeClock(), token=f"x{token}x")
    assert caught.value.code == "forge.token-malformed"
    assert token not in f"{caught.value} {caught.value.hint}"
