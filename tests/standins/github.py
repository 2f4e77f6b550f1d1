"""A stand-in for GitHub's REST API: the paths that we use, in GitHub's own shapes, over the state of a ``FakeForge``.

It serves what cannot be had here: GitHub itself. Pages come with ``Link`` headers, deleted accounts are null, dismissed reviews change their
state, merges leave ``merge_commit_sha``. ``faults`` are answers that come before the real ones: (status, headers, body), or None for none.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from tests.forge_fake import FakeComment, FakeForge, FakeIssue

from goldenpath.model.forge import PullRequest, Review

STATES: Final = {
    "approved": "APPROVED",
    "changes-requested": "CHANGES_REQUESTED",
    "commented": "COMMENTED",
    "dismissed": "DISMISSED",
    "pending": "PENDING",
}
MAX_PAGE: Final = 100
Fault = tuple[int, Mapping[str, str], bytes]
Answer = tuple[int, Any]
_MISSING: Final[Answer] = (404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"})


@dataclass
class StandInGitHub:
    """The server. ``state`` is what happened there, ``seen`` each request as ``METHOD path``, ``tokens`` what came as credentials."""

    state: FakeForge
    url: str = ""
    page: int = MAX_PAGE
    faults: list[Fault | None] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    labels: list[str] = field(default_factory=lambda: ["bug"])

    def answer(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Answer:
        about = re.match(r"/repos/[^/]+/[^/]+/(?:pulls|issues)/(\d+)", path)
        if about and int(about[1]) not in self.state.pull_requests | self.state.issues:
            return _MISSING
        for verb, pattern, handler in _ROUTES:
            found = re.fullmatch(pattern.replace("{r}", re.escape(f"/repos/{self.state.repository}")), path)
            if verb == method and found:
                return handler(self, found.groups(), query, body)
        return _MISSING


@contextmanager
def serving_github(state: FakeForge) -> Iterator[StandInGitHub]:
    """Serve a state on loopback until the block ends."""
    github = StandInGitHub(state)
    handler = type("Handler", (_Handler,), {"github": github, "lock": threading.Lock()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    github.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield github
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    github: StandInGitHub
    lock: threading.Lock

    def _serve(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        with self.lock:
            self.github.seen.append(f"{self.command} {parts.path}")
            self.github.tokens.add(self.headers.get("Authorization") or "")
            fault = self.github.faults.pop(0) if self.github.faults else None
            if fault is not None:
                self._send(*fault)
                return
            status, tree = self.github.answer(self.command, unquote(parts.path), query, json.loads(data) if data else None)
        headers: dict[str, str] = {}
        if isinstance(tree, list):
            tree, headers = self._page(tree, parts.path, query)
        self._send(status, headers, b"" if tree is None else json.dumps(tree).encode())

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _serve  # noqa: N815 - the library's names

    def _page(self, tree: list[Any], path: str, query: Mapping[str, str]) -> tuple[list[Any], dict[str, str]]:
        size, page = min(int(query.get("per_page", "30")), self.github.page), int(query.get("page", "1"))
        rest = {name: text for name, text in query.items() if name != "page"}
        words = "&".join(f"{name}={text}" for name, text in rest.items())
        # GitHub's links name the repository by its number, on its own host
        link = f"https://api.github.com/repositories/1296269{path}?{words}&page={page + 1}"
        headers = {"Link": f'<{link}>; rel="next", <{link}>; rel="last"'} if page * size < len(tree) else {}
        return tree[(page - 1) * size : page * size], headers

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, text in {"Content-Type": "application/json; charset=utf-8", "X-GitHub-Request-Id": "A1:2B", **headers}.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _user(login: str) -> dict[str, Any] | None:
    if not login:
        return None
    return {"login": login, "id": _number(login), "type": "Bot" if login.endswith("[bot]") else "User", "site_admin": False}


def _number(login: str) -> int:
    return int.from_bytes(login.lower().encode()[:6], "big")


def _pull(github: StandInGitHub, each: PullRequest) -> dict[str, Any]:
    number = each.number
    repo = {"id": 1, "full_name": github.state.repository, "fork": False}
    return {
        "id": 10_000 + number,
        "number": number,
        "state": "open" if each.state == "open" else "closed",
        "title": each.title,
        "body": each.body or None,
        "user": _user(each.author),
        "html_url": each.url,
        "updated_at": each.updated_at[:19] + "Z",
        "merged_at": each.merged_at[:19] + "Z" if each.merged_at else None,
        # an open one has a trial merge there
        "merge_commit_sha": each.merge_commit or "e" * 40,
        "draft": each.is_draft,
        "head": {
            "ref": each.head_ref,
            "sha": each.head_sha,
            "repo": {"id": 2, "full_name": each.head_repository, "fork": each.is_fork} if each.head_repository else None,
        },
        "base": {"ref": each.base_ref, "sha": each.base_sha or "b" * 40, "repo": repo},
        "commits": len(github.state.commits[number]),
        "labels": [],
    }


def _review(review: Review) -> dict[str, Any]:
    tree = {"id": review.id, "user": _user(review.author), "body": "", "state": STATES[review.state], "commit_id": review.commit}
    return tree if review.state == "pending" else {**tree, "submitted_at": review.submitted_at[:19] + "Z"}


def _comment(github: StandInGitHub, comment: FakeComment) -> dict[str, Any]:
    url = f"https://forge.example/{github.state.repository}/pull/{comment.number}#issuecomment-{comment.id}"
    return {"id": comment.id, "user": _user(comment.author), "body": comment.body, "html_url": url}


def _issue(github: StandInGitHub, issue: FakeIssue) -> dict[str, Any]:
    return {
        "id": 20_000 + issue.number,
        "number": issue.number,
        "user": _user(issue.author),
        "title": issue.title,
        "body": issue.body,
        "state": "open" if issue.is_open else "closed",
        "labels": [{"id": 1, "name": name} for name in issue.labels],
        "html_url": f"https://forge.example/{github.state.repository}/issues/{issue.number}",
    }


def _invalid(code: str) -> Answer:
    return 422, {"message": "Validation Failed", "errors": [{"resource": "PullRequest", "code": code}], "status": "422"}


Handler = Callable[[StandInGitHub, tuple[str, ...], Mapping[str, str], Any], Answer]


def _get_pull(github: StandInGitHub, parts: tuple[str, ...], _query: Mapping[str, str], _body: Any) -> Answer:
    return 200, _pull(github, github.state.pull_requests[int(parts[0])])


def _list_pulls(github: StandInGitHub, _parts: tuple[str, ...], query: Mapping[str, str], _body: Any) -> Answer:
    state = query.get("state", "open")
    return 200, [_pull(github, each) for each in github.state.pull_requests.values() if state in {"all", each.state}][::-1]


def _open_pull(github: StandInGitHub, _parts: tuple[str, ...], _query: Mapping[str, str], body: Any) -> Answer:
    open_ones = [each for each in github.state.pull_requests.values() if each.state == "open"]
    if body["head"] not in github.state.heads or any((each.head_ref, each.base_ref) == (body["head"], body["base"]) for each in open_ones):
        return _invalid("custom")
    number = github.state.propose(
        github.state.heads[body["head"]],
        by=github.state.account,
        head_ref=body["head"],
        base_ref=body["base"],
        title=body["title"],
        body=body["body"],
    )
    return 201, _pull(github, github.state.pull_requests[number])


def _get_commit(github: StandInGitHub, parts: tuple[str, ...], _query: Mapping[str, str], _body: Any) -> Answer:
    known = {*github.state.brought, *(sha for listed in github.state.commits.values() for sha in listed)}
    if parts[0] not in known:
        return 422, {"message": f"No commit found for SHA: {parts[0]}", "status": "422"}
    return 200, {"sha": parts[0]}


def _pulls_of_commit(github: StandInGitHub, parts: tuple[str, ...], _query: Mapping[str, str], _body: Any) -> Answer:
    found = {number for number, listed in github.state.commits.items() if parts[0] in listed}
    found |= {github.state.brought[parts[0]]} if parts[0] in github.state.brought else set()
    return 200, [_pull(github, github.state.pull_requests[number]) for number in sorted(found)]


def _reviews(github: StandInGitHub, parts: tuple[str, ...], _query: Mapping[str, str], _body: Any) -> Answer:
    return 200, [_review(each) for each in github.state.given[int(parts[0])]]


def _pull_commits(github: StandInGitHub, parts: tuple[str, ...], _query: Mapping[str, str], _body: Any) -> Answer:
    # an author whose address no account has is null
    listed = github.state.commits[int(parts[0])][:250]
    return 200, [{"sha": sha, "author": None, "committer": _user("web-flow")} for sha in listed]


def _activity(github: StandInGitHub, parts: tuple[str, ...], query: Mapping[str, str], _body: Any) -> Answer:
    found = []
    for number, each in github.state.pull_requests.items():
        if (each.head_repository, f"refs/heads/{each.head_ref}") == (parts[0], query["ref"]) and number not in github.state.unknown_hands:
            at = each.updated_at[:19] + "Z"
            found += [
                {"id": index, "ref": query["ref"], "after": each.head_sha, "activity_type": "push", "actor": _user(who), "timestamp": at}
                for index, who in enumerate(sorted(github.state.hands[number]))
            ]
    return (200, found) if found else _MISSING


def _events(github: StandInGitHub, parts: tuple[str, ...], _query: Mapping[str, str], _body: Any) -> Answer:
    times = github.state.aimed.get(int(parts[0]), [])
    events = [{"id": index, "event": "base_ref_changed", "created_at": at[:19] + "Z"} for index, at in enumerate(times)]
    return 200, [{"id": 99, "event": "labeled", "created_at": "2030-01-01T00:00:00Z"}, *events]


def _members(github: StandInGitHub, parts: tuple[str, ...], _query: Mapping[str, str], _body: Any) -> Answer:
    found = github.state.teams.get(parts[1])
    return _MISSING if found is None else (200, [_user(who) for who in found])


def _list_comments(github: StandInGitHub, parts: tuple[str, ...], _query: Mapping[str, str], _body: Any) -> Answer:
    return 200, [_comment(github, each) for each in github.state.comments_of(int(parts[0]))]


def _add_comment(github: StandInGitHub, parts: tuple[str, ...], _query: Mapping[str, str], body: Any) -> Answer:
    github.state.add_comment(int(parts[0]), by=github.state.account, body=body["body"])
    return 201, _comment(github, github.state.comments[-1])


def _change_comment(github: StandInGitHub, parts: tuple[str, ...], _query: Mapping[str, str], body: Any) -> Answer:
    found = next((each for each in github.state.comments if each.id == int(parts[0])), None)
    if found is None:
        return _MISSING
    found.body = body["body"]
    return 200, _comment(github, found)


def _delete_comment(github: StandInGitHub, parts: tuple[str, ...], _query: Mapping[str, str], _body: Any) -> Answer:
    github.state.comments[:] = [each for each in github.state.comments if each.id != int(parts[0])]
    return 204, None


def _status(github: StandInGitHub, parts: tuple[str, ...], _query: Mapping[str, str], body: Any) -> Answer:
    if len(body.get("description", "")) > 140:
        return _invalid("custom")
    github.state.statuses[parts[0], body["context"]] = (body["state"], body["description"], body.get("target_url", ""))
    return 201, {"state": body["state"], "context": body["context"]}


def _list_labels(github: StandInGitHub, _parts: tuple[str, ...], _query: Mapping[str, str], _body: Any) -> Answer:
    return 200, [{"id": index, "name": name} for index, name in enumerate(github.labels)]


def _make_label(github: StandInGitHub, _parts: tuple[str, ...], _query: Mapping[str, str], body: Any) -> Answer:
    if body["name"] in github.labels:
        return _invalid("already_exists")
    github.labels.append(body["name"])
    return 201, {"id": len(github.labels), "name": body["name"]}


def _list_issues(github: StandInGitHub, _parts: tuple[str, ...], query: Mapping[str, str], _body: Any) -> Answer:
    found = [each for each in github.state.issues.values() if query["labels"] in each.labels]
    # pull requests are issues there
    pulls = [{**_pull(github, each), "pull_request": {"url": ""}} for each in github.state.pull_requests.values()]
    return 200, [*pulls, *(_issue(github, each) for each in found)]


def _make_issue(github: StandInGitHub, _parts: tuple[str, ...], _query: Mapping[str, str], body: Any) -> Answer:
    made = FakeIssue(github.state.new_number(), github.state.account, body["title"], body["body"], tuple(body["labels"]))
    github.state.issues[made.number] = made
    return 201, _issue(github, made)


def _change_issue(github: StandInGitHub, parts: tuple[str, ...], _query: Mapping[str, str], body: Any) -> Answer:
    found = github.state.issues[int(parts[0])]
    found.title, found.body = body.get("title", found.title), body.get("body", found.body)
    found.is_open = body.get("state", "open") == "open"
    return 200, _issue(github, found)


def _label_issue(github: StandInGitHub, parts: tuple[str, ...], _query: Mapping[str, str], body: Any) -> Answer:
    found = github.state.issues[int(parts[0])]
    found.labels = tuple(sorted({*found.labels, *body["labels"]}))
    return 200, [{"id": 1, "name": name} for name in found.labels]


def _viewer(github: StandInGitHub, _parts: tuple[str, ...], _query: Mapping[str, str], _body: Any) -> Answer:
    return 200, {"data": {"viewer": {"login": github.state.account}}}


_ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("GET", r"{r}/pulls/(\d+)", _get_pull),
    ("GET", r"{r}/pulls", _list_pulls),
    ("POST", r"{r}/pulls", _open_pull),
    ("GET", r"{r}/commits/([0-9a-f]+)", _get_commit),
    ("GET", r"{r}/commits/([0-9a-f]+)/pulls", _pulls_of_commit),
    ("GET", r"{r}/pulls/(\d+)/reviews", _reviews),
    ("GET", r"{r}/pulls/(\d+)/commits", _pull_commits),
    ("GET", r"/repos/([^/]+/[^/]+)/activity", _activity),
    ("GET", r"{r}/issues/(\d+)/events", _events),
    ("GET", r"/orgs/([^/]+)/teams/([^/]+)/members", _members),
    ("GET", r"{r}/issues/(\d+)/comments", _list_comments),
    ("POST", r"{r}/issues/(\d+)/comments", _add_comment),
    ("PATCH", r"{r}/issues/comments/(\d+)", _change_comment),
    ("DELETE", r"{r}/issues/comments/(\d+)", _delete_comment),
    ("POST", r"{r}/statuses/([0-9a-f]+)", _status),
    ("GET", r"{r}/labels", _list_labels),
    ("POST", r"{r}/labels", _make_label),
    ("GET", r"{r}/issues", _list_issues),
    ("POST", r"{r}/issues", _make_issue),
    ("PATCH", r"{r}/issues/(\d+)", _change_issue),
    ("POST", r"{r}/issues/(\d+)/labels", _label_issue),
    ("POST", r"/graphql", _viewer),
)
