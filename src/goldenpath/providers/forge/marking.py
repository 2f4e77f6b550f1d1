"""How a comment or an issue of ours is found again: a marker that no reader sees, at the very start of its text."""

from __future__ import annotations

import re
from typing import Final

from goldenpath.errors import InvalidIntent

COMMENT_MAX_CHARACTERS: Final = 65_536
"""What GitHub takes; Gitea is held to the same, so that a text that fits one fits all."""
_MARKER: Final = re.compile(r"[a-z0-9](?:[a-z0-9./:-]{0,98}[a-z0-9])?")


def marked(marker: str, body: str) -> str:
    """Return ``body`` behind its hidden marker.

    Raises:
        ValueError: For a marker that could end the hidden part: they are names of ours, never data.
    """
    if not _MARKER.fullmatch(marker) or "--" in marker:
        raise ValueError(f"no marker: {marker!r}")
    return f"{_line(marker)}\n{body}"


def carries(text: str, marker: str) -> bool:
    """Say whether a text begins with the marker; one that stands further down, as in a quotation, is not ours to see."""
    return text.replace("\r\n", "\n").partition("\n")[0].rstrip() == _line(marker)


def fitting(marker: str, body: str) -> str:
    """Return the marked text; nothing is cut: it could be the verdict. Raises ``InvalidIntent`` ``forge.text-too-long``."""
    text = marked(marker, body)
    if len(text) > COMMENT_MAX_CHARACTERS:
        raise InvalidIntent(
            "forge.text-too-long",
            f"the text has {len(text)} characters, and a forge takes {COMMENT_MAX_CHARACTERS}",
            subject=marker,
            hint="fold or leave out details, and put the whole into an artifact",
        )
    return text


def _line(marker: str) -> str:
    return f"<!-- goldenpath:{marker} -->"
