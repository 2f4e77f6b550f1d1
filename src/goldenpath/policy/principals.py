"""The principals of a request as one sequence, each with the field that it stands in."""

from __future__ import annotations

from typing import NamedTuple

from goldenpath.model.request import SecretRequest
from goldenpath.policy.arn import Principal, parse_principal

LISTS = (
    ("spec.access.readPrincipals", "read_principals"),
    ("spec.access.writePrincipals", "write_principals"),
    ("spec.access.breakGlassPrincipals", "break_glass_principals"),
)


class Entry(NamedTuple):
    """One entry: the list and index that a reader finds it at, and what it says."""

    field: str
    principal: Principal


def entries_of(request: SecretRequest) -> tuple[Entry, ...]:
    """Return the entries of all three lists in reading order."""
    access = request.spec.access
    if not (access.read_principals or access.write_principals or access.break_glass_principals):
        return ()
    return tuple(
        Entry(f"{field}[{index}]", parse_principal(text))
        for field, attribute in LISTS
        for index, text in enumerate(getattr(access, attribute))
    )
