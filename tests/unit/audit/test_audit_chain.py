"""Keyed hashes: every type is hashed, none collides with another, nobody without the key can repeat one (R52, CASES 158)."""

from __future__ import annotations

import hashlib
import math
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.canary import new_canary, scan_tree
from tests.unit.audit.logbook import KEYS, event, open_log

from goldenpath.audit.chain import RecordHasher, keyed_hash, record_hash, typed_bytes
from goldenpath.audit.keys import AuditKeys
from goldenpath.errors import Misconfigured
from goldenpath.model.secret import SecretValue

PIN = "493817"
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 493817, 1.0, 0.0, -0.0, 493817.0, "", "1", "True", "None", PIN, b"", b"1", PIN.encode(), [], [1], ["1"],
    [[1]], [1, 2], ["12"], {}, {"a": 1}, {"a": "1"}, {"a": [1]}, {"a": {"b": 1}}, "ab", ["a", "b"], b'POST / HTTP/1.1\r\n\r\n{"pin":493817}',
]  # fmt: skip


def test_no_two_values_share_a_hash() -> None:
    hashes = [keyed_hash("k1", b"1" * 32, value) for value in VALUES]
    clashes = [(first, second) for (first, one), (second, other) in combinations(zip(VALUES, hashes, strict=True), 2) if one == other]
    assert clashes == []


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
trees = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=8)


def same(first: Any, second: Any) -> bool:
    """Equal and of the same types all the way down: 1, True and 1.0 are different things."""
    if type(first) is not type(second):
        return False
    if isinstance(first, list):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, float):
        return first == second and math.copysign(1, first) == math.copysign(1, second)
    return bool(first == second)


@given(trees, trees)
def test_the_encoding_is_injective(first: Any, second: Any) -> None:
    assert (typed_bytes(first) == typed_bytes(second)) == same(first, second)


def test_the_order_of_names_does_not_matter() -> None:
    assert typed_bytes({"a": 1, "b": 2}) == typed_bytes({"b": 2, "a": 1})


def test_a_secret_value_hashes_like_its_bytes() -> None:
    assert keyed_hash("k1", b"1" * 32, SecretValue(b"x")) == keyed_hash("k1", b"1" * 32, b"x")


def test_what_has_no_encoding_is_refused_without_its_text() -> None:
    with pytest.raises(TypeError, match="a object cannot be hashed"):
        typed_bytes(object())  # type: ignore[arg-type]


@pytest.mark.parametrize("value", VALUES)
def test_two_deployments_give_different_macs(value: Any) -> None:
    assert keyed_hash("k1", b"1" * 32, value).partition(":")[2] != keyed_hash("k1", b"2" * 32, value).partition(":")[2]


def test_a_pin_cannot_be_found_by_trying_without_the_key(tmp_path: Path) -> None:
    log = open_log(tmp_path / "audit")
    log.append(event(details=(("pin", log.keyed_hash(int(PIN))), ("text", log.keyed_hash(PIN)), ("raw", log.keyed_hash(PIN.encode())))))
    log.close()
    stored = (tmp_path / "audit" / "segment-00000001.ndjson").read_text()
    for algorithm in ("md5", "sha1", "sha256", "sha512", "blake2b"):
        digest = hashlib.new(algorithm, PIN.encode()).hexdigest()
        assert not any(digest[start : start + 16] in stored for start in range(0, len(digest) - 16, 16))
    assert PIN not in stored


def test_values_of_every_type_leave_no_trace(tmp_path: Path) -> None:
    canary = new_canary()
    log = open_log(tmp_path / "audit")
    forms: list[Any] = [
        canary,
        canary.encode(),
        [canary],
        {"k": canary},
        {"k": [canary.encode(), {"n": canary}]},
        SecretValue(canary.encode()),
    ]
    log.append(event(details=tuple((f"form{number}", log.keyed_hash(form)) for number, form in enumerate(forms))))
    log.close()
    assert scan_tree(tmp_path, [canary]) == []


@given(st.binary(min_size=32, max_size=200), st.text(alphabet="0123456789abcdef", min_size=64, max_size=64), st.binary())
def test_the_fast_hasher_is_hmac_sha256(key: bytes, prev_hash: str, body: bytes) -> None:
    assert RecordHasher(key).hash(prev_hash, body) == record_hash(key, prev_hash, body)


@pytest.mark.parametrize(
    ("chain_keys", "current", "signing_key"),
    [
        ({}, "k1", b"s" * 32),
        ({"k2": b"1" * 32}, "k1", b"s" * 32),
        ({"k1": b"1" * 31}, "k1", b"s" * 32),
        ({"k1": b"1" * 32}, "k1", b"s" * 31),
        ({"k 1": b"1" * 32}, "k 1", b"s" * 32),
        ({"k1\n": b"1" * 32}, "k1\n", b"s" * 32),
    ],
)
def test_keys_that_cannot_do_their_job_are_refused(chain_keys: dict[str, bytes], current: str, signing_key: bytes) -> None:
    with pytest.raises(Misconfigured) as refused:
        AuditKeys(chain_keys, current, signing_key)
    assert refused.value.code == "audit.key-invalid"


def test_keys_do_not_print_themselves() -> None:
    assert repr(KEYS) == "AuditKeys(current='k1', known=['k1'])"
    assert "1111" not in f"{KEYS} {KEYS!r}"
