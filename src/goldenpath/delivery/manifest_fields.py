"""Two specs of one object, field by field: as the request wants it, and as the cluster has it. Pure.

What the API server fills in by itself is no difference: the defaults are those of the CRDs of External Secrets (v0.20, ``config/crds``, and
of later releases where they add some). Only texts from a closed list of fields are repeated: a template edited by hand can hold a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from goldenpath.model.base import Record
from goldenpath.model.drift import MANIFEST_FIELD, DriftIgnore

Left = Literal["found", "wanted", "neither", "unknown"]
"""How the GitOps repository has the field: as it is found now, as it is wanted now, in another way; or it could not be read."""

FieldState = Literal["drift", "pending", "ignored"]

NOT_SHOWN: Final = "(not shown)"

_DEFAULTS: Final[Mapping[str, frozenset[str]]] = {
    "refreshInterval": frozenset({"1h", "1h0m0s"}),
    "refreshPolicy": frozenset({"Periodic"}),
    "secretStoreRef.kind": frozenset({"SecretStore"}),
    "target.creationPolicy": frozenset({"Owner"}),
    "target.deletionPolicy": frozenset({"Retain"}),
    "target.immutable": frozenset({"false"}),
    "target.template.engineVersion": frozenset({"v2"}),
    "target.template.mergePolicy": frozenset({"Replace"}),
    "data.remoteRef.conversionStrategy": frozenset({"Default"}),
    "data.remoteRef.decodingStrategy": frozenset({"None"}),
    "data.remoteRef.metadataPolicy": frozenset({"None"}),
    "data.remoteRef.nullBytePolicy": frozenset({"Ignore"}),
    "dataFrom.extract.conversionStrategy": frozenset({"Default"}),
    "dataFrom.extract.decodingStrategy": frozenset({"None"}),
    "dataFrom.extract.metadataPolicy": frozenset({"None"}),
    "dataFrom.extract.nullBytePolicy": frozenset({"Ignore"}),
    "provider.vault.version": frozenset({"v2"}),
    "provider.vault.auth.kubernetes.mountPath": frozenset({"kubernetes"}),
}
"""What a field that nobody set is by itself. Any other text in it is somebody's."""

_SHOWN: Final = frozenset(
    {
        "conversionStrategy", "creationPolicy", "decodingStrategy", "deletionPolicy", "engineVersion", "immutable", "key", "kind",
        "mergePolicy", "metadataPolicy", "mountPath", "name", "namespace", "namespaces", "nullBytePolicy", "path", "property",
        "refreshInterval", "refreshPolicy", "region", "role", "secretKey", "server", "service", "type", "version",
    }
)  # fmt: skip
_OUR_LABELS: Final = ("target.template.metadata.labels.goldenpath.io/", "target.template.metadata.labels.app.kubernetes.io/")
_FREE: Final = ("target.template.data", "target.template.templateFrom", "target.template.metadata", "provider.fake", "provider.webhook")
"""Where people write texts of their own."""

_NUMBERED = re.compile(r"\[[^\]]*\]")
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(h|ms|m|s)")
_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


class ManifestField(Record, frozen=True, kw_only=True):
    """One field that differs, below ``spec``. ``wanted`` and ``found`` are None where it is not set.

    ``drift``: somebody changed it in the cluster, or what was committed has not been applied there. ``pending``: the request changed, and
    no apply has been since. ``ignored``: see ``reason`` and ``owner``.
    """

    field: str
    state: FieldState
    wanted: str | None
    found: str | None
    left: Left
    reason: str = ""
    owner: str = ""
    expires_on: str = ""


def differing_fields(
    wanted: Mapping[str, Any], found: Mapping[str, Any], committed: Mapping[str, Any] | None, ignored: Mapping[str, DriftIgnore]
) -> tuple[ManifestField, ...]:
    """Return every field in which two specs differ, ignored ones included, in stable order.

    Args:
        wanted: The spec that the request wants.
        found: The spec in the cluster.
        committed: The spec in the GitOps repository; empty where it has no such file, None where it could not be read.
        ignored: Entries of the ignore list by field, as ``external-secret:<field>``.
    """
    want, have, left = _leaves(wanted), _leaves(found), None if committed is None else _leaves(committed)
    paths = sorted(path for path in want.keys() | have.keys() if not _is_same(path, want.get(path), have.get(path)))
    return tuple(_field(path, want, have, left, ignored.get(MANIFEST_FIELD + path)) for path in paths)


def _field(
    path: str, want: Mapping[str, str], have: Mapping[str, str], committed: Mapping[str, str] | None, entry: DriftIgnore | None
) -> ManifestField:
    left = _left(path, want.get(path), have.get(path), committed)
    shown = {"field": f"spec.{path}", "wanted": want.get(path), "found": _shown(path, have.get(path)), "left": left}
    if entry is None:
        return ManifestField(state="pending" if left == "found" else "drift", **shown)  # type: ignore[arg-type]
    return ManifestField(state="ignored", reason=entry.reason, owner=entry.owner, expires_on=entry.expires_on or "", **shown)  # type: ignore[arg-type]


def _left(path: str, wanted: str | None, found: str | None, committed: Mapping[str, str] | None) -> Left:
    if committed is None:
        return "unknown"
    there = committed.get(path)
    if _is_same(path, there, found):
        return "found"
    return "wanted" if _is_same(path, wanted, there) else "neither"


def _is_same(path: str, wanted: str | None, found: str | None) -> bool:
    if wanted == found:
        return True
    name = _NUMBERED.sub("", path)
    if wanted is None:
        return found in _DEFAULTS.get(name, ())
    return found is not None and name == "refreshInterval" and _seconds(wanted) is not None and _seconds(wanted) == _seconds(found)


def _shown(path: str, text: str | None) -> str | None:
    """Return a text of the cluster when its field can hold no value."""
    name = _NUMBERED.sub("", path)
    is_free = name.startswith(_FREE) and not name.startswith(_OUR_LABELS)
    return text if text is None or (not is_free and name.rpartition(".")[2] in _SHOWN) or name.startswith(_OUR_LABELS) else NOT_SHOWN


def _seconds(text: str) -> float | None:
    """Return the seconds of a Go duration; a controller that reads and writes an object spells ``1h`` as ``1h0m0s``."""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def _leaves(tree: Mapping[str, Any], path: str = "") -> dict[str, str]:
    """Return {path: text}. Empty collections are no leaves: to the controller they are the same as nothing."""
    found: dict[str, str] = {}
    for name, value in tree.items():
        here = f"{path}.{name}" if path else str(name)
        if isinstance(value, Mapping):
            found |= _leaves(value, here)
        elif isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
            for label, each in _entries(value):
                found |= _leaves(each if isinstance(each, Mapping) else {"": each}, f"{here}[{label}]")
        elif isinstance(value, list):
            found |= {here: ", ".join(sorted(_text(each) for each in value))} if value else {}
        elif value is not None:
            found[here] = _text(value)
    return found


def _entries(values: list[Any]) -> Iterator[tuple[str, Any]]:
    """Yield list entries under the key of the Secret that they fill, where each has one of its own; else under their number."""
    keys = [each.get("secretKey") if isinstance(each, Mapping) else None for each in values]
    is_named = all(isinstance(key, str) and key for key in keys) and len(set(keys)) == len(keys)
    for number, (key, each) in enumerate(zip(keys, values, strict=True)):
        yield str(key) if is_named else str(number), each


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
