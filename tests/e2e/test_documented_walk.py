"""The tutorial and the guides, typed as they stand: every command of their console blocks, in order, in one shell."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.canary import scan_tree
from tests.house.source_tree import ROOT
from tests.house.test_house_commands import commands_of

pytestmark = pytest.mark.slow

TUTORIAL = ROOT / "docs" / "tutorial" / "first-secret.md"
# in the order in which they build on the tutorial's playground, without what needs a remote, a cluster, a second machine or the reader's own key
GUIDES = {
    "request-a-secret": ("--branch", "--open", "deprecate", "decommission", "withdraw"),
    "seed-and-reveal": (),
    "handle-drift": ("--cluster",),
    "resume-an-apply": ("prod",),
    "verify-the-audit-log": (),
}


def walk(pages: dict[str, list[str]], folder: Path) -> str:
    """Type the commands of ``pages`` into one shell that stops at the first failure; return what it printed."""
    lines = [f'goldenpath() {{ {shlex.quote(sys.executable)} -m goldenpath "$@"; }}', "set -eo pipefail"]
    for page, commands in pages.items():
        lines += [f"echo '=== {page}' >&2", *(f"echo {shlex.quote('$ ' + command)} >&2\n{command}" for command in commands)]
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)], cwd=folder, capture_output=True, text=True, check=False, timeout=110, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return done.stdout


def test_tutorial_and_guides_work_as_written(tmp_path: Path) -> None:
    pages = {"tutorial": commands_of(TUTORIAL)}
    for name, left_out in GUIDES.items():
        commands = commands_of(ROOT / "docs" / "how-to" / f"{name}.md")
        pages[name] = [command for command in commands if not any(word in command for word in left_out)]
    printed = walk(pages, tmp_path)
    value = re.findall(r"printf '([^']+)'", TUTORIAL.read_text())[0]
    assert printed.count(value) == 1, "the value is shown once, where the tutorial reveals it"
    assert scan_tree(tmp_path, [value]) == []
    assert "Audit log intact" in printed
