"""What people read: tables and pages in every form of terminal, and endings that claim no more than was seen."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

import pytest
from tests.e2e.world import World

from goldenpath.app.preview import FileChange
from goldenpath.cli.preview_page import diff_lines
from goldenpath.cli.root import run


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World.make(tmp_path / "world")
    world.approved_request()
    assert world.cli("pat", "apply", "--environment", "dev", "--yes").code == 0
    assert world.cli("pat", "seed", "SEC-0007", "--generate", "username", "--generate", "password").code == 0
    return world


def test_a_trace_claims_nothing_about_what_it_could_not_see(world: World) -> None:
    assert world.cli("pat", "trace", "SEC-0007", "--exit-code").code == 0
    shutil.rmtree(world.gitops)
    unseen = world.cli("pat", "trace", "SEC-0007", "--exit-code")
    assert unseen.code == 4
    assert "arrived: manifest cannot be looked at (goldenpath doctor)" in unseen.out
    assert world.cli("pat", "trace", "SEC-0007").code == 0, "the exit code says it only when asked"


@pytest.mark.parametrize("command", [("status",), ("trace", "SEC-0007"), ("get", "SEC-0007"), ("doctor",), ("apply", "--dry-run")])
def test_markdown_of_any_verb_is_markdown(command: tuple[str, ...], world: World) -> None:
    lines = world.cli("pat", *command, "-o", "markdown").out.splitlines()
    assert (lines[0], lines[-1]) == ("```text", "```")


def test_the_preview_is_markdown_of_its_own(world: World) -> None:
    out = world.cli("pat", "preview", "--base", "main^", "--head", "main", "-o", "markdown").out
    assert not out.startswith("```")
    assert out.startswith("### ")


def test_metadata_stands_under_its_headings(world: World) -> None:
    assert world.cli("pat", "get", "SEC-0007").out.split()[:2] == ["FIELD", "VALUE"]


def test_signs_fit_a_terminal_without_unicode(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", ascii_only)
    assert run(["-C", str(world.platform), "trace", "SEC-0007"]) == 0
    ascii_only.flush()
    shown = ascii_only.buffer.getvalue().decode("ascii")
    assert "\\u2713" not in shown
    assert "\n  + store " in shown


def test_a_lost_key_does_not_fill_the_screen(world: World) -> None:
    for _ in range(6):
        assert world.cli("pat", "get", "SEC-0007", "--reveal").code == 0
    segment = world.platform / ".goldenpath" / "audit" / "segment-00000001.ndjson"
    segment.write_text(segment.read_text().replace('"schema_version":1', '"schema_version":2'))
    run_ = world.cli("pat", "audit", "verify")
    count = json.loads(world.cli("pat", "audit", "verify", "-o", "json").out)["problem_count"]
    assert (run_.code, count > 20) == (1, True)
    assert f"... and {count - 20} more" in run_.out
    assert len(run_.out.splitlines()) < 30


def test_a_seed_without_a_source_names_the_sources(world: World) -> None:
    world.propose(
        "plain",
        {
            "catalogs/secrets/payments/dev/SEC-0300.yaml": (
                (world.platform / "catalogs/secrets/payments/dev/SEC-0007.yaml")
                .read_text()
                .partition("  keys:")[0]
                .replace("SEC-0007", "SEC-0300")
                .replace("payments-db", "payments-queue")
            )
        },
    )
    assert world.cli("pat", "approve", "--head", "plain").code == 0
    world.merge("plain")
    assert world.cli("pat", "apply", "--environment", "dev", "--yes").code == 0
    refused = world.cli("pat", "seed", "SEC-0300")
    assert (refused.code, "[value.batch-empty]" in refused.err) == (2, True), refused.err
    assert "goldenpath seed SEC-0300 --stdin KEY" in refused.err


@pytest.mark.parametrize(("command", "says_where"), [(("request", "new"), True), (("status",), False), (("apply",), False)])
def test_where_values_go_is_told_where_one_could_go(command: tuple[str, ...], says_where: bool, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command, "--zzz"]) == 2
    assert ("pipe them to stdin" in capsys.readouterr().err) is says_where


def test_a_hunk_of_a_changed_file_keeps_its_head() -> None:
    change = FileChange(path="x", before=b"a\nb\n", after=b"a\nc\n", waits=False)
    assert next(iter(diff_lines(change))) == "@@ -1,2 +1,2 @@"


def test_who_cannot_be_asked_is_told_to_look_first(world: World) -> None:
    refused = world.cli("pat", "seed", "SEC-0200", "--generate", "value")
    assert (refused.code, "--dry-run" in refused.err, "--yes" in refused.err) == (2, True, True), refused.err


def test_one_of_a_kind_is_not_called_many(world: World) -> None:
    preview = world.cli("pat", "preview", "--base", "main^", "--head", "main").out
    assert "  no cost: the embedded store is part of the platform\n" in preview
    assert "$" not in preview.partition("\nCost\n")[2]
    catalog = world.platform / "catalogs" / "secrets"
    others = [path.relative_to(world.platform).as_posix() for path in catalog.rglob("*.yaml") if path.stem != "SEC-0007"]
    world.propose("less", dict.fromkeys(others))
    world.merge("less")
    assert "\n1 request at " in world.cli("pat", "status").out
    assert world.cli("pat", "status").out.rstrip().endswith(" 0 orphans")
