"""The strict reader: what it refuses, where, and that neither reading can be crashed, hung or split from the other (R5)."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from tests.unit.intent.samples import SEED_002
from tests.unit.intent.strategies import any_bytes, yaml_like

from goldenpath.intent.positions import read_with_positions
from goldenpath.intent.reader import FAULTY, REQUEST_LIMITS, Limits, read_plain

LADDER = "L0: &L0 {a: 1}\n" + "".join(f"L{n}: &L{n} {{<<: [*L{n - 1}, *L{n - 1}]}}\n" for n in range(1, 21))
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(8))

REFUSED: dict[str, tuple[str | bytes, str, int, int]] = {
    "duplicate key": ("a: 1\nb: 2\na: 3\n", "intent.duplicate-key", 3, 1),
    "duplicate key, one quoted": ("a: 1\n'a': 3\n", "intent.duplicate-key", 2, 1),
    "duplicate key below": ("x:\n  tier: low\n  tier: high\n", "intent.duplicate-key", 3, 3),
    "duplicate key in a flow mapping": ("x: {t: a, t: b}\n", "intent.duplicate-key", 1, 11),
    "duplicate key in a list": ("x:\n- {t: a}\n- t: a\n  t: b\n", "intent.duplicate-key", 4, 3),
    "ambiguous word": ("a: no\n", "intent.type", 1, 4),
    "empty value": ("a:\nb: x\n", "intent.type", 1, 3),
    "anchor": ("a: &x b\n", "intent.anchor", 1, 4),
    "anchor on a mapping": ("a: &x\n  b: c\n", "intent.anchor", 1, 4),
    "anchor on a key": ("&x a: b\n", "intent.anchor", 1, 1),
    "alias": ("a: b\nc: *x\n", "intent.alias", 2, 4),
    "alias as a key": ("a: b\n*x : c\n", "intent.key-type", 2, 1),
    "merge key": ("a: {b: c}\nd: {<<: {e: f}}\n", "intent.merge-key", 2, 5),
    "python tag": ('a: !!python/object/apply:os.system ["touch x"]\n', "intent.tag", 1, 4),
    "binary tag": ("a: !!binary aGVsbG8=\n", "intent.tag", 1, 4),
    "own tag": ("a: !env HOME\n", "intent.tag", 1, 4),
    "core tag": ("a: !!str no\n", "intent.tag", 1, 4),
    "the bare tag": ("a: ! x\n", "intent.tag", 1, 4),
    "tag on the document": ("--- !x\na: b\n", "intent.tag", 1, 5),
    "number as a key": ("1: a\n", "intent.key-type", 1, 1),
    "boolean as a key": ("true: a\n", "intent.key-type", 1, 1),
    "ambiguous key": ("on: a\n", "intent.key-type", 1, 1),
    "null as a key": ("~: a\n", "intent.key-type", 1, 1),
    "list as a key": ("? [a]\n: b\n", "intent.key-type", 1, 3),
    "mapping as a key": ("{a: b}: c\n", "intent.key-type", 1, 1),
    "second document": ("a: b\n---\na: c\n", "intent.several-documents", 2, 1),
    "directive": ("%YAML 1.1\n---\na: b\n", "intent.directive", 1, 1),
    "tag directive": ("%TAG ! tag:x,2000:\n---\na: b\n", "intent.directive", 1, 1),
    "control character by escape": ('a: "x\\x07"\n', "intent.control-character", 1, 4),
    "zero byte by escape": ('a: "x\\0"\n', "intent.control-character", 1, 4),
    "line break by escape": ('a: "x\\n"\n', "intent.control-character", 1, 4),
    "block text": ("a: |\n  x\n", "intent.control-character", 1, 4),
    "direction change in text": ("a: x\u202ey\n", "intent.control-character", 1, 5),
    "direction change in a comment": ("a: x # \u2066\n", "intent.control-character", 1, 8),
    "zero width space by escape": ('a: "x\\u200b"\n', "intent.control-character", 1, 4),
    "escape character": (b"a: x\x1b[31m\n", "intent.control-character", 1, 5),
    "delete character": (b"a: x\x7f\n", "intent.control-character", 1, 5),
    "tab in text": ('a: "x\ty"\n', "intent.control-character", 1, 4),
    "next line as a line end": ("a: b\x85c: d\n", "intent.control-character", 1, 5),
    "line separator as a line end": ("a: b\u2028c: d\n", "intent.control-character", 1, 5),
    "lone carriage return": (b"a: b # c\rtier: low\n", "intent.encoding", 1, 9),
    "UTF-16": (SEED_002.encode("utf-16"), "intent.encoding", 1, 1),
    "UTF-16 without a mark": (SEED_002.encode("utf-16-le"), "intent.encoding", 1, 2),
    "UTF-32": (SEED_002.encode("utf-32"), "intent.encoding", 1, 1),
    "Latin-1": ("a: \xe9\n".encode("latin-1"), "intent.encoding", 1, 4),
    "surrogate": (b"a: \xed\xa0\x80\n", "intent.encoding", 1, 4),
    "overlong": (b"a: \xc0\xaf\n", "intent.encoding", 1, 4),
    "zero byte": (b"a: b\n\x00\n", "intent.encoding", 2, 1),
    "nothing": (b"", "intent.empty", 1, 1),
    "only a comment": ("# a\n", "intent.empty", 1, 1),
    "too deep": ("[" * 100_000, "intent.too-large", 1, 1),
    "too deep within the size": ("[" * 60_000, "intent.too-deep", 1, 17),
    "too deep in blocks": ("".join(f"{' ' * n}a:\n" for n in range(40)), "intent.too-deep", 17, 17),
    "too large": (b"a: " + b"x" * 65_536, "intent.too-large", 1, 1),
    "too many nodes": ("a: [" + "x," * 5_000 + "]", "intent.too-many-nodes", 1, 8191),
    "broken": ("a: [b\n", "intent.syntax", 2, 1),
    "tab as indentation": ("a:\n\tb: c\n", "intent.syntax", 2, 1),
    "unknown escape": ('a: "\\q"\n', "intent.syntax", 1, 5),
    "mapping in a plain text": ("a: b: c\n", "intent.syntax", 1, 5),
    "merge ladder": (LADDER, "intent.anchor", 1, 5),
    "alias bomb": (BOMB, "intent.anchor", 1, 4),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_its_place(name: str) -> None:
    text, rule, line, column = REFUSED[name]
    data = text.encode() if isinstance(text, str) else text
    assert read_plain(data) is FAULTY
    first = min(read_with_positions(data, file="f").faults, key=lambda finding: (finding.line, finding.column))
    assert (first.rule, first.line, first.column, first.file, first.level) == (rule, line, column, "f", "block")


@pytest.mark.parametrize("text", [BOMB, LADDER, "[" * 60_000, "{a: " * 16_000, "- " * 30_000, "? " * 30_000, "[" * 100_000, "&a " * 20_000])
def test_hostile_files_cost_little(text: str) -> None:
    started = time.process_time()
    reading = read_with_positions(text.encode(), file="f")
    assert read_plain(text.encode()) is FAULTY
    assert reading.faults
    assert not any("Recursion" in finding.message for finding in reading.faults)
    assert time.process_time() - started < 1


def test_every_fault_is_listed_at_once() -> None:
    text = "a: no\nb: &x 1\nc: *x\nd: !t z\ne: 1\ne: 2\n7: x\nf: {<<: {}}\ng: 0007\n"
    found = [(finding.rule, finding.line) for finding in read_with_positions(text.encode(), file="f").faults]
    assert found == [
        ("intent.type", 1),
        ("intent.anchor", 2),
        ("intent.alias", 3),
        ("intent.tag", 4),
        ("intent.duplicate-key", 6),
        ("intent.key-type", 7),
        ("intent.merge-key", 8),
        ("intent.type", 9),
    ]


def test_faults_before_a_syntax_error_are_kept() -> None:
    found = [finding.rule for finding in read_with_positions(b"a: no\nb: [\n", file="f").faults]
    assert found == ["intent.type", "intent.syntax"]


def test_neither_value_of_a_duplicate_is_used() -> None:
    reading = read_with_positions(b"a: {t: x}\na: {t: y}\n", file="f")
    assert reading.tree == {"a": None}
    assert ("a",) in reading.faulted


@pytest.mark.parametrize(
    "variant",
    [b"\xef\xbb\xbf" + SEED_002.encode(), SEED_002.replace("\n", "\r\n").encode(), b"---\n" + SEED_002.encode() + b"...\n"],
    ids=["byte-order mark", "CR LF", "document markers"],
)
def test_harmless_dress_reads_as_the_same_object(variant: bytes) -> None:
    assert read_plain(variant) == read_plain(SEED_002.encode())
    assert read_with_positions(variant, file="f").tree == read_plain(SEED_002.encode())


def test_places_count_characters_and_lines_of_the_file_as_it_is() -> None:
    data = b"\xef\xbb\xbf# \xc3\xa9\r\na: x\r\nb: \xc3\xa9\xc3\xa9 # c\r\nc:  no\r\n"
    reading = read_with_positions(data, file="f")
    assert [(finding.line, finding.column) for finding in reading.faults] == [(4, 5)]
    assert reading.place(("b",)) == (3, 4)
    assert reading.place(("zz", "y")) == (2, 1)


def test_limits_are_counted_exactly() -> None:
    limits = Limits(max_bytes=100, max_nodes=5, max_depth=2)
    assert read_plain(b"a: [b, c]", limits) == {"a": ["b", "c"]}
    assert read_plain(b"a: [b, c, d]", limits) is FAULTY
    assert read_plain(b"a: [[b]]", limits) is FAULTY
    at_limit = b"a: b" + b" " * (REQUEST_LIMITS.max_bytes - 4)
    assert read_plain(at_limit) == {"a": "b"}
    assert read_plain(at_limit + b" ") is FAULTY


@settings(max_examples=400)
@given(any_bytes)
@example(b"\xff\xfe")
@example(b"? ")
@example(b"- ? : -")
def test_both_readings_agree_on_anything(data: bytes) -> None:
    tree, reading = read_plain(data), read_with_positions(data, file="f")
    if tree is FAULTY:
        assert reading.faults or not isinstance(reading.tree, dict | list)
    else:
        assert reading.faults == []
        assert reading.tree == tree


@settings(max_examples=200)
@given(yaml_like)
def test_both_readings_agree_on_a_request_with_something_odd_in_it(odd: str) -> None:
    for data in ((SEED_002 + odd).encode(), SEED_002.replace("medium", odd).encode(), SEED_002.replace("tier", odd).encode()):
        tree, reading = read_plain(data), read_with_positions(data, file="f")
        assert (tree is FAULTY) == bool(reading.faults)
        assert tree is FAULTY or tree == reading.tree
