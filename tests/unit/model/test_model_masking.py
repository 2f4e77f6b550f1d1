"""Mask text and nothing at all are no values (R3); real values that look odd are."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.model.masking import MASK_WORDS, unfit_payload_reason, unfit_reason

MASKS = [
    "*", "***", "********", "*" * 200, "••••••••", "●●●●", "████", "xxx", "XXXXXXXX", "####", "....", "…", "---", "___", "???",
    "redacted", "REDACTED", "<redacted>", "[REDACTED]", "***REDACTED***", "(sensitive value)", "(sensitive)", "<hidden>", "{masked}",
    "SecretValue(********)", "changeme", "CHANGE_ME", "change-me!", "<placeholder>", "awaiting-value", "TODO", "value redacted",
    "AKIA****************", "****1234", "ab****yz", "  ********  ", "********\n",
]  # fmt: skip
VALUES = [
    "a", "x", "xx", "xX", "-", "p@ss****word-with-more", "hidden123", "Hidden-Valley-42", "secret", "password", "null", "none", "0", "false",
    "/* comment ****** */ select 1", "-----BEGIN KEY-----\n****\n-----END KEY-----", "x" * 65, "http://x", "redacted by the press in 1999",
    "******** is eight stars and text",
]  # fmt: skip


@pytest.mark.parametrize("text", MASKS)
def test_mask_text_is_refused(text: str) -> None:
    assert unfit_reason(text.encode()) == "mask"
    assert unfit_payload_reason(json.dumps({"good": "v", "bad": text}).encode()) == ("mask", "bad")


@pytest.mark.parametrize("text", VALUES)
def test_odd_values_are_values(text: str) -> None:
    assert unfit_reason(text.encode()) == ""
    assert unfit_payload_reason(json.dumps({"key": text}).encode()) == ("", "")


@pytest.mark.parametrize("value", [b"", b" ", b"\n\t ", b"\r\n"])
def test_blank_is_empty(value: bytes) -> None:
    assert unfit_reason(value) == "empty"


@pytest.mark.parametrize("value", [b"[]", b"[1]", b"1", b'{"a": 1}', b'{"a": null}', b'{"a"', b"\xff\xfe{}"])
def test_what_is_no_object_of_texts_is_judged_as_a_whole(value: bytes) -> None:
    assert unfit_payload_reason(value) == ("", "")


@given(st.sampled_from(sorted(MASK_WORDS)), st.sampled_from(["<{}>", "[{}]", "({})", "**{}**", '"{}"', "{}"]), st.booleans())
def test_every_mask_word_is_known_in_every_dress(word: str, dress: str, is_upper: object) -> None:
    text = dress.format(word.upper() if is_upper else word)
    assert unfit_reason(text.encode()) == "mask"


@given(st.binary(max_size=300))
def test_any_bytes_are_judged_without_an_error(value: bytes) -> None:
    assert unfit_reason(value) in {"", "empty", "mask"}
    assert unfit_payload_reason(value)[0] in {"", "empty", "mask"}


@pytest.mark.parametrize(
    ("tree", "found"),
    [
        ({"a": {"b": "***"}}, ("mask", "a.b")),
        ({"a": [1, "", "x"]}, ("empty", "a[1]")),
        ({"a": {"b": [{"c": "<redacted>"}]}}, ("mask", "a.b[0].c")),
        ({}, ("empty", "")),
    ],
)
def test_texts_at_any_depth_are_judged(tree: object, found: tuple[str, str]) -> None:
    assert unfit_payload_reason(json.dumps(tree).encode()) == found


def test_a_deep_or_wide_record_is_judged_in_little_time() -> None:
    deep = b'{"a":' * 400 + b'"x"' + b"}" * 400
    wide = json.dumps({"a": ["x"] * 10_000}).encode()
    assert [unfit_payload_reason(value) for value in (deep, wide)] == [("", ""), ("", "")]
