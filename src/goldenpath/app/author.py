"""What an author starts from, and a new request on top of it. What is drafted passes the same checks as everything else.

Nothing is written here: a draft becomes a change in :mod:`goldenpath.app.proposal`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from goldenpath.app.revision import Governance, read_requests
from goldenpath.app.working_tree import find_root, open_working_tree
from goldenpath.errors import NotFound
from goldenpath.intent.authoring import next_id, schema_link, write_request
from goldenpath.intent.catalog import CatalogEntry
from goldenpath.intent.contract import load
from goldenpath.intent.layout import SCHEMA_FILE
from goldenpath.intent.listing import sort_out
from goldenpath.intent.uniqueness import find_conflicts
from goldenpath.model.enums import Enums
from goldenpath.model.finding import Finding
from goldenpath.model.naming import request_file
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.model.tombstones import Tombstones
from goldenpath.ports.repository import RepositoryReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """A change of one request: why it may not be written, or what would be.

    ``request`` is how it will be, None when there are findings; ``before`` how the author's catalog states it, None for a new one.
    ``files`` holds the new bytes of every file of the change, a sidecar's included; it is empty when nothing changes.
    """

    path: str
    request: SecretRequest | None
    before: SecretRequest | None = None
    findings: tuple[Finding, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """A catalog to write on: the working tree's, or the one at a commit.

    ``ids`` are those that file names state, of broken files too. ``read`` returns the bytes of a regular file, None when there is none.
    ``has_schema`` says that the platform keeps the schema that new files point editors to.
    """

    settings: Settings
    enums: Enums
    tombstones: Tombstones
    entries: tuple[CatalogEntry, ...]
    ids: tuple[str, ...]
    read: Callable[[str], bytes | None]
    has_schema: bool


def open_author(folder: Path) -> Author:
    """Read the working tree that ``folder`` lies in. Faults of other files do not stop a new request; ``validate`` names them."""
    tree = open_working_tree(find_root(folder))
    catalog = tree.read_catalog()
    return Author(
        settings=tree.settings,
        enums=tree.enums,
        tombstones=tree.tombstones,
        entries=catalog.entries,
        ids=catalog.ids,
        read=tree.folder.read_file,
        has_schema=tree.folder.read_file(SCHEMA_FILE) is not None,
    )


def author_at(reader: RepositoryReader, governance: Governance, commit: str) -> Author:
    """Read the catalog at ``commit``, with the words and settings of ``governance``: a branch cannot bring its own (R10)."""
    root = governance.settings.catalog.root
    catalog = read_requests(reader, replace(governance, commit=commit))
    return Author(
        settings=governance.settings,
        enums=governance.enums,
        tombstones=governance.tombstones,
        entries=catalog.entries,
        ids=tuple(sorted({place.id for place in sort_out(reader.list_tree(commit, root), root).places})),
        read=lambda path: reader.read_file(commit, path),
        has_schema=bool(reader.tree_oid(commit, SCHEMA_FILE)),
    )


def default_words(author: Author) -> dict[str, str]:
    """Return what a new request says unless told otherwise: secret type, tier, rotation class, and the owner when there is only one."""
    enums = author.enums
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
    metadata.setdefault("id", next_id(author.ids, author.tombstones))
    loaded = read_tree(author, {"apiVersion": "goldenpath.io/v1", "kind": "SecretRequest", **tree, "metadata": _in_order(metadata)})
    if not isinstance(loaded, SecretRequest):
        return Drafted(path="", request=None, findings=loaded)
    path = request_file(loaded, root=author.settings.catalog.root)
    data = write_request(loaded, schema_url=schema_link(path) if author.has_schema else "")
    findings = conflicts(author, loaded, path, data)
    return Drafted(path=path, request=None if findings else loaded, findings=findings, files={path: data})


def find_request(author: Author, request_id: str) -> CatalogEntry:
    """Return the request with this id in the author's catalog.

    Raises:
        NotFound: ``request.unknown``, also when the file that should state it has faults.
    """
    found = next((entry for entry in author.entries if entry.request.id == request_id), None)
    if found is None:
        raise NotFound("request.unknown", "no request of this id can be read here", subject=request_id, hint="goldenpath validate")
    return found


def read_tree(author: Author, tree: Mapping[str, Any]) -> SecretRequest | tuple[Finding, ...]:
    """Return the request that a tree states, or its faults; there is no file yet, so they have no place in it."""
    loaded = load(_spelled(tree), SecretRequest, file="(new request)", enums=author.enums)
    if loaded.value is not None:
        return loaded.value
    return tuple(msgspec.structs.replace(finding, line=0, column=0) for finding in loaded.findings)


def conflicts(author: Author, request: SecretRequest, path: str, data: bytes, *, replaced: str = "") -> tuple[Finding, ...]:
    """Return what another request or a tombstone holds already; ``replaced`` is the file that an edit takes the place of."""
    others = [entry for entry in author.entries if entry.path != replaced]
    found = find_conflicts(
        [*others, CatalogEntry(request, path, "")],
        settings=author.settings,
        tombstones=author.tombstones,
        fetch=lambda name: data if name == path else b"",
    )
    return tuple(finding for finding in found if finding.file == path)


def _spelled(tree: Mapping[str, Any]) -> bytes:
    """Return the tree as a file's bytes; words that are not UTF-8 stay so, and the strict reader refuses them."""
    return json.dumps(tree, ensure_ascii=False).encode("utf-8", "surrogateescape")


def _in_order(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": metadata["id"], **{name: value for name, value in metadata.items() if name != "id"}}
