"""The index says what reading the whole catalog says, after any walk over commits, and is never trusted when damaged (P3)."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.intent.samples import codes, request_text, sample, shipped_enums
from tests.unit.intent.stand_in_repository import StandInRepository

from goldenpath.intent.catalog import CatalogEntry, read_catalog
from goldenpath.intent.contract import load
from goldenpath.intent.index import CatalogView
from goldenpath.model.finding import Finding
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import EnvironmentSettings, Settings
from goldenpath.model.tombstones import Tombstone, Tombstones

ENUMS = shipped_enums()
DEV = "catalogs/secrets/payments/dev"
SIDE = "apiVersion: goldenpath.io/v1\nkind: SecretRequestMetadata\nmetadata:\n  id: {}\n  owner: {}\n"


def view(
    git: StandInRepository, commit: str, cache: Path | None, *, settings: Settings | None = None, stones: Tombstones | None = None
) -> CatalogView:
    return CatalogView(git.reader, commit, settings=settings or Settings(), enums=ENUMS, tombstones=stones or Tombstones(), cache=cache)


def comparable(findings: tuple[Finding, ...]) -> list[Finding]:
    return [finding for finding in findings if finding.rule != "intent.case-collision"]


def random_files(rng: random.Random) -> dict[str, str | bytes | tuple[str, bytes]]:
    files: dict[str, str | bytes | tuple[str, bytes]] = {}
    for _ in range(rng.randrange(12)):
        stem = f"SEC-{rng.randrange(1, 9):04d}"
        choices: list[tuple[str, str | tuple[str, bytes]]] = [
            (f"{DEV}/{stem}.yaml", request_text(stem)),
            (f"{DEV}/{stem}.yaml", request_text(stem, name=f"same-{rng.randrange(3)}")),
            (f"{DEV}/{stem}.yaml", sample(tier="no")),
            (f"{DEV}/{stem}.yaml", ("120000", b"SEC-0001.yaml")),
            (f"{DEV}/{stem}.metadata.yaml", SIDE.format(stem, rng.choice(["app-team", "sre-team"]))),
            (f"{DEV}/{stem}.yml", "x"),
            (f"docs/catalogs/secrets/{stem}.yaml", "x"),
            (f"catalogs/secrets/search/prod/{stem}.yaml", request_text(stem, service="search", environment="prod")),
            ("catalogs/secretsx/SEC-0001.yaml", "x"),
        ]
        path, content = rng.choice(choices)
        files[path] = content
    return files


@pytest.mark.parametrize("seed", range(12))
def test_any_walk_over_commits_says_what_the_whole_catalog_says(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)  # noqa: S311 - a walk to repeat, not a secret
    git, cache = StandInRepository(), tmp_path / "index"
    commits = [git.commit(random_files(rng)) for _ in range(6)]
    stones = Tombstones(tombstones=(Tombstone(id="SEC-0003", provider="local", path="x", decommissioned_on="2026-01-01"),))
    for commit in rng.choices(commits, k=10):
        whole = read_catalog(git.reader, commit, settings=Settings(), enums=ENUMS, tombstones=stones)
        with view(git, commit, cache, stones=stones) as found:
            assert comparable(found.findings()) == comparable(whole.findings)
            assert set(found.all_ids()) >= {entry.request.id for entry in whole.entries}
            for entry in whole.entries:
                same = found.entry(entry.request.id)
                assert same is not None
                assert same.request.id == entry.request.id


def many(count: int) -> dict[str, str | bytes | tuple[str, bytes]]:
    return {f"{DEV}/SEC-{number:04d}.yaml": request_text(f"SEC-{number:04d}") for number in range(1, count + 1)}


def test_the_second_run_reads_only_what_changed(tmp_path: Path) -> None:
    git, cache = StandInRepository(), tmp_path / "index"
    base = git.commit(many(50))
    head = git.commit({**many(50), f"{DEV}/SEC-0051.yaml": request_text("SEC-0051", name="db-0007")})
    view(git, base, cache).close()
    git.read.clear()
    git.listed = 0
    with view(git, head, cache) as found:
        assert codes(found.findings()) == ["intent.duplicate-external-secret", "intent.duplicate-store-path", "intent.duplicate-target"] * 2
    assert git.listed == 0
    assert len(git.read) <= 12


def entry_of(text: str, path: str) -> CatalogEntry:
    request = load(text.encode(), SecretRequest, file=path).value
    assert request is not None
    return CatalogEntry(request, path, "")


def test_a_change_is_held_against_the_whole_catalog(tmp_path: Path) -> None:
    git = StandInRepository()
    path = f"{DEV}/SEC-0302.yaml"
    text = request_text("SEC-0302", name="db-0007")
    with view(git, git.commit(many(20)), tmp_path / "index") as found:
        clashes = found.conflicts([entry_of(text, path)], fetch=lambda _path: text.encode())
        assert {finding.rule for finding in clashes} == {
            "intent.duplicate-store-path",
            "intent.duplicate-target",
            "intent.duplicate-external-secret",
        }
        assert {(finding.file, finding.related) for finding in clashes} == {(path, (f"{DEV}/SEC-0007.yaml",))}
        assert all(finding.line for finding in clashes)
        assert found.conflicts([entry_of(text, path)], without=[f"{DEV}/SEC-0007.yaml"]) == ()
        assert found.conflicts([entry_of(request_text("SEC-0007"), f"{DEV}/SEC-0007.yaml")]) == ()
        pair = [
            entry_of(request_text("SEC-0400", name="x"), f"{DEV}/SEC-0400.yaml"),
            entry_of(request_text("SEC-0401", name="x"), f"{DEV}/SEC-0401.yaml"),
        ]
        assert {finding.file for finding in found.conflicts(pair)} == {f"{DEV}/SEC-0400.yaml", f"{DEV}/SEC-0401.yaml"}


def test_ids_and_entries(tmp_path: Path) -> None:
    git = StandInRepository()
    with view(git, git.commit(many(3)), tmp_path / "index") as found:
        assert found.all_ids() == ("SEC-0001", "SEC-0002", "SEC-0003")
        entry = found.entry("SEC-0002")
        assert entry is not None
        assert (entry.path, entry.request.id) == (f"{DEV}/SEC-0002.yaml", "SEC-0002")
        assert found.entry("SEC-0009") is None


DAMAGE: dict[str, Callable[[Path], object]] = {
    "garbage": lambda path: path.write_bytes(b"garbage" * 500),
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "overwritten inside": lambda path: path.write_bytes(path.read_bytes()[:4096] + b"\xff" * (path.stat().st_size - 4096)),
    "missing": lambda path: path.unlink(),
    "no tables": lambda path: _sql(path, "DROP TABLE claim"),
    "unreadable findings": lambda path: _sql(path, "UPDATE file SET findings = x'ff'"),
    "of another version": lambda path: _sql(path, "PRAGMA user_version = 99"),
    "rows gone": lambda path: _sql(path, "DELETE FROM meta"),
}


def _sql(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_index_is_built_again(how: str, tmp_path: Path) -> None:
    git, cache = StandInRepository(), tmp_path / "index"
    commit = git.commit({**many(30), f"{DEV}/SEC-0031.yaml": request_text("SEC-0031", name="db-0007")})
    view(git, commit, cache).close()
    DAMAGE[how](cache)
    with view(git, commit, cache) as found:
        assert len(found.findings()) == 6
        assert len(found.all_ids()) == 31


def test_other_rules_build_another_index(tmp_path: Path) -> None:
    git, cache = StandInRepository(), tmp_path / "index"
    commit = git.commit(
        {**many(1), "catalogs/secrets/payments/test/SEC-0002.yaml": request_text("SEC-0002", environment="test", k8sSecretName="db-0001")}
    )
    with view(git, commit, cache) as found:
        assert found.findings() == ()
    shared = Settings(environments={name: EnvironmentSettings(cluster="one") for name in ("dev", "test")})
    with view(git, commit, cache, settings=shared) as found:
        assert codes(found.findings()) == ["intent.duplicate-target"] * 2


def test_new_tombstones_hold_without_building_again(tmp_path: Path) -> None:
    git, cache = StandInRepository(), tmp_path / "index"
    commit = git.commit(many(5))
    view(git, commit, cache).close()
    git.read.clear()
    stones = Tombstones(
        tombstones=(
            Tombstone(
                id="SEC-0099", provider="aws-secrets-manager", path="goldenpath/payments/dev/db-0004", decommissioned_on="2026-01-01"
            ),
        )
    )
    with view(git, commit, cache, stones=stones) as found:
        assert [(finding.rule, finding.subject) for finding in found.findings()] == [("intent.tombstoned-path", "SEC-0004")]
    assert len(git.read) <= 2


def test_a_commit_that_is_gone_builds_again(tmp_path: Path) -> None:
    git, cache = StandInRepository(), tmp_path / "index"
    first, second = git.commit(many(2)), git.commit(many(3))
    view(git, first, cache).close()
    git.forget(first)
    with view(git, second, cache) as found:
        assert len(found.all_ids()) == 3


def test_a_locked_or_unwritable_index_is_replaced_by_memory(tmp_path: Path) -> None:
    git = StandInRepository()
    commit = git.commit(many(2))
    folder = tmp_path / "folder"
    folder.mkdir()
    with view(git, commit, folder) as found:
        assert len(found.all_ids()) == 2
    with view(git, commit, None) as found:
        assert len(found.all_ids()) == 2
    assert folder.is_dir()


def test_the_index_is_private(tmp_path: Path) -> None:
    git, cache = StandInRepository(), tmp_path / "state" / "index"
    view(git, git.commit(many(1)), cache).close()
    assert cache.parent.stat().st_mode & 0o777 == 0o700
