"""Reads a kustomization file far enough to know what it brings in, and refuses what must not be run: networks, plugins, Helm, values.

A closed list of fields: one that is not on it could bring in something that nobody looked at. Pure; files are read by whoever asks.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import yaml

from goldenpath.model.finding import Finding
from goldenpath.projection.documents import Unreadable, child, items, line_of, read_documents, text_of

NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")

_BRINGS_RESOURCES: Final[tuple[Literal["resources", "bases", "components"], ...]] = ("resources", "bases", "components")
_NAMES_FILES: Final = ("crds", "configurations")
_PATCHES: Final = ("patches", "patchesJson6902", "patchesStrategicMerge")
_PLAIN: Final = (
    "apiVersion", "kind", "metadata", "namespace", "namePrefix", "nameSuffix", "labels", "commonLabels", "commonAnnotations", "images",
    "replicas", "generatorOptions", "vars", "sortOptions", "buildMetadata",
)  # fmt: skip
KNOWN: Final = frozenset({*_PLAIN, *_BRINGS_RESOURCES, *_NAMES_FILES, *_PATCHES, "configMapGenerator", "replacements", "openapi"})

_REFUSED: Final = {
    "secretGenerator": "it would make a Secret of values that lie in Git",
    "helmCharts": "Helm is not run",
    "helmChartInflationGenerator": "Helm is not run",
    "helmGlobals": "Helm is not run",
    "generators": "plugins are not run",
    "transformers": "plugins are not run",
    "validators": "plugins are not run",
}
_REMOTE: Final = re.compile(r"[:?@\\]|//|\.git(?:/|$)|_git(?:/|$)|^(?:www\.)?github\.com(?:/|$)", re.IGNORECASE)
"""Whatever Kustomize may take for an address, and nothing that a path in a repository needs."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A file or folder that a kustomization names, and the line that does. ``field`` is set where a folder of its own may stand."""

    text: str
    line: int
    field: Literal["", "resources", "bases", "components"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchEntry:
    """One patch: in a file (``path``) or in place (``inline``). ``target`` is None when the patch itself says what it is for."""

    line: int
    path: str = ""
    inline: yaml.ScalarNode | None = None
    target: yaml.Node | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kustomization:
    """One kustomization file, ``folder`` being where it lies. References and patches are in the order in which Kustomize takes them.

    ``generated`` are the names of ConfigMaps that it makes.
    """

    folder: str
    file: str
    references: tuple[Reference, ...]
    patches: tuple[PatchEntry, ...]
    namespace: str
    prefix: str
    suffix: str
    generated: tuple[str, ...]


def read_kustomization(file: str, data: bytes) -> tuple[Kustomization | None, tuple[Finding, ...]]:
    """Return what the file says, and every reason not to run it; None when it cannot be read at all."""
    documents = read_documents(data)
    if isinstance(documents, Unreadable):
        return None, (unreadable(file, documents.line, documents.why),)
    root = documents[0] if len(documents) == 1 else None
    if not isinstance(root, yaml.MappingNode):
        return None, (unreadable(file, 0, "it holds not one mapping"),)
    references = tuple(_references(root))
    findings = [*_unknown_fields(file, root), *(_remote(file, reference) for reference in references if is_remote(reference.text))]
    return (
        Kustomization(
            folder=posixpath.dirname(file),
            file=file,
            references=references,
            patches=tuple(_patches(root)),
            namespace=text_of(child(root, "namespace")),
            prefix=text_of(child(root, "namePrefix")),
            suffix=text_of(child(root, "nameSuffix")),
            generated=tuple(text_of(child(node, "name")) for node in items(child(root, "configMapGenerator"))),
        ),
        tuple(findings),
    )


def is_remote(text: str) -> bool:
    """Say whether Kustomize could take a reference for something elsewhere."""
    return not text.isprintable() or bool(_REMOTE.search(text))


def joined(folder: str, text: str) -> str:
    """Return the path that a reference in ``folder`` leads to; one that leads out of the tree begins with ``..`` or ``/``."""
    path = posixpath.normpath(posixpath.join(folder, text))
    return "" if path == "." else path


def unreadable(file: str, line: int, why: str) -> Finding:
    """Return the finding about a file that cannot be judged."""
    return Finding(rule="projection.manifest-unreadable", level="block", message=f"the file cannot be judged: {why}", file=file, line=line)


def _references(root: yaml.Node) -> Iterator[Reference]:
    for field in _BRINGS_RESOURCES:
        yield from (Reference(text_of(node), line_of(node), field=field) for node in items(child(root, field)))
    for named in _NAMES_FILES:
        yield from (_file(node) for node in items(child(root, named)))
    for patch in _patches(root):
        if patch.path:
            yield Reference(patch.path, patch.line)
    for node in [child(child(root, "openapi"), "path"), *(child(entry, "path") for entry in items(child(root, "replacements")))]:
        if node is not None:
            yield _file(node)
    for generator in items(child(root, "configMapGenerator")):
        for listed in ("files", "envs"):
            yield from (_file(node) for node in items(child(generator, listed)))
        if (single := child(generator, "env")) is not None:
            yield _file(single)


def _file(node: yaml.Node) -> Reference:
    # a file of a generator may be given a key: key=path
    return Reference(text_of(node).rpartition("=")[2], line_of(node))


def _patches(root: yaml.Node) -> Iterator[PatchEntry]:
    for node in items(child(root, "patchesStrategicMerge")):
        # Kustomize takes a text that is no file for the patch itself
        is_inline = isinstance(node, yaml.ScalarNode) and "\n" in text_of(node)
        yield PatchEntry(line=line_of(node), inline=_scalar(node)) if is_inline else PatchEntry(line=line_of(node), path=text_of(node))
    for field in ("patches", "patchesJson6902"):
        for node in items(child(root, field)):
            inline = child(node, "patch")
            yield PatchEntry(line=line_of(node), path=text_of(child(node, "path")), inline=_scalar(inline), target=child(node, "target"))


def _scalar(node: yaml.Node | None) -> yaml.ScalarNode | None:
    return node if isinstance(node, yaml.ScalarNode) else None


def _unknown_fields(file: str, root: yaml.MappingNode) -> Iterator[Finding]:
    for key, _value in root.value:
        name = text_of(key)
        if name not in KNOWN:
            # Kustomize does not mind how a field is capitalised
            refused = next((why for field, why in _REFUSED.items() if field.casefold() == name.casefold()), "")
            yield Finding(
                rule="overlay.field-refused",
                level="block",
                message=f"{name!a} is not rendered: {refused or 'nobody here knows what it would bring in'}",
                file=file,
                line=line_of(key),
                field=name if name.isascii() and name.isprintable() else "",
                expected="resources, components, patches and the plain fields of a kustomization",
                hint="write the manifests out, or keep this part in another folder",
            )


def _remote(file: str, reference: Reference) -> Finding:
    return Finding(
        rule="overlay.remote-reference",
        level="block",
        message="the reference leads out of the repository",
        file=file,
        line=reference.line,
        # an address can hold credentials: it is not repeated
        expected="a path below this repository, without : ? @ or //",
        hint="copy what is needed into the repository, where it is reviewed",
    )
