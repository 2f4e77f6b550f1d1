"""Generated values pass their own check, use the whole alphabet, and come from the entropy port alone."""

from __future__ import annotations

import base64
import uuid
from collections import Counter
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import FakeEntropy, make_request

from goldenpath.errors import InvalidIntent
from goldenpath.injection.check import check_batch
from goldenpath.injection.formats import fits_format
from goldenpath.injection.generate import ALPHABETS, generate_value
from goldenpath.model.request import Alphabet, Generator, KeyFormat, KeySpec
from goldenpath.providers.system import SystemEntropy

GENERATABLE: tuple[KeyFormat, ...] = ("text", "hex", "integer", "base64", "uuid")


def generated(form: KeyFormat = "text", generator: Generator | None = None) -> str:
    return generate_value(KeySpec(name="k", format=form, generator=generator), SystemEntropy()).reveal().decode()


@given(form=st.sampled_from(GENERATABLE), length=st.integers(8, 300), alphabet=st.sampled_from(get_args(Alphabet)))
def test_what_is_generated_passes_every_check(form: KeyFormat, length: int, alphabet: Alphabet) -> None:
    spec = {"name": "k", "format": form, "generator": {"length": length, "alphabet": alphabet}}
    key = KeySpec(name="k", format=form, generator=Generator(length=length, alphabet=alphabet))
    value = generate_value(key, SystemEntropy())
    assert fits_format(value.reveal().decode(), form)
    assert check_batch(make_request({"spec": {"keys": [spec], "provider": "local"}}), {"k": value}) == ()


@pytest.mark.parametrize("alphabet", get_args(Alphabet))
@pytest.mark.parametrize("length", [8, 33, 4096])
def test_text_has_its_length_and_alphabet(alphabet: Alphabet, length: int) -> None:
    text = generated(generator=Generator(length=length, alphabet=alphabet, prefix="gp_live_"))
    assert text.startswith("gp_live_")
    assert len(text) == length + len("gp_live_")
    assert set(text.removeprefix("gp_live_")) <= set(ALPHABETS[alphabet])


@pytest.mark.parametrize("alphabet", get_args(Alphabet))
def test_every_character_is_drawn_about_equally_often(alphabet: Alphabet) -> None:
    size = len(ALPHABETS[alphabet])
    assert size == len(set(ALPHABETS[alphabet]))
    counts = Counter("".join(generated(generator=Generator(length=4096, alphabet=alphabet)) for _ in range(8)))
    expected = 8 * 4096 / size
    assert len(counts) == size
    assert all(expected / 2 < count < expected * 2 for count in counts.values())


def test_without_a_generator_the_defaults_are_used() -> None:
    assert len(generated()) == 32


def test_no_two_values_are_the_same() -> None:
    assert len({generated() for _ in range(200)}) == 200


@pytest.mark.parametrize(("length", "expected"), [(8, 8), (9, 12), (11, 12), (32, 32)])
def test_base64_comes_in_whole_groups(length: int, expected: int) -> None:
    for alphabet in ("alphanumeric", "base64url"):
        text = generated("base64", Generator(length=length, alphabet=alphabet))
        assert len(text) == expected
        assert "=" not in text
        base64.b64decode(text, altchars=b"-_" if alphabet == "base64url" else None, validate=True)


def test_integers_keep_their_length() -> None:
    for _ in range(50):
        text = generated("integer", Generator(length=8))
        assert len(text) == 8
        assert text[0] != "0"
    assert generated("integer", Generator(length=8, prefix="-1")).startswith("-1")


def test_a_uuid_is_random_of_version_4() -> None:
    assert {uuid.UUID(generated("uuid")).version for _ in range(20)} == {4}


@pytest.mark.parametrize(
    ("form", "prefix"),
    [
        ("url", ""),
        ("json", ""),
        ("pem", ""),
        ("email", ""),
        ("hostname", ""),
        ("hex", "gp_"),
        ("integer", "x"),
        ("uuid", "id-"),
        ("base64", "a b"),
    ],
)
def test_what_chance_cannot_make_is_refused(form: KeyFormat, prefix: str) -> None:
    with pytest.raises(InvalidIntent) as refused:
        generate_value(KeySpec(name="k", format=form, generator=Generator(prefix=prefix)), SystemEntropy())
    assert (refused.value.code, refused.value.subject) == ("value.not-generatable", "k")


def test_randomness_comes_through_the_port() -> None:
    first = generate_value(KeySpec(name="k"), FakeEntropy(7))
    second = generate_value(KeySpec(name="k"), FakeEntropy(7))
    assert first.reveal() == second.reveal()
