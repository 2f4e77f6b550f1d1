"""An edit of a request: the fields that change, in the lines that change, with the sidecar kept in agreement (D5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from goldenpath.app.author import Author, Drafted, conflicts, find_request, read_tree
from goldenpath.errors import InvalidIntent
from goldenpath.intent.contract import load
from goldenpath.intent.editing import edit
from goldenpath.intent.layout import SIDECAR_SUFFIX, SUFFIX
from goldenpath.model.finding import Finding
from goldenpath.model.request import SecretRequest
from goldenpath.model.sidecar import Sidecar

FieldPath = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What is to change, by the path of each field in the file.

    ``fields`` holds new words and numbers, None to take a field away. ``added`` and ``removed`` hold items of lists; a declared key is
    removed by its name.
    """

    fields: Mapping[FieldPath, str | int | None] = field(default_factory=dict)
    added: Mapping[FieldPath, Sequence[Any]] = field(default_factory=dict)
    removed: Mapping[FieldPath, Sequence[str]] = field(default_factory=dict)


def revise(author: Author, request_id: str, edits: Edits) -> Drafted:
    """Return the request with the edits in it, checked against everything; without ``files`` when it says all that already.

    Raises:
        NotFound: ``request.unknown``.
        InvalidIntent: ``request.item-unknown``, ``request.item-there``, ``intent.not-editable``.
    """
    entry = find_request(author, request_id)
    before = entry.request
    after = read_tree(author, _edited_tree(msgspec.to_builtins(before), edits))
    if not isinstance(after, SecretRequest):
        return Drafted(path=entry.path, request=None, before=before, findings=after)
    if after == before:
        return Drafted(path=entry.path, request=after, before=before)
    data = edit(author.read(entry.path) or b"", before, after, file=entry.path)
    # the sidecar first: a run that ends between the two is repeated, and then changes what is left
    files = {**_sidecar(author, entry.path, before, after), entry.path: data}
    findings = conflicts(author, after, entry.path, data, replaced=entry.path)
    return Drafted(path=entry.path, request=None if findings else after, before=before, findings=findings, files=files)


def _edited_tree(tree: dict[str, Any], edits: Edits) -> dict[str, Any]:
    for path, value in edits.fields.items():
        parent = _parent(tree, path)
        if value is None:
            parent.pop(path[-1], None)
        else:
            parent[path[-1]] = value
    for path, names in edits.removed.items():
        parent = _parent(tree, path)
        parent[path[-1]] = _without(list(parent.get(path[-1], ())), names, path)
    for path, items in edits.added.items():
        parent = _parent(tree, path)
        parent[path[-1]] = _with(list(parent.get(path[-1], ())), items, path)
    return tree


def _parent(tree: dict[str, Any], path: FieldPath) -> dict[str, Any]:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    return tree


def _without(items: list[Any], names: Sequence[str], path: FieldPath) -> list[Any]:
    known = {_name(item) for item in items}
    unknown = [number for number, name in enumerate(names, start=1) if name not in known]
    if unknown:
        raise InvalidIntent(
            "request.item-unknown",
            f"{'.'.join(path)} has no such item (number {unknown[0]} of those to remove)",
            hint="look at what is there: goldenpath request show ID",
        )
    return [item for item in items if _name(item) not in names]


def _with(items: list[Any], added: Sequence[Any], path: FieldPath) -> list[Any]:
    known = {_name(item) for item in items}
    for number, item in enumerate(added, start=1):
        if _name(item) in known:
            raise InvalidIntent(
                "request.item-there",
                f"{'.'.join(path)} has this item already (number {number} of those to add)",
                hint="remove it in the same edit to state it anew",
            )
        known.add(_name(item))
    return [*items, *added]


def _name(item: Any) -> str:
    return str(item["name"]) if isinstance(item, dict) else str(item)


def _sidecar(author: Author, path: str, before: SecretRequest, after: SecretRequest) -> dict[str, bytes]:
    """Return the sidecar's new bytes when it states something that changes."""
    beside = path.removesuffix(SUFFIX) + SIDECAR_SUFFIX
    data = author.read(beside)
    if data is None:
        return {}
    loaded = load(data, Sidecar, file=beside, enums=author.enums)
    if loaded.value is None:
        raise _faulty(beside, loaded.findings)
    meta, risk = loaded.value.metadata, loaded.value.spec.risk
    owner = after.metadata.owner if meta.owner == before.metadata.owner else meta.owner
    same_risk = risk is not None and risk.tier == before.spec.risk.tier
    agreed = msgspec.structs.replace(
        loaded.value,
        metadata=msgspec.structs.replace(meta, owner=owner),
        spec=msgspec.structs.replace(loaded.value.spec, risk=after.spec.risk if same_risk else risk),
    )
    return {} if agreed == loaded.value else {beside: edit(data, loaded.value, agreed, file=beside)}


def _faulty(path: str, findings: Sequence[Finding]) -> InvalidIntent:
    first = findings[0]
    return InvalidIntent(
        "request.sidecar-faulty",
        f"the sidecar beside the request has faults, the first: {first.message} [{first.rule}]",
        subject=f"{path}:{first.line}",
        hint="mend it first: goldenpath validate names every fault",
    )
