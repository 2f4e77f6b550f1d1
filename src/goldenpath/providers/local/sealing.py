"""Seals rows with AES-256-GCM, each bound to its place: a row that is edited, or moved to another place, does not open.

Nonces are 96 random bits, drawn for each seal. Holds derived keys only for the life of the store object.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from goldenpath.errors import ProviderRefused
from goldenpath.model.base import Record, canonical_bytes
from goldenpath.ports.clock import Entropy
from goldenpath.providers.local.keys import RootKeys

_NONCE_BYTES = 12
_FINGERPRINT_CHARS = 20


class Sealed(Record, frozen=True, kw_only=True):
    """One sealed row: the id of the root key it hangs from, and nonce plus ciphertext."""

    key_id: str
    box: bytes


class Sealer:
    """Seals and opens for one store.

    Args:
        keys: The ring; new seals use its newest key.
        store_id: Bound into every seal, so that rows cannot travel between stores.
        digest_key_id: The root key that keyed digests hang from; stays the same for the life of the store.
    """

    def __init__(self, keys: RootKeys, *, store_id: str, digest_key_id: str, entropy: Entropy) -> None:
        self._keys = keys
        self._store_id = store_id
        self._entropy = entropy
        self._ciphers: dict[str, AESGCM] = {}
        self._digest_key = keys.derive("store-digest", key_id=digest_key_id)

    def seal(self, place: tuple[str, ...], plain: bytes) -> Sealed:
        """Seal ``plain`` for one place: (kind, provider, environment, path, version id)."""
        key_id = self._keys.active_id
        nonce = self._entropy.token_bytes(_NONCE_BYTES)
        return Sealed(key_id=key_id, box=nonce + self._cipher(key_id).encrypt(nonce, plain, self._bound(place)))

    def open(self, place: tuple[str, ...], sealed: Sealed) -> bytes:
        """Return the plain bytes.

        Raises:
            ProviderRefused: ``store.sealed-record-corrupt`` when the row is not what was sealed for this place.
        """
        nonce, box = sealed.box[:_NONCE_BYTES], sealed.box[_NONCE_BYTES:]
        if sealed.key_id not in self._keys.key_ids:
            raise corrupt(place)
        try:
            return self._cipher(sealed.key_id).decrypt(nonce, box, self._bound(place))
        except (InvalidTag, ValueError):
            raise corrupt(place) from None

    def content_digest(self, value: bytes) -> str:
        """Return the full keyed digest of a value, for idempotency checks inside the store."""
        return hmac.new(self._digest_key, value, sha256).hexdigest()

    def fingerprint(self, value: bytes) -> str:
        """Return the truncated keyed digest that may be shown."""
        return hmac.new(self._digest_key, b"fingerprint\x00" + value, sha256).hexdigest()[:_FINGERPRINT_CHARS]

    def _cipher(self, key_id: str) -> AESGCM:
        if key_id not in self._ciphers:
            self._ciphers[key_id] = AESGCM(self._keys.derive("store-sealing", key_id=key_id))
        return self._ciphers[key_id]

    def _bound(self, place: tuple[str, ...]) -> bytes:
        return canonical_bytes(["goldenpath/sealed-row/1", self._store_id, *place])


def corrupt(place: tuple[str, ...]) -> ProviderRefused:
    """Return the error for a row that was changed outside the platform; names the place, never the content."""
    return ProviderRefused(
        "store.sealed-record-corrupt",
        f"the sealed {place[0]} was changed outside the platform, or moved here from another place",
        subject=":".join(part for part in place[1:] if part),
        hint="treat the value as compromised: restore the store from a backup, then rotate the secret",
    )
