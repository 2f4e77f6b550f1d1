"""The project as data for the house rules: its files and their syntax trees, read once."""

from __future__ import annotations

import ast
import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "goldenpath"


@functools.cache
def modules() -> dict[str, ast.Module]:
    """{path relative to src: syntax tree} of the package."""
    return {str(path.relative_to(ROOT / "src")): ast.parse(path.read_text()) for path in sorted(SOURCE.rglob("*.py"))}


@functools.cache
def tracked_files() -> tuple[Path, ...]:
    """Files of the project: what git tracks, or, without git (an unpacked archive), everything that is not made by tools."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout.decode()
        return tuple(ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file())
    made = {".venv", ".git", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "dist", "site", "build"}
    return tuple(path for path in ROOT.rglob("*") if path.is_file() and not made & set(path.relative_to(ROOT).parts))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method below ``tree``."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
