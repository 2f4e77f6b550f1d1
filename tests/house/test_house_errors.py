"""One family of exceptions, and one page for each of its codes (ARCHITECTURE section 3)."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator

from tests.house.source_tree import functions, modules

from goldenpath import errors
from goldenpath.model.codes import all_codes

FAMILY = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.GoldenpathError)}
KINDS = {
    "InvalidIntent", "PolicyBlocked", "Unauthenticated", "AccessDenied", "NotFound", "Conflict", "ProviderUnavailable",
    "ProviderRefused", "SyncTimeout", "AuditUnavailable", "Misconfigured",
}  # fmt: skip
LANGUAGE_ERRORS = {"TypeError", "ValueError", "NotImplementedError", "AssertionError", "SystemExit", "StopIteration", "AttributeError"}
"""A caller broke a function's contract: that is a programming error, not an outcome."""
DOOR_ERRORS = LANGUAGE_ERRORS | {"KeyboardInterrupt"}
CODE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+\Z")


def test_the_family_is_the_one_of_the_architecture() -> None:
    assert KINDS | {"GoldenpathError"} == FAMILY


def test_no_other_exception_class_is_defined() -> None:
    defined = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in modules().items()
        if path != "goldenpath/errors.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any(_looks_like_an_error(base) for base in node.bases)
    ]
    assert defined == []


def _looks_like_an_error(base: ast.expr) -> bool:
    name = base.attr if isinstance(base, ast.Attribute) else base.id if isinstance(base, ast.Name) else ""
    return name.endswith(("Error", "Exception", "Interrupt")) or name in FAMILY


def test_only_the_family_is_raised() -> None:
    foreign = []
    for path, tree in modules().items():
        allowed = FAMILY | (DOOR_ERRORS if path.startswith("goldenpath/cli/") else LANGUAGE_ERRORS)
        for node in ast.walk(tree):
            name = _raised_class(node)
            if name and name[0].isupper() and name not in allowed and not _is_clicks(node):
                foreign.append(f"{path}:{node.lineno} {name}")  # type: ignore[attr-defined]
    assert foreign == []


def _raised_class(node: ast.AST) -> str:
    if not isinstance(node, ast.Raise) or node.exc is None:
        return ""
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return raised.attr if isinstance(raised, ast.Attribute) else raised.id if isinstance(raised, ast.Name) else ""


def _is_clicks(node: ast.AST) -> bool:
    return isinstance(node, ast.Raise) and node.exc is not None and ast.unparse(node.exc).startswith("click.")


LONG_RUNNING_LOOPS = {"goldenpath/audit/group_commit.py"}
"""The loop that commits for all waiting callers: whatever happens there, each of them is told."""


def test_nothing_is_caught_blindly_outside_the_door() -> None:
    blind = [
        f"{path}:{node.lineno}"
        for path, tree in modules().items()
        if not path.startswith("goldenpath/cli/") and path not in LONG_RUNNING_LOOPS
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and _is_blind(node) and not _reraises(node)
    ]
    assert blind == []


def _is_blind(handler: ast.ExceptHandler) -> bool:
    caught = ast.unparse(handler.type) if handler.type else "BaseException"
    return bool(re.search(r"\b(?:Base)?Exception\b", caught))


def _reraises(handler: ast.ExceptHandler) -> bool:
    """A clean-up that passes the exception on unchanged hides nothing."""
    return isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None


def test_nothing_is_swallowed() -> None:
    swallowed = [
        f"{path}:{node.lineno}"
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node) and all(isinstance(part, ast.Pass) for part in node.body)
    ]
    assert swallowed == []


def _is_broad(handler: ast.ExceptHandler) -> bool:
    """A whole family; a narrow class such as ``FileExistsError`` is an expected outcome."""
    caught = ast.unparse(handler.type) if handler.type else "BaseException"
    return bool(re.search(rf"\b(?:BaseException|Exception|OSError|{'|'.join(sorted(FAMILY))})\b", caught))


@functools.cache
def _codes_used() -> dict[str, str]:
    """{code: where} for every string literal of the package that is written like a code of a known area."""
    used: dict[str, str] = {}
    for path, tree in modules().items():
        if path.startswith("goldenpath/model/codes/"):
            continue
        used.update({code: f"{path}:{line}" for code, line in _code_literals(tree)})
    return used


def _code_literals(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.match(node.value):
            yield node.value, node.lineno


@functools.cache
def _codes_given() -> dict[str, str]:
    """{code: where} for every literal that is surely a code: first argument of an error, or ``rule=``/``code=`` of any call."""
    given: dict[str, str] = {}
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and not path.startswith("goldenpath/model/codes/"):
                given.update(dict.fromkeys(_codes_of_call(node), f"{path}:{node.lineno}"))
    return given


def _codes_of_call(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""
    candidates = [keyword.value for keyword in call.keywords if keyword.arg in {"rule", "code"}]
    candidates += call.args[:1] if name in FAMILY else []
    for value in candidates:
        if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
            yield value.value


def test_every_code_that_is_given_is_written_like_one() -> None:
    assert {code: where for code, where in _codes_given().items() if not CODE.match(code)} == {}


def test_every_code_in_use_is_documented() -> None:
    undocumented = {code: where for code, where in _codes_given().items() if code not in all_codes()}
    assert undocumented == {}, "add them to model/codes/<area>.py"


def test_every_documented_code_is_in_use() -> None:
    composed = re.compile("|".join(_composed_codes()) or r"(?!)")
    dead = [code for code in all_codes() if code not in _codes_used() and not composed.fullmatch(code)]
    assert dead == [], "remove dead pages from model/codes"


def _composed_codes() -> set[str]:
    """Patterns of codes that are put together, such as ``f"{self.area}.busy"``: one open part, then a fixed name."""
    return {
        r"[a-z0-9-]+" + re.escape(str(node.values[1].value))
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr) and len(node.values) == 2 and isinstance(node.values[0], ast.FormattedValue)
        if isinstance(node.values[1], ast.Constant) and re.fullmatch(r"\.[a-z0-9-]+", str(node.values[1].value))
    }


def test_each_page_says_what_why_and_how() -> None:
    pages = all_codes()
    assert [code for code in pages if not CODE.match(code)] == []
    assert [code for code, doc in pages.items() if min(len(doc.title), len(doc.why), len(doc.fix)) < 10] == []
    assert [code for code, doc in pages.items() if doc.rule and not re.fullmatch(r"[RD]\d{1,2}(?:[ ,]+[RD]\d{1,2})*", doc.rule)] == []


def test_functions_are_seen() -> None:
    assert sum(1 for tree in modules().values() for _ in functions(tree)) > 100
