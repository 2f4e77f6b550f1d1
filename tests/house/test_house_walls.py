"""The walls of the house: who may import whom, how rooms are called, how large things may grow (ARCHITECTURE sections 1, 2, 5)."""

from __future__ import annotations

import ast
import re

import pytest
from importlinter.cli import lint_imports
from tests.house.source_tree import ROOT, SOURCE, functions, modules, tracked_files

FORBIDDEN_ROOMS = {"utils", "util", "common", "helpers", "helper", "manager", "managers", "base_classes", "misc", "shared"}
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
LARGE_LITERALS = ("goldenpath/model/codes/",)
"""Tables of documentation: data, whose length says nothing about how tangled they are."""
_MACHINE_PATH = re.compile(rb"(?<![\w.$}])/(?:home|Users|root|work)/[a-z0-9_.-]+", re.IGNORECASE)
_REGISTRY = re.compile(rb"(?:files\.pythonhosted|pypi|test\.pypi|proxy\.golang|registry\.npmjs)\.[a-z]{2,4}(?![\w@])", re.IGNORECASE)


def test_the_import_contract_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(config_filename=str(ROOT / ".importlinter"), no_cache=True) == 0


def test_no_room_is_called_by_a_word_that_says_nothing() -> None:
    names = {part.removesuffix(".py") for path in modules() for part in path.split("/")}
    assert names & FORBIDDEN_ROOMS == set()


def test_every_module_says_why_it_exists() -> None:
    silent = [path for path, tree in modules().items() if not (ast.get_docstring(tree) or "").strip()]
    assert silent == []


def test_files_stay_readable() -> None:
    long = {
        path: lines
        for path in modules()
        if not path.startswith(LARGE_LITERALS) and (lines := len((SOURCE.parent / path).read_text().splitlines())) > FILE_LINES_MAX
    }
    assert long == {}


def test_functions_stay_readable() -> None:
    long = {
        f"{path}:{node.name}": lines
        for path, tree in modules().items()
        for node in functions(tree)
        if (lines := (node.end_lineno or 0) - node.lineno + 1 - _docstring_lines(node)) > FUNCTION_LINES_MAX
    }
    assert long == {}


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return (first.end_lineno or 0) - first.lineno + 1 if is_text else 0


def test_the_median_function_is_small() -> None:
    sizes = sorted(
        (node.end_lineno or 0) - node.lineno + 1 - _docstring_lines(node) for tree in modules().values() for node in functions(tree)
    )
    assert sizes[len(sizes) // 2] <= 14
    assert sizes[len(sizes) * 9 // 10] <= 35


def test_public_functions_are_described() -> None:
    silent = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in modules().items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []


def test_no_tracked_file_knows_a_machine() -> None:
    found = {
        str(path.relative_to(ROOT)): sorted({hit.decode() for hit in _MACHINE_PATH.findall(path.read_bytes())})
        for path in tracked_files()
        if not path.is_symlink() and path.name != "test_house_walls.py" and _MACHINE_PATH.search(path.read_bytes())
    }
    assert found == {}


def test_no_tracked_file_names_a_package_registry() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in tracked_files()
        if path.name != "test_house_walls.py" and _REGISTRY.search(path.read_bytes())
    ]
    assert found == []


@pytest.mark.parametrize("lock", sorted(path.name for path in (ROOT / "requirements").glob("*.txt")))
def test_lock_files_pin_by_hash_and_name_no_address(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text()
    blocks = re.split(r"\n(?=\S)", text.strip())
    assert "://" not in text
    assert [block.splitlines()[0] for block in blocks if "==" not in block.splitlines()[0] or "--hash=sha256:" not in block] == []


def test_no_debt_is_left_in_the_source() -> None:
    marks = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
    found = [path for path in modules() if marks.search((SOURCE.parent / path).read_text())]
    assert found == []


def test_real_tests_lie_where_make_test_real_looks() -> None:
    """Collecting every test for a few would cost each run of them half a minute."""
    folders = [ROOT / "tests" / name for name in re.findall(r"tests/(\w+)", (ROOT / "Makefile").read_text().partition("-m real")[2])]
    assert folders
    marked = [path for path in (ROOT / "tests").rglob("test_*.py") if re.search(r"pytest\.mark\.real\b", path.read_text())]
    assert [path for path in marked if not any(path.is_relative_to(folder) for folder in folders)] == []


def test_tests_assert_something() -> None:
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in functions(ast.parse(path.read_text()))
        if node.name.startswith("test_") and not _asserts(node)
    ]
    assert silent == []


def _asserts(test: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """An ``assert``, a ``pytest.raises``, or a call of a helper whose name says that it checks."""
    for node in ast.walk(test):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call) and re.search(r"raises|fail\b|assert|check|expect|refus|verif", ast.unparse(node.func)):
            return True
    return False
