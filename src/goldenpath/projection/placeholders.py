"""Finds what a template engine or an overlay should have replaced (R28): the environment's placeholder, however it is spelled or escaped.

Matching is by shape, not by list: the word ENV or ENVIRONMENT inside any kind of brackets, sigils or underscores, after percent and
backslash escapes are undone. A lower-case ``env`` between underscores may be part of a real name: only a whole path segment counts.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

_WORD = r"(?:env(?:ironment)?(?:[_-]?name)?)"
_PATH = r"(?:[A-Za-z_.]+\.)?"
_SHAPES = re.compile(
    rf"""
    \$\{{\s*{_PATH}{_WORD}[^}}]*\}}        # ${{ENV}}, ${{ENV:-dev}}
    | \$\(\s*{_PATH}{_WORD}\s*\)           # $(ENV)
    | \$\${_WORD}\b | \${_WORD}\b          # $ENV
    | \{{+\s*[-$.]*\s*{_PATH}{_WORD}\s*-?\}}+   # {{{{ .Env }}}}, {{env}}
    | \[+\s*{_WORD}\s*\]+                  # [ENV]
    | <+%?=?\s*{_WORD}\s*%?>+              # <ENV>, <%= ENV %>
    | %+{_WORD}%+ | @+{_WORD}@+ | \#+\{{{_WORD}\}}\#* | \#+{_WORD}\#+ | !{_WORD}!
    """,
    re.VERBOSE | re.IGNORECASE,
)
_UNDERSCORED = re.compile(r"(?<![A-Za-z0-9])_+(?:ENV|ENVIRONMENT)_*(?![A-Za-z0-9])|(?<![A-Za-z0-9])(?:ENV|ENVIRONMENT)_+(?![A-Za-z0-9])")
_SEGMENT = re.compile(rf"(?<![^/\s\"'])_*{_WORD}_+(?![^/\s\"'])|(?<![^/\s\"'])_+{_WORD}_*(?![^/\s\"'])", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))")
_ROUNDS = 4
"""Escapes inside escapes are undone this often; more rounds than any chain of tools applies."""


def find_placeholder(text: str) -> str:
    """Return the first placeholder in ``text`` as it reads once its escapes are undone; empty when there is none."""
    for spelled in _unescaped(text):
        for pattern in (_SHAPES, _UNDERSCORED, _SEGMENT):
            match = pattern.search(spelled)
            if match:
                return match.group()
    return ""


def _unescaped(text: str) -> list[str]:
    spelled = [text]
    for _round in range(_ROUNDS):
        plain = _ESCAPE.sub(_character, unquote(spelled[-1], errors="replace"))
        if plain == spelled[-1]:
            break
        spelled.append(plain)
    return spelled


def _character(match: re.Match[str]) -> str:
    code = int(next(group for group in match.groups() if group), 16)
    return chr(code) if code <= 0x10FFFF else match.group()  # noqa: PLR2004 - end of Unicode
