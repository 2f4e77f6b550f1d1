"""The real Kustomize, where this machine has one: the standalone program, or the one inside kubectl."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

PROGRAM = shutil.which("kustomize") or shutil.which("kubectl")
needs_kustomize = pytest.mark.skipif(PROGRAM is None, reason="neither kustomize nor kubectl is on PATH")


def command() -> list[str]:
    assert PROGRAM is not None
    return [PROGRAM, "build" if Path(PROGRAM).name == "kustomize" else "kustomize"]


def render_folder(folder: Path) -> list[dict[str, Any]]:
    done = subprocess.run([*command(), str(folder)], capture_output=True, check=True)
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def renders(folder: Path) -> bool:
    return subprocess.run([*command(), str(folder)], capture_output=True, check=False).returncode == 0
