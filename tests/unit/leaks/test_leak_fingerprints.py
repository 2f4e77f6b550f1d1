"""Keyed fingerprints: every spelling is found anywhere in a line, nothing else is, and nothing that is kept tells the value."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Callable
from time import perf_counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.canary import hits_in, new_canary, variants

from goldenpath.leaks.fingerprints import ANCHOR_BYTES, Index, fingerprints_of, has_fingerprint
from goldenpath.leaks.redact import LineRedactor, masked
from goldenpath.leaks.search import Lines, lines_of, search
from goldenpath.model.secret import MASK

KEY = b"k" * 32
PEM = "-----BEGIN X-----\n" + "\n".join(f"{number}Lq9vT4mZx2RkP8sYd6WnBc0Jf5Hg{number}" for number in range(4)) + "\n-----END X-----\n"


def index_of(*values: str | bytes, key: bytes = KEY) -> Index:
    raw = [value.encode() if isinstance(value, str) else value for value in values]
    return Index([each for number, value in enumerate(raw) for each in fingerprints_of(f"SEC-{number:04} password", value, key)], key)


def named(index: Index, line: bytes) -> list[str]:
    return [hit.name for hit in index.find(line)]


def test_a_value_is_found_in_the_middle_of_a_line() -> None:
    value = new_canary("found")
    line = f"url=postgres://app:{value}@db, and more".encode()
    hits = list(index_of(value).find(line))
    assert [line[hit.start : hit.end] for hit in hits] == [value.encode()]


SPELLINGS: dict[str, Callable[[str], str]] = {
    "hex": lambda value: value.encode().hex(),
    "HEX": lambda value: value.encode().hex().upper(),
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64 behind one byte": lambda value: base64.b64encode(b"x" + value.encode() + b"tail").decode(),
    "base64 behind two bytes": lambda value: base64.b64encode(b"xy" + value.encode() + b"tail").decode(),
    "url": lambda value: urllib.parse.quote(value, safe=""),
    "json": json.dumps,
}


@pytest.mark.parametrize("form", sorted(SPELLINGS))
def test_a_value_is_found_in_every_spelling(form: str) -> None:
    value = new_canary("spelt")
    assert named(index_of(value), b"log: " + SPELLINGS[form](value).encode() + b" end") == ["SEC-0000 password"]


def test_each_line_of_a_long_value_is_found_but_not_its_frame() -> None:
    index = index_of(PEM)
    assert [named(index, line) for line in PEM.encode().splitlines()] == [[], *[["SEC-0000 password"]] * 4, []]


@pytest.mark.parametrize("value", ["", "short", "elevenchars", "aaaaaaaaaaaaaaaaaaaaaaaa", "1212121212121212", "\n\n\n"])
def test_short_and_plain_values_have_no_fingerprint(value: str) -> None:
    assert not has_fingerprint(value.encode())
    assert list(fingerprints_of("SEC-0001 pin", value.encode(), KEY)) == []


@settings(max_examples=150, deadline=None)
@given(value=st.text(min_size=12, max_size=60), before=st.text(max_size=30), after=st.text(max_size=30))
def test_any_value_of_one_line_is_found_in_any_surroundings(value: str, before: str, after: str) -> None:
    raw = value.encode("utf-8", "surrogatepass")
    index = index_of(raw)
    line = before.encode("utf-8", "surrogatepass") + raw + after.encode("utf-8", "surrogatepass")
    if len(index) and raw == raw.strip(b"\r\n") and len(raw.splitlines()) == 1:
        assert raw not in masked(line, [(hit.start, hit.end) for hit in index.find(line)])


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_other_text_is_never_taken_for_a_value(line: bytes) -> None:
    assert named(index_of(new_canary("other")), line) == []


def test_another_key_finds_nothing_and_nothing_kept_tells_the_value() -> None:
    value = new_canary("kept")
    fingerprints = list(fingerprints_of("SEC-0007 password", value.encode(), KEY))
    assert named(Index(fingerprints, b"z" * 32), value.encode()) == []
    assert hits_in(msgspec.msgpack.encode(fingerprints), [value]) == []
    assert hits_in(repr(Index(fingerprints, KEY)).encode(), [value]) == []
    other = list(fingerprints_of("SEC-0007 password", value.encode(), b"z" * 32))
    assert {each.anchor for each in fingerprints} & {each.anchor for each in other} == set()


def test_a_finding_names_the_place_and_never_the_match() -> None:
    value = new_canary("told")
    token = "ghp_" + "h7Kq2mZx9LpR4tVw8YbNc3Df6Gj1Ss5Ua0Ee"
    text = f"a\nb: {value}\nc: {token}\n".encode()
    found = list(search([Lines(path=f"dir/{value}.txt", lines=lines_of(text))], index_of(value)))
    assert [(each.line, each.column, each.rule) for each in found] == [
        (0, 0, "scan.managed-value"),
        (2, 4, "scan.managed-value"),
        (3, 4, "scan.known-token"),
    ]
    shown = msgspec.json.encode(found)
    assert hits_in(shown, [value, token]) == []
    assert MASK.encode() in shown


def test_lines_that_were_there_before_are_not_searched() -> None:
    assert lines_of(b"one\ntwo\nthree", before=b"two\n") == ((1, b"one"), (3, b"three"))


def test_redaction_hides_every_form_and_keeps_the_rest() -> None:
    value = new_canary("hidden")
    redactor = LineRedactor(index_of(value))
    for form in (value.encode(), base64.b64encode(value.encode()), urllib.parse.quote(value, safe="").encode()):
        shown = redactor.redact(b"before " + form + b" after\r\n")
        assert shown.startswith(b"before ********")
        assert shown.endswith(b" after\r\n")
        assert not any(each in shown for each in variants(value))


def test_a_private_key_is_hidden_with_its_body() -> None:
    redactor = LineRedactor(index_of())
    begin, end = b"-----BEGIN " + b"PRIVATE KEY-----\n", b"-----END " + b"PRIVATE KEY-----\n"
    shown = [redactor.redact(line) for line in (b"x\n", begin, b"c2VjcmV0\n", end, b"y\n")]
    assert shown == [b"x\n", b"********\n", b"********\n", b"********\n", b"y\n"]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 10)), max_size=6))
def test_masked_spans_leave_nothing_of_what_they_cover(pairs: list[tuple[int, int]]) -> None:
    line = bytes(range(65, 95))
    spans = [(start, min(start + length, len(line))) for start, length in pairs if start < len(line)]
    covered = {position for start, end in spans for position in range(start, end)}
    shown = masked(line, spans).replace(MASK.encode(), b"")
    assert shown == bytes(byte for position, byte in enumerate(line) if position not in covered)


def test_a_commit_of_ordinary_size_is_searched_in_a_fraction_of_a_second() -> None:
    index = index_of(*(f"value-{number:05}-of-many-that-are-known" for number in range(500)))
    line = b"    return self.output.paint(text, color) if self.has_color else text  # as asked"
    start = perf_counter()
    assert not any(list(index.find(line)) for _ in range(1000))
    assert perf_counter() - start < 2.0
    assert ANCHOR_BYTES == 12
