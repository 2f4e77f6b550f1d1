"""Renders overlays with Kustomize and judges what comes out, and how it came about (R26, R28, R33). Changes nothing.

Judged by the settings and the catalog of the protected branch: an overlay in a pull request does not bring its own rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from goldenpath.app.overlay_files import find_overlays, gather, tree_of
from goldenpath.app.protected import protected_tip
from goldenpath.app.revision import read_governance, read_requests
from goldenpath.app.services import Services
from goldenpath.errors import InvalidIntent
from goldenpath.model.environment import ALIASES, ENVIRONMENTS, canonical_environment
from goldenpath.model.finding import Finding
from goldenpath.model.request import SecretRequest
from goldenpath.ports.overlays import OverlayRenderer
from goldenpath.projection.overlay_lint import Overlay, judge
from goldenpath.projection.overlay_state import follow
from goldenpath.projection.overlays import OVERLAYS

_SERVICE_DEPTH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayLint:
    """``overlays`` are the folders that were looked at, relative to ``root``, as are the files of the findings, which are sorted."""

    root: Path
    overlays: tuple[str, ...]
    findings: tuple[Finding, ...]


def lint_overlays(services: Services, folder: Path | None = None, *, environments: Sequence[str] = ()) -> OverlayLint:
    """Render and judge the overlay in ``folder``, or all below it; without a folder those of the GitOps repository's working tree.

    Args:
        services: The platform.
        folder: Any folder; relative to the process's own.
        environments: Only these. An overlay named itself is judged as the one environment that is given, whatever its folder's word.

    Raises:
        InvalidIntent: ``overlay.nothing-found``.
        Misconfigured: ``overlay.renderer-missing``.
        ProviderUnavailable: ``overlay.renderer-timeout``.
    """
    start = folder or services.root / services.settings.delivery.repository / services.settings.projection.tenants
    root = tree_of(start)
    found = find_overlays(root, start) if start.is_dir() else []
    judged = {path: environment for path in found if (environment := _environment(path, environments)) is not None}
    if not judged:
        raise InvalidIntent(
            "overlay.nothing-found",
            f"there is no overlay of {' or '.join(environments) or 'any environment'} here, so nothing was checked",
            subject=str(start),
            hint="name a folder with overlays in it: goldenpath lint tenants/",
        )
    desk = _Desk(services, root, _requests(services), services.overlays())
    findings = [finding for path, environment in judged.items() for finding in desk.lint(path, environment)]
    return OverlayLint(
        root=root, overlays=tuple(judged), findings=tuple(sorted(dict.fromkeys(findings), key=lambda finding: finding.sort_key))
    )


def _environment(path: str, chosen: Sequence[str]) -> str | None:
    """Return an overlay's environment by its folder's word; empty when that means none; None when it was not asked for."""
    known = canonical_environment(path.rpartition("/")[2])
    if known is None:
        return chosen[0] if len(chosen) == 1 and not _is_among_overlays(path) else ""
    return known if known in (chosen or ENVIRONMENTS) else None


def _is_among_overlays(path: str) -> bool:
    return path.split("/")[-2:-1] == [OVERLAYS]


def _requests(services: Services) -> tuple[SecretRequest, ...]:
    """Return the catalog of the protected branch; none where no platform is."""
    if not services.settings_commit:
        return ()
    reader = services.repository()
    governance = read_governance(reader, protected_tip(reader, services.settings))
    return tuple(entry.request for entry in read_requests(reader, governance).entries)


@dataclass(frozen=True, slots=True)
class _Desk:
    """What every overlay is judged with."""

    services: Services
    root: Path
    requests: Sequence[SecretRequest]
    renderer: OverlayRenderer

    def lint(self, path: str, environment: str) -> list[Finding]:
        if not environment:
            return [_unexplained(path)]
        sources, refused = gather(self.root, path)
        if sources is None:
            return list(refused)
        self.services.progress(f"{path}: rendering for {environment}")
        resources, findings = follow(sources, path, environment=environment)
        rendered = self.renderer.render(sources.files, path)
        file = sources.kustomizations[path].file
        if rendered.fault:
            is_told = any(finding.rule in {"overlay.test-failed", "overlay.operation-misses"} for finding in findings)
            return [*findings, *([] if is_told else [_not_rendered(file, rendered.fault)])]
        overlay = Overlay(file=file, environment=environment, service=_service(path), resources=tuple(resources))
        return [*findings, *judge(rendered.documents, overlay, settings=self.services.settings, requests=self.requests)]


def _service(path: str) -> str:
    """Return the folder above ``overlays``: the service's; empty when the overlay lies elsewhere."""
    parts = path.split("/")
    return parts[-_SERVICE_DEPTH] if len(parts) >= _SERVICE_DEPTH and _is_among_overlays(path) else ""


def _unexplained(path: str) -> Finding:
    return Finding(
        rule="overlay.environment-unknown",
        level="block",
        message="no environment explains the folder, so nobody can say what may stand in it",
        file=path,
        got=path.rpartition("/")[2],
        expected=f"one of {', '.join(ENVIRONMENTS)}, or an alias: {', '.join(sorted(ALIASES))}",
        hint="rename the folder, or move what is no environment out of overlays/",
    )


def _not_rendered(file: str, fault: str) -> Finding:
    return Finding(
        rule="overlay.not-rendered",
        level="block",
        message=f"the overlay cannot be rendered: {fault}",
        file=file,
        hint="see Kustomize's own words: kubectl kustomize FOLDER",
    )
