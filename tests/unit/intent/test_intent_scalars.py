"""What unquoted words mean: nothing that another YAML reader could take for something else passes as text (R5)."""

from __future__ import annotations

import datetime as dt

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.intent.scalars import AMBIGUOUS, resolve_plain

AMBIGUOUS_WORDS = (
    "", "~", "null", "Null", "NULL", "nULL", "=", "<<",
    "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "off", "OFF", "y", "Y", "n", "N", "True", "TRUE", "tRue", "False", "FALSE",
    "0007", "00", "08", "-0", "+1", "-01", "1_000", "_1_0"[1:], "0b101", "0o17", "0x1f", "0XFF", "-0x1F", "+0b1",
    "1e2", "1E2", "1e+2", "-1e-2", "1.", ".5", "-.5", "+.5", "1.5e3", "1_0.5", "00.5", "01.5", "1.0000000000000000",
    ".inf", "-.inf", "+.INF", ".nan", ".NaN", "12:30:45", "1:00", "190:20:30.15", "-1:30", "1:60",
    "9" * 19, "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43", "2001-1-1 1:1:1",
)  # fmt: skip
TEXTS = (
    "dev", "a", "nothing", "yesterday", "0a", "1h", "10.0.0.1", "1.2.3", "2026-01-01", "SEC-0007", "arn:aws:iam::593517239005:role/x",
    "-", "--", "a-b", "+a", ".a", "..", "0x", "1e", "e5", "http://x", "12:ab", "truely", "nul", "null-team", "onboarding",
)  # fmt: skip


@pytest.mark.parametrize("word", AMBIGUOUS_WORDS)
def test_a_word_that_readers_disagree_about_is_no_text(word: str) -> None:
    assert resolve_plain(word) is AMBIGUOUS


@pytest.mark.parametrize("word", TEXTS)
def test_text_stays_text(word: str) -> None:
    assert resolve_plain(word) == word


@pytest.mark.parametrize(
    ("word", "value"), [("true", True), ("false", False), ("0", 0), ("30", 30), ("-1", -1), ("30.5", 30.5), ("0.40", 0.4)]
)
def test_plain_booleans_and_decimals_are_themselves(word: str, value: object) -> None:
    found = resolve_plain(word)
    assert found == value
    assert type(found) is type(value)


@given(st.text("0123456789+-._:eExXoObBaAfFnNyYtTrRuUlLsSiI~=<>", max_size=10))
def test_what_pyyaml_takes_for_something_else_is_never_text(word: str) -> None:
    loader = yaml.SafeLoader("")
    tag: str = loader.resolve(yaml.ScalarNode, word, (True, False))  # type: ignore[no-untyped-call]
    found = resolve_plain(word)
    if tag == "tag:yaml.org,2002:str":
        return
    if tag == "tag:yaml.org,2002:timestamp" and isinstance(found, str):
        assert len(found) == len("2026-01-01"), "only a bare date stays text"
    else:
        assert found is AMBIGUOUS or isinstance(found, bool | int | float)


def test_a_date_is_text_and_no_date_object() -> None:
    assert not isinstance(resolve_plain("2026-01-01"), dt.date)
