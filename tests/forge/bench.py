"""One way to arrange what people do on a forge, for each of those that the contract suite asks."""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from tests.forge.gitea import ADMIN, Gitea, Refused
from tests.forge_fake import FakeForge
from tests.gitrepo import GitRepo
from tests.standins.github import StandInGitHub

from goldenpath.model.forge import ReviewState
from goldenpath.model.forge_settings import ForgeSettings
from goldenpath.ports.forge import Forge
from goldenpath.providers.forge.opening import ForgeOptions, open_forge
from goldenpath.providers.system import SystemClock, SystemEntropy

REQUESTER: Final = "riley"
REVIEWERS: Final = ("sam", "sec")
OUTSIDER: Final = "oscar"
PEOPLE: Final = (REQUESTER, *REVIEWERS, OUTSIDER)
TEAM: Final = "approvers"
OURS: Final = "goldenpath-bot"
ORGANISATION: Final = "acme"
_EVENTS: Final[Mapping[ReviewState, str]] = {"approved": "APPROVED", "changes-requested": "REQUEST_CHANGES", "commented": "COMMENT"}


class ForgeBench(Protocol):
    """What a test arranges, and sees beside the port. ``by`` is a login of ``PEOPLE``; the requester pushes branches."""

    forge: Forge
    repository: str

    def branch(self, name: str) -> str: ...
    def propose(self, name: str, *, by: str = REQUESTER, title: str = "Request", body: str = "", base: str = "main") -> int: ...
    def open_for(self, name: str, *, by: str) -> int: ...
    def propose_from_fork(self, name: str, *, by: str) -> int: ...
    def push(self, number: int, *, by: str, force: bool = False) -> str: ...
    def review(self, number: int, *, by: str, state: ReviewState = "approved") -> int: ...
    def dismiss(self, number: int, review_id: int) -> None: ...
    def retarget(self, number: int, base: str) -> None: ...
    def merge(self, number: int) -> str: ...
    def close(self, number: int) -> None: ...
    def comment(self, number: int, *, by: str, body: str) -> None: ...
    def comments(self, number: int) -> list[tuple[str, str]]: ...
    def issue(self, number: int) -> tuple[str, bool, set[str]]: ...
    def statuses(self, sha: str) -> dict[str, tuple[str, str]]: ...


class StateBench:
    """The in-memory forge, asked directly or through a stand-in for GitHub."""

    def __init__(self, state: FakeForge, forge: Forge) -> None:
        self.state = state
        self.forge = forge
        self.repository = state.repository
        self._shas = itertools.count(1)
        state.teams[TEAM] = REVIEWERS
        state.heads["main"] = self._sha()

    def branch(self, name: str) -> str:
        self.state.heads[name] = self._sha()
        return self.state.heads[name]

    def propose(self, name: str, *, by: str = REQUESTER, title: str = "Request", body: str = "", base: str = "main") -> int:
        return self.state.propose(self.branch(name), by=by, head_ref=name, base_ref=base, title=title, body=body)

    def open_for(self, name: str, *, by: str) -> int:
        number = self.state.propose(self.state.heads[name], by=by, head_ref=name)
        self.state.hands[number].add(REQUESTER)
        return number

    def propose_from_fork(self, name: str, *, by: str) -> int:
        return self.state.propose(self._sha(), by=by, head_ref=name, fork=f"{by}/platform")

    def push(self, number: int, *, by: str, force: bool = False) -> str:
        sha = self._sha()
        self.state.push(number, sha, by=by)
        return sha

    def review(self, number: int, *, by: str, state: ReviewState = "approved") -> int:
        return self.state.review(number, by=by, state=state)

    def dismiss(self, number: int, review_id: int) -> None:
        self.state.dismiss(number, review_id)

    def retarget(self, number: int, base: str) -> None:
        self.state.retarget(number, base)

    def merge(self, number: int) -> str:
        sha = self._sha()
        self.state.merge(number, sha)
        return sha

    def close(self, number: int) -> None:
        self.state.close(number)

    def comment(self, number: int, *, by: str, body: str) -> None:
        self.state.add_comment(number, by=by, body=body)

    def comments(self, number: int) -> list[tuple[str, str]]:
        return [(each.author, each.body) for each in self.state.comments_of(number)]

    def issue(self, number: int) -> tuple[str, bool, set[str]]:
        found = self.state.issues[number]
        return found.title, found.is_open, set(found.labels)

    def statuses(self, sha: str) -> dict[str, tuple[str, str]]:
        return {context: (state, text) for (commit, context), (state, text, _url) in self.state.statuses.items() if commit == sha}

    def _sha(self) -> str:
        return hashlib.sha1(str(next(self._shas)).encode(), usedforsecurity=False).hexdigest()


def github_bench(github: StandInGitHub) -> StateBench:
    """Return the bench of a stand-in for GitHub."""
    return StateBench(github.state, opened("github", github.url, github.state.repository, "ghs_" + "a1" * 18))


def opened(kind: str, url: str, repository: str, token: str) -> Forge:
    """Return our client of a forge."""
    settings = ForgeSettings(kind="gitea" if kind == "gitea" else "github", url=url, repository=repository)
    variables = {"GOLDENPATH_FORGE_TOKEN": token}
    return open_forge(ForgeOptions(settings=settings, clock=SystemClock(), entropy=SystemEntropy(), variables=variables))


class GiteaBench:
    """A new repository on a real Gitea, in an organisation that the run's tests share."""

    _numbers = itertools.count(1)

    def __init__(self, gitea: Gitea, folder: Path) -> None:
        self.gitea = gitea
        self.repository = f"{ORGANISATION}/platform{next(self._numbers)}"
        self._folder = folder
        self._names: dict[int, str] = {}
        self._clones: dict[tuple[str, str], GitRepo] = {}
        self._files = itertools.count(1)
        self._found()
        self.forge = opened("gitea", gitea.api, self.repository, gitea.account(OURS).token)

    def branch(self, name: str) -> str:
        return self._commit(self._clone(REQUESTER, self.repository), name, self.repository, REQUESTER)

    def propose(self, name: str, *, by: str = REQUESTER, title: str = "Request", body: str = "", base: str = "main") -> int:
        self._commit(self._clone(by, self.repository), name, self.repository, by)
        made = self._ask(by, "POST", "/pulls", {"title": title, "head": name, "base": base, "body": body})
        self._names[made["number"]] = name
        return int(made["number"])

    def open_for(self, name: str, *, by: str) -> int:
        return int(self._ask(by, "POST", "/pulls", {"title": "Request", "head": name, "base": "main"})["number"])

    def propose_from_fork(self, name: str, *, by: str) -> int:
        fork = self._ask(by, "POST", "/forks", {})["full_name"]
        self._commit(self._clone(by, fork), name, fork, by)
        made = self._ask(by, "POST", "/pulls", {"title": "Request", "head": f"{by}:{name}", "base": "main", "body": ""})
        return int(made["number"])

    def push(self, number: int, *, by: str, force: bool = False) -> str:
        clone, name = self._clone(by, self.repository), self._names[number]
        clone.git("checkout", "-q", "-B", name, f"origin/{name}")
        if force:
            clone.git("reset", "-q", "--hard", "origin/main")
        return self._pushed(clone, name, by, "--force")

    def review(self, number: int, *, by: str, state: ReviewState = "approved") -> int:
        head = self._ask(by, "GET", f"/pulls/{number}")["head"]["sha"]
        body = {"event": _EVENTS[state], "body": "looked at it", "commit_id": head}
        return int(self._ask(by, "POST", f"/pulls/{number}/reviews", body)["id"])

    def dismiss(self, number: int, review_id: int) -> None:
        self._ask(ADMIN, "POST", f"/pulls/{number}/reviews/{review_id}/dismissals", {"message": "no"})

    def retarget(self, number: int, base: str) -> None:
        self._ask(REQUESTER, "PATCH", f"/pulls/{number}", {"base": base})
        time.sleep(1.1)  # times are whole seconds there

    def merge(self, number: int, *, how: str = "merge", by: str = ADMIN) -> str:
        for _ in range(50):
            try:
                self._ask(by, "POST", f"/pulls/{number}/merge", {"Do": how})
                break
            except Refused as error:  # whether it can be merged is computed aside
                if error.status != 405:
                    raise
                time.sleep(0.1)
        return str(self._ask(by, "GET", f"/pulls/{number}")["merge_commit_sha"])

    def close(self, number: int) -> None:
        self._ask(REQUESTER, "PATCH", f"/pulls/{number}", {"state": "closed"})

    def comment(self, number: int, *, by: str, body: str) -> None:
        self._ask(by, "POST", f"/issues/{number}/comments", {"body": body})

    def comments(self, number: int) -> list[tuple[str, str]]:
        return [(each["user"]["login"], each["body"]) for each in self._ask(ADMIN, "GET", f"/issues/{number}/comments")]

    def issue(self, number: int) -> tuple[str, bool, set[str]]:
        found = self._ask(ADMIN, "GET", f"/issues/{number}")
        return found["title"], found["state"] == "open", {label["name"] for label in found["labels"]}

    def statuses(self, sha: str) -> dict[str, tuple[str, str]]:
        found = self._ask(ADMIN, "GET", f"/commits/{sha}/status")["statuses"]
        return {each["context"]: (each["status"], each["description"]) for each in found}

    def _ask(self, by: str, method: str, path: str, body: Any = None) -> Any:
        return self.gitea.ask(by, method, f"/repos/{self.repository}{path}", body)

    def _found(self) -> None:
        if ORGANISATION not in self.gitea.organisations:
            self._found_organisation()
        name = self.repository.partition("/")[2]
        self.gitea.ask(ADMIN, "POST", f"/orgs/{ORGANISATION}/repos", {"name": name, "auto_init": True, "default_branch": "main"})
        for login in (REQUESTER, *REVIEWERS):
            self._ask(ADMIN, "PUT", f"/collaborators/{login}", {"permission": "write"})

    def _found_organisation(self) -> None:
        ask = self.gitea.ask
        ask(ADMIN, "POST", "/orgs", {"username": ORGANISATION})
        for login in (*PEOPLE, OURS):
            self.gitea.account(login)
        units = {"repo.code": "read"}
        team = {"name": TEAM, "permission": "read", "units": [*units], "units_map": units}
        number = ask(ADMIN, "POST", f"/orgs/{ORGANISATION}/teams", team)["id"]
        for login in REVIEWERS:
            ask(ADMIN, "PUT", f"/teams/{number}/members/{login}")
        owners = next(each["id"] for each in ask(ADMIN, "GET", f"/orgs/{ORGANISATION}/teams") if each["name"] == "Owners")
        ask(ADMIN, "PUT", f"/teams/{owners}/members/{OURS}")
        self.gitea.organisations.add(ORGANISATION)

    def _clone(self, by: str, repository: str) -> GitRepo:
        key = (by, repository)
        if key not in self._clones:
            self._clones[key] = GitRepo.clone(self.gitea.remote(by, repository), self._folder / f"clone-{len(self._clones)}")
        else:
            self._clones[key].git("fetch", "-q", "origin")
        return self._clones[key]

    def _commit(self, clone: GitRepo, name: str, repository: str, by: str) -> str:
        clone.git("checkout", "-q", "-B", name, "origin/main")
        return self._pushed(clone, name, by)

    def _pushed(self, clone: GitRepo, name: str, by: str, *options: str) -> str:
        account = self.gitea.account(by)
        sha = clone.commit("Change", {f"file-{next(self._files)}": by}, author=(by, account.email), time=int(time.time()))
        clone.git("push", "-q", *options, "origin", f"HEAD:refs/heads/{name}")
        return sha
