"""Base and overlays in the GitOps repository, where environments are applied one at a time and the base under them is shared.

The base follows the catalog. When it changes, the overlays of environments that are not being applied are written anew on top of it,
and only if what they come to stays as it is: nothing reaches an environment that nobody applied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from goldenpath.delivery.compare import Files
from goldenpath.delivery.listing import LISTING
from goldenpath.errors import Conflict
from goldenpath.model.environment import canonical_environment
from goldenpath.model.finding import Finding
from goldenpath.model.naming import external_secret_name
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.projection.emitter import emit
from goldenpath.projection.lint import lint_files
from goldenpath.projection.overlay_result import Trees, is_same, overlay_result
from goldenpath.projection.overlays import BASE, OVERLAYS, base_folder, overlay_folder, render_overlays, wanted_trees


class Place(NamedTuple):
    """A folder of a service: its base (``environment`` is empty), or the overlay whose folder has the word ``folder``."""

    service: str
    environment: str = ""
    folder: str = ""


def place_of(path: str, *, settings: Settings) -> Place | None:
    """Return whose folder a path of the GitOps repository lies in, the folder itself included; None outside of the tenants."""
    head = f"{settings.projection.tenants}/"
    service, kind, folder, *_ = [*path.removeprefix(head).split("/"), "", ""] if path.startswith(head) else ("", "", "")
    if kind == OVERLAYS and folder:
        return Place(service, canonical_environment(folder) or folder, folder)
    return Place(service) if kind == BASE else None


def belongs_to(path: str, environment: str, *, environments: Sequence[str], settings: Settings) -> bool:
    """Say whether an apply of ``environments`` that writes ``path`` writes it for ``environment``; what is shared is for each of them."""
    if path.startswith(f"{settings.delivery.directory}/{environment}/"):
        return True
    place = place_of(path, settings=settings)
    return place is not None and (place.environment == environment or place.environment not in environments)


def around(
    files: Files, current: Mapping[str, bytes], requests: Sequence[SecretRequest], environments: Sequence[str], *, settings: Settings
) -> dict[str, dict[str, bytes]]:
    """Return what has to change beside ``files``: folders that nothing is rendered into any more, and overlays of other environments.

    Args:
        files: What is rendered for ``environments``.
        current: {path: content} of the GitOps repository.
        requests: The whole catalog.
        environments: Those that are being applied.
        settings: The platform's.

    Raises:
        Conflict: ``delivery.base-shared`` when another environment would not stay as it is.
    """
    there = {path.removesuffix(f"/{LISTING}") for path in current if path.endswith(f"/{LISTING}")}
    places = {folder: place for folder in there if (place := place_of(folder, settings=settings)) is not None}
    more: dict[str, dict[str, bytes]] = {
        folder: {}
        for folder, place in places.items()
        if folder not in files and (not place.environment or place.environment in environments)
    }
    for folder, place in sorted(places.items()):
        if place.environment and place.environment not in environments and _moves(place.service, files, current, settings):
            more[folder] = _kept(place, current, requests, settings)
    return more


def service_files(current: Mapping[str, bytes], service: str, *, settings: Settings) -> dict[str, bytes]:
    """Return {path below the service's folder: content}."""
    head = f"{settings.projection.tenants}/{service}/"
    return {path.removeprefix(head): content for path, content in current.items() if path.startswith(head)}


def lint_results(files: Files, changed: Sequence[str], environments: Sequence[str], *, settings: Settings) -> tuple[Finding, ...]:
    """Judge what the overlays in ``files`` come to, of the services that ``changed`` paths touch (R28, R33)."""
    services = {place.service for path in changed if (place := place_of(path, settings=settings)) is not None}
    return tuple(
        finding
        for service in sorted(services)
        for environment in environments
        for finding in _lint_result(files, service, environment, settings)
    )


def _lint_result(files: Files, service: str, environment: str, settings: Settings) -> Iterator[Finding]:
    folder = overlay_folder(service, environment, settings=settings)
    if not files.get(folder):
        return
    both = {f"{place}/{path}": data for place in (base_folder(service, settings=settings), folder) for path, data in files[place].items()}
    result = overlay_result(service_files(both, service, settings=settings), settings.projection.folder(environment))
    if result is None:
        yield Finding(rule="projection.manifest-unreadable", level="block", message="base and overlay do not fit", file=folder)
    else:
        manifests = {f"{folder}/{name}": emit(tree) for name, tree in result.items()}
        yield from lint_files({f"{path}.yaml": data for path, data in manifests.items()}, environment=environment, settings=settings)


def _moves(service: str, files: Files, current: Mapping[str, bytes], settings: Settings) -> bool:
    """Say whether the base of a service changes."""
    folder = base_folder(service, settings=settings)
    wanted = {f"{folder}/{path}": data for path, data in files.get(folder, {}).items()}
    there = {path: data for path, data in current.items() if path.startswith(f"{folder}/") and path != f"{folder}/{LISTING}"}
    return any(there.get(path) != data for path, data in wanted.items()) or not wanted


def _kept(place: Place, current: Mapping[str, bytes], requests: Sequence[SecretRequest], settings: Settings) -> dict[str, bytes]:
    """Return an overlay on the new base that comes to what the old one came to on the old base."""
    result = overlay_result(service_files(current, place.service, settings=settings), place.folder)
    wanted = wanted_trees(requests, service=place.service, environment=place.environment, settings=settings)
    if result is None or (not settings.projection.is_overlays and result) or not _is_part(result, wanted):
        raise Conflict(
            "delivery.base-shared",
            f"the base of {place.service} changes, and {place.environment} would not stay as it is on top of it",
            subject=f"{settings.projection.tenants}/{place.service}",
            hint=f"apply {place.environment} as well, in the same run: it has changes of its own, or its overlay was edited by hand",
        )
    hidden = frozenset(
        request.id for request in requests if request.environment == place.environment and external_secret_name(request) not in result
    )
    mine = [request for request in requests if request.metadata.service == place.service]
    rendered = render_overlays(mine, environments=[place.environment], settings=settings, awaiting=hidden)
    return rendered.get(overlay_folder(place.service, place.environment, settings=settings), {})


def _is_part(result: Trees, wanted: Mapping[str, Mapping[str, object]]) -> bool:
    return all(name in wanted and is_same(tree, wanted[name]) for name, tree in result.items())  # type: ignore[arg-type]
