"""The allowed signers file that git's own check reads: only what we write gets into it.

Principals are numbered instead of written, and keys are taken apart and put together again: a name or a key line of the
approvers file cannot add an option, a pattern, a certificate authority or a line.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

KEY_TYPES = frozenset(
    {
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "ssh-rsa",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    },
)
RSA_MIN_BITS = 2048
_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """One usable public key. ``fingerprint`` is OpenSSH's ``SHA256:...``."""

    kind: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """The way OpenSSH names the key."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode("ascii").rstrip("=")

    @property
    def line(self) -> str:
        """Type and key, as in a public key file, without a comment."""
        return f"{self.kind} {base64.b64encode(self.blob).decode('ascii')}"


@dataclass(frozen=True, slots=True)
class AllowedSigners:
    """Who may sign with which key. ``keys`` pairs principals and keys; a line of the file names a principal by its position."""

    keys: tuple[tuple[str, PublicKey], ...]

    @property
    def text(self) -> str:
        """The content of the file; valid for git's namespace only."""
        return "".join(f'signer-{number} namespaces="git" {key.line}\n' for number, (_who, key) in enumerate(self.keys))

    def principal(self, token: str) -> str:
        """Return the principal that a token of the file stands for; empty for a token that we did not write."""
        number = token.removeprefix("signer-")
        return self.keys[int(number)][0] if number.isdecimal() and int(number) < len(self.keys) else ""

    def owners(self, fingerprint: str) -> frozenset[str]:
        """Return every principal that lists the key."""
        return frozenset(who for who, key in self.keys if key.fingerprint == fingerprint)


def allowed_signers(people: Mapping[str, Sequence[str]]) -> AllowedSigners:
    """Return the usable keys of {principal: public key lines}; malformed, weak and certificate keys sign for nobody."""
    pairs = ((who, parse_public_key(line)) for who, lines in sorted(people.items()) for line in lines)
    return AllowedSigners(tuple((who, key) for who, key in pairs if key is not None))


def parse_public_key(line: str) -> PublicKey | None:
    """Return the key of a public key line (``type base64 comment``); None when it is not one that may sign."""
    words = line.split()
    if len(words) < 2 or words[0] not in KEY_TYPES or any(mark in line for mark in "\n\r\0"):  # noqa: PLR2004 - type and key
        return None
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (binascii.Error, ValueError):
        return None
    fields = tuple(_fields(blob))
    if not fields or fields[0] != words[0].encode("ascii") or (words[0] == "ssh-rsa" and not _is_strong_rsa(fields)):
        return None
    return PublicKey(kind=words[0], blob=blob)


def _fields(blob: bytes) -> Iterator[bytes]:
    """Yield the length-prefixed fields of an SSH key blob; nothing more after a length that does not fit."""
    while len(blob) >= _LENGTH_BYTES:
        end = _LENGTH_BYTES + int.from_bytes(blob[:_LENGTH_BYTES], "big")
        if end > len(blob):
            return
        yield blob[_LENGTH_BYTES:end]
        blob = blob[end:]


def _is_strong_rsa(fields: Sequence[bytes]) -> bool:
    """Say whether the modulus (after type and exponent) has enough bits."""
    return len(fields) == 3 and int.from_bytes(fields[2], "big").bit_length() >= RSA_MIN_BITS  # noqa: PLR2004
