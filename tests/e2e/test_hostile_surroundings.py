"""Refusals stay refusals, with their own code and exit code, whatever the folder, the streams and the words look like (R11, R15, R58, R59)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.world import SEC_0007, Run, World


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = World.make(tmp_path_factory.mktemp("base") / "world")
    made.approved_request()
    return made


@pytest.fixture
def world(base: World, tmp_path: Path) -> World:
    return base.copy(tmp_path / "world")


def process(world: World, *arguments: str | bytes, stderr: str = "", **variables: str) -> Run:
    """Run the command in a process of its own, as ``python -m goldenpath`` from the platform's folder."""
    command = [sys.executable, "-m", "goldenpath", *arguments]
    environment = {**world.environment("dana"), **variables}
    with Path(stderr or os.devnull).open("wb") as where:
        done = subprocess.run(
            command, cwd=world.platform, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=where, check=False
        )
    return Run(code=done.returncode, out=done.stdout.decode("utf-8", "replace"), err="")


def code_of(run: Run) -> str:
    return str(json.loads(run.out)["code"])


@pytest.mark.parametrize("folder", ["catalogs/secrets/payments/dev", ".github/workflows"])
@pytest.mark.parametrize("verb", [("policy", "check"), ("preview",)], ids=" ".join)
def test_a_file_name_that_is_not_utf_8_is_judged(world: World, folder: str, verb: tuple[str, ...]) -> None:
    world.git("dana", "switch", "--quiet", "--create", "odd")
    (world.platform / folder).mkdir(parents=True, exist_ok=True)
    Path(os.fsdecode(os.fsencode(world.platform / folder) + b"/SEC-\xff.yaml")).write_text("x: 1\n", encoding="utf-8")
    world.git("dana", "add", "--all")
    world.git("dana", "commit", "--quiet", "--message", "Odd")
    done = world.cli("dana", *verb, "--base", "main", "-o", "json")
    assert done.code == (2 if folder.startswith("catalogs") else 0), done
    assert "SEC-\\\\udcff.yaml" in done.out


def test_the_name_of_a_file_that_is_not_utf_8_is_part_of_what_is_approved(world: World) -> None:
    digests = []
    for name in (b"\xfe.yml", b"\xff.yml"):
        world.git("dana", "switch", "--quiet", "--create", f"odd-{name.hex()}", "main")
        folder = world.platform / ".github" / "workflows"
        folder.mkdir(parents=True, exist_ok=True)
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text("on: push\n", encoding="utf-8")
        world.git("dana", "add", "--all")
        world.git("dana", "commit", "--quiet", "--message", "Odd", "--date", "2026-01-01T00:00:00Z")
        digests.append(json.loads(world.cli("dana", "policy", "check", "--base", "main", "-o", "json").out)["change_digest"])
    assert digests[0] != digests[1]


def test_a_pull_request_brings_no_module_into_the_program(world: World) -> None:
    """CASE 34: what lies in the working tree is data, also for ``python -m``."""
    mark = world.root / "executed"
    for name in ("click", "msgspec", "yaml", "conftest", "sitecustomize", "goldenpath_plugin"):
        (world.platform / f"{name}.py").write_text(f"open({str(mark)!r}, 'w')\n", encoding="utf-8")
    done = process(world, "policy", "check", "--base", "main", "-o", "json")
    assert done.code == 0, done
    assert not mark.exists()


@pytest.mark.parametrize("seconds", ["nan", "NaN", "-nan", "inf", "Infinity", "1e308", "-1", "0", "1e-400"])
def test_a_time_limit_is_a_number(world: World, seconds: str) -> None:
    done = world.cli("dana", f"--timeout={seconds}", "-o", "json", "status")
    assert (done.code, code_of(done)) == (2, "cli.invalid-value"), done


@pytest.mark.parametrize("option", ["--name", "--service", "--owner", "--description", "--adr", "--namespace", "--requester", "--key"])
def test_a_word_that_is_not_utf_8_is_refused_by_the_contract(world: World, option: str) -> None:
    words: dict[str, str | bytes] = {"--service": "payments", "--name": "new", "--environment": "dev", "--owner": "app-team"}
    given = [part for pair in {**words, option: b"a\xffb"}.items() for part in pair]
    done = process(world, "request", "new", *given, "-o", "json")
    assert done.code == 2, done
    assert json.loads(done.out)["findings"][0]["rule"].startswith("intent.")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
def test_a_full_disk_below_stderr_changes_no_exit_code(world: World) -> None:
    assert process(world, "apply", "--nope", stderr="/dev/full").code == 2
    done = process(world, "apply", "--yes", "-o", "json", stderr="/dev/full")
    assert done.code == 0, done
    assert json.loads(done.out)["receipts"]


@pytest.mark.parametrize("number", ["99", "99999999999999999999", "1", "2", "-1", "x", "٣", "0x3"])
def test_a_descriptor_that_cannot_be_read_is_a_refusal(world: World, number: str) -> None:
    assert world.cli("pat", "apply", "--yes").code == 0
    done = world.cli("pat", "seed", "SEC-0007", "--fd", f"password={number}", "--generate", "username", "-o", "json")
    assert done.code == 2, done
    assert code_of(done) in {"value.descriptor-unreadable", "cli.invalid-value"}


def test_keys_that_are_not_declared_are_all_named_before_anything_is_asked(world: World) -> None:
    assert world.cli("pat", "apply", "--yes").code == 0
    done = world.cli("pat", "-o", "json", "seed", "SEC-0007", "--generate", "Password", "--stdin", "nokey", typed=b"x")
    assert (done.code, code_of(done)) == (2, "value.batch-refused"), done
    assert all(name in done.out for name in ("'Password'", "'nokey'"))


@pytest.mark.parametrize("verb", [("audit", "verify"), ("status",), ("get", "SEC-0007", "--reveal", "--key", "username")], ids=" ".join)
def test_an_installation_that_exists_makes_no_key_files(world: World, verb: tuple[str, ...]) -> None:
    """Looking must work where nothing can be made; and a marker beside the key is made once, not by every run."""
    assert world.cli("pat", "apply", "--yes").code == 0
    assert world.cli("pat", "seed", "SEC-0007", "--generate", "password", "--stdin", "username", typed=b"app").code == 0

    def no_drafts() -> None:
        from goldenpath.providers.local import files

        def refuse(path: Path, content: bytes) -> None:
            raise OSError(28, "No space left on device", str(path))

        files._write_draft = refuse

    done = world.cli("pat", *verb, before=no_drafts)
    assert done.code == 0, done


def test_the_branch_is_named_like_a_command(world: World) -> None:
    branch = "x$(touch${IFS}PWNED)`id`;&|'\""
    world.propose(branch, {"catalogs/secrets/payments/dev/SEC-0500.yaml": SEC_0007.replace("0007", "0500").replace("payments-db", "other")})
    assert world.cli("pat", "approve", "--head", branch).code == 0
    world.merge(branch)
    assert world.cli("pat", "apply", "--yes").code == 0
    assert not list(world.root.rglob("PWNED"))
