"""Projections byte for byte, and a file that is no longer rendered is no longer golden."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.golden.projection_cases import CASES, overlays

FOLDER = Path(__file__).parent / "projection"


@pytest.mark.parametrize("name", [*CASES, "overlays"])
def test_rendered_files_are_the_golden_ones(name: str) -> None:
    rendered = overlays() if name == "overlays" else CASES[name].render()
    folder = FOLDER / name
    if os.environ.get("GOLDEN_UPDATE"):
        _rewrite(folder, rendered)
    golden = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert rendered == golden


def _rewrite(folder: Path, files: dict[str, bytes]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
