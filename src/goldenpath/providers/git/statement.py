"""The text of a signed approval: a git tag object that is bound to one commit. Pure; signs and checks nothing."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from goldenpath.errors import InvalidIntent
from goldenpath.providers.git.writing import Signature

TAG_NAME = "goldenpath-approval"
PAYLOAD_MAX_BYTES = 64 * 1024
SIGNED_MAX_BYTES = PAYLOAD_MAX_BYTES + 16 * 1024

_BEGIN = b"-----BEGIN "
# The last line that begins a signature is where git ends the signed part, so there may be only one such line at all.
_SIGNED = re.compile(
    rb"\Aobject (?P<commit>[0-9a-f]{40}|[0-9a-f]{64})\ntype commit\ntag goldenpath-approval\ntagger [^\n\0]+\n\n"
    rb"(?P<payload>[^\0]+)\n"
    rb"-----BEGIN SSH SIGNATURE-----\n[A-Za-z0-9+/=\n]+\n-----END SSH SIGNATURE-----\n?\Z",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a signed object says. Nothing in it is true before its signature is checked."""

    commit: str
    payload: bytes


def unsigned_text(commit: str, payload: bytes, tagger: Signature) -> bytes:
    """Return the bytes that get signed.

    Raises:
        InvalidIntent: ``git.statement-invalid`` when the payload is empty, too long, or could be taken for a signature.
    """
    lines = payload.split(b"\n")
    if not payload or len(payload) > PAYLOAD_MAX_BYTES or b"\0" in payload or any(line.startswith(_BEGIN) for line in lines):
        raise InvalidIntent(
            "git.statement-invalid",
            f"a statement is 1 to {PAYLOAD_MAX_BYTES} bytes of text without NUL or a line that begins like a signature",
            hint="sign one JSON document",
        )
    head = f"object {commit}\ntype commit\ntag {TAG_NAME}\ntagger {tagger.line}\n\n"
    return head.encode("utf-8", "replace") + payload + b"\n"


def parse_signed(signed: bytes) -> Statement | None:
    """Return what the signed object says; None when it is not exactly an approval with one SSH signature at its end."""
    if len(signed) > SIGNED_MAX_BYTES or (signed.count(b"\n" + _BEGIN) + signed.startswith(_BEGIN)) != 1:
        return None
    found = _SIGNED.match(signed)
    return Statement(commit=found["commit"].decode("ascii"), payload=found["payload"]) if found else None


def encode_line(signed: bytes) -> bytes:
    """Return the one line that a note keeps: ``git notes merge -s cat_sort_uniq`` then merges two people's notes without loss."""
    return base64.b64encode(signed)


def decode_line(line: bytes) -> bytes:
    """Return the signed object of a line; a line that is none comes back as it is, so that checking it says why it does not count."""
    try:
        return base64.b64decode(line, validate=True)
    except binascii.Error:
        return line
