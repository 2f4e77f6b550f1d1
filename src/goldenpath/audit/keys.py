"""The keys of one audit log, as handed in by the wiring. Finds, creates and stores no key: that is a provider's work."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from goldenpath.errors import Misconfigured

KEY_BYTES_MIN = 32
SEED_BYTES = 32
_KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True, repr=False)
class AuditKeys:
    """Chain keys by id, the id that new records use, and the seed that signs checkpoints.

    Args:
        chain_keys: HMAC keys, 32 bytes or more each; retired ones stay so that old records can be verified.
        current: The id of the key for new records. Changing it starts a new segment with a link record.
        signing_key: The 32-byte seed of an Ed25519 key.
        retired_public_keys: Raw 32-byte public keys of earlier signing keys, still trusted for old checkpoints.

    Raises:
        Misconfigured: ``audit.key-invalid``.
    """

    chain_keys: Mapping[str, bytes]
    current: str
    signing_key: bytes
    retired_public_keys: tuple[bytes, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse keys that could not do their job."""
        if self.current not in self.chain_keys:
            raise _invalid(f"the current chain key {self.current!r} is not among the chain keys")
        for key_id, key in self.chain_keys.items():
            if not _KEY_ID.fullmatch(key_id):
                raise _invalid(f"chain key id {key_id!r} must be 1 to 64 letters, digits, '_', '.' or '-'")
            if len(key) < KEY_BYTES_MIN:
                raise _invalid(f"chain key {key_id!r} is shorter than {KEY_BYTES_MIN} bytes")
        if len(self.signing_key) != SEED_BYTES:
            raise _invalid(f"the signing key must be a seed of {SEED_BYTES} bytes")

    def __repr__(self) -> str:
        return f"AuditKeys(current={self.current!r}, known={sorted(self.chain_keys)!r})"

    @property
    def current_key(self) -> bytes:
        """The HMAC key for new records."""
        return self.chain_keys[self.current]


def public_key_of(signing_key: bytes) -> bytes:
    """Return the raw public half of a signing seed."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - 50 ms that writers do not need

    return Ed25519PrivateKey.from_private_bytes(signing_key).public_key().public_bytes_raw()


def key_fingerprint(public_key: bytes) -> str:
    """Return the id of a signing key: the first 16 hex digits of the SHA-256 of its raw public bytes."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def _invalid(message: str) -> Misconfigured:
    return Misconfigured("audit.key-invalid", message, hint="restore the key file from its backup; a new key starts a new segment")
