"""The root keys of an installation, and the keys derived from them: one file (or keyring entry) serves store, audit and journal.

A key is never made where something sealed under an older one already lies: that would turn a lost key into silent data loss.
Keys rotate by adding: the newest seals, every older one still opens what it sealed.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from goldenpath.errors import Misconfigured
from goldenpath.model.base import Record, canonical_bytes
from goldenpath.ports.clock import Entropy
from goldenpath.providers.local.files import (
    create_private_file,
    locked_folder,
    private_folder,
    read_private_file,
    replace_private_file,
)
from goldenpath.providers.system import SystemEntropy

KEY_BYTES = 32
_FILE_MAX_BYTES = 65_536
_KEYRING_SERVICE = "goldenpath"


class _RootFile(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema_version: int
    keys: tuple[str, ...]


class RootKeys:
    """A ring of root keys, newest first. Holds key material, so it never prints itself."""

    __slots__ = ("_keys", "active_id")

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {_key_id(key): key for key in keys}
        self.active_id = _key_id(keys[0])

    def __repr__(self) -> str:
        return f"RootKeys(active_id={self.active_id!r}, count={len(self._keys)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("root keys cannot be pickled or copied")

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of all keys, newest first. Safe to store and print."""
        return tuple(self._keys)

    def derive(self, purpose: str, *, key_id: str = "") -> bytes:
        """Return the 32-byte subkey for one purpose (HKDF-SHA256), of the newest root key or of the named one.

        Raises:
            Misconfigured: ``key.unknown`` when the ring has no such key: the file is not the one that sealed the data.
        """
        root = self._keys.get(key_id or self.active_id)
        if root is None:
            raise Misconfigured(
                "key.unknown",
                f"the data was sealed under root key {key_id}, which is not among {', '.join(self._keys)}",
                hint="put the key file (or keyring entry) back that belongs to this state folder",
            )
        return _expand(root, purpose)


def load_or_create_root(path: Path, *, entropy: Entropy | None = None) -> RootKeys:
    """Return the root keys in the file, made with one fresh key when the installation is new.

    A public marker beside the key (``<name>.id``) remembers that a key was made, and which: after that, a missing or foreign key
    file is an error and never a reason to make another. The same goes for a folder that holds stores, a journal or an audit log.

    Args:
        path: The key file (0600, in a folder of 0700).
        entropy: Where a fresh key comes from; the operating system by default.

    Raises:
        Misconfigured: ``key.missing``, ``key.mismatch``, ``key.unreadable``, ``state.not-private``, ``state.unusable``.
    """
    private_folder(path.parent)
    marker = path.with_name(path.name + ".id")
    if not os.path.lexists(path):
        if _was_used(marker) and not os.path.lexists(path):  # unless another process made it just now
            raise _missing(str(path))
        create_private_file(path, _encode([_fresh_key(entropy)]))
    return _marked(load_root(path), marker, str(path))


def load_root(path: Path) -> RootKeys:
    """Return the root keys in an existing file. Errors as for :func:`load_or_create_root`."""
    if not os.path.lexists(path):
        raise _missing(str(path))
    return RootKeys(_decode(read_private_file(path, max_bytes=_FILE_MAX_BYTES), str(path)))


def rotate_root(path: Path, *, entropy: Entropy | None = None) -> RootKeys:
    """Add a fresh key in front of the others and return the ring; what is sealed from now on uses it."""
    with locked_folder(path.parent):
        older = _decode(read_private_file(path, max_bytes=_FILE_MAX_BYTES), str(path))
        replace_private_file(path, _encode([_fresh_key(entropy), *older]))
    return load_root(path)


def load_or_create_keyring(account: str, *, marker: Path, entropy: Entropy | None = None) -> RootKeys:
    """Return the root keys kept in the operating system's keyring under ``account``, made when the installation is new.

    Args:
        account: Name of the entry.
        marker: File in the state folder that remembers that a key was made.
        entropy: Where a fresh key comes from; the operating system by default.

    Raises:
        Misconfigured: ``key.keyring-missing`` without the optional package, ``key.keyring-unusable`` without a working keyring,
            otherwise as for a file.
    """
    private_folder(marker.parent)
    subject = f"keyring entry {account}"
    read, write = _keyring()
    if read(account) is None:
        if _was_used(marker):
            raise _missing(subject)
        write(account, _encode([_fresh_key(entropy)]).decode("ascii"))
    text = read(account)
    if text is None:
        raise _keyring_unusable()
    return _marked(RootKeys(_decode(text.encode("utf-8"), subject)), marker, subject)


def _keyring() -> tuple[Callable[[str], str | None], Callable[[str, str], None]]:
    try:
        import keyring  # noqa: PLC0415 - optional, and slow to import
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        raise Misconfigured(
            "key.keyring-missing",
            "state.keySource is keyring, but the optional package is not installed",
            hint="install goldenpath[keyring], or set state.keySource: file",
        ) from None

    def read(account: str) -> str | None:
        try:
            return keyring.get_password(_KEYRING_SERVICE, account)
        except KeyringError:
            raise _keyring_unusable() from None

    def write(account: str, text: str) -> None:
        try:
            keyring.set_password(_KEYRING_SERVICE, account, text)
        except KeyringError:
            raise _keyring_unusable() from None

    return read, write


def _keyring_unusable() -> Misconfigured:
    return Misconfigured(
        "key.keyring-unusable",
        "the operating system's keyring is locked or has no backend",
        hint="unlock it, or set state.keySource: file",
    )


def _marked(keys: RootKeys, marker: Path, subject: str) -> RootKeys:
    if not os.path.lexists(marker):
        create_private_file(marker, keys.active_id.encode("ascii"))
    made = read_private_file(marker, max_bytes=_FILE_MAX_BYTES).decode("ascii", "replace")
    if made not in keys.key_ids:
        raise Misconfigured(
            "key.mismatch",
            f"this installation was made with root key {made!a}, which is not among {', '.join(keys.key_ids)}",
            subject=subject,
            hint="put the key back that belongs to this state folder",
        )
    return keys


def _was_used(marker: Path) -> bool:
    """Say whether a key was ever made here: the marker says so, or files that only exist under a key."""
    return os.path.lexists(marker) or any(marker.parent.glob("*.db")) or any(marker.parent.glob("audit/*.ndjson"))


def _missing(subject: str) -> Misconfigured:
    return Misconfigured(
        "key.missing",
        "the root key of this installation is not there",
        subject=subject,
        hint="put the key back from its safe copy; without it nobody can read the sealed data",
    )


def _fresh_key(entropy: Entropy | None) -> bytes:
    return (entropy or SystemEntropy()).token_bytes(KEY_BYTES)


def _encode(keys: Sequence[bytes]) -> bytes:
    return canonical_bytes(_RootFile(schema_version=1, keys=tuple(base64.b64encode(key).decode("ascii") for key in keys))) + b"\n"


def _decode(content: bytes, subject: str) -> list[bytes]:
    try:
        file = msgspec.json.decode(content, type=_RootFile)
        keys = [base64.b64decode(text, validate=True) for text in file.keys]
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error, ValueError):
        raise _unreadable(subject) from None
    if file.schema_version != 1 or not keys or any(len(key) != KEY_BYTES for key in keys):
        raise _unreadable(subject)
    return keys


def _unreadable(subject: str) -> Misconfigured:
    return Misconfigured(
        "key.unreadable",
        "the root key is damaged, empty or of a newer version",
        subject=subject,
        hint="put the key back from its safe copy; never make a new one for existing data",
    )


def _key_id(key: bytes) -> str:
    return _expand(key, "key-id").hex()[:16]


def _expand(key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"goldenpath/v1/" + purpose.encode("utf-8")).derive(key)
