"""No two requests share an id, a store path, a target or a parameter, and none takes what a decommissioned one held (R9, D6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from goldenpath.intent.claims import CLAIMS, Claim, held_by, is_own_tombstone, tombstone_index
from goldenpath.intent.contract import locate
from goldenpath.model.finding import Finding
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.model.tombstones import Tombstones

_MOST_RELATED = 10


class Entry(Protocol):
    """A request and where it stands."""

    @property
    def request(self) -> SecretRequest:
        """The request."""
        ...

    @property
    def path(self) -> str:
        """Its file."""
        ...


def find_conflicts(
    entries: Sequence[Entry], *, settings: Settings, tombstones: Tombstones, fetch: Callable[[str], bytes]
) -> Iterator[Finding]:
    """Yield a finding for every file that takes what another file or a tombstone holds; ``related`` names the others.

    ``fetch`` returns the bytes of a file by its path; it is called only for files at fault, to find the line.
    """
    gone = tombstone_index(tombstones)
    for claim in CLAIMS:
        holders: dict[str, list[int]] = {}
        for number, entry in enumerate(entries):
            for key in set(claim.keys(entry.request, settings)):
                holders.setdefault(key, []).append(number)
                holder = held_by(gone, claim.kind, key)
                if holder and not is_own_tombstone(entry.request, holder):
                    yield gone_finding(claim, entry, holder, fetch(entry.path))
        for numbers in holders.values():
            if len(numbers) > 1:
                yield from _shared(claim, [entries[number] for number in numbers], fetch)


def _shared(claim: Claim, entries: Sequence[Entry], fetch: Callable[[str], bytes]) -> Iterator[Finding]:
    for entry in entries:
        others = [other for other in entries if other is not entry][:_MOST_RELATED]
        yield taken_finding(claim, entry, [(other.request.id, other.path) for other in others], fetch(entry.path))


def taken_finding(claim: Claim, entry: Entry, others: Sequence[tuple[str, str]], data: bytes) -> Finding:
    """Return the finding that other requests, given as (id, path), make the same claim as ``entry``."""
    named = ", ".join(f"{request_id} in {path}" for request_id, path in others)
    message = f"{claim.what} is already taken by {named}"
    return _finding(claim.taken, claim, entry, data, message=message, related=tuple(path for _, path in others))


def gone_finding(claim: Claim, entry: Entry, holder: str, data: bytes) -> Finding:
    """Return the finding that ``entry`` takes what the decommissioned request ``holder`` held."""
    message = f"{claim.what} belonged to {holder}, which was decommissioned; it is never used again"
    return _finding(claim.gone, claim, entry, data, message=message)


def _finding(rule: str, claim: Claim, entry: Entry, data: bytes, *, message: str, related: tuple[str, ...] = ()) -> Finding:
    line, column = locate(data, claim.field)
    return Finding(
        rule=rule,
        level="block",
        message=f"{claim.field}: {message}",
        subject=entry.request.id,
        file=entry.path,
        line=line,
        column=column,
        field=claim.field,
        hint="take the next free id: goldenpath request new" if claim.kind == "id" else "choose another name",
        related=related,
    )
