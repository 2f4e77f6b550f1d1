"""From keys to names of parameters: folded in one way only, and everything else refused (R8, R29)."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import make_request

from goldenpath.model.naming import parameter_folder, parameter_path
from goldenpath.model.parameter import (
    LEVELS_MAX,
    NAME_MAX,
    declared_in,
    folded_key,
    is_same_key,
    key_fault,
    key_note,
    name_faults,
    normalised_key,
)

KEYS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,40}", fullmatch=True).filter(lambda key: not key_fault(key))
SLASHES = "/".join(["x"] * 16)


@given(one=KEYS, other=KEYS)
def test_two_keys_meet_in_one_name_only_when_they_differ_in_case_alone(one: str, other: str) -> None:
    request = make_request()
    is_one_name = parameter_path(request, one) == parameter_path(request, other)
    assert is_one_name == (one.lower() == other.lower()) == (folded_key(one) == folded_key(other))


@given(key=KEYS)
def test_a_name_says_where_it_belongs_and_is_what_parameter_store_takes(key: str) -> None:
    name = parameter_path(make_request(), key, prefix="zerotouch")
    assert name == f"/zerotouch/dev/payments/{key.lower()}"
    assert normalised_key(normalised_key(key)) == normalised_key(key)
    assert list(name_faults(name, region="us-east-1")) == []


@given(key=st.text(max_size=60))
def test_whatever_is_no_plain_word_is_refused(key: str) -> None:
    allowed = set(string.ascii_letters + string.digits + "_")
    is_plain = bool(key) and set(key) <= allowed and not key[0].isdigit() and not key.lower().startswith(("aws", "ssm"))
    assert bool(key_fault(key)) != is_plain


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("", "empty"),
        ("API-KEY", "hyphen"),
        ("A B", "other than"),
        ("9X", "digit"),
        ("E\u0301", "ASCII"),
        ("\uff11x", "ASCII"),
        ("aws_x", "reserves"),
        ("AWS_x", "reserves"),
        ("ssmx", "reserves"),
        (SLASHES, "other than"),
        ("a\n", "other than"),
    ],
)
def test_a_fault_says_what_is_wrong(key: str, said: str) -> None:
    assert said in key_fault(key)


def test_names_are_measured_with_the_prefix_of_their_arn() -> None:
    front = len("arn:aws:ssm:us-east-1:123456789012:parameter")
    longest = "/" + "x" * (NAME_MAX - front - 1)
    assert list(name_faults(longest, region="us-east-1", account="123456789012")) == []
    assert len(list(name_faults(longest + "x", region="us-east-1", account="123456789012"))) == 1
    assert len(list(name_faults(longest, region="ap-southeast-1"))) == 1, "the region counts, and an account that is not known yet"


def test_names_have_at_most_fifteen_levels_and_no_reserved_beginning() -> None:
    assert list(name_faults("/x" * LEVELS_MAX, region="us-east-1")) == []
    assert len(list(name_faults("/x" * (LEVELS_MAX + 1), region="us-east-1"))) == 1
    assert len(list(name_faults("/aws-team/dev/x/y", region="us-east-1"))) == 1
    assert parameter_folder("prod", "service", prefix="zerotouch") == "/zerotouch/prod/service"


@given(key=KEYS)
def test_a_note_keeps_the_spelling_of_the_key(key: str) -> None:
    assert declared_in(key_note(key, "SEC-0303")) == (key, "SEC-0303")


@pytest.mark.parametrize("note", ["", "by hand", "A of B of SEC-1", "A of SEC-"])
def test_other_descriptions_say_nothing(note: str) -> None:
    assert declared_in(note) == ("", "")


@pytest.mark.parametrize(
    ("observed", "wanted", "is_same"),
    [
        ("alias/a", "alias/a", True),
        ("alias/a", "alias/b", False),
        ("alias/aws/ssm", "", True),
        ("alias/a", "", False),
        ("", "alias/a", True),
        ("arn:aws:kms:us-east-1:1:key/11-22", "11-22", True),
        ("arn:aws:kms:us-east-1:1:key/11-22", "33-44", False),
        ("arn:aws:kms:us-east-1:1:key/11-22", "alias/a", True),
    ],
)
def test_a_key_is_another_only_when_that_is_certain(observed: str, wanted: str, is_same: bool) -> None:
    assert is_same_key(observed, wanted) is is_same
