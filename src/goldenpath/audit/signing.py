"""The Ed25519 side of checkpoints: who may have signed, and whether they did. Holds no private key.

The cryptography library is imported where it is used: it costs 50 ms, and most commands read no signature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.audit.keys import AuditKeys, key_fingerprint, public_key_of
from goldenpath.errors import Misconfigured

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

CONTEXT: Final = b"goldenpath/audit/checkpoint/v1\n"
"""Put in front of what is signed, so that a signature made here means nothing anywhere else."""


def public_key_pem(keys: AuditKeys) -> bytes:
    """Return the public key as PEM, for an auditor who must verify checkpoints and sign none."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    return Ed25519PublicKey.from_public_bytes(public_key_of(keys.signing_key)).public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def load_public_keys(pem: bytes, *, subject: str) -> tuple[bytes, ...]:
    """Return the raw keys of a PEM file that holds one or more Ed25519 public keys.

    Raises:
        Misconfigured: ``audit.public-key-invalid``.
    """
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    end = b"-----END PUBLIC KEY-----"
    blocks = [block + end + b"\n" for block in pem.split(end)[:-1]]
    keys: list[bytes] = []
    for block in blocks:
        try:
            key = serialization.load_pem_public_key(block.strip())
        except ValueError:
            raise _bad_public_key(subject) from None
        if not isinstance(key, Ed25519PublicKey):
            raise _bad_public_key(subject)
        keys.append(key.public_bytes_raw())
    if not keys:
        raise _bad_public_key(subject)
    return tuple(keys)


class SignatureChecker:
    """Checks checkpoint signatures against trusted public keys."""

    def __init__(self, public_keys: tuple[bytes, ...]) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - see above

        self._keys: dict[str, Ed25519PublicKey] = {key_fingerprint(raw): Ed25519PublicKey.from_public_bytes(raw) for raw in public_keys}

    def is_signed(self, signed: bytes, *, signing_key_id: str, signature: str) -> bool:
        """Say whether a trusted key made the signature."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - see above

        key = self._keys.get(signing_key_id)
        if key is None:
            return False
        try:
            key.verify(bytes.fromhex(signature), CONTEXT + signed)
        except (InvalidSignature, ValueError):
            return False
        return True


def _bad_public_key(subject: str) -> Misconfigured:
    return Misconfigured(
        "audit.public-key-invalid",
        "the file does not hold Ed25519 public keys in PEM form",
        subject=subject,
        hint="write one with `goldenpath audit checkpoint --export-public-key FILE`",
    )
