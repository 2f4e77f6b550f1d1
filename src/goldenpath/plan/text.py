"""Text from files and stores, made safe to show: it may hold whatever an attacker could write into a tag (R11, R57)."""

from __future__ import annotations

import html

_MARKUP = "|`@[]*_#~:\\"
_ENTITIES = str.maketrans({char: f"&#{ord(char)};" for char in _MARKUP})


def plain(text: str) -> str:
    """Return ``text`` on one line, control and other unprintable characters escaped: no forged line, no terminal code."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode("ascii") for char in text)


def cell(text: str) -> str:
    """Return ``text`` for a Markdown table: no markup, mention, link, table border, HTML or workflow command survives."""
    return html.escape(plain(text), quote=True).translate(_ENTITIES)
