"""Which fields of a request a change touches, by their names in the file. Pure; a request holds no value, so none can be shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from goldenpath.model.change import RequestChange
from goldenpath.model.request import SecretRequest


def changed_fields(change: RequestChange) -> tuple[tuple[str, str, str], ...]:
    """Return (dotted field, before, after) for each field that differs, in the order of their names; a field that is not there is empty."""
    before, after = _flat(change.before), _flat(change.after)
    names = sorted({*before, *after})
    return tuple((name, before.get(name, ""), after.get(name, "")) for name in names if before.get(name, "") != after.get(name, ""))


def _flat(request: SecretRequest | None) -> dict[str, str]:
    return {} if request is None else dict(_leaves(msgspec.to_builtins(request), ""))


def _leaves(tree: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _leaves(value, f"{name}.{key}" if name else str(key))
    elif isinstance(tree, list | tuple):
        yield name, ", ".join(_leaf(item) for item in tree)
    else:
        yield name, _leaf(tree)


def _leaf(item: Any) -> str:
    if isinstance(item, dict):
        return " ".join(f"{key}={_leaf(value)}" for key, value in item.items())
    return str(item)
