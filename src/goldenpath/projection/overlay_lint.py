"""Judges what an overlay was rendered to, and leads each fault back to the line of the file that brought it in (R26, R28, R33).

The rendered documents decide. What :mod:`goldenpath.projection.overlay_state` followed says where a value came from. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from goldenpath.model.finding import Finding
from goldenpath.model.naming import external_secret_name
from goldenpath.model.parameter import normalised_key
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.projection.documents import Step, Unreadable, child, plain, read_documents, scalars, text_of
from goldenpath.projection.emitter import Tree
from goldenpath.projection.external_secret import ExternalSecrets
from goldenpath.projection.json_patch import entry_name, entry_of
from goldenpath.projection.kustomization import unreadable
from goldenpath.projection.overlay_resource import EXTERNAL_SECRET, Resource
from goldenpath.projection.overlay_rules import Place, check_document, environment_of_key
from goldenpath.projection.overlays import stands
from goldenpath.projection.placeholders import find_bare_placeholder, find_placeholder

_GROUP: Final = "external-secrets.io"
_COMPARED: Final = (("metadata", "namespace"), ("spec", "secretStoreRef", "name"), ("spec", "target", "name"))
"""What a manifest of a known request must have as the request says, beside its entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """An overlay under judgement: its kustomization file, its environment, its service (empty when its folder tells none)."""

    file: str
    environment: str
    service: str
    resources: tuple[Resource, ...]


def judge(documents: bytes, overlay: Overlay, *, settings: Settings, requests: Iterable[SecretRequest]) -> tuple[Finding, ...]:
    """Return what is wrong with the rendered ``documents``; ``requests`` is the catalog, as far as it is known."""
    found = read_documents(documents)
    if isinstance(found, Unreadable):
        return (unreadable(overlay.file, 0, "what it was rendered to is not YAML"),)
    known = _known(requests, overlay, settings)
    return tuple(finding for document in found for finding in _Document(document, overlay, settings).judge(known))


class _Document:
    """One rendered manifest, with the resource that it came from where that is known."""

    def __init__(self, node: yaml.Node, overlay: Overlay, settings: Settings) -> None:
        self._node = node
        self._overlay = overlay
        self._settings = settings
        self._kind = text_of(child(node, "kind"))
        self._name = text_of(child(child(node, "metadata"), "name"))
        self._source = next(
            (each for each in overlay.resources if not each.is_gone and each.kind == self._kind and self._name in each.names), None
        )

    def judge(self, known: Mapping[str, tuple[tuple[SecretRequest, Mapping[str, Tree]], ...]]) -> Iterator[Finding]:
        is_ours = text_of(child(self._node, "apiVersion")).partition("/")[0] == _GROUP
        open_lines = {}
        for step in scalars(self._node):
            found = (find_placeholder if is_ours else find_bare_placeholder)(str(step.node.value))
            if found:
                open_lines[step.node.start_mark.line] = step
                yield self._left_over(step, found)
        if not is_ours:
            return
        places = check_document(self._node, environment=self._overlay.environment, settings=self._settings)
        yield from (self._placed(place) for place in places if place.line - 1 not in open_lines)
        if self._kind == EXTERNAL_SECRET:
            tree = plain(self._node)
            yield from self._mismatched(tree)
            yield from self._unlike_request(tree, known.get(self._name, ()))

    def _left_over(self, step: Step, found: str) -> Finding:
        """Tell an entry that no patch touched from a placeholder that a patch brought in, or that stands elsewhere."""
        path = step.path
        is_entry = entry_of([str(part) for part in path]) is not None and self._source is not None and not self._source.is_written(path)
        name = self._entry(path)
        return self._finding(
            "overlay.entry-unpatched" if is_entry else "projection.placeholder-left",
            f"no patch of {self._overlay.environment} touches {name}"
            if is_entry
            else f"the placeholder {found!a} is still there after rendering",
            path,
            got=found,
            expected=f"a patch with {self._overlay.environment}'s path" if is_entry else "the environment's name",
            hint="add a test and a replace for it to the overlay's patch",
        )

    def _entry(self, path: tuple[str | int, ...]) -> str:
        named = _list(plain(self._node), "data")
        number = path[2] if len(path) > len(_ENTRY_PATH) and path[1] == "data" else None
        name = entry_name(named[number]) if isinstance(number, int) and number < len(named) else ""
        return name or ".".join(map(str, path))

    def _placed(self, place: Place) -> Finding:
        path = next((step.path for step in scalars(self._node) if _is_at(step.node, place)), ())
        return self._finding(place.rule, place.message, path, got=place.got, expected=place.expected)

    def _mismatched(self, tree: Any) -> Iterator[Finding]:
        """Yield entries whose key in the Secret and whose parameter do not belong together by the naming rule (seed 003)."""
        for number, entry in enumerate(_list(tree, "data")):
            name, key = entry_name(entry), _text(_at(entry, ("remoteRef", "key")))
            is_parameter = key.startswith("/") and bool(environment_of_key(key)) and not find_placeholder(key)
            last = key.rpartition("/")[2]
            if name and is_parameter and last != normalised_key(name) and _at(entry, ("remoteRef", "property")) is None:
                yield self._finding(
                    "overlay.key-mismatch",
                    f"{name} reads a parameter of another name",
                    ("spec", "data", number, "remoteRef", "key"),
                    got=last,
                    expected=normalised_key(name),
                    hint="a patch by number may have hit the wrong entry",
                )

    def _unlike_request(self, tree: Any, known: tuple[tuple[SecretRequest, Mapping[str, Tree]], ...]) -> Iterator[Finding]:
        namespace = _at(tree, ("metadata", "namespace"))
        mine = [each for each in known if _at(each[1], ("metadata", "namespace")) == namespace] or [
            each for each in known if each[0].metadata.service == self._overlay.service
        ]
        for request, wanted in mine[:1]:
            for path in _COMPARED:
                if _at(tree, path) != _at(wanted, path):
                    yield self._unlike(request, path, _text(_at(tree, path)), _text(_at(wanted, path)))
            yield from self._unlike_entries(request, _entries(tree), _entries(wanted))

    def _unlike_entries(self, request: SecretRequest, got: Mapping[str, tuple[Any, ...]], wanted: Mapping[str, Any]) -> Iterator[Finding]:
        for name in [*wanted, *(name for name in got if name not in wanted)]:
            (path, there), (_path, should) = got.get(name, ((), "")), wanted.get(name, ((), ""))
            if there != should and not find_placeholder(str(there)):
                yield self._unlike(request, path, str(there), str(should), name=name)

    def _unlike(self, request: SecretRequest, path: tuple[str | int, ...], got: str, expected: str, *, name: str = "") -> Finding:
        return self._finding(
            "overlay.differs-from-request",
            f"{name or '.'.join(map(str, path))} is not as {request.id} asks for",
            path,
            got=got or "nothing",
            expected=expected or "nothing: the request declares no such key",
            hint="change the request by review, and the overlay with it",
        )

    def _finding(self, rule: str, message: str, path: tuple[str | int, ...], *, got: str, expected: str, hint: str = "") -> Finding:
        file, line = (self._overlay.file, 0) if self._source is None else self._source.origin(path)
        return Finding(
            rule=rule,
            level="block",
            message=message,
            subject=self._name,
            file=file,
            line=line,
            field=".".join(map(str, path)),
            got=got,
            expected=expected,
            hint=hint,
            related=(self._overlay.file,) if file != self._overlay.file else (),
        )


_ENTRY_PATH: Final = ("spec", "data")


def _known(
    requests: Iterable[SecretRequest], overlay: Overlay, settings: Settings
) -> dict[str, tuple[tuple[SecretRequest, Mapping[str, Tree]], ...]]:
    manifests = ExternalSecrets(overlay.environment, settings=settings)
    known: dict[str, tuple[tuple[SecretRequest, Mapping[str, Tree]], ...]] = {}
    for request in requests:
        if request.environment == overlay.environment and stands(request):
            name = external_secret_name(request)
            known[name] = (*known.get(name, ()), (request, manifests.tree(request)))
    return known


def _entries(tree: Any) -> dict[str, tuple[tuple[str | int, ...], str]]:
    """Return {name of an entry, or where an unnamed one stands: (path to its key, key)}."""
    found: dict[str, tuple[tuple[str | int, ...], str]] = {}
    for number, entry in enumerate(_list(tree, "data")):
        found[entry_name(entry)] = (("spec", "data", number, "remoteRef", "key"), _text(_at(entry, ("remoteRef", "key"))))
    for number, entry in enumerate(_list(tree, "dataFrom")):
        found[f"dataFrom {number}"] = (("spec", "dataFrom", number, "extract", "key"), _text(_at(entry, ("extract", "key"))))
    return found


def _list(tree: Any, name: str) -> list[Any]:
    found = _at(tree, ("spec", name))
    return list(found) if isinstance(found, list | tuple) else []


def _at(tree: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        tree = tree.get(part) if isinstance(tree, Mapping) else None
    return tree


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _is_at(node: yaml.Node, place: Place) -> bool:
    return (node.start_mark.line + 1, node.start_mark.column + 1) == (place.line, place.column)
