"""The strict YAML reader (R5): bytes → a plain tree of dict, list, str, bool, int and float, or every fault with its position.

Built on libyaml's event stream, one event at a time, so nesting costs no stack and nothing is expanded. The first pass keeps no
positions; :mod:`goldenpath.intent.positions` reads again only after a fault. A byte-order mark and CRLF line ends read as if they
were not there; every other encoding is refused. Never decides what a field means, and never repeats a value in a message (R1).
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final, NamedTuple

from yaml.error import YAMLError
from yaml.events import (
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from goldenpath.errors import Misconfigured
from goldenpath.intent.scalars import AMBIGUOUS, resolve_plain

try:
    from yaml._yaml import CParser
except ImportError as missing:  # pragma: no cover - wheels of PyYAML bring libyaml; a build without it is refused at start
    raise Misconfigured(
        "intent.no-libyaml",
        "PyYAML was installed without libyaml, on which the strict reader is built",
        hint="install PyYAML from its wheel for this platform",
    ) from missing


class Limits(NamedTuple):
    """How large a file may be. ``max_bytes`` counts the raw file, ``max_nodes`` keys and values, ``max_depth`` nested collections."""

    max_bytes: int
    max_nodes: int
    max_depth: int


REQUEST_LIMITS: Final = Limits(max_bytes=65_536, max_nodes=4_096, max_depth=16)
GOVERNANCE_LIMITS: Final = Limits(max_bytes=4_194_304, max_nodes=400_000, max_depth=16)
"""Files that grow with the platform: policy, approvers, tombstones, enums, settings."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
FAULTY: Final = object()
"""What the first pass returns at the first sign of trouble; the second pass says what it was."""

_UNPRINTABLE = (
    r"[^\t\n\x20-\x7e\xa0-\U0010ffff]|[\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


@cache
def unprintable() -> re.Pattern[str]:
    """Return what matches control characters, foreign line ends and invisible or direction-changing characters.

    They are refused in comments too: reviewers cannot see them. Compiled when a file first leaves ASCII (P4).
    """
    return re.compile(_UNPRINTABLE)


def decode(data: bytes) -> str | None:
    """Return the text of a file with plain line ends, or None when it is not UTF-8 or holds a lone carriage return."""
    if data.startswith(BYTE_ORDER_MARK):
        data = data[3:]
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
        if b"\r" in data:
            return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def read_plain(data: bytes, limits: Limits = REQUEST_LIMITS) -> Any:
    """Return the tree of ``data``, or :data:`FAULTY`. Never raises for anything that a file can hold."""
    if len(data) > limits.max_bytes:
        return FAULTY
    text = decode(data)
    if text is None or (not text.isascii() and unprintable().search(text)):
        return FAULTY
    try:
        return _build(CParser(text).get_event, limits)
    except YAMLError:
        return FAULTY


def _build(next_event: Any, limits: Limits) -> Any:  # noqa: C901, PLR0911, PLR0912, PLR0915 - the hot loop: a call per event doubles its cost
    next_event()
    start = next_event()
    if type(start) is not DocumentStartEvent or start.version or start.tags:
        return FAULTY
    holder: list[Any] = []
    container: Any = holder
    is_list = True
    key: str | None = None
    stack: list[Any] = []
    nodes = 0
    while True:
        event = next_event()
        kind = type(event)
        if kind is ScalarEvent:
            value = event.value
            if event.anchor is not None or event.tag is not None or not value.isprintable():
                return FAULTY
            if not event.style:
                value = resolve_plain(value)
                if value is AMBIGUOUS:
                    return FAULTY
            nodes += 1
            if is_list:
                container.append(value)
            elif key is not None:
                container[key] = value
                key = None
            elif type(value) is str and value not in container:
                key = value
            else:
                return FAULTY
            continue
        if kind is MappingEndEvent or kind is SequenceEndEvent:
            container = stack.pop()
            is_list = type(container) is list
            if container is holder:
                break
            continue
        if kind is MappingStartEvent:
            value = {}
        elif kind is SequenceStartEvent:
            value = []
        else:
            return FAULTY
        nodes += 1
        if event.anchor is not None or event.tag is not None or len(stack) >= limits.max_depth or nodes > limits.max_nodes:
            return FAULTY
        if is_list:
            container.append(value)
        elif key is not None:
            container[key] = value
            key = None
        else:
            return FAULTY
        stack.append(container)
        container = value
        is_list = kind is SequenceStartEvent
    next_event()
    return holder[0] if nodes <= limits.max_nodes and type(next_event()) is StreamEndEvent else FAULTY
