from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenpath.errors import InvalidIntent
from goldenpath.intent.reader import read_plain
from goldenpath.projection.emitter import KEY_MAX, Form, Slot, emit

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
KEY = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALAR = st.one_of(TEXT, st.integers(-(2**70), 2**70), st.booleans(), st.none())
TREE = st.recursive(SCALAR, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEY, inner, max_size=3)), max_leaves=12)

# what a reader of YAML 1.1 or of the 1.2 core schema takes for something else than a string
OTHER_TYPES = re.compile(
    r"""y|Y|n|N|(?:yes|no|true|false|on|off|null)|~|
    |[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)
    |[-+]?(?:[0-9][0-9_]*)?\.?[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan
    |[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?
    |[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|=|<<""",
    re.VERBOSE | re.IGNORECASE,
)

TRAPS = [
    "no", "NO", "Yes", "y", "N", "on", "Off", "true", "False", "null", "Null", "~", "", " ", "0007", "0o7", "0x1F", "0b1", "1e3", "1_000", "12:30:45",
    "1.5", ".5", "5.", ".inf", "-.INF", ".nan", "+1", "-1", "2026-01-15", "2026-01-15T12:00:00Z", "=", "<<", "---", "...", "- a", "a: b", "a #b", "#a",
    "a:", ":a", "*a", "&a", "!a", "!!str a", "|", ">", "%a", "@a", "`a", "'a'", '"a"', "{a}", "[a]", "a,b", "a\\b", "tab\there", "line\nbreak", "cr\rhere",
    "trailing ", " leading", "\x00", "\x07", "\x1b[31m", "\x7f", "\x85", "\xa0", "\u2028", "\u2029", "\ufeff", "\ufffe", "é", "e\u0301", "\U0001f511",
    "a" * 5000, "a b " * 500, "${ENV}", "{{ .x }}", "1h", "external-secrets.io/v1", "a/b", "a.", "a-", "a/", "-a", "/a/b",
]  # fmt: skip


@pytest.mark.parametrize("text", TRAPS)
def test_reads_back_equal(text: str) -> None:
    tree: dict[str, Any] = {"value": text, "list": [text, {"inner": text}], "map": {text[:KEY_MAX]: text}}
    assert yaml.safe_load(emit(tree)) == tree
    assert yaml.load(emit(tree), Loader=yaml.CSafeLoader) == tree


@given(st.dictionaries(KEY, TREE, max_size=4))
@settings(max_examples=150)
def test_any_tree_reads_back_equal(tree: dict[str, Any]) -> None:
    assert yaml.load(emit(tree), Loader=yaml.CSafeLoader) == tree


@given(TEXT)
@settings(max_examples=150)
def test_bare_text_is_a_string_in_every_version(text: str) -> None:
    line = emit({"k": text}).decode()[3:-1]
    assert line.startswith('"') or (line == text and not OTHER_TYPES.fullmatch(line))


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
@settings(max_examples=100)
def test_our_own_strict_reader_agrees(text: str) -> None:
    assert read_plain(emit({"k": text, "list": [{"a": text}]})) == {"k": text, "list": [{"a": text}]}


@given(TEXT)
@settings(max_examples=100)
def test_output_is_printable_ascii(text: str) -> None:
    assert re.fullmatch(rb"[\n -~]*", emit({"k": text}))


def test_keeps_the_order_of_keys_and_the_comment() -> None:
    assert emit({"b": 1, "a": [True, None], "e": {}, "l": []}, comment="Do not edit.") == (
        b"# Do not edit.\nb: 1\na:\n  - true\n  - null\ne: {}\nl: []\n"
    )


def test_nested_lists_and_empty_trees() -> None:
    tree: dict[str, Any] = {"a": [[1, [2]], [], {}, [{"x": []}]]}
    assert yaml.safe_load(emit(tree)) == tree
    assert yaml.safe_load(emit({})) == {}


def test_refuses_what_no_file_can_hold() -> None:
    with pytest.raises(InvalidIntent) as caught:
        emit({"k": "a\ud800b"})
    assert caught.value.code == "projection.text-not-encodable"


def test_refuses_a_key_that_readers_would_not_see() -> None:
    with pytest.raises(InvalidIntent) as caught:
        emit({"k" * (KEY_MAX + 1): 1})
    assert caught.value.code == "projection.key-too-long"


@given(st.dictionaries(KEY, TREE, max_size=3), TEXT, TEXT)
@settings(max_examples=150)
def test_a_filled_form_is_what_emit_writes(fixed: dict[str, Any], first: str, second: str) -> None:
    def document(one: Any, two: Any) -> dict[str, Any]:
        return {**fixed, "one": one, "below": {"two": two, "again": one}, "list": [two, {"one": one, "rest": fixed}]}

    filled = Form(document(Slot("one"), Slot("two"))).fill({"one": first, "two": second}, comment="Do not edit.")
    assert filled == emit(document(first, second), comment="Do not edit.")


@pytest.mark.parametrize("text", ["{one}", "{{", "}", "{0}", "%s", "\0one\0", "\\1"])
def test_nothing_but_a_slot_is_filled(text: str) -> None:
    filled = Form({"fixed": text, text: Slot("one")}).fill({"one": text})
    assert yaml.safe_load(filled) == {"fixed": text, text: text}


def test_a_form_refuses_what_no_file_can_hold() -> None:
    with pytest.raises(InvalidIntent) as caught:
        Form({"k": Slot("one")}).fill({"one": "a\ud800b"})
    assert caught.value.code == "projection.text-not-encodable"


def test_a_slot_that_nobody_fills_is_an_error() -> None:
    with pytest.raises(KeyError):
        Form({"k": Slot("one")}).fill({})
