"""``scan`` and ``redact`` over a platform with a real value: found in every form, shown in none, and nothing kept that tells it."""

from __future__ import annotations

import base64
import json
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.canary import hits_in, new_canary, scan_tree
from tests.e2e.world import Run, World

TOKEN = "ghp_" + "h7Kq2mZx9LpR4tVw8YbNc3Df6Gj1Ss5Ua0Ee"


@pytest.fixture(scope="module")
def canary() -> str:
    return new_canary("scanned")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, canary: str) -> World:
    """SEC-0007 applied, seeded and learned."""
    world = World.make(tmp_path_factory.mktemp("scan") / "world")
    world.approved_request()
    assert world.cli("pat", "apply", "--yes").code == 0
    batch = world.root / "batch.json"
    batch.write_text(json.dumps({"username": "payments_application", "password": canary}))
    batch.chmod(0o600)
    assert world.cli("pat", "seed", "SEC-0007", "--batch", str(batch)).code == 0
    batch.unlink()
    learned = world.cli("pat", "scan", "--update-index", "-o", "json")
    assert learned.code == 0, learned
    assert json.loads(learned.out)["left_out"] == {"SEC-0007 username": "a name, by its key"}
    return world


@pytest.fixture
def world(template: World, tmp_path: Path) -> World:
    return template.copy(tmp_path / "world")


def staged(world: World, path: str, text: str) -> Run:
    world.write(path, text)
    world.git("dana", "add", "--", path)
    return world.cli("dana", "scan", "--staged", "-o", "json")


def test_a_staged_value_is_told_by_place_and_never_shown(world: World, canary: str) -> None:
    run = staged(world, "app/config.yaml", f"a: 1\nb: {base64.b64encode(canary.encode()).decode()}\n")
    found = json.loads(run.out)["findings"]
    assert run.code == 1
    assert [(each["rule"], each["file"], each["line"], each["column"]) for each in found] == [
        ("scan.managed-value", "app/config.yaml", 2, 4)
    ]
    assert "SEC-0007 password" in found[0]["message"]
    assert hits_in((run.out + run.err).encode(), [canary]) == []


@pytest.mark.parametrize("form", ["table", "json", "sarif", "junit", "github", "markdown"])
def test_no_format_shows_a_match(world: World, canary: str, form: str) -> None:
    world.write("notes.txt", f"x {canary} y\n{TOKEN}\n")
    run = world.cli("dana", "scan", "notes.txt", "-o", form)
    assert run.code == 1
    assert "scan.known-token" in run.out
    assert hits_in((run.out + run.err).encode(), [canary, TOKEN]) == []


def test_a_branch_is_searched_by_what_it_adds(world: World, canary: str) -> None:
    world.propose("leak", {"notes.txt": f"{canary}\n"})
    world.propose("later", {"other.txt": "nothing\n"}, message="Unrelated")
    assert world.cli("dana", "scan", "--base", "main", "--head", "leak").code == 1
    assert world.cli("dana", "scan", "--base", "main", "--head", "later").code == 0


def test_a_value_in_a_file_name_is_found_and_not_shown(world: World) -> None:
    name = f"{TOKEN}.txt"
    run = staged(world, name, "x\n")
    assert run.code == 1
    assert hits_in((run.out + run.err).encode(), [TOKEN]) == []


def test_what_was_there_before_does_not_block_a_commit(world: World) -> None:
    world.propose("old", {"old.txt": f"{TOKEN}\n"})
    world.merge("old")
    assert staged(world, "old.txt", f"{TOKEN}\nharmless\n").code == 0
    assert staged(world, "old.txt", f"{TOKEN}\nharmless {TOKEN}\n").code == 1


def test_the_index_is_sealed_private_and_tells_nothing(world: World, canary: str) -> None:
    found = list(world.platform.rglob("leak-index.sealed"))
    assert len(found) == 1
    assert stat.S_IMODE(found[0].stat().st_mode) == 0o600
    assert scan_tree(world.root, [canary]) == []
    assert b"SEC-0007" not in found[0].read_bytes()
    assert world.git("pat", "status", "--porcelain") == ""


def test_prod_is_learned_only_by_name(world: World) -> None:
    for words, wanted in (((), False), (("-e", "prod"), True)):
        run = world.cli("pat", "scan", "--update-index", *words, "-o", "json")
        assert (run.code, "prod" in json.loads(run.out)["environments"]) == (0, wanted)


def test_learning_is_on_record(world: World) -> None:
    run = world.cli("pat", "audit", "tail", "--action", "secret.read", "-o", "json")
    assert "fingerprints for the leak check" in run.out


def test_a_damaged_or_foreign_index_is_refused_not_ignored(world: World) -> None:
    path = next(world.platform.rglob("leak-index.sealed"))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    for words in (("scan", "README.md"), ("redact",)):
        run = world.cli("dana", *words, typed=b"line\n")
        assert (run.code, "scan.index-unreadable" in run.err, run.out) == (2, True, "")


def test_without_an_index_known_tokens_are_found_and_it_is_said(world: World, canary: str) -> None:
    next(world.platform.rglob("leak-index.sealed")).unlink()
    world.write("notes.txt", f"{canary}\n{TOKEN}\n")
    run = world.cli("dana", "scan", "notes.txt", "-o", "json")
    assert [each["rule"] for each in json.loads(run.out)["findings"]] == ["scan.known-token"]
    assert json.loads(run.out)["has_index"] is False
    refused = world.cli("dana", "scan", "notes.txt", "--require-index")
    assert (refused.code, "scan.no-index" in refused.err) == (6, True)


@pytest.mark.parametrize("words", [("scan",), ("scan", "--staged", "--base", "main"), ("scan", "missing.txt"), ("scan", ".")])
def test_what_cannot_be_searched_is_refused(world: World, words: tuple[str, ...]) -> None:
    assert world.cli("dana", *words).code == 2


def test_everything_works_offline(world: World, canary: str) -> None:
    world.write("notes.txt", f"{canary}\n")
    assert world.cli("dana", "--offline", "scan", "notes.txt").code == 1
    assert world.cli("pat", "--offline", "scan", "--update-index").code == 2


def test_redact_hides_values_and_tokens_of_a_stream(world: World, canary: str) -> None:
    text = f"start\nvalue {canary} end\r\nhex {canary.encode().hex()}\n{TOKEN}\nlast without newline"
    run = world.cli("dana", "redact", typed=text.encode())
    assert (run.code, run.err) == (0, "")
    assert run.out.splitlines() == ["start", "value ******** end", "hex ********", "********", "last without newline"]


def test_the_hook_is_done_in_under_a_second(world: World) -> None:
    """Time of the processor: other work of the machine is not the hook's."""
    world.write("big.py", "x = 1  # an ordinary line of code, as long as they are\n" * 500)
    world.git("dana", "add", "--all")
    command = [str(Path(sys.executable).with_name("goldenpath")), "scan", "--staged"]
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            command, cwd=world.platform, env={**os.environ, **world.environment("dana")}, capture_output=True, check=False
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert done.returncode == 0, done.stderr
    assert min(times) < 1.0, times
