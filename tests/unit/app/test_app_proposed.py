"""What a change does to the steering files, and where findings point, over real repositories."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import yaml
from tests.builders import request_tree
from tests.gitrepo import GitRepo

from goldenpath.app.change import read_change
from goldenpath.app.places import with_places
from goldenpath.app.proposed import proposed_faults
from goldenpath.app.revision import read_governance
from goldenpath.intent.enums import DEFAULT_ENUMS
from goldenpath.model.finding import Finding
from goldenpath.policy.defaults import DEFAULT_POLICY
from goldenpath.providers.git.reader import GitReader

APPROVERS = "apiVersion: goldenpath.io/v1\nkind: Approvers\n"
SETTINGS = "apiVersion: goldenpath.io/v1\nkind: Platform\n"
FILE = "catalogs/secrets/payments/dev/SEC-0007.yaml"


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    made = GitRepo(tmp_path / "platform")
    files: dict[str, str | bytes] = {
        "goldenpath.yaml": SETTINGS,
        "governance/policy.yaml": DEFAULT_POLICY,
        "governance/approvers.yaml": APPROVERS,
        "schemas/metadata/enums.yaml": DEFAULT_ENUMS,
        FILE: yaml.safe_dump(request_tree(), sort_keys=False),
    }
    made.commit("Start", files)
    made.branch("feature")
    return made


def faults(repo: GitRepo) -> list[tuple[str, str]]:
    reader = GitReader(repo.path)
    governance = read_governance(reader, repo.head("main"))
    change = read_change(reader, governance, base=repo.head("main"), head=repo.head()).change
    return [(finding.file, finding.level) for finding in proposed_faults(reader, governance, change)]


BROKEN = [
    ("goldenpath.yaml", SETTINGS + "enviroments: {}\n"),
    ("governance/policy.yaml", "kind: Policy\n"),
    ("governance/policy.yaml", "{"),
    ("governance/approvers.yaml", APPROVERS + "people: alice\n"),
    ("governance/tombstones.yaml", "- SEC-0001\n"),
    ("schemas/metadata/enums.yaml", "owners: []\n"),
]


@pytest.mark.parametrize(("path", "text"), BROKEN)
def test_steering_file_that_could_not_be_read_after_the_merge_is_refused_before_it(repo: GitRepo, path: str, text: str) -> None:
    repo.commit("Break", {path: text})
    assert set(faults(repo)) == {(path, "block")}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("goldenpath.yaml", SETTINGS + "naming: {prefix: acme}\n"),
        ("governance/policy.yaml", None),
        (".github/x.yaml", "{"),
        ("README.md", "x"),
    ],
)
def test_readable_deleted_and_foreign_files_have_no_faults(repo: GitRepo, path: str, text: str | None) -> None:
    repo.commit("Change", {path: text})
    assert faults(repo) == []


def test_findings_point_at_their_line(repo: GitRepo) -> None:
    reader = GitReader(repo.path)
    text = repo.show(FILE).decode().splitlines()
    tier = Finding(rule="policy.tier-floor", level="warn", message="m", file=FILE, field="spec.risk.tier")
    absent = msgspec.structs.replace(tier, field="spec.renewedOn")
    placed, near = with_places(reader, repo.head(), [tier, absent])[::-1]
    assert "tier:" in text[placed.line - 1]
    assert placed.column > 1
    assert 1 <= near.line <= len(text)


def test_findings_without_a_file_at_the_head_stay_as_they_are(repo: GitRepo) -> None:
    repo.link("catalogs/link.yaml", "policy.yaml")
    repo.commit("Link")
    findings = (
        Finding(rule="policy.mixed-environments", level="info", message="m"),
        Finding(rule="policy.file-deletion", level="block", message="m", file="catalogs/gone.yaml"),
        Finding(rule="intent.link", level="block", message="m", file="catalogs/link.yaml"),
        Finding(rule="intent.type", level="block", message="m", file=FILE, line=3, column=4),
    )
    assert set(with_places(GitReader(repo.path), repo.head(), findings)) == set(findings)
