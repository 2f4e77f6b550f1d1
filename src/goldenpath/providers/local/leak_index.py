"""The index of fingerprints in the state folder: AES-256-GCM under a key of its own, bound to its header, mode 0600."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from goldenpath.errors import Misconfigured
from goldenpath.ports.clock import Entropy
from goldenpath.providers.local.files import read_private_file, replace_private_file
from goldenpath.providers.local.keys import RootKeys
from goldenpath.providers.local.opening import open_root_keys

INDEX_FILE: Final = "leak-index.sealed"
_MAGIC: Final = "goldenpath-leak-index/1"
_NONCE_BYTES: Final = 12
_FILE_MAX_BYTES: Final = 268_435_456
_FINGERPRINTS: Final = "leak-index/fingerprints"
_SEALING: Final = "leak-index/sealing"


class LocalLeakIndex:
    """One index. The header names the root key that sealed it, so that an older one still opens after a key rotation."""

    def __init__(self, directory: Path, key_source: str, *, entropy: Entropy) -> None:
        self._directory = directory
        self._key_source = key_source
        self._entropy = entropy

    def load(self) -> tuple[bytes, bytes] | None:
        """See the port."""
        path = self._directory / INDEX_FILE
        if not os.path.lexists(path):
            return None
        header, _, box = read_private_file(path, max_bytes=_FILE_MAX_BYTES).partition(b"\n")
        magic, _, key_id = header.decode("ascii", "replace").partition(" ")
        keys = self._keys()
        if magic != _MAGIC or key_id not in keys.key_ids:
            raise _unreadable(path)
        try:
            plain = self._cipher(keys, key_id).decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], header)
        except (InvalidTag, ValueError):
            raise _unreadable(path) from None
        return plain, keys.derive(_FINGERPRINTS, key_id=key_id)

    def new_key(self) -> bytes:
        """See the port."""
        return self._keys().derive(_FINGERPRINTS)

    def save(self, content: bytes) -> None:
        """See the port."""
        keys = self._keys()
        header = f"{_MAGIC} {keys.active_id}".encode("ascii")
        nonce = self._entropy.token_bytes(_NONCE_BYTES)
        box = self._cipher(keys, keys.active_id).encrypt(nonce, content, header)
        replace_private_file(self._directory / INDEX_FILE, header + b"\n" + nonce + box)

    def _keys(self) -> RootKeys:
        return open_root_keys(self._directory, self._key_source, entropy=self._entropy)

    @staticmethod
    def _cipher(keys: RootKeys, key_id: str) -> AESGCM:
        return AESGCM(keys.derive(_SEALING, key_id=key_id))


def _unreadable(path: Path) -> Misconfigured:
    return Misconfigured(
        "scan.index-unreadable",
        "the index of fingerprints is damaged, or another installation sealed it",
        subject=str(path),
        hint="make it anew: goldenpath scan --update-index",
    )
