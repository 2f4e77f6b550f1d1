"""Keyed fingerprints of managed values, and the search for them in text: what is kept is useless without its key, and holds no value.

A fingerprint knows three things of one spelling of a value: a keyed hash of its first bytes (the *anchor*), its length, and a keyed hash of
all of it. Text is searched by hashing each window of an anchor's width; where an anchor fits, the whole is hashed and compared. So a value
is found anywhere in a line, and only whole. The lengths make the index worth sealing; the key makes guessing against it impossible for
whoever has the index alone, and possible for whoever has both. That is why short and plain values have no fingerprint.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Final, NamedTuple

from goldenpath.model.base import Record
from goldenpath.model.spellings import spellings

ANCHOR_BYTES: Final = 12
"""Also the length of the shortest value that has a fingerprint."""
LINE_BYTES: Final = 16
"""A line of a value with several lines has a fingerprint of its own from this length on."""
DISTINCT_BYTES: Final = 6
"""A text of fewer different bytes is no secret that anybody could tell from other text."""
_ANCHOR_DIGEST: Final = 8
_WHOLE_DIGEST: Final = 16
_FRAME: Final = b"-----"


class Fingerprint(Record, frozen=True, kw_only=True):
    """One spelling of one value. ``name`` is ``SEC-0007 password``: where it belongs, never what it is."""

    anchor: bytes
    length: int
    whole: bytes
    name: str


class Hit(NamedTuple):
    """Where in a line a managed value stands; ``end`` is exclusive."""

    start: int
    end: int
    name: str


def has_fingerprint(value: bytes) -> bool:
    """Say whether a value is long and varied enough to be told from other text, and too good to be guessed from its fingerprint."""
    return any(_is_distinct(part) for part in _parts(value))


def fingerprints_of(name: str, value: bytes, key: bytes) -> Iterator[Fingerprint]:
    """Yield the fingerprints of a value: as it is, line by line, and in the spellings that programs use. None for one that is too plain."""
    forms = {form for part in _parts(value) if _is_distinct(part) for form in spellings(part) if _is_distinct(form)}
    for form in sorted(forms):
        yield Fingerprint(anchor=_anchor(form[:ANCHOR_BYTES], key), length=len(form), whole=_whole(form, key), name=name)


class Index:
    """Fingerprints, ready to search with. Prints only their number."""

    def __init__(self, fingerprints: Iterable[Fingerprint], key: bytes) -> None:
        self._key = key
        self._by_anchor: dict[bytes, dict[int, list[Fingerprint]]] = {}
        self._count = 0
        for each in fingerprints:
            self._by_anchor.setdefault(each.anchor, {}).setdefault(each.length, []).append(each)
            self._count += 1

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"Index(fingerprints={self._count})"

    def find(self, line: bytes) -> Iterator[Hit]:
        """Yield managed values in one line, from left to right; the longest where several begin, and none inside another."""
        if not self._by_anchor:
            return
        key, known, width, free = self._key, self._by_anchor, ANCHOR_BYTES, 0
        for start in range(len(line) - width + 1):
            if start < free:
                continue
            lengths = known.get(blake2b(line[start : start + width], key=key, digest_size=_ANCHOR_DIGEST).digest())
            hit = None if lengths is None else self._whole_at(line, start, lengths)
            if hit is not None:
                yield hit
                free = hit.end

    def _whole_at(self, line: bytes, start: int, lengths: Mapping[int, list[Fingerprint]]) -> Hit | None:
        for length in sorted(lengths, reverse=True):
            form = line[start : start + length]
            if len(form) < length:
                continue
            whole = _whole(form, self._key)
            found = next((each for each in lengths[length] if hmac.compare_digest(each.whole, whole)), None)
            if found is not None:
                return Hit(start, start + length, found.name)
        return None


def _parts(value: bytes) -> tuple[bytes, ...]:
    """Return what can stand in one line of text: the value, or the telling ones of its lines."""
    stripped = value.strip(b"\r\n")
    lines = stripped.splitlines()
    if len(lines) <= 1:
        return (stripped,)
    return tuple(line.strip() for line in lines if len(line.strip()) >= LINE_BYTES and not line.startswith(_FRAME))


def _is_distinct(form: bytes) -> bool:
    return len(form) >= ANCHOR_BYTES and len(set(form)) >= DISTINCT_BYTES and b"\n" not in form and b"\r" not in form


def _anchor(window: bytes, key: bytes) -> bytes:
    return blake2b(window, key=key, digest_size=_ANCHOR_DIGEST).digest()


def _whole(form: bytes, key: bytes) -> bytes:
    return blake2b(form, key=key, digest_size=_WHOLE_DIGEST, person=b"goldenpath-whole").digest()
