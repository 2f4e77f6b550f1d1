"""The verbs that belong to the frame: completion, config, doctor, explain."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.builders import FakeClock, FakeEntropy

from goldenpath.app.doctor import examine
from goldenpath.audit.file_log import FileAuditLog
from goldenpath.audit.keys import AuditKeys
from goldenpath.cli.root import VERBS, run
from goldenpath.errors import Misconfigured
from goldenpath.model.audit import Actor, AuditEvent
from goldenpath.model.codes import all_codes
from goldenpath.model.settings import AuditSettings, Settings
from goldenpath.ports.surroundings import Permissions

Capture = pytest.CaptureFixture[str]


def complete(line: str, cwd: Path, shell: str = "bash") -> list[str]:
    words = line.split(" ")
    environment = {**os.environ, "_GOLDENPATH_COMPLETE": f"{shell}_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run([sys.executable, "-m", "goldenpath"], env=environment, cwd=cwd, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return [entry.partition(",")[2] for entry in done.stdout.splitlines()]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_scripts_call_us_back(shell: str, capsys: Capture) -> None:
    assert run(["completion", shell]) == 0
    assert f"{shell}_complete" in capsys.readouterr().out


def test_the_bash_script_is_valid(capsys: Capture, tmp_path: Path) -> None:
    run(["completion", "bash"])
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0


def test_verbs_complete_without_loading_them(tmp_path: Path) -> None:
    assert complete("goldenpath ", tmp_path) == list(VERBS)
    assert complete("goldenpath ver", tmp_path) == ["version"]


def test_ids_complete_from_the_working_tree(tmp_path: Path) -> None:
    for name in ("SEC-0007.yaml", "SEC-0008.yaml", "SEC-0008.metadata.yaml", "notes.txt"):
        path = tmp_path / "catalogs" / "secrets" / "payments" / "dev" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert complete("goldenpath get ", tmp_path) == ["SEC-0007", "SEC-0008"]
    assert complete("goldenpath get SEC-0008", tmp_path) == ["SEC-0008"]


@pytest.mark.parametrize("flag", ["--env", "--profile"])
def test_environments_complete(flag: str, tmp_path: Path) -> None:
    assert complete(f"goldenpath {flag} ", tmp_path) == ["dev", "test", "staging", "prod", "ephemeral"]
    assert complete(f"goldenpath status {flag} st", tmp_path) == ["staging"]


def test_ids_complete_from_the_platform_that_config_names(tmp_path: Path) -> None:
    path = tmp_path / "platform" / "catalogs" / "secrets" / "SEC-0007.yaml"
    path.parent.mkdir(parents=True)
    path.touch()
    (tmp_path / "platform" / ".git").mkdir()
    (tmp_path / "platform" / "goldenpath.yaml").touch()
    assert complete("goldenpath --config platform/goldenpath.yaml get ", tmp_path) == ["SEC-0007"]


def test_codes_complete(tmp_path: Path) -> None:
    assert "cli.usage" in complete("goldenpath explain cli.", tmp_path)


@pytest.mark.parametrize("words", ["", "goldenpath 'unclosed", "other"])
def test_a_broken_line_completes_to_nothing_or_something_but_never_fails_loudly(words: str, tmp_path: Path) -> None:
    environment = {**os.environ, "_GOLDENPATH_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "1"}
    done = subprocess.run([sys.executable, "-m", "goldenpath"], env=environment, cwd=tmp_path, capture_output=True, check=False)
    assert done.stderr == b""


@pytest.mark.parametrize("code", ["cli.usage", "cli.internal"])
def test_explain_says_what_why_and_how(code: str, capsys: Capture) -> None:
    assert run(["explain", code]) == 0
    shown = capsys.readouterr().out
    assert all(part in shown for part in (code, "Why:", "Fix:"))


def test_explain_finds_the_nearest(capsys: Capture) -> None:
    assert run(["explain", "cli.unknown-optoin", "-o", "json"]) == 6
    assert "cli.unknown-option" in json.loads(capsys.readouterr().out)["hint"]


def test_explain_lists_every_code(capsys: Capture) -> None:
    run(["explain", "--json"])
    assert [entry["code"] for entry in json.loads(capsys.readouterr().out)["codes"]] == list(all_codes())


def test_config_show_names_each_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    (tmp_path / "goldenpath.yaml").write_text("apiVersion: goldenpath.io/v1\nkind: Platform\nnaming:\n  prefix: acme\n")
    below = tmp_path / "catalogs"
    below.mkdir()
    monkeypatch.setenv("GOLDENPATH_STATE_DIRECTORY", "elsewhere")
    monkeypatch.setenv("GOLDENPATH_OUTPUT", "json")
    assert run(["-C", str(below), "config", "show", "-q"]) == 0
    sources = {entry["name"]: (entry["value"], entry["source"]) for entry in json.loads(capsys.readouterr().out)["settings"]}
    assert sources["naming.prefix"] == ("acme", "goldenpath.yaml:4")
    assert sources["naming.parameterPrefix"][1] == "default"
    assert sources["state.directory"] == ("elsewhere", "GOLDENPATH_STATE_DIRECTORY")
    assert sources["command.output_format"] == ("json", "GOLDENPATH_OUTPUT")
    assert sources["command.is_quiet"] == (True, "flag")
    assert sources["command.timeout_seconds"] == (None, "default")


def test_config_show_can_leave_defaults_out(tmp_path: Path, capsys: Capture) -> None:
    assert run(["-C", str(tmp_path), "config", "show", "--changed", "--json"]) == 0
    assert {entry["source"] for entry in json.loads(capsys.readouterr().out)["settings"]} == {"flag"}


class FakeSurroundings:
    """A machine on which everything is right, until a test changes something."""

    def __init__(self) -> None:
        self.tools = {"git --version": "git version 2.39.5", "ssh-keygen -Y verify": "Too few arguments"}
        self.files: dict[Path, Permissions] = {}
        self.settings = {"user.signingkey": "key", "remote.origin.url": "url"}
        self.free = 10**12
        self.libyaml = True
        self.python = (3, 11, 7)

    def python_version(self) -> tuple[int, int, int]:
        return self.python

    def has_libyaml(self) -> bool:
        return self.libyaml

    def tool_output(self, command: Any) -> str | None:
        words = " ".join(command)
        if "check-ignore" in words:
            return ".goldenpath"
        if " log " in words:
            return self.tools.get("newest", "0")
        return self.tools.get(words)

    def permissions(self, path: Path) -> Permissions | None:
        return self.files.get(path)

    def entries(self, folder: Path) -> tuple[Path, ...]:
        return tuple(sorted(path for path in self.files if folder in path.parents))

    def free_bytes(self, path: Path) -> int:
        return self.free

    def git_setting(self, folder: Path, name: str) -> str:
        return self.settings.get(name, "")


def private(*, mode: int = 0o600, is_own: bool = True) -> Permissions:
    return Permissions(mode=mode, is_folder=False, is_own=is_own, is_writable=True)


def platform(**changes: Any) -> Any:
    parts = {
        "root": Path("/platform"),
        "settings": Settings(),
        "settings_commit": "c" * 40,
        "clock": FakeClock(),
        "repository": lambda: SimpleNamespace(read_file=lambda _commit, _path: b"x"),
        "manifests": lambda: SimpleNamespace(head=lambda: "d" * 40),
        "audit_folder": lambda: Path("/platform/.goldenpath/audit"),
        "is_offline": False,
    }
    return SimpleNamespace(**{**parts, **changes})


def states(surroundings: FakeSurroundings, services: Any) -> dict[str, str]:
    return {check.name: check.state for check in examine(surroundings, lambda: services)}


def healthy() -> FakeSurroundings:
    machine = FakeSurroundings()
    machine.files[Path("/platform/catalogs/secrets/a/dev/SEC-0001.yaml")] = private(mode=0o644)
    return machine


def test_a_healthy_platform_has_nothing_to_fix() -> None:
    assert set(states(healthy(), platform()).values()) == {"ok"}


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("python", {"python": (3, 10, 1)}, "fail"),
        ("git", {"tools": {"git --version": "git version 2.30.1"}}, "fail"),
        ("git", {"tools": {}}, "fail"),
        ("ssh-keygen", {"tools": {"git --version": "git version 2.40"}}, "fail"),
        ("ssh-keygen", {"tools": {"ssh-keygen -Y verify": "unknown option -- Y"}}, "fail"),
        ("libyaml", {"libyaml": False}, "fail"),
        ("disk", {"free": 1000}, "warn"),
        ("signing key", {"settings": {"remote.origin.url": "u"}}, "warn"),
        ("branch protection", {"settings": {"user.signingkey": "k"}}, "warn"),
        ("clock", {"tools": {"newest": "4000000000"}}, "fail"),
        ("catalog", {"files": {}}, "warn"),
    ],
)
def test_each_machine_check_sees_its_fault(name: str, change: dict[str, Any], expected: str) -> None:
    machine = healthy()
    for attribute, value in change.items():
        setattr(machine, attribute, value)
    found = next(check for check in examine(machine, platform) if check.name == name)
    assert (found.state, bool(found.fix)) == (expected, True)


@pytest.mark.parametrize("permissions", [private(mode=0o644), private(mode=0o620), private(is_own=False)])
def test_a_key_that_others_can_use_is_a_failure(permissions: Permissions) -> None:
    machine = healthy()
    machine.files[Path("/platform/.goldenpath")] = private(mode=0o700)
    machine.files[Path("/platform/.goldenpath/root.key")] = permissions
    found = next(check for check in examine(machine, platform) if check.name == "state")
    assert found.state == "fail"
    assert "root.key" in found.message


def test_a_part_that_cannot_be_opened_fails_alone() -> None:
    def broken() -> Any:
        raise Misconfigured("delivery.broken", "no folder", hint="make it")

    found = {check.name: check for check in examine(healthy(), lambda: platform(manifests=broken))}
    assert (found["gitops"].state, found["gitops"].fix) == ("fail", "make it")
    assert found["clock"].state == "ok"


def test_a_platform_that_cannot_be_opened_leaves_the_machine_checks() -> None:
    def closed() -> Any:
        raise Misconfigured("platform.broken", "not here")

    found = {check.name: check for check in examine(healthy(), closed)}
    assert found["repository"].fix == "goldenpath explain platform.broken"
    assert found["git"].state == "ok"


@pytest.mark.parametrize("is_broken", [False, True])
def test_the_audit_log_is_checked_as_a_whole(is_broken: bool, tmp_path: Path) -> None:
    keys = AuditKeys(chain_keys={"k1": b"k" * 32}, current="k1", signing_key=b"s" * 32)
    log = FileAuditLog.open(tmp_path, keys, clock=FakeClock(), entropy=FakeEntropy(), settings=AuditSettings())
    for phase in ("intent", "outcome"):
        log.append(AuditEvent(phase=phase, action="secret.read", operation_id="1", actor=Actor(id="alice")))
    log.close()
    machine = healthy()
    machine.files[tmp_path / "segment"] = private()
    if is_broken:
        segment = next(path for path in sorted(tmp_path.iterdir()) if b"alice" in path.read_bytes())
        segment.write_bytes(segment.read_bytes().replace(b"alice", b"mallo"))
    services = platform(audit_folder=lambda: tmp_path, audit=lambda: log)
    found = next(check for check in examine(machine, lambda: services) if check.name == "audit")
    assert found.state == ("fail" if is_broken else "ok"), found


def test_doctor_exits_1_outside_a_repository_and_changes_nothing(tmp_path: Path, capsys: Capture) -> None:
    assert run(["-C", str(tmp_path), "doctor", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["counts"]["fail"] >= 1
    assert list(tmp_path.iterdir()) == []
