"""actionlint reads every shipped workflow and finds nothing, without a configuration and without exceptions."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.cluster.built import require_built
from tests.platform_files import make_platform_files

from goldenpath.model.scaffold import PROFILES, Profile

pytestmark = [pytest.mark.real]


def actionlint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = str(require_built("actionlint") / "actionlint")
    return subprocess.run([program, "-no-color"], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("profile", PROFILES)
def test_actionlint_finds_nothing(profile: Profile, tmp_path: Path) -> None:
    done = actionlint(make_platform_files(tmp_path / "platform", profile))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not list((tmp_path / "platform" / ".github").glob("actionlint.*"))


def test_it_would_find_something(tmp_path: Path) -> None:
    platform = make_platform_files(tmp_path / "platform")
    workflow = platform / ".github" / "workflows" / "secret-request-pr.yml"
    workflow.write_text(workflow.read_text().replace("runs-on: ubuntu-latest", "run-on: ubuntu-latest"))
    assert actionlint(platform).returncode == 1
