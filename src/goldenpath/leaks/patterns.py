"""Tokens that can be told by their form alone: prefixes that their makers chose so that scanners find them, and keys with their frame.

Only forms that hardly anything else has are here: a check that cries wolf is switched off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from goldenpath.model.masking import unfit_reason

ALLOW_MARK: Final = b"goldenpath: not-a-secret"
"""In a comment on its line, it lets a token through that is a sample. It never lets a managed value through."""

PRIVATE_KEY: Final = "private key"


class Match(NamedTuple):
    """Where in a line, and what kind; ``end`` is exclusive."""

    start: int
    end: int
    kind: str


class _Kind(NamedTuple):
    name: str
    sign: bytes
    """Text that every match holds, in lower case: lines without it are not looked at."""
    pattern: re.Pattern[bytes]


def _kind(name: str, sign: bytes, pattern: bytes, flags: int = 0) -> _Kind:
    return _Kind(name, sign, re.compile(pattern, flags))


_WORD = rb"(?<![A-Za-z0-9_-])"
_KINDS: Final = (
    _kind(PRIVATE_KEY, b"private key", rb"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"),
    _kind("AWS access key id", b"a", _WORD + rb"(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Z0-9])"),
    _kind(
        "AWS secret access key",
        b"secret",
        rb"(?i:aws_?secret_?(?:access_?)?key)[\"']?\s{0,8}[=:]\s{0,8}[\"']?(?P<token>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
    ),
    _kind("GitHub token", b"gh", _WORD + rb"gh[pousr]_[A-Za-z0-9]{36,251}"),
    _kind("GitHub fine-grained token", b"github_pat_", _WORD + rb"github_pat_[A-Za-z0-9_]{60,251}"),
    _kind("GitLab token", b"gl", _WORD + rb"gl(?:pat|ptt|dt|rt|cbt|oas)-[A-Za-z0-9_-]{20,200}"),
    _kind("Slack token", b"xox", _WORD + rb"xox[abposre]-[A-Za-z0-9-]{10,250}"),
    _kind("Slack webhook", b"hooks.slack.com", rb"https://hooks\.slack\.com/(?:services|workflows)/T[A-Za-z0-9_/]{20,150}"),
    _kind("Stripe key", b"k_live_", _WORD + rb"[sr]k_live_[A-Za-z0-9]{16,247}"),
    _kind("Google API key", b"aiza", _WORD + rb"AIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])"),
    _kind("Google OAuth secret", b"gocspx-", _WORD + rb"GOCSPX-[0-9A-Za-z_-]{28}"),
    _kind("npm token", b"npm_", _WORD + rb"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
    _kind("Python package index token", b"pypi-", _WORD + rb"pypi-AgE[A-Za-z0-9_-]{50,1000}"),
    _kind("SendGrid key", b"sg.", _WORD + rb"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    _kind("Twilio key", b"sk", _WORD + rb"SK[0-9a-f]{32}(?![0-9a-f])"),
    _kind("OpenBao or Vault token", b"hv", _WORD + rb"hv[sbr]\.[A-Za-z0-9_-]{24,300}"),
    _kind("age secret key", b"age-secret-key-1", rb"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    _kind("Azure storage key", b"accountkey=", rb"AccountKey=(?P<token>[A-Za-z0-9+/]{86}==)"),
    _kind("JSON web token", b"eyj", _WORD + rb"eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{20,1000}"),
    _kind(
        "password in an address",
        b"://",
        rb"[a-z][a-z0-9+.-]{1,20}://[^\s:/@'\"<>{}$]{1,100}:(?P<token>[^\s/@'\"<>{}$*]{6,200})@[A-Za-z0-9.\[-]",
    ),
)


def find_tokens(line: bytes) -> Iterator[Match]:
    """Yield every token of a known kind in one line, unless the line says that it is a sample."""
    lower = line.lower()
    if ALLOW_MARK in lower:
        return
    for kind in _KINDS:
        if kind.sign in lower:
            yield from (_match(kind, found) for found in kind.pattern.finditer(line) if not _is_sample(_token(found)))


def _match(kind: _Kind, found: re.Match[bytes]) -> Match:
    start, end = found.span("token") if "token" in found.groupdict() else found.span()
    return Match(start, end, kind.name)


def _token(found: re.Match[bytes]) -> bytes:
    return found["token"] if "token" in found.groupdict() else found[0]


def _is_sample(token: bytes) -> bool:
    """Say whether a match is written for readers: ``AKIAIOSFODNN7EXAMPLE``, masks, one character over and over."""
    text = token.lower()
    return b"example" in text or len(set(text)) <= 4 or unfit_reason(token) != ""  # noqa: PLR2004 - four letters are no key
