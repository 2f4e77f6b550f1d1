"""A platform repository whose approvals are reviews on a forge, and the services that judge it: real git, the in-memory forge."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

from tests.builders import FakeClock, request_tree
from tests.forge_fake import FakeForge
from tests.gitrepo import START, GitRepo

from goldenpath.app.check import CheckResult, check_change
from goldenpath.app.reviewed import require_reviewed
from goldenpath.app.services import Services
from goldenpath.errors import NotFound
from goldenpath.intent.enums import DEFAULT_ENUMS
from goldenpath.model.forge import ReviewState
from goldenpath.model.forge_settings import ForgeSettings
from goldenpath.policy.defaults import DEFAULT_POLICY
from goldenpath.providers.git.notes import GitApprovalNotes
from goldenpath.providers.git.reader import GitReader
from goldenpath.providers.system import SystemEntropy

DANA: Final = ("Dana Dee", "dana@example.com")
PAT: Final = ("Pat Poe", "pat@example.com")
URL: Final = "https://forge.example/api/v1"
REPOSITORY: Final = "acme/platform"
PATH: Final = "catalogs/secrets/payments/dev/SEC-0007.yaml"

PEOPLE: Final[tuple[dict[str, Any], ...]] = (
    {"id": "dana", "emails": ["dana@example.com"], "logins": {"gitea": "dana-dev"}, "roles": ["platform"], "owners": ["app-team"]},
    {"id": "pat", "emails": ["pat@example.com"], "logins": {"gitea": "pat-ops"}, "roles": ["platform"]},
    {"id": "sam", "emails": ["sam@example.com"], "logins": {"gitea": "sam-sec", "gitea-id": "4711"}, "roles": ["security", "platform"]},
    {"id": "lee", "emails": ["lee@example.com"], "roles": ["platform"]},
    {"id": "robot", "logins": {"gitea": "renovate[bot]"}, "roles": ["platform"]},
)


def founding(*, source: str = "reviews", people: tuple[dict[str, Any], ...] = PEOPLE, **forge: str) -> Mapping[str, str | bytes | None]:
    """The files of a platform that counts reviews."""
    place = {"kind": "gitea", "url": URL, "repository": REPOSITORY, **forge}
    head = {"apiVersion": "goldenpath.io/v1"}
    return {
        "goldenpath.yaml": json.dumps({**head, "kind": "Platform", "approvals": {"source": source}, "forge": place}),
        "governance/approvers.yaml": json.dumps({**head, "kind": "Approvers", "people": list(people)}),
        "governance/policy.yaml": DEFAULT_POLICY,
        "schemas/metadata/enums.yaml": DEFAULT_ENUMS,
    }


def request_text(over: Mapping[str, Any] | None = None) -> str:
    """The request of the seeds as a file; it needs the platform's approval."""
    return json.dumps(request_tree(over))


class Facts:
    """A journal that only remembers."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def remember(self, key: str, value: str) -> None:
        self.kept[key] = value

    def recall(self, key: str) -> str:
        return self.kept.get(key, "")


@dataclass
class Brought:
    """Which pull requests' objects were asked for; ``lost`` ones cannot be had."""

    asked: list[tuple[int, str]] = field(default_factory=list)
    lost: set[int] = field(default_factory=set)

    def bring(self, number: int, commit: str) -> None:
        self.asked.append((number, commit))
        if number in self.lost:
            raise NotFound("git.ref-missing", "gone", subject=f"#{number}")


class ReviewDesk:
    """What a test says of people: who proposes, reviews and merges what.

    Args:
        folder: Where the repository is made.
        source: ``approvals.source`` of the platform.
    """

    def __init__(self, folder: Path, *, source: str = "reviews", **founded: Any) -> None:
        self.repo = GitRepo(folder)
        self.founded = self.repo.commit("Found", founding(source=source, **founded), author=PAT)
        self.forge = FakeForge(clock=FakeClock(datetime.fromtimestamp(START + 600, UTC)))
        self.facts = Facts()
        self.brought = Brought()
        self.opened: list[ForgeSettings] = []
        self.services = cast(
            "Services",
            SimpleNamespace(
                repository=lambda: GitReader(folder),
                notes=lambda: GitApprovalNotes(folder, clock=self.forge.clock, entropy=SystemEntropy()),
                journal=lambda: self.facts,
                clock=SimpleNamespace(now=lambda: datetime(2026, 6, 1, tzinfo=UTC)),
                index_file=lambda: None,
                forge=self._forge,
                pull_request_objects=lambda: self.brought,
            ),
        )

    def propose(
        self,
        files: Mapping[str, str | bytes | None] | None = None,
        *,
        by: str = "dana-dev",
        author: tuple[str, str] = DANA,
        branch: str = "request",
        **options: Any,
    ) -> int:
        """Commit a request (or ``files``) on a branch, and open a pull request for it."""
        if self.repo.git("branch", "--list", branch):
            self.repo.switch(branch)
        else:
            self.repo.branch(branch, "main")
        head = self.repo.commit("Ask", files or {PATH: request_text()}, author=author)
        self.repo.switch("main")
        return self.forge.propose(head, by=by, head_ref=branch, **options)

    def review(self, number: int, by: str = "pat-ops", state: ReviewState = "approved", **fields: Any) -> int:
        """Somebody reviews."""
        return self.forge.review(number, by=by, state=state, **fields)

    def merge(self, number: int, *, how: str = "merge") -> str:
        """Merge the branch as the forge does, and return what the protected branch got."""
        found = self.forge.pull_requests[number]
        self.repo.switch("main")
        if how == "merge":
            commit = self.repo.merge(found.head_ref, author=("Forge", "noreply@forge.example"))
        elif how == "squash":
            self.repo.git("merge", "-q", "--squash", found.head_ref)
            commit = self.repo.commit("Squashed", author=DANA)
        else:
            who = {f"GIT_COMMITTER_{part}": "noreply@forge.example" for part in ("NAME", "EMAIL")}
            self.repo.git("cherry-pick", f"main..{found.head_ref}", env=who)
            commit = self.repo.head()
        self.forge.merge(number, commit)
        return commit

    def check(self, head: str = "request") -> CheckResult:
        """Judge a branch as ``policy check`` does."""
        return check_change(self.services, base="main", head=head)

    def codes(self, head: str = "request") -> list[str]:
        """Return why approvals do not count; the check must not be approved."""
        result = self.check(head)
        assert not result.is_approved
        return sorted(each.code for each in result.approvals.rejected)

    def verified(self) -> str:
        """Return how far the protected branch is reviewed, all of it good, as ``apply`` asks; raises otherwise."""
        return require_reviewed(self.services, self.repo.head("main")).verified_to

    def _forge(self, settings: ForgeSettings) -> FakeForge:
        self.opened.append(settings)
        return self.forge
