"""What base and overlay come to, computed from their files as far as we write them ourselves. Anything else is no answer, not a guess.

For the last look before a commit, and for telling whether an environment stays as it is when the base under it changes. Overlays of
other authors are rendered by Kustomize: ``goldenpath lint``.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from goldenpath.projection.documents import Unreadable, plain, read_documents
from goldenpath.projection.emitter import Tree
from goldenpath.projection.json_patch import apply_operation, entry_name, is_list
from goldenpath.projection.overlays import BASE, KUSTOMIZATION, OVERLAYS

Trees = dict[str, Mapping[str, Tree]]


def overlay_result(files: Mapping[str, bytes], folder: str) -> Trees | None:
    """Return {name: ExternalSecret} of an overlay that we wrote; None when it is not there or not as we write it.

    ``files`` holds {path below the service's folder: bytes}; ``folder`` is the word of the environment.
    """
    found = _base(files)
    overlay = f"{OVERLAYS}/{folder}"
    head = _document(files, f"{overlay}/{KUSTOMIZATION}")
    if found is None or head is None or head.get("resources") != [f"../../{BASE}"] or set(head) - _FIELDS:
        return None
    for entry in head.get("patches") or []:
        name = entry["target"]["name"] if isinstance(entry, dict) and isinstance(entry.get("target"), dict) else ""
        patch = _content(files, f"{overlay}/{entry['path']}") if name in found and isinstance(entry.get("path"), str) else None
        if not _patched(found, name, patch):
            return None
    return found


def is_same(one: Mapping[str, Tree], other: Mapping[str, Tree]) -> bool:
    """Say whether two manifests mean the same: the order of named entries counts for nothing."""
    return bool(_ordered(one) == _ordered(other))


_FIELDS = frozenset({"apiVersion", "kind", "resources", "patches"})


def _base(files: Mapping[str, bytes]) -> Trees | None:
    head = _document(files, f"{BASE}/{KUSTOMIZATION}")
    if head is None or set(head) - _FIELDS:
        return None
    found: Trees = {}
    for path in head.get("resources") or []:
        tree = _document(files, f"{BASE}/{path}")
        metadata = tree.get("metadata") if tree else None
        if tree is None or not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
            return None
        found[metadata["name"]] = tree
    return found


def _patched(found: Trees, name: str, patch: Any) -> bool:
    """Patch one manifest in place; say whether it was a patch of ours, and went through."""
    if isinstance(patch, dict) and patch.get("$patch") == "delete":
        del found[name]
        return True
    if not isinstance(patch, list) or not all(isinstance(operation, dict) for operation in patch):
        return False
    tree = copy.deepcopy(found[name])
    found[name] = tree
    return not any(apply_operation(tree, operation) for operation in patch)


def _document(files: Mapping[str, bytes], path: str) -> dict[str, Any] | None:
    tree = _content(files, path)
    return tree if isinstance(tree, dict) else None


def _content(files: Mapping[str, bytes], path: str) -> Any:
    data = files.get(path)
    documents = None if data is None else read_documents(data)
    return None if documents is None or isinstance(documents, Unreadable) or len(documents) != 1 else plain(documents[0])


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _ordered(item) for name, item in value.items()}
    if not is_list(value):
        return value
    ordered = [_ordered(item) for item in value]
    return sorted(ordered, key=entry_name) if all(map(entry_name, ordered)) else ordered
