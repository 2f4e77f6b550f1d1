"""Parameters of Parameter Store: how a key becomes a name, what a name may be, and what is known about one (R29). Never a value.

The limits are those of STANDARD section 2; Parameter Store checks some of them itself, and stand-ins of it do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

from goldenpath.model.base import Record

ParameterTier = Literal["standard", "advanced"]

TIER_BYTES: Final[dict[ParameterTier, int]] = {"standard": 4_096, "advanced": 8_192}
"""The longest value by tier, counted in UTF-8 bytes: the careful reading of Parameter Store's "4 KB" and "8 KB"."""

NAME_MAX: Final = 1011
"""The longest name, the ARN's prefix included."""
LEVELS_MAX: Final = 15
VERSIONS_MAX: Final = 100
"""Versions that are kept; while the oldest carries a label, there is no room for another."""

SECURE: Final = "SecureString"
DEFAULT_KEY: Final = "alias/aws/ssm"
"""The key that Parameter Store uses when none is named."""

_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NOTE: Final = re.compile(r"([A-Za-z0-9_]+) of (SEC-[0-9]+)")
_LEGAL: Final = re.compile(r"[A-Za-z0-9_.-]+")
_RESERVED: Final = ("aws", "ssm")
_ARN_PREFIX: Final = "arn:aws:ssm:{region}:{account}:parameter"
_LONGEST_ACCOUNT: Final = "0" * 12


class ParameterInfo(Record, frozen=True, kw_only=True):
    """A parameter as observed. ``owner_id`` is the id of the request whose tag it carries, else empty."""

    name: str
    type: str
    version: int
    tier: ParameterTier = "standard"
    kms_key: str = ""
    description: str = ""
    owner_id: str = ""


class DesiredParameter(Record, frozen=True, kw_only=True):
    """A SecureString that a request wants: everything but the value. ``kms_key`` empty means the account's default key."""

    name: str
    request_id: str
    description: str = ""
    kms_key: str = ""
    tier: ParameterTier = "standard"
    tags: tuple[tuple[str, str], ...] = ()


def normalised_key(key: str) -> str:
    """Return the last level of the parameter's name: ``DATABASE_URL`` → ``database_url``. Nothing but case is folded."""
    return key.lower()


def folded_key(key: str) -> str:
    """Fold a key as coarsely as any store or environment does, so that no two spellings of one name pass as two (R9)."""
    return normalised_key(key).replace("-", "_").replace(".", "_")


def key_note(key: str, request_id: str) -> str:
    """Return the description of a key's parameter; it keeps the spelling that the name has lost."""
    return f"{key} of {request_id}"


def declared_in(note: str) -> tuple[str, str]:
    """Return key and request id of a description by :func:`key_note`; empty texts for any other."""
    found = _NOTE.fullmatch(note)
    return (found[1], found[2]) if found else ("", "")


def key_fault(key: str) -> str:
    """Return what is wrong with a key as a sentence's end, empty when it can become a parameter's name."""
    if not key:
        return "is empty"
    if not _KEY.fullmatch(key):
        return _charset_fault(key)
    return f"begins with {key[:3].lower()!r}, which Parameter Store reserves" if key.lower().startswith(_RESERVED) else ""


def name_faults(name: str, *, region: str, account: str = "") -> Iterator[str]:
    """Yield what is wrong with a whole name: levels, length with the ARN's prefix, characters, reserved beginnings."""
    levels = name.strip("/").split("/")
    if len(levels) > LEVELS_MAX:
        yield f"has {len(levels)} levels; Parameter Store takes at most {LEVELS_MAX}"
    prefix = _ARN_PREFIX.format(region=region, account=account or _LONGEST_ACCOUNT)
    if len(prefix) + len(name) > NAME_MAX:
        yield f"is longer than {NAME_MAX} characters with the prefix of its ARN"
    if not all(_LEGAL.fullmatch(level) for level in levels):
        yield "holds a character that Parameter Store does not take"
    if levels[0].lower().startswith(_RESERVED):
        yield f"begins with {levels[0][:3].lower()!r}, which Parameter Store reserves"


def is_same_key(one: str, other: str) -> bool:
    """Say whether two names of a KMS key are, or may be, the same key; the first is as observed, empty when unknown.

    A bare id, an ARN and an alias can mean one key; only two of the same kind can be told apart, so that a name spelled another way
    never makes every run write anew.
    """
    first, second = _bare_key(one), _bare_key(other or DEFAULT_KEY)
    return not one or first == second or first.startswith("alias/") != second.startswith("alias/")


def _bare_key(name: str) -> str:
    return name.rpartition(":")[2].removeprefix("key/")


def _charset_fault(key: str) -> str:
    if not key.isascii():
        return "holds a character that is not ASCII"
    if "-" in key:
        return "holds a hyphen; write an underscore"
    if key[0].isdigit():
        return "begins with a digit"
    return "holds a character other than letters, digits and underscores"
