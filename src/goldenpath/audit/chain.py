"""The keyed hashes of the log: what binds a record to all before it, and what stands in for anything derived from a value (R51, R52).

Every MAC has its own key, derived by purpose, so that one can never pass for another. Holds no state and reads no file.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from goldenpath.model.secret import SecretValue

Hashable = bytes | bytearray | str | bool | int | float | SecretValue | Sequence["Hashable"] | Mapping[str, "Hashable"] | None
"""Whatever may be derived from a value: every type is hashed, none passes in clear."""

_BLOCK_BYTES = 64
KEYED_HASH_HEX = 32
_SCALARS: tuple[tuple[type | tuple[type, ...], bytes, Callable[[Any], bytes]], ...] = (
    (type(None), b"n", lambda _: b""),
    (bool, b"t", lambda value: b"1" if value else b"0"),  # before int: a bool is an int, too
    (int, b"i", lambda value: b"%d" % value),
    (float, b"f", lambda value: struct.pack(">d", value)),
    (str, b"s", lambda value: value.encode("utf-8", "surrogatepass")),
    ((bytes, bytearray), b"b", bytes),
)
_VALUE_PURPOSE = b"goldenpath/audit/value/v1"
_TORN_PURPOSE = b"goldenpath/audit/torn/v1"
_GENESIS_PURPOSE = b"goldenpath/audit/genesis/v1\n"


def record_hash(chain_key: bytes, prev_hash: str, body: bytes) -> str:
    """Return HMAC-SHA256(chain key, previous hash as hex text + the record's bytes without its ``hash`` member), in hex."""
    return hmac.digest(chain_key, prev_hash.encode("utf-8") + body, "sha256").hex()


class RecordHasher:
    """:func:`record_hash` for one key and many records: the key is absorbed once, each record starts from copies of that state."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, chain_key: bytes) -> None:
        block = (chain_key if len(chain_key) <= _BLOCK_BYTES else hashlib.sha256(chain_key).digest()).ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def hash(self, prev_hash: str, body: bytes) -> str:
        """Return what :func:`record_hash` returns for this key."""
        inner = self._inner.copy()
        inner.update(prev_hash.encode("utf-8"))
        inner.update(body)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.hexdigest()


def genesis_hash(chain_id: str) -> str:
    """Return the ``prev_hash`` of a chain's first record, so that no other chain's records continue it."""
    return hashlib.sha256(_GENESIS_PURPOSE + chain_id.encode("utf-8")).hexdigest()


def torn_mac(chain_key: bytes, fragment: bytes) -> str:
    """Return the MAC by which a recovery record names a torn fragment without repeating it."""
    return hmac.digest(_purpose_key(chain_key, _TORN_PURPOSE), fragment, "sha256").hex()


def keyed_hash(key_id: str, chain_key: bytes, value: Hashable) -> str:
    """Return ``<key id>:<128 bits in hex>`` for a value of any type; meaningless without the key, different in each deployment."""
    mac = hmac.digest(_purpose_key(chain_key, _VALUE_PURPOSE), typed_bytes(value), "sha256")
    return f"{key_id}:{mac.hex()[:KEYED_HASH_HEX]}"


def typed_bytes(value: Hashable) -> bytes:
    """Return an injective encoding: type tag, length, content. ``1``, ``True``, ``1.0``, ``"1"`` and ``b"1"`` all differ.

    Raises:
        TypeError: for a type that has no encoding (names the type, never the value).
    """
    if isinstance(value, SecretValue):
        return _tagged(b"b", value.reveal())
    if isinstance(value, Mapping):
        pairs = sorted((typed_bytes(key), typed_bytes(item)) for key, item in value.items())
        return _tagged(b"m", b"".join(key + item for key, item in pairs))
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)):
        return _tagged(b"l", b"".join(typed_bytes(item) for item in value))
    for kind, tag, encode in _SCALARS:
        if isinstance(value, kind):
            return _tagged(tag, encode(value))
    raise TypeError(f"a {type(value).__name__} cannot be hashed for the audit log")


def _tagged(tag: bytes, content: bytes) -> bytes:
    return tag + len(content).to_bytes(8, "big") + content


def _purpose_key(chain_key: bytes, purpose: bytes) -> bytes:
    return hmac.digest(chain_key, purpose, "sha256")
