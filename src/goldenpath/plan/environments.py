"""Two environments side by side: requests paired by service and name, and what their contracts say differently. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec

from goldenpath.model.base import Record, canonical_bytes
from goldenpath.model.request import SecretRequest

Presence = Literal["both", "only-from", "only-to"]

NOT_COMPARED = frozenset(
    {
        "metadata.id",
        "metadata.environment",
        "metadata.requester",
        "metadata.adr",
        "spec.renewedOn",
        "spec.access.readPrincipals",
        "spec.access.writePrincipals",
        "spec.access.breakGlassPrincipals",
    }
)
"""What is each environment's own: identities, dates, and principals, which belong to its account."""


class ContractDifference(Record, frozen=True, kw_only=True):
    """One field, dotted as in YAML, on both sides; empty where it has its default."""

    field: str
    source: str
    target: str


class Pair(Record, frozen=True, kw_only=True):
    """One secret in two environments; a side is None where no request asks for it."""

    service: str
    name: str
    source: SecretRequest | None
    target: SecretRequest | None
    differences: tuple[ContractDifference, ...] = ()

    @property
    def presence(self) -> Presence:
        """On which side a request asks for it."""
        return "only-to" if self.source is None else "only-from" if self.target is None else "both"


def paired(source: Iterable[SecretRequest], target: Iterable[SecretRequest]) -> tuple[Pair, ...]:
    """Return every secret of the two environments once, by service and name; decommissioned requests are not there any more."""
    left, right = _by_name(source), _by_name(target)
    return tuple(
        Pair(
            service=key[0],
            name=key[1],
            source=left.get(key),
            target=right.get(key),
            differences=contract_differences(left[key], right[key]) if key in left and key in right else (),
        )
        for key in sorted({*left, *right})
    )


def contract_differences(source: SecretRequest, target: SecretRequest) -> tuple[ContractDifference, ...]:
    """Return the fields that say something else, in stable order."""
    left, right = dict(_leaves(msgspec.to_builtins(source))), dict(_leaves(msgspec.to_builtins(target)))
    return tuple(
        ContractDifference(field=field, source=left.get(field, ""), target=right.get(field, ""))
        for field in sorted({*left, *right} - NOT_COMPARED)
        if left.get(field) != right.get(field)
    )


def _by_name(requests: Iterable[SecretRequest]) -> dict[tuple[str, str], SecretRequest]:
    return {
        (request.metadata.service, request.metadata.name): request
        for request in requests
        if request.spec.lifecycle.status != "decommissioned"
    }


def _leaves(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield dotted names and texts; lists are one text, since their entries have no names."""
    if isinstance(tree, dict):
        for name, part in tree.items():
            yield from _leaves(part, f"{path}.{name}" if path else str(name))
    elif isinstance(tree, str):
        yield path, tree
    else:
        yield path, canonical_bytes(tree).decode()
