"""Loads the files that stand where they may, each by itself, and compares requests with their sidecars (R5, R7, D5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from goldenpath.intent.agreement import check_entry, check_pair, check_sidecar, orphan_sidecar
from goldenpath.intent.contract import load
from goldenpath.intent.layout import Place
from goldenpath.model.enums import Enums
from goldenpath.model.finding import Finding
from goldenpath.model.request import SecretRequest
from goldenpath.model.sidecar import Sidecar

Contents = Callable[[Sequence[Place]], Iterator[tuple[Place, bytes]]]
"""Yields places with their bytes, in the order asked; a place that cannot be read is left out and reported by the source."""


class Files(NamedTuple):
    """Requests and sidecars without a fault of their own, the stems of all request files, and every fault so far.

    ``misplaced`` names requests whose path says something else: they claim what they claim, but nobody acts on them.
    """

    requests: list[tuple[Place, SecretRequest]]
    misplaced: set[str]
    sidecars: list[tuple[Place, Sidecar, bytes]]
    stems: frozenset[str]
    findings: list[Finding]


def load_files(places: Sequence[Place], contents: Contents, enums: Enums) -> Files:
    """Load every place; content must agree with its path."""
    has_sidecars = any(place.kind == "sidecar" for place in places)
    stems = frozenset(place.stem for place in places if place.kind == "request") if has_sidecars else frozenset()
    files = Files([], set(), [], stems, [])
    for place, data in contents(places):
        if place.kind == "request":
            _load_request(files, place, data, enums)
        else:
            _load_sidecar(files, place, data, enums)
    return files


def check_pairs(files: Files) -> Iterator[Finding]:
    """Yield the disagreements between requests and their sidecars."""
    if not files.sidecars:
        return
    requests = {place.stem: (place, request) for place, request in files.requests}
    for place, sidecar, data in files.sidecars:
        found = requests.get(place.stem)
        if found is not None:
            yield from check_pair(found[1], sidecar, request_path=found[0].path, place=place, data=data)


def orphans(files: Files) -> Iterator[Finding]:
    """Yield a finding for every sidecar without a request file beside it."""
    for place, _sidecar, _data in files.sidecars:
        if place.stem not in files.stems:
            yield orphan_sidecar(place)


def _load_request(files: Files, place: Place, data: bytes, enums: Enums) -> None:
    loaded = load(data, SecretRequest, file=place.path, enums=enums)
    files.findings.extend(loaded.findings)
    if loaded.value is None:
        return
    disagreements = check_entry(place, loaded.value, data)
    files.findings.extend(disagreements)
    files.requests.append((place, loaded.value))
    if disagreements:
        files.misplaced.add(place.path)


def _load_sidecar(files: Files, place: Place, data: bytes, enums: Enums) -> None:
    loaded = load(data, Sidecar, file=place.path, enums=enums)
    files.findings.extend(loaded.findings)
    if loaded.value is None:
        return
    disagreements = check_sidecar(place, loaded.value, data)
    files.findings.extend(disagreements)
    if not disagreements:
        files.sidecars.append((place, loaded.value, data))
