from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.canary import hits_in, new_canary

from goldenpath.errors import ProviderRefused
from goldenpath.model.payload import PayloadKey, encode_payload, outline_payload
from goldenpath.model.secret import SecretValue
from goldenpath.projection.payload_check import KEY_MAX, TOTAL_MAX_BYTES, check_payload


def rules(*keys: PayloadKey) -> list[str]:
    return sorted(finding.rule.removeprefix("projection.payload-") for finding in check_payload(keys, subject="SEC-0007"))


def text(name: str, size: int = 1) -> PayloadKey:
    return PayloadKey(name=name, kind="string", size_bytes=size)


NAMES = [
    ("DATABASE_URL", []), ("tls.crt", []), (".dockerconfigjson", []), ("a-b", []), ("-", []), ("a" * 253, []),
    ("a b", ["key-charset"]), ("", ["key-empty"]), ("é", ["key-charset"]), ("a/b", ["key-charset"]), ("a\n", ["key-charset"]), (".", ["key-charset"]),
    ("..", ["key-charset"]), ("..a", ["key-charset"]), ("a" * 254, ["key-too-long"]), ("a" * 253 + "\u00e9", ["key-charset", "key-too-long"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_names_are_those_that_kubernetes_takes(name: str, expected: list[str]) -> None:
    assert rules(text(name)) == expected


@pytest.mark.parametrize("kind", ["number", "boolean", "null", "array", "object"])
def test_only_strings_are_values(kind: str) -> None:
    assert rules(PayloadKey(name="a", kind=kind)) == ["not-text"]  # type: ignore[arg-type]


def test_the_case_of_the_standard() -> None:
    blob = f'{{"a b": "x", "{"k" * 254}": "x", "": "x", "d": "x", "d": "y", "one": 1, "yes": true, "no": null, "deep": {{"d": 1}}, "list": [1]}}'
    found = check_payload(outline_payload(SecretValue(blob.encode())), subject="SEC-0007")
    named = {(finding.rule.removeprefix("projection.payload-"), finding.field) for finding in found}
    assert named == {
        ("key-charset", "'a b'"),
        ("key-too-long", f"'{'k' * 80}...'"),
        ("key-empty", "''"),
        ("key-duplicate", "'d'"),
        ("not-text", "'one'"),
        ("not-text", "'yes'"),
        ("not-text", "'no'"),
        ("not-text", "'deep'"),
        ("not-text", "'list'"),
    }
    assert all(finding.is_blocking for finding in found)


@pytest.mark.parametrize(
    ("sizes", "expected"), [((TOTAL_MAX_BYTES,), []), ((TOTAL_MAX_BYTES, 1), ["too-large"]), ((600_000, 600_000), ["too-large"])]
)
def test_total_is_limited(sizes: tuple[int, ...], expected: list[str]) -> None:
    assert rules(*(text(f"k{number}", size) for number, size in enumerate(sizes))) == expected


def test_bytes_count_not_characters() -> None:
    blob = SecretValue(json.dumps({"a": "é" * (TOTAL_MAX_BYTES // 2), "b": "x"}, ensure_ascii=False).encode())
    findings = check_payload(outline_payload(blob), subject="SEC-0007")
    assert [finding.rule for finding in findings] == ["projection.payload-too-large"]
    assert str(TOTAL_MAX_BYTES) in findings[0].message


def test_an_empty_payload_is_refused() -> None:
    assert rules() == ["empty"]


@pytest.mark.parametrize("blob", [b"", b"[]", b'"text"', b"1", b"null", b"{", b"\xff", b"[" * 200_000, b'{"a":' * 200_000])
def test_what_is_no_object_is_refused_without_its_text(blob: bytes) -> None:
    with pytest.raises(ProviderRefused) as caught:
        outline_payload(SecretValue(blob))
    assert caught.value.code == "value.not-an-object"
    assert caught.value.__cause__ is None


def test_huge_numbers_do_not_break_the_outline() -> None:
    assert outline_payload(SecretValue(b'{"n": ' + b"9" * 10_000 + b', "f": 1e999, "c": NaN}')) == (
        PayloadKey(name="n", kind="number"),
        PayloadKey(name="f", kind="number"),
        PayloadKey(name="c", kind="number"),
    )


def test_no_value_reaches_a_finding() -> None:
    canary = new_canary()
    blob = json.dumps({"bad key": canary, "nested": {"x": canary}, "list": [canary], "ok": canary}).encode()
    findings = check_payload(outline_payload(SecretValue(blob)), subject="SEC-0007")
    assert len(findings) == 3
    assert hits_in(repr(findings).encode(), [canary]) == []


@given(
    st.dictionaries(
        st.from_regex(r"[-._a-zA-Z0-9]{1,20}", fullmatch=True).filter(lambda name: name != "." and not name.startswith("..")),
        st.text(st.characters(exclude_categories=["Cs"])),
        min_size=1,
    )
)
@settings(max_examples=60)
def test_what_seeding_writes_passes(values: dict[str, str]) -> None:
    blob = encode_payload({name: SecretValue(value.encode()) for name, value in values.items()})
    keys = outline_payload(blob)
    assert check_payload(keys, subject="SEC-0007") == ()
    assert {key.name: key.size_bytes for key in keys} == {name: len(value.encode()) for name, value in values.items()}
    assert all(len(key.name) <= KEY_MAX for key in keys)
