"""The rules that :mod:`goldenpath.projection.lint` applies to one YAML document, given as nodes with positions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from goldenpath.model.environment import ALIASES, ENVIRONMENTS
from goldenpath.model.settings import Settings
from goldenpath.projection.stores import store_names

_REMOTE_KEY = re.compile(r"[A-Za-z0-9_.+=@/-]+")
_BY_INDEX = re.compile(r"/spec/(?:data|dataFrom)/[0-9]+(?:/|$)")
_KEY_PATH = re.compile(r"/(?:remoteRef|extract)/key$|/find/path$")
_SEGMENTS_MIN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One fault and where it is; lines and columns count from 1."""

    rule: str
    message: str
    line: int
    column: int
    field: str = ""
    got: str = ""
    expected: str = ""


def check_document(root: yaml.Node, *, environment: str, settings: Settings) -> Iterator[Place]:
    """Yield every fault of one document: an ExternalSecret, a ClusterSecretStore, a list of either, or a JSON patch."""
    if isinstance(root, yaml.SequenceNode):
        for operation in root.value:
            yield from _check_patch(operation, environment)
        return
    kind = _text(_child(root, "kind"))
    if kind == "ExternalSecret":
        yield from _check_external_secret(root, environment, settings)
    elif kind == "ClusterSecretStore":
        yield from _check_store(root, environment, settings)
    elif kind.endswith("List"):
        for item in _items(_child(root, "items")):
            yield from check_document(item, environment=environment, settings=settings)


def environment_of_key(key: str) -> str:
    """Return the environment segment of a store key: the second of a Parameter Store name, the third of a path; empty when missing."""
    # a parameter's leading slash makes an empty first segment, so both kinds have it at the same index
    segments = key.split("/")
    return segments[2] if len(segments) > _SEGMENTS_MIN and all(segments[1:]) else ""


def _check_external_secret(root: yaml.Node, environment: str, settings: Settings) -> Iterator[Place]:
    spec = _child(root, "spec")
    for entry in [_child(entry, name) for entry in _entries(spec) for name in ("remoteRef", "extract", "find")]:
        for name in ("key", "path"):
            node = _child(entry, name)
            if node is not None:
                yield from _check_key(node, environment)
    references = [_child(spec, "secretStoreRef")]
    references += [_child(_child(entry, "sourceRef"), "storeRef") for entry in _entries(spec)]
    for reference in references:
        yield from _check_reference(reference, environment, settings)


def _entries(spec: yaml.Node | None) -> list[yaml.Node]:
    return [*_items(_child(spec, "data")), *_items(_child(spec, "dataFrom"))]


def _check_key(node: yaml.Node, environment: str) -> Iterator[Place]:
    key = _text(node)
    if not _REMOTE_KEY.fullmatch(key):
        yield _place(
            node, "projection.key-charset", "the key holds a character that no store path has", key, "letters, digits and _ . + = @ / -"
        )
        return
    segment = environment_of_key(key)
    if segment == environment:
        return
    if segment in ENVIRONMENTS or segment in ALIASES:
        yield _place(node, "projection.key-of-other-environment", f"the key leads into {segment}", key, f"environment {environment}")
    else:
        yield _place(
            node, "projection.key-without-environment", "the key names no environment where it must", key, f"environment {environment}"
        )


def _check_reference(reference: yaml.Node | None, environment: str, settings: Settings) -> Iterator[Place]:
    node = _child(reference, "name")
    allowed = store_names(environment, settings=settings)
    if node is not None and _text(node) not in allowed:
        yield _place(
            node,
            "projection.store-of-other-environment",
            f"{environment} may not read through this store",
            _text(node),
            " or ".join(sorted(allowed)),
        )


def _check_store(root: yaml.Node, environment: str, settings: Settings) -> Iterator[Place]:
    yield from _check_reference(_child(root, "metadata"), environment, settings)
    spec = _child(root, "spec")
    conditions = _items(_child(spec, "conditions"))
    if not conditions or not all(_names_namespaces(condition) for condition in conditions):
        at = spec or root
        yield _place(
            at, "projection.store-unrestricted", "the store serves namespaces that it does not name", "", "conditions with namespaces"
        )


def _names_namespaces(condition: yaml.Node) -> bool:
    keys = {_text(key) for key, _value in condition.value} if isinstance(condition, yaml.MappingNode) else set()
    return keys == {"namespaces"} and bool(_items(_child(condition, "namespaces")))


def _check_patch(operation: yaml.Node, environment: str) -> Iterator[Place]:
    path = _child(operation, "path")
    if path is None:
        return
    if _BY_INDEX.search(_text(path)):
        yield _place(
            path, "projection.patch-by-index", "the patch addresses an entry by its number", _text(path), "an entry chosen by its key"
        )
    value = _child(operation, "value")
    if isinstance(value, yaml.ScalarNode) and _KEY_PATH.search(_text(path)):
        yield from _check_key(value, environment)


def _child(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    # readers keep the last of repeated keys, so that is the one to judge
    return next((value for key, value in reversed(node.value) if _text(key) == name), None)


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _text(node: yaml.Node | None) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def _place(node: yaml.Node, rule: str, message: str, got: str, expected: str) -> Place:
    mark = node.start_mark
    return Place(rule=rule, message=message, line=mark.line + 1, column=mark.column + 1, got=got, expected=expected)
