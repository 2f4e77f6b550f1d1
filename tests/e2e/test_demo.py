"""The demo as a new user runs it: it works in a new folder, and leaves no value anywhere in it, Git objects included."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.canary import scan_tree


def run(*arguments: str, where: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "goldenpath", *arguments], cwd=where, env=dict(os.environ), capture_output=True, text=True, check=False
    )


def test_the_demo_walks_the_main_path_and_leaves_no_value_behind(tmp_path: Path) -> None:
    done = run("demo", "demo", where=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for step in (
        "request new",
        "validate",
        "policy check",
        "preview",
        "approve",
        "apply",
        "seed",
        "status",
        "get",
        "trace",
        "audit verify",
    ):
        assert f"$ goldenpath {step}" in done.stdout or f"| goldenpath {step}" in done.stdout, step
    platform = tmp_path / "demo" / "platform"
    password = run("get", "SEC-0007", "--reveal", "--key", "password", where=platform).stdout
    assert len(password) >= 32
    assert scan_tree(tmp_path, [password]) == []
    assert password not in done.stdout + done.stderr
    assert run("audit", "verify", where=platform).returncode == 0


def test_the_demo_touches_no_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = run("demo", str(tmp_path), where=tmp_path)
    assert done.returncode == 2
    assert "cli.folder-not-empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_demo_walks_the_same_path_on_the_protocol_of_aws(tmp_path: Path) -> None:
    tool = Path(__file__).parents[2] / "tools" / "demo_aws.py"
    done = subprocess.run(
        [sys.executable, str(tool), str(tmp_path / "demo")], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "goldenpath/payments/dev/payments-db-credentials  SEC-0007  AWSCURRENT" in done.stdout
    assert "Audit log intact" in done.stdout
    assert "Traceback" not in done.stderr
    state = tmp_path / "demo" / "platform" / ".goldenpath"
    assert [path.name for path in state.iterdir() if path.name.endswith("-dev.db")] == [], "no embedded store may stand in"
