"""One manifest on its way through an overlay's patches: as it stands, where each of its values came from, and what selects it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from goldenpath.projection.documents import child, items, line_of, plain, scalars, text_of
from goldenpath.projection.json_patch import entry_name, entry_of
from goldenpath.projection.kustomization import Kustomization

EXTERNAL_SECRET: Final = "ExternalSecret"

_LITERAL: Final = re.compile(r"[A-Za-z0-9_/-]*")
_SIMPLE: Final = re.compile(r"\^?((?:[A-Za-z0-9_/-]|\.\*?|\|){0,200})\$?")
"""Selectors are regular expressions; of those, the ones that are followed here: letters, a dot, ``.*`` and ``|``."""
_STARS_MAX: Final = 8
_DIRECTIVE: Final = "$"


@dataclass(frozen=True, slots=True)
class Write:
    """One value that a patch put at a path, and where the patch stands."""

    path: tuple[str, ...]
    node: yaml.Node
    file: str
    first_line: int

    @property
    def line(self) -> int:
        """The line of the value in its file."""
        return self.first_line + line_of(self.node)


@dataclass(slots=True, kw_only=True)
class Resource:
    """One manifest on its way: as it stands now (``tree``), every name and namespace that it had, and what was written to it.

    ``is_followed`` is false once a patch did something that is not followed here; what is rendered then decides alone.
    """

    file: str
    node: yaml.Node
    api_version: str
    kind: str
    name: str
    tree: Any
    names: set[str]
    namespaces: set[str]
    is_gone: bool = False
    is_followed: bool = True
    writes: list[Write] = field(default_factory=list)

    def origin(self, path: tuple[str | int, ...]) -> tuple[str, int]:
        """Return file and line of what stands at ``path`` of the rendered manifest: the last patch that wrote there, else the base."""
        wanted = tuple(str(part) for part in path)
        for write in reversed(self.writes):
            if wanted[: len(write.path)] == write.path:
                node = _descend(write.node, wanted[len(write.path) :])
                return write.file, write.first_line + line_of(node)
        return self.file, line_of(_descend(self.node, self._in_base(wanted)))

    def is_written(self, path: tuple[str | int, ...]) -> bool:
        """Say whether a patch wrote what stands at ``path``."""
        wanted = tuple(str(part) for part in path)
        return any(wanted[: len(write.path)] == write.path for write in self.writes)

    def _in_base(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """Return where an entry stands in the base: removals before it have changed its number."""
        entry = entry_of(path)
        name = entry_name(value_at(self.tree, path[:3])) if entry else ""
        names = [text_of(child(node, "secretKey")) for node in items(child(child(self.node, "spec"), "data"))]
        return (*path[:2], str(names.index(name)), *path[3:]) if name in names else path


def resources_in(file: str, document: yaml.Node) -> Iterator[Resource]:
    """Yield the manifests of a document: itself, or those of a list."""
    kind, api_version = text_of(child(document, "kind")), text_of(child(document, "apiVersion"))
    if kind.endswith("List") and child(document, "items") is not None:
        for item in items(child(document, "items")):
            yield from resources_in(file, item)
        return
    metadata = child(document, "metadata")
    name = text_of(child(metadata, "name"))
    yield Resource(
        file=file,
        node=document,
        api_version=api_version,
        kind=kind,
        name=name,
        tree=plain(document),
        names={name},
        namespaces={text_of(child(metadata, "namespace"))},
    )


def generated(head: Kustomization, name: str) -> Resource:
    """Return a ConfigMap that a kustomization makes: it can be patched, and what is in it is not followed."""
    node = yaml.MappingNode("tag:yaml.org,2002:map", [], start_mark=yaml.Mark(head.file, 0, 0, 0, None, 0))
    return Resource(
        file=head.file,
        node=node,
        api_version="v1",
        kind="ConfigMap",
        name=name,
        tree={},
        names={name},
        namespaces={""},
        is_followed=False,
    )


def is_selected(resource: Resource, target: yaml.Node) -> bool:
    """Say whether a patch's ``target`` selects a manifest, by any name and namespace that it had."""
    group, _, version = resource.api_version.rpartition("/")
    namespaces = {*resource.namespaces, text_at(resource.tree, ("metadata", "namespace"))}
    asked = {
        "group": [group],
        "version": [version],
        "kind": [resource.kind],
        "name": sorted(resource.names),
        "namespace": sorted(each or "default" for each in namespaces),
    }
    patterns = ((text_of(child(target, name)), values) for name, values in asked.items())
    return all(any(_fits(pattern, value) for value in values) for pattern, values in patterns if pattern)


def _fits(pattern: str, value: str) -> bool:
    """Match as Kustomize does, the whole text; a pattern that is not followed here may match, so nothing is called unmatched wrongly."""
    if _LITERAL.fullmatch(pattern):
        return pattern == value
    simple = _SIMPLE.fullmatch(pattern)
    if simple is None or pattern.count("*") > _STARS_MAX:
        return True
    return re.fullmatch(re.sub(r"(?:\.\*)+", ".*", simple[1]), value) is not None


def merge(resource: Resource, patch: yaml.Node, file: str, first_line: int) -> None:
    """Merge a patch into a manifest: mappings by name, lists as a whole, as for every kind without a schema in Kustomize."""
    directives = [step for step in scalars(patch) if step.is_key and str(step.node.value).startswith(_DIRECTIVE)]
    if text_of(child(patch, "$patch")) == "delete" and len(directives) == 1:
        resource.is_gone = True
    elif directives or not isinstance(resource.tree, dict):
        resource.is_followed = False
    else:
        _merge_tree(resource.tree, plain(patch))
        resource.writes += _leaves(patch, (), file, first_line)


def _merge_tree(tree: dict[str, Any], patch: Any) -> None:
    for name, value in (patch if isinstance(patch, dict) else {}).items():
        if value is None:
            tree.pop(name, None)
        elif isinstance(value, dict) and isinstance(tree.get(name), dict):
            _merge_tree(tree[name], value)
        else:
            tree[name] = value


def _leaves(node: yaml.Node, path: tuple[str, ...], file: str, first_line: int) -> Iterator[Write]:
    if isinstance(node, yaml.MappingNode) and node.value:
        for key, value in node.value:
            yield from _leaves(value, (*path, text_of(key)), file, first_line)
    else:
        yield Write(path, node, file, first_line)


def value_at(tree: Any, path: tuple[str, ...]) -> Any:
    """Return what stands at a path of a tree; None when nothing does."""
    for part in path:
        if isinstance(tree, dict):
            tree = tree.get(part)
        elif isinstance(tree, list) and part.lstrip("-").isdecimal() and -len(tree) <= int(part) < len(tree):
            tree = tree[int(part)]
        else:
            return None
    return tree


def text_at(tree: Any, path: tuple[str, ...]) -> str:
    """Return the text at a path; empty for anything else."""
    found = value_at(tree, path)
    return found if isinstance(found, str) else ""


def _descend(node: yaml.Node, path: tuple[str, ...]) -> yaml.Node:
    """Return the node at a path, or the deepest one on the way."""
    for part in path:
        inside = items(node)
        deeper = child(node, part) if not inside else inside[int(part)] if part.isdecimal() and int(part) < len(inside) else None
        if deeper is None:
            return node
        node = deeper
    return node
