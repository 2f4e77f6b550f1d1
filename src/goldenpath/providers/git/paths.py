"""Which paths we may write into a manifest repository: a small alphabet, so that no variant of a dangerous name exists (R6, R7)."""

from __future__ import annotations

import re

from goldenpath.errors import InvalidIntent

PATH_MAX_BYTES = 1024
SEGMENT_MAX_BYTES = 255

# ASCII only and no "~": git's own names then have no look-alike on a case-folding, composing or short-naming file system.
_SEGMENT = re.compile(r"[A-Za-z0-9._@+=-]+", re.ASCII)


def confined(path: str) -> str:
    """Return ``path`` when it is plain and relative.

    Raises:
        InvalidIntent: ``delivery.path-invalid``.
    """
    reason = _fault(path)
    if reason:
        raise InvalidIntent(
            "delivery.path-invalid", f"{reason}: {path[:200]!r}", hint="paths are relative, plain ASCII, without dot segments"
        )
    return path


def _fault(path: str) -> str:
    if not path or len(path) > PATH_MAX_BYTES:
        return f"a path has 1 to {PATH_MAX_BYTES} characters"
    for segment in path.split("/"):
        if not _SEGMENT.fullmatch(segment) or len(segment) > SEGMENT_MAX_BYTES:
            return "a part of the path is empty, too long or holds a character other than letters, digits and ._@+=-"
        if segment.strip(".") == "" or segment.endswith(".") or segment.casefold().startswith(".git"):
            return "a part of the path is a dot segment, ends in a dot or names a file of git's own"
    return ""


def parents(path: str) -> list[str]:
    """Return the folders above ``path``, outermost first."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
