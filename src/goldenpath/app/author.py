"""Writes a new request into the working tree, and shows one that is there. What is written passes the same checks as everything else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from goldenpath.app.working_tree import WorkingTree, find_root, open_working_tree
from goldenpath.errors import NotFound
from goldenpath.intent.authoring import next_id, write_request
from goldenpath.intent.catalog import CatalogEntry, FolderCatalog
from goldenpath.intent.contract import load
from goldenpath.intent.uniqueness import find_conflicts
from goldenpath.model.finding import Finding
from goldenpath.model.naming import request_file
from goldenpath.model.request import SecretRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """A new request: its file, its bytes, and why it may not be written. ``request`` is None when there are findings."""

    path: str
    data: bytes
    request: SecretRequest | None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """The working tree with its catalog, read once."""

    tree: WorkingTree
    catalog: FolderCatalog


def open_author(folder: Path) -> Author:
    """Read the working tree that ``folder`` lies in. Faults of other files do not stop a new request; ``validate`` names them."""
    tree = open_working_tree(find_root(folder))
    return Author(tree=tree, catalog=tree.read_catalog())


def default_words(author: Author) -> dict[str, str]:
    """Return what a new request says unless told otherwise: secret type, tier, rotation class, and the owner when there is only one."""
    enums = author.tree.enums
    lists = {
        "secret_type": ("generic", enums.security.secret_types.values),
        "tier": ("medium", enums.security.risk_tiers.values),
        "rotation_class": ("standard", enums.security.rotation_classes.values),
    }
    words = {name: preferred if preferred in values else values[0] for name, (preferred, values) in lists.items()}
    return {**words, "owner": enums.owners[0]} if len(enums.owners) == 1 else words


def draft(author: Author, tree: Mapping[str, Any]) -> Drafted:
    """Return the request that ``tree`` (as in YAML, without an id to get the next free one) describes, checked against everything."""
    metadata = dict(tree["metadata"])
    metadata.setdefault("id", next_id(author.catalog.ids, author.tree.tombstones))
    filled = {"apiVersion": "goldenpath.io/v1", "kind": "SecretRequest", **tree, "metadata": _in_order(metadata)}
    loaded = load(_spelled(filled), SecretRequest, file="(new request)", enums=author.tree.enums)
    if loaded.value is None:
        # there is no file yet, so there is no place in it
        placeless = tuple(msgspec.structs.replace(finding, line=0, column=0) for finding in loaded.findings)
        return Drafted(path="", data=b"", request=None, findings=placeless)
    request = loaded.value
    data = write_request(request)
    path = request_file(request, root=author.tree.settings.catalog.root)
    findings = _conflicts(author, request, path, data)
    return Drafted(path=path, data=data, request=None if findings else request, findings=findings)


def write(author: Author, drafted: Drafted) -> None:
    """Write the drafted file, mode 0644, all of it or nothing.

    Raises:
        Conflict: ``intent.file-exists``.
        InvalidIntent: ``intent.folder-unsafe``.
    """
    author.tree.folder.write_new(drafted.path, drafted.data)


def find_request(author: Author, request_id: str) -> CatalogEntry:
    """Return the request with this id in the working tree.

    Raises:
        NotFound: ``request.unknown``, also when the file that should state it has faults.
    """
    found = next((entry for entry in author.catalog.entries if entry.request.id == request_id), None)
    if found is None:
        raise NotFound(
            "request.unknown", "no request of this id can be read in the working tree", subject=request_id, hint="goldenpath validate"
        )
    return found


def _conflicts(author: Author, request: SecretRequest, path: str, data: bytes) -> tuple[Finding, ...]:
    entries = [*author.catalog.entries, CatalogEntry(request, path, "")]
    found = find_conflicts(
        entries, settings=author.tree.settings, tombstones=author.tree.tombstones, fetch=lambda name: data if name == path else b""
    )
    return tuple(finding for finding in found if finding.file == path)


def _spelled(tree: Mapping[str, Any]) -> bytes:
    """Return the tree as a file's bytes; words that are not UTF-8 stay so, and the strict reader refuses them."""
    return json.dumps(tree, ensure_ascii=False).encode("utf-8", "surrogateescape")


def _in_order(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": metadata["id"], **{name: value for name, value in metadata.items() if name != "id"}}
