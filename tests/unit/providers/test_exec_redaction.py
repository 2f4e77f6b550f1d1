from __future__ import annotations

import base64
import hashlib
import itertools
import json
import urllib.parse

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.canary import hits_in, new_canary, variants

from goldenpath.model.secret import MASK, SecretValue
from goldenpath.providers.redaction import Redactor

PEM = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIFZ1c2VyZGF0YTEyMzQ1Njc4OTBhYmNk\nZWZnaGlqa2xtbm9wcXJzdHV2d3h5eg==\n-----END PRIVATE KEY-----\n"


def redacted(values: list[bytes], text: bytes, cuts: list[int] | None = None) -> bytes:
    redactor = Redactor(SecretValue(value) for value in values)
    places = [0, *sorted(cuts or []), len(text)]
    shown = [redactor.feed(text[start:end]) for start, end in itertools.pairwise(places)]
    return b"".join([*shown, redactor.finish()])


@pytest.mark.parametrize(
    "value",
    [
        "canary-0f1e2d3c4b5a69788796a5b4c3d2e1f0/+=&<é>",
        PEM,
        "päss wörd/+=&<>\"'\\",
        "p@ss'word\"with\\quotes",
        "line one\nline two is long\r\n",
    ],
    ids=["canary", "pem", "quotes", "apostrophe", "lines"],
)
def test_every_spelling_that_a_leak_takes_is_masked(value: str) -> None:
    for form in variants(value):
        shown = redacted([value.encode()], b"before " + form + b" after")
        assert hits_in(shown, [value]) == []
        assert shown.startswith(b"before ")
        assert shown.endswith(b" after")


def test_programs_that_encode_the_value_do_not_show_it() -> None:
    value = new_canary()
    texts = [
        value,
        json.dumps({"password": value}),
        f"postgres://user:{urllib.parse.quote(value, safe='')}@host/db",
        urllib.parse.urlencode({"p": value}),
        base64.b64encode(f"user:{value}".encode()).decode(),
        base64.encodebytes(value.encode() * 3).decode(),
        value.encode().hex(),
        repr({"p": value}),
    ]
    for text in texts:
        assert hits_in(redacted([value.encode()], text.encode()), [value]) == [], text


def test_wrapped_base64_of_a_long_value_is_masked_line_by_line() -> None:
    value = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(13))[:400]
    for width in (64, 76):
        whole = base64.b64encode(value).decode()
        wrapped = "\n".join(whole[start : start + width] for start in range(0, len(whole), width))
        assert redacted([value], wrapped.encode()) == b"\n".join([MASK.encode()] * -(-len(whole) // width))


@given(
    value=st.binary(min_size=4, max_size=40),
    before=st.binary(max_size=40),
    after=st.binary(max_size=40),
    cuts=st.lists(st.integers(0, 120), max_size=8),
)
@example(value=b"aaaa", before=b"aaa", after=b"aaa", cuts=[1, 2, 3])
@example(value=b"abab", before=b"ab", after=b"ab", cuts=[3])
def test_chunk_borders_make_no_difference(value: bytes, before: bytes, after: bytes, cuts: list[int]) -> None:
    text = before + value + after
    shown = redacted([value], text, [cut for cut in cuts if cut < len(text)])
    assert value not in shown
    assert shown == redacted([value], text)


def test_longer_of_two_overlapping_values_is_masked_whole() -> None:
    assert redacted([b"abcd", b"abcdefgh"], b"xabcdefghx abcdx", [5, 7]) == b"x********x ********x"


def test_text_without_values_passes_at_once_and_unchanged() -> None:
    redactor = Redactor([SecretValue(b"hunter2hunter2")])
    assert redactor.feed(b"\xff\x00 nothing here\n") == b"\xff\x00 nothing here\n"
    assert redactor.feed(b"Password: hunt") == b"Password: "
    assert redactor.feed(b"er3") == b"hunter3"
    assert redactor.finish() == b""
    assert Redactor([]).feed(b"x") == b"x"


def test_values_of_three_bytes_are_left_alone() -> None:
    assert redacted([b"abc", b"", b"\n"], b"xabcx\n") == b"xabcx\n"
