"""Where trust starts and how far it reaches, over real repositories: foundings, joined histories, forgotten commits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from tests.gitrepo import GitRepo

from goldenpath.app.reviewed import VERIFIED, require_reviewed, review
from goldenpath.app.services import Services
from goldenpath.errors import Conflict, GoldenpathError, Misconfigured
from goldenpath.intent.enums import DEFAULT_ENUMS
from goldenpath.policy.defaults import DEFAULT_POLICY
from goldenpath.providers.git.reader import GitReader

FOUNDING: Mapping[str, str | bytes | None] = {
    "goldenpath.yaml": "apiVersion: goldenpath.io/v1\nkind: Platform\n",
    "governance/approvers.yaml": "apiVersion: goldenpath.io/v1\nkind: Approvers\n",
    "governance/policy.yaml": DEFAULT_POLICY,
    "schemas/metadata/enums.yaml": DEFAULT_ENUMS,
}


class Facts:
    """A journal that only remembers."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def remember(self, key: str, value: str) -> None:
        self.kept[key] = value

    def recall(self, key: str) -> str:
        return self.kept.get(key, "")


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    made = GitRepo(tmp_path / "platform")
    made.commit("Start", {"README.md": "x\n"})
    return made


@pytest.fixture
def facts() -> Facts:
    return Facts()


def services(repo: GitRepo, facts: Facts) -> Services:
    """The members that a review uses; no note counts, so nothing that needs an approval is good."""
    return cast(
        "Services",
        SimpleNamespace(
            repository=lambda: GitReader(repo.path),
            notes=lambda: SimpleNamespace(list_signed=lambda _commit: (), annotated_commits=lambda: ()),
            journal=lambda: facts,
            clock=SimpleNamespace(now=lambda: datetime(2026, 6, 1, tzinfo=UTC)),
        ),
    )


def forged(repo: GitRepo, tree: str, *parents: str) -> str:
    options = [part for parent in parents for part in ("-p", parent)]
    who = {f"GIT_{role}_{part}": "mallory@example.com" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    return repo.git("commit-tree", f"{tree}^{{tree}}", *options, "-m", "Merge", env=who)


def test_without_a_founding_nothing_is_trusted(repo: GitRepo, facts: Facts) -> None:
    with pytest.raises(Misconfigured) as caught:
        review(services(repo, facts), repo.head())
    assert caught.value.code == "platform.not-founded"


def test_trust_starts_at_the_first_commit_that_holds_everything(repo: GitRepo, facts: Facts) -> None:
    repo.commit("Found", FOUNDING)
    last = repo.commit("Talk", {"README.md": "y\n"})
    assert require_reviewed(services(repo, facts), last).verified_to == last
    assert facts.kept == {VERIFIED: last}


def test_a_branch_stacked_on_the_founding_one_is_no_second_founding(repo: GitRepo, facts: Facts) -> None:
    repo.branch("found")
    repo.commit("Found", FOUNDING)
    repo.branch("stacked")
    repo.commit("More", {"docs.md": "x\n"})
    repo.switch("main")
    repo.merge("found")
    last = repo.merge("stacked")
    assert require_reviewed(services(repo, facts), last).verified_to == last


def test_a_branch_from_before_the_founding_is_no_second_founding(repo: GitRepo, facts: Facts) -> None:
    repo.branch("early")
    repo.commit("More", {"docs.md": "x\n"})
    repo.switch("main")
    repo.commit("Found", FOUNDING)
    last = repo.merge("early")
    assert require_reviewed(services(repo, facts), last).verified_to == last


@pytest.mark.parametrize("is_related", [False, True], ids=["unrelated", "from-before-the-founding"])
def test_another_founding_put_first_is_refused(repo: GitRepo, facts: Facts, is_related: bool) -> None:
    start = repo.head()
    honest = repo.commit("Found", FOUNDING)
    usurper = forged(repo, honest, *([start] if is_related else []))
    with pytest.raises(Conflict) as caught:
        review(services(repo, facts), forged(repo, usurper, usurper, honest))
    assert caught.value.code == "platform.two-foundings"


@pytest.mark.parametrize("is_known", [True, False], ids=["still-in-the-clone", "never-seen"])
def test_a_branch_without_what_was_verified_is_refused(repo: GitRepo, facts: Facts, is_known: bool) -> None:
    founded = repo.commit("Found", FOUNDING)
    verified = repo.commit("Talk", {"README.md": "y\n"})
    facts.kept[VERIFIED] = verified if is_known else "f" * 40
    with pytest.raises(Conflict) as caught:
        review(services(repo, facts), forged(repo, founded, founded))
    assert caught.value.code == "history.rewritten"


def test_looking_at_an_older_commit_forgets_nothing(repo: GitRepo, facts: Facts) -> None:
    older = repo.commit("Found", FOUNDING)
    newer = repo.commit("Talk", {"README.md": "y\n"})
    platform = services(repo, facts)
    review(platform, newer)
    review(platform, older)
    assert facts.kept == {VERIFIED: newer}


def test_merging_a_lost_commit_back_heals_a_rewritten_branch(repo: GitRepo, facts: Facts) -> None:
    founded = repo.commit("Found", FOUNDING)
    facts.kept[VERIFIED] = repo.commit("Talk", {"README.md": "y\n"})
    rewritten = forged(repo, founded, founded)
    healed = forged(repo, founded, rewritten, facts.kept[VERIFIED])
    assert require_reviewed(services(repo, facts), healed).verified_to == healed


def test_what_cannot_be_read_is_named_when_nothing_heals_it(repo: GitRepo, facts: Facts) -> None:
    repo.commit("Found", FOUNDING)
    repo.remove("governance/policy.yaml")
    repo.link("governance/policy.yaml", "../README.md")
    linked = repo.commit("Link")
    with pytest.raises(GoldenpathError) as caught:
        require_reviewed(services(repo, facts), linked)
    assert caught.value.code == "git.not-a-file"
