"""bytes → a typed, frozen object, or every fault of the file in one run (R5).

The fast path reads and converts without positions; only after a fault is the file read again to say what is wrong and where.
Environment aliases are replaced here (D2), so nobody after this sees one. Never decides what is allowed: that is policy.
"""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

import msgspec

from goldenpath.intent.reader import FAULTY, GOVERNANCE_LIMITS, read_plain
from goldenpath.intent.rules import rules_for
from goldenpath.model.enums import Enums
from goldenpath.model.finding import Finding

T = TypeVar("T")


class Loaded(NamedTuple, Generic[T]):
    """Either the object and no findings, or None and at least one blocking finding."""

    value: T | None
    findings: tuple[Finding, ...]


def load(data: bytes, kind: type[T], *, file: str, enums: Enums | None = None) -> Loaded[T]:
    """Read ``data`` as one ``kind``; ``file`` is only named in findings.

    ``enums`` are the words of the base revision (D3). Without them owners, types and the like are checked for their form only.
    Never raises for anything that a file can hold.
    """
    rules = rules_for(kind)
    tree = read_plain(data, rules.limits)
    if tree is not FAULTY:
        try:
            value = msgspec.convert(tree, kind)
        except (msgspec.ValidationError, RecursionError):
            pass
        else:
            if rules.is_clean(value, enums):
                return Loaded(rules.canonical(value), ())
    from goldenpath.intent.explanation import explain  # noqa: PLC0415 - only after a fault: it imports the schema validator

    return Loaded(None, explain(data, kind, file=file, enums=enums))


def locate(data: bytes, field: str) -> tuple[int, int]:
    """Return line and column (from 1) of a dotted field such as ``spec.access.readPrincipals[2]``.

    A field that is not there gives the place of the nearest one around it; unreadable data gives (1, 1).
    """
    from goldenpath.intent.positions import read_with_positions  # noqa: PLC0415 - only after a fault

    path: list[str | int] = []
    for part in field.split(".") if field else ():
        name, _, rest = part.partition("[")
        path.append(name)
        path += [int(index) for index in rest.removesuffix("]").split("][") if index.isdigit()]
    return read_with_positions(data, file="", limits=GOVERNANCE_LIMITS).place(tuple(path))


def locate_all(data: bytes) -> dict[tuple[str | int, ...], tuple[int, int]]:
    """Return line and column (from 1) of every field that ``data`` states, by its path of names and indexes."""
    from goldenpath.intent.positions import read_with_positions  # noqa: PLC0415 - only when somebody asks where

    reading = read_with_positions(data, file="", limits=GOVERNANCE_LIMITS)
    return {path: reading.key_place(path) for path in reading.values}
