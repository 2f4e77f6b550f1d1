"""Follows an overlay's patches over the manifests of its base, one operation after the other, as Kustomize does.

Kustomize says whether an overlay renders; it does not say that a patch found nothing, or that it found another entry than was meant.
That is judged here, at the line that does it. Pure: works on files that somebody read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import yaml

from goldenpath.model.finding import Finding
from goldenpath.projection.documents import Unreadable, child, line_of, plain, read_documents, text_of
from goldenpath.projection.json_patch import HOLDS_ANOTHER, apply_operation, entry_name, entry_of, is_proof, parts_of
from goldenpath.projection.kustomization import Kustomization, PatchEntry, Reference, joined, unreadable
from goldenpath.projection.overlay_resource import (
    EXTERNAL_SECRET,
    Resource,
    Write,
    generated,
    is_selected,
    merge,
    resources_in,
    text_at,
    value_at,
)
from goldenpath.projection.overlay_rules import BY_INDEX, BY_INDEX_MESSAGE, environment_of_key
from goldenpath.projection.placeholders import filled, find_placeholder

_KEY_ENDS: Final = frozenset({("remoteRef", "key"), ("extract", "key"), ("find", "path")})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What an overlay is made of: {path: bytes}, and {folder: its kustomization}. Every reference leads into one of them."""

    files: Mapping[str, bytes]
    kustomizations: Mapping[str, Kustomization]


def follow(sources: Sources, folder: str, *, environment: str) -> tuple[list[Resource], tuple[Finding, ...]]:
    """Return the manifests that the overlay in ``folder`` comes to, as far as they can be followed, and what is wrong with its patches."""
    walk = _Walk(sources, environment)
    return walk.build(folder), tuple(walk.findings)


class _Walk:
    def __init__(self, sources: Sources, environment: str) -> None:
        self._sources = sources
        self._environment = environment
        self.findings: list[Finding] = []

    def build(self, folder: str, below: list[Resource] | None = None) -> list[Resource]:
        """Return the resources of a kustomization; a component also patches those of whoever includes it."""
        head = self._sources.kustomizations[folder]
        found = list(below or ())
        for reference in head.references:
            if reference.field in {"resources", "bases"}:
                found += self._brought_in(head, reference)
        found += [generated(head, name) for name in head.generated]
        for reference in head.references:
            if reference.field == "components":
                found = self.build(joined(head.folder, reference.text), found)
        for entry in head.patches:
            self._patch(head, entry, [resource for resource in found if not resource.is_gone])
        for resource in found:
            # a patch of a folder further out may use any name that a resource ever had
            resource.names |= {f"{head.prefix}{name}{head.suffix}" for name in resource.names}
            resource.namespaces.add(head.namespace or text_at(resource.tree, ("metadata", "namespace")))
        return found

    def _brought_in(self, head: Kustomization, reference: Reference) -> list[Resource]:
        path = joined(head.folder, reference.text)
        if path in self._sources.kustomizations:
            return self.build(path)
        documents = read_documents(self._sources.files[path])
        if isinstance(documents, Unreadable):
            self.findings.append(unreadable(path, documents.line, documents.why))
            return []
        return [resource for document in documents for resource in resources_in(path, document)]

    def _patch(self, head: Kustomization, entry: PatchEntry, resources: list[Resource]) -> None:
        file, first_line, data = self._content(head, entry)
        documents = read_documents(data)
        if isinstance(documents, Unreadable):
            self.findings.append(unreadable(file, first_line + documents.line if documents.line else entry.line, documents.why))
            return
        for document in documents:
            targets = _targets(document, entry, resources)
            if not targets:
                self.findings.append(_unmatched(head, entry, file))
            for resource in targets:
                if isinstance(document, yaml.SequenceNode):
                    self._operations(resource, document, file, first_line)
                else:
                    merge(resource, document, file, first_line)

    def _content(self, head: Kustomization, entry: PatchEntry) -> tuple[str, int, bytes]:
        """Return file, the lines before the patch, and its bytes; a patch in place begins on the line after its field."""
        if entry.inline is None:
            path = joined(head.folder, entry.path)
            return path, 0, self._sources.files.get(path, b"")
        return head.file, entry.inline.start_mark.line + (entry.inline.style in {"|", ">"}), text_of(entry.inline).encode()

    def _operations(self, resource: Resource, patch: yaml.SequenceNode, file: str, first_line: int) -> None:
        proved: set[tuple[str, str]] = set()
        for node in patch.value:
            fault = self._operation(resource, node, proved, file, first_line) if resource.is_followed else ""
            if fault:
                self.findings.append(_failed(resource, node, fault, file, first_line))
                resource.is_followed = False

    def _operation(self, resource: Resource, node: yaml.Node, proved: set[tuple[str, str]], file: str, first_line: int) -> str:
        """Judge and carry out one operation; return why it cannot be."""
        operation = plain(node)
        if not isinstance(operation, dict):
            return "it is no operation"
        kind, parts = operation.get("op"), parts_of(str(operation.get("path", "")))
        entry = entry_of(parts) if resource.kind == EXTERNAL_SECRET else None
        if entry is not None and kind != "test" and entry not in proved and not (kind == "add" and len(parts) == len(_ENTRY)):
            self.findings.append(_by_number(resource, node, parts, file, first_line))
        if entry is not None and parts[3:] in _KEY_ENDS and kind in {"add", "replace"}:
            self.findings += self._wrong_entry(resource, node, parts, file, first_line)
        fault = apply_operation(resource.tree, operation)
        if not fault and entry is not None:
            if kind == "test" and is_proof(parts):
                proved.add(entry)
            elif len(parts) == len(_ENTRY) and kind in {"add", "remove", "move", "copy"}:
                proved.clear()
        if not fault and kind in {"add", "replace"}:
            resource.writes.append(Write(parts, child(node, "value") or node, file, first_line))
        return fault

    def _wrong_entry(self, resource: Resource, node: yaml.Node, parts: tuple[str, ...], file: str, first_line: int) -> Iterator[Finding]:
        old, value = value_at(resource.tree, parts), child(node, "value")
        new = text_of(value)
        if not isinstance(old, str) or not find_placeholder(old) or find_placeholder(new):
            return
        expected = filled(old, self._environment)
        if _without_environment(new) != _without_environment(expected):
            name = entry_name(value_at(resource.tree, parts[:3])) or f"{parts[1]} {parts[2]}"
            yield Finding(
                rule="overlay.wrong-entry",
                level="block",
                message=f"the patch gives {name} the path of another entry",
                subject=resource.name,
                file=file,
                line=first_line + line_of(value),
                field=str(operation_path(node)),
                got=new,
                expected=expected,
                hint="patch the entry whose secretKey belongs to this path, with a test of it",
            )


_ENTRY: Final = ("spec", "data", "0")
"""As long as the path of an entry."""


def operation_path(node: yaml.Node) -> str:
    """Return the ``path`` of an operation as it is written."""
    return text_of(child(node, "path"))


def _without_environment(key: str) -> tuple[str, ...]:
    """Return a key's segments but the one that names its environment: a wrong one is another finding."""
    segments = key.split("/")
    return tuple(segments[:2] + segments[3:]) if environment_of_key(key) else tuple(segments)


def _targets(document: yaml.Node, entry: PatchEntry, resources: list[Resource]) -> list[Resource]:
    if entry.target is not None:
        return [resource for resource in resources if is_selected(resource, entry.target)]
    kind, name = text_of(child(document, "kind")), text_of(child(child(document, "metadata"), "name"))
    return [resource for resource in resources if resource.kind == kind and name in resource.names]


def _unmatched(head: Kustomization, entry: PatchEntry, file: str) -> Finding:
    target = entry.target
    wanted = " ".join(f"{name} {text}" for name in ("kind", "name") if target is not None and (text := text_of(child(target, name))))
    return Finding(
        rule="overlay.patch-unmatched",
        level="block",
        message="the patch is for nothing that the overlay brings in, so it does nothing",
        file=head.file,
        line=entry.line,
        field="patches",
        got=wanted,
        expected="a resource of the base",
        hint="correct kind and name, or take the patch away",
        related=() if file == head.file else (file,),
    )


def _by_number(resource: Resource, node: yaml.Node, parts: tuple[str, ...], file: str, first_line: int) -> Finding:
    name = entry_name(value_at(resource.tree, parts[:3]))
    wanted = f"op: test, path: /spec/data/{parts[2]}/secretKey, value: {name}" if name else f"a test of {operation_path(node)}"
    return Finding(
        rule=BY_INDEX,
        level="block",
        message=BY_INDEX_MESSAGE,
        subject=resource.name,
        file=file,
        line=first_line + line_of(node),
        field=operation_path(node),
        got=operation_path(node),
        expected=f"before it: {wanted}",
        hint="a base in another order then fails instead of being patched wrongly",
    )


def _failed(resource: Resource, node: yaml.Node, fault: str, file: str, first_line: int) -> Finding:
    is_test = fault == HOLDS_ANOTHER
    there = value_at(resource.tree, parts_of(operation_path(node))) if is_test else None
    return Finding(
        rule="overlay.test-failed" if is_test else "overlay.operation-misses",
        level="block",
        message=f"the operation cannot be carried out: {fault}",
        subject=resource.name,
        file=file,
        line=first_line + line_of(node),
        field=operation_path(node),
        got=there if isinstance(there, str) and resource.kind == EXTERNAL_SECRET else "",
        expected=text_of(child(node, "value")) if is_test else "",
        hint="the base was changed or reordered: write the patch anew for it",
    )
