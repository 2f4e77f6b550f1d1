"""The wheel holds what the command reads at run time: templates, the example and the Terraform module, and no cache beside them."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.house.source_tree import ROOT, SOURCE, tracked_files


@pytest.mark.slow
def test_the_wheel_holds_every_template(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(tmp_path), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    wheel = next(tmp_path.glob("*.whl"))
    names = set(zipfile.ZipFile(wheel).namelist())
    scaffold = {str(path.relative_to(SOURCE.parent)) for path in tracked_files() if SOURCE / "scaffold" in path.parents}
    assert len(scaffold) > 15
    assert scaffold - names == set()
    assert {"goldenpath/terraform/modules/secret-catalog/main.tf", "goldenpath/examples/platform/goldenpath.yaml"} <= names
    assert [name for name in names if "__pycache__" in name or name.endswith(".pyc")] == []
