"""YAML documents as nodes with positions, and as plain trees. Must not know what they mean.

Nothing is constructed from a tag, and a small file stays small: what aliases expand to is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import yaml

NODES_MAX: Final = 200_000
"""Nodes of one file, each alias counted as often as it is used."""

_INTEGER: Final = "tag:yaml.org,2002:int"
_NULL: Final = "tag:yaml.org,2002:null"
_BOOLS: Final = {"true": True, "false": False}
"""The words that YAML 1.2 and Kustomize take for booleans; ``yes`` and ``on`` are texts there."""


class Unreadable(NamedTuple):
    """Why a file cannot be judged; ``line`` is 0 when it is not known."""

    line: int
    why: str


class Step(NamedTuple):
    """One scalar below a document: the path to it (texts and numbers), whether it is a key, and its node."""

    path: tuple[str | int, ...]
    is_key: bool
    node: yaml.ScalarNode


def read_documents(data: bytes) -> list[yaml.Node] | Unreadable:
    """Return the documents of a file, empty ones left out."""
    try:
        documents = [node for node in yaml.compose_all(data.decode("utf-8"), Loader=yaml.CSafeLoader) if node is not None]
        fits = sum(1 for document in documents for _ in zip(range(NODES_MAX + 1), scalars(document), strict=False)) <= NODES_MAX
    except UnicodeDecodeError:
        return Unreadable(0, "it is not UTF-8")
    except yaml.MarkedYAMLError as error:
        return Unreadable(error.problem_mark.line + 1 if error.problem_mark else 0, "it is not YAML")
    except (yaml.YAMLError, RecursionError):
        return Unreadable(0, "it is not YAML")
    return documents if fits else Unreadable(0, f"it holds more than {NODES_MAX} values")


def scalars(node: yaml.Node, path: tuple[str | int, ...] = ()) -> Iterator[Step]:
    """Yield every key and value below ``node``, in the order of the file."""
    if isinstance(node, yaml.ScalarNode):
        yield Step(path, is_key=False, node=node)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield Step(path, is_key=True, node=key)
            yield from scalars(value, (*path, text_of(key)))
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from scalars(item, (*path, number))


def plain(node: yaml.Node | None) -> Any:
    """Return a node as dicts, lists and scalars. Of repeated keys the last counts, as for every reader of manifests."""
    if isinstance(node, yaml.MappingNode):
        return {text_of(key): plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [plain(item) for item in node.value]
    return _scalar(node) if isinstance(node, yaml.ScalarNode) else None


def child(node: yaml.Node | None, name: str) -> yaml.Node | None:
    """Return the value of a key; of repeated ones the last; None when there is none."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in reversed(node.value) if text_of(key) == name), None)


def items(node: yaml.Node | None) -> list[yaml.Node]:
    """Return the items of a list; none when it is no list."""
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def text_of(node: yaml.Node | None) -> str:
    """Return the text of a scalar; empty for anything else."""
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def line_of(node: yaml.Node | None) -> int:
    """Return the line of a node, counted from 1; 0 without one."""
    return 0 if node is None else node.start_mark.line + 1


def _scalar(node: yaml.ScalarNode) -> str | int | bool | None:
    text = str(node.value)
    if node.style in {"'", '"', "|", ">"}:
        return text
    if node.tag == _NULL:
        return None
    if node.tag == _INTEGER and text.lstrip("-").isdecimal():
        return int(text)
    return _BOOLS.get(text.lower(), text)
