"""Two access policies statement by statement: what one has and the other has not, each statement on one line of canonical JSON."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from goldenpath.model.base import canonical_bytes


def policy_lines(before: str, after: str) -> tuple[str, ...]:
    """Return ``- `` lines for what only ``before`` has, then ``+ `` lines for what only ``after`` has.

    Statements count in no order, as they do for who evaluates them. A text that is no policy document is shown whole.
    """
    old, new = Counter(_parts(before)), Counter(_parts(after))
    return (*(f"- {part}" for part in (old - new).elements()), *(f"+ {part}" for part in (new - old).elements()))


def _parts(policy: str) -> list[str]:
    if not policy:
        return []
    try:
        document = msgspec.json.decode(policy)
    except msgspec.DecodeError:
        return [policy]
    if not isinstance(document, dict):
        return [_line(document)]
    statements = document.get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    rest = [_line({name: part}) for name, part in sorted(document.items()) if name != "Statement"]
    return [*rest, *(_line(statement) for statement in listed)]


def _line(part: Any) -> str:
    return canonical_bytes(part).decode()
