"""Recognises text that stands for a value and is none: masks that a tool printed, placeholders that a person left (R3, D12).

Matched by class, not by list: what was redacted once and written back has destroyed the real value (R3). Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from goldenpath.model.masking import unfit_reason
from goldenpath.model.secret import MASK

_MASK_CHARACTERS: Final = re.compile(
    r"[*\u2022\u25cf\u25cb\u2219\u00b7\u2217\uff0a\u2588\u2593\u2592\u2591\u25a0\u2026xX#.\-_?\s]{3,}|\u2026+"
)
_WORDS_MAX: Final = 100
_BRACKETS: Final = "<>[](){}\"'`*_-~ \t\r\n\u2022\u2026."
_HIDDEN: Final = re.compile(
    r"(?:value |secret |data |known after apply|content )?"
    r"(?:redacted|masked|hidden|removed|filtered|censored|obfuscated|obscured|sanitized|sanitised|suppressed|scrubbed|sensitive|protected)"
    r"(?: (?:value|secret|data|content|field|by [a-z0-9 ]+|for security(?: reasons)?))?"
)
_NOUNS: Final = r"(?:secret|password|passphrase|token|key|value|username|user|credentials?)"
_PLACEHOLDER_WORDS: Final = re.compile(
    r"(?:please )?change ?(?:me|it|this)(?: (?:now|please|later))?"
    r"|to ?do|to be (?:done|defined|determined|filled)|fix ?me|tbd|tba"
    r"|place ?holder|(?:dummy|example|sample|fake)(?: value)?"
    r"|fill ?(?:me|in|this)(?: in)?|replace ?(?:me|this)"
    rf"|(?:put|insert|enter|add|paste|set)(?: [a-z0-9]+){{0,3}} (?:here|{_NOUNS})"
    rf"|(?:your|my)(?: [a-z0-9]+){{0,3}} {_NOUNS}(?: here)?"
    r"|none|null|nil|undefined|not set|unset|n/a|unknown|empty|awaiting value|nan"
)
_TEMPLATES: Final = re.compile(
    r"_{1,2}[A-Za-z][A-Za-z0-9_]*?_{1,2}|\$\{[^{}]*\}|\$\([^()]*\)|\$?\{\{.*\}\}"
    r"|<[^<>]+>|%[A-Za-z_][A-Za-z0-9_]*%|@{1,2}[A-Za-z_][A-Za-z0-9_]*@{1,2}|\(sensitive value\)",
    re.DOTALL,
)
_INSIDE: Final = re.compile(
    r"(?<![A-Za-z0-9])_{1,2}ENV_{1,2}(?![A-Za-z0-9])|\$\{ENV\}"  # an overlay that was not rendered (R28)
    r"|:\*{3,}@"  # a connection string whose password a tool has masked
    r"|(?<![\w*])(?:\[|<|\*{2,}|\()(?:REDACTED|redacted|MASKED|masked|FILTERED|filtered|HIDDEN|hidden)(?:\]|>|\*{2,}|\))"
)


def is_mask_or_placeholder(text: str) -> bool:
    """Say whether ``text``, or a string inside it when it is JSON, stands for a value instead of being one."""
    return any(_is_stand_in(part) for part in _parts(text))


def _parts(text: str) -> Iterator[str]:
    yield text
    decoded = unquote(text)
    if decoded != text:
        yield decoded
    if text.lstrip()[:1] in ("{", "["):
        try:
            yield from _strings(json.loads(text))
        except (ValueError, RecursionError):
            return


def _strings(tree: object) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for item in tree.values():
            yield from _strings(item)
    elif isinstance(tree, list):
        for item in tree:
            yield from _strings(item)


def _is_stand_in(text: str) -> bool:
    if unfit_reason(text.encode("utf-8", "surrogatepass")) == "mask":
        return True  # what a store refuses as a mask is told here, before the first write
    stripped = text.strip().strip("\"'`").strip()
    if MASK in text or _MASK_CHARACTERS.fullmatch(stripped) or _TEMPLATES.fullmatch(stripped) or _INSIDE.search(text):
        return True
    if len(stripped) > _WORDS_MAX:
        return False
    words = re.sub(r"[-_\s]+", " ", stripped.strip(_BRACKETS)).lower()
    return bool(_HIDDEN.fullmatch(words) or _PLACEHOLDER_WORDS.fullmatch(words))
