"""Finds what a template engine or an overlay should have replaced (R28): the environment's placeholder, however it is spelled or escaped.

Matching is by shape, not by list: the word ENV or ENVIRONMENT inside any kind of brackets, sigils or underscores, after percent and
backslash escapes are undone, letters of other widths and styles are folded, and invisible ones are taken out. A lower-case ``env``
between underscores may be part of a real name: only a whole path segment counts.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

_WORD = r"(?:env(?:ironment)?(?:[_-]?name)?)"
_PATH = r"(?:[A-Za-z_.]{1,64}\.)?"
_SHAPES = re.compile(
    rf"""
    \$\{{\s{{0,8}}{_PATH}{_WORD}[^}}]{{0,64}}\}}         # ${{ENV}}, ${{ENV:-dev}}
    | \$\(\s{{0,8}}{_PATH}{_WORD}\s{{0,8}}\)            # $(ENV)
    | \${_WORD}\b                                     # $ENV
    | \{{\s{{0,8}}[-$.]{{0,3}}\s{{0,8}}{_PATH}{_WORD}\s{{0,8}}-?\}}   # {{{{ .Env }}}}, {{env}}
    | \[{_WORD}\]                                     # [ENV]
    | <%?=?\s{{0,8}}{_WORD}\s{{0,8}}%?>                # <ENV>, <%= ENV %>
    | %{_WORD}% | @{_WORD}@ | \#\{{{_WORD}\}} | \#{_WORD}\# | !{_WORD}!
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Every repetition is bounded: a line can be as long as its author likes, and the time spent on it stays in proportion."""
_UNDERSCORED = re.compile(
    r"(?<![A-Za-z0-9])(?<![A-Za-z0-9]_)(?<![A-Za-z0-9]__)(?:_(?:ENV|ENVIRONMENT)_*+|(?<!_)(?:ENV|ENVIRONMENT)_++)(?![A-Za-z0-9])",
)
_SEGMENT = re.compile(rf"(?<![^/\s\"'])(?:_{{0,8}}{_WORD}_{{1,8}}|_{{1,8}}{_WORD})(?![^/\s\"'])", re.IGNORECASE)
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


def find_bare_placeholder(text: str) -> str:
    """Return the first placeholder between underscores; the other spellings may mean something to the program that reads the text."""
    return next((match.group() for spelled in _unescaped(text) if (match := _UNDERSCORED.search(spelled))), "")


def filled(text: str, environment: str) -> str:
    """Return a path with ``environment`` for each segment that holds a placeholder."""
    return "/".join(environment if find_placeholder(segment) else segment for segment in text.split("/"))


def _unescaped(text: str) -> list[str]:
    spelled = [text]
    for _round in range(_ROUNDS):
        plain = _folded(_ESCAPE.sub(_character, unquote(spelled[-1], errors="replace")))
        if plain == spelled[-1]:
            break
        spelled.append(plain)
    return spelled


def _folded(text: str) -> str:
    if text.isascii():
        return text
    return "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) != "Cf")


def _character(match: re.Match[str]) -> str:
    code = int(next(group for group in match.groups() if group), 16)
    return chr(code) if code <= 0x10FFFF else match.group()  # noqa: PLR2004 - end of Unicode
