"""JSON patches (RFC 6902) as Kustomize applies them: made from two trees, and carried out on a tree. Pure.

Kustomize addresses an entry of a list by its number alone. So every change here stands behind a ``test`` of what it is about: an entry
is known by its ``secretKey``, anything else by the value that it replaces. In a base that was reordered the test fails, and nothing is
rendered.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeGuard

from goldenpath.projection.emitter import Tree

Operation = Mapping[str, Tree]
"""``op`` and ``path``, with ``value`` or ``from`` where the operation has one."""

ENTRY_KEY: Final = "secretKey"
"""What names an entry of ``spec.data``."""

ENTRY_LISTS: Final = ("data", "dataFrom")
_ENTRY_DEPTH: Final = 3

LEADS_NOWHERE: Final = "its path leads nowhere"
HOLDS_ANOTHER: Final = "the document holds something else there"
"""Why an operation cannot be carried out."""

_INDEX: Final = re.compile(r"-?(?:0|[1-9][0-9]*)")
_END: Final = "-"


def pointer(*parts: str | int) -> str:
    """Return the JSON pointer of a path."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def parts_of(text: str) -> tuple[str, ...]:
    """Return the parts of a JSON pointer; empty for the whole document."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])


def difference(before: Mapping[str, Tree], after: Mapping[str, Tree]) -> list[Operation]:
    """Return the operations that make ``after`` of ``before``; named entries that both have keep the order of ``before``."""
    return list(_mapping(before, after, ()))


def apply_operation(root: Any, operation: Mapping[str, Any]) -> str:
    """Carry out one operation on a tree of dicts and lists, in place. Return why it cannot be; empty when it is done."""
    path = parts_of(str(operation.get("path", "")))
    kind = operation.get("op")
    if kind in {"move", "copy"}:
        return _moved(root, parts_of(str(operation.get("from", ""))), path, keeps=kind == "copy")
    holder, last = _holder(root, path)
    if holder is None or (kind != "add" and not _has(holder, last)):
        return LEADS_NOWHERE
    return _done(str(kind), holder, last, operation.get("value"))


def _done(kind: str, holder: Any, last: str, value: Any) -> str:
    if kind == "add":
        return _added(holder, last, copy.deepcopy(value))
    if kind == "test":
        return "" if _at(holder, last) == value else HOLDS_ANOTHER
    if kind == "remove":
        del holder[_place(holder, last)]
    elif kind == "replace":
        holder[_place(holder, last)] = copy.deepcopy(value)
    else:
        return f"operation {kind!a} is not known here"
    return ""


def entry_of(path: Sequence[str]) -> tuple[str, str] | None:
    """Return (list, number) of the entry of an ExternalSecret that a path leads to or into; None for any other path."""
    is_entry = len(path) >= _ENTRY_DEPTH and path[0] == "spec" and path[1] in ENTRY_LISTS and _INDEX.fullmatch(path[2])
    return (path[1], path[2]) if is_entry else None


def is_proof(path: Sequence[str]) -> bool:
    """Say whether a ``test`` of this path proves which entry it is: by its name, as a whole, or by where an unnamed one reads."""
    inside = tuple(path[_ENTRY_DEPTH:])
    return inside in {(), (ENTRY_KEY,)} or path[1] == "dataFrom"


def _mapping(before: Mapping[str, Tree], after: Mapping[str, Tree], path: tuple[str | int, ...]) -> Iterator[Operation]:
    for name, old in before.items():
        if name not in after:
            yield from _proved("remove", old, (*path, name))
        else:
            yield from _value(old, after[name], (*path, name))
    yield from ({"op": "add", "path": pointer(*path, name), "value": new} for name, new in after.items() if name not in before)


def _value(old: Tree, new: Tree, path: tuple[str | int, ...]) -> Iterator[Operation]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _mapping(old, new, path)
    elif is_list(old) and is_list(new):
        yield from _entries(old, new, path)
    elif old != new:
        yield from _proved("replace", old, path, value=new)


def _entries(old: Sequence[Tree], new: Sequence[Tree], path: tuple[str | int, ...]) -> Iterator[Operation]:
    names, wanted = [entry_name(entry) for entry in old], {entry_name(entry): entry for entry in new}
    if all(names) and len(set(names)) == len(names) and len(wanted) == len(new) and set(wanted) <= set(names):
        yield from _named(names, old, wanted, path)
    elif len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _value(one, other, (*path, number))
    else:
        yield from _proved("replace", old, path, value=new)


def _named(names: Sequence[str], old: Sequence[Tree], wanted: Mapping[str, Tree], path: tuple[str | int, ...]) -> Iterator[Operation]:
    for number, (name, entry) in enumerate(zip(names, old, strict=True)):
        if name in wanted and entry != wanted[name]:
            yield _test((*path, number, ENTRY_KEY), name)
            yield from _value(entry, wanted[name], (*path, number))
    # from the end, so that no number changes before its turn
    for number in reversed([number for number, name in enumerate(names) if name not in wanted]):
        yield _test((*path, number, ENTRY_KEY), names[number])
        yield from _proved("remove", old[number], (*path, number))


def _proved(kind: str, old: Tree, path: tuple[str | int, ...], **value: Tree) -> Iterator[Operation]:
    yield _test(path, old)
    yield {"op": kind, "path": pointer(*path), **value}


def _test(path: tuple[str | int, ...], value: Tree) -> Operation:
    return {"op": "test", "path": pointer(*path), "value": value}


def entry_name(entry: object) -> str:
    """Return the ``secretKey`` of an entry; empty when it has none."""
    name = entry.get(ENTRY_KEY) if isinstance(entry, Mapping) else None
    return name if isinstance(name, str) else ""


def is_list(value: object) -> TypeGuard[Sequence[Any]]:
    """Say whether a value is a list; a text is none."""
    return isinstance(value, Sequence) and not isinstance(value, str)


def _moved(root: Any, source: tuple[str, ...], target: tuple[str, ...], *, keeps: bool) -> str:
    (holder, last), (above, name) = _holder(root, source), _holder(root, target)
    if holder is None or above is None or not _has(holder, last):
        return LEADS_NOWHERE
    value = copy.deepcopy(_at(holder, last))
    if not keeps:
        del holder[_place(holder, last)]
    return _added(above, name, value)


def _holder(root: Any, path: tuple[str, ...]) -> tuple[Any, str]:
    """Return what holds the last part of a path, and that part; None for a path that leads nowhere, or is the whole document."""
    node = root if path else None
    for part in path[:-1]:
        if not _has(node, part):
            return None, ""
        node = _at(node, part)
    return (node, path[-1]) if isinstance(node, dict | list) else (None, "")


def _has(node: Any, part: str) -> bool:
    if isinstance(node, list):
        return bool(_INDEX.fullmatch(part)) and -len(node) <= int(part) < len(node)
    return isinstance(node, dict) and part in node


def _at(node: Any, part: str) -> Any:
    return node[_place(node, part)]


def _place(node: Any, part: str) -> Any:
    return int(part) if isinstance(node, list) else part


def _added(holder: Any, name: str, value: Any) -> str:
    if isinstance(holder, dict):
        holder[name] = value
        return ""
    number = len(holder) if name == _END else int(name) if _INDEX.fullmatch(name) else -1
    if not 0 <= number <= len(holder):
        return LEADS_NOWHERE
    holder.insert(number, value)
    return ""
