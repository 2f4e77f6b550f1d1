"""What a delivery would do, without the content: enough to tell whether another one goes beyond it, and small enough for a file."""

from __future__ import annotations

import hashlib

import msgspec

from goldenpath.errors import InvalidIntent
from goldenpath.model.base import Record, canonical_bytes

SCHEMA_VERSION = 1
_HINT = "make a new plan"


class Outline(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files to write by path with the SHA-256 of their content, files to remove, and which of both were changed by hand. Sorted."""

    writes: dict[str, str] = {}
    removals: tuple[str, ...] = ()
    drift: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 over all of it."""
        return "sha256:" + hashlib.sha256(canonical_bytes(self)).hexdigest()

    def beyond(self, seen: Outline) -> tuple[str, ...]:
        """Return the paths where this does anything that ``seen`` does not: another file, other bytes, an edit by hand overwritten.

        Less than ``seen`` is nothing new: another run has committed the same meanwhile.
        """
        other = {path for path, total in self.writes.items() if seen.writes.get(path) != total}
        return tuple(sorted(other | (set(self.removals) - set(seen.removals)) | (set(self.drift) - set(seen.drift))))


NOTHING = Outline()


class SavedOutline(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An outline as a file; ``digest`` is checked when it is read."""

    schema_version: int
    kind: str
    digest: str
    manifests: Outline


def dump_outline(outline: Outline) -> bytes:
    """Return the outline as canonical JSON; the same outline gives the same bytes."""
    return canonical_bytes(SavedOutline(schema_version=SCHEMA_VERSION, kind="Manifests", digest=outline.digest, manifests=outline)) + b"\n"


def load_outline(data: bytes, *, file: str) -> Outline:
    """Return the outline of a file.

    Raises:
        InvalidIntent: ``plan.unreadable`` for anything that :func:`dump_outline` did not write, ``plan.altered`` when it was edited.
    """
    try:
        saved = msgspec.json.decode(data, type=SavedOutline)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidIntent("plan.unreadable", "the file does not hold saved manifests", subject=file, hint=_HINT) from None
    if saved.schema_version != SCHEMA_VERSION or saved.kind != "Manifests":
        raise InvalidIntent("plan.unreadable", f"expected manifests of format {SCHEMA_VERSION}", subject=file, hint=_HINT)
    if saved.digest != saved.manifests.digest:
        raise InvalidIntent("plan.altered", "the manifests were edited after they were saved", subject=file, hint=_HINT)
    return saved.manifests
