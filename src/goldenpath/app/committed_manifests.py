"""What is committed for the clusters: the specs in the GitOps repository's tip, read at once and only when somebody asks.

Everything in it is data that others may have written, so it is read strictly; what cannot be read is nobody's word for anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goldenpath.app.deliver import manifest_paths
from goldenpath.app.services import Services
from goldenpath.app.tenants import service_files
from goldenpath.errors import GoldenpathError, NotFound
from goldenpath.intent.reader import FAULTY, GOVERNANCE_LIMITS, read_plain
from goldenpath.model.naming import external_secret_name
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.projection.overlay_result import overlay_result

Spec = dict[str, Any]


class CommittedManifests:
    """The specs of what is committed: empty where there is no such file, None where nobody can say.

    Args:
        services: The platform.
        settings: The reviewed settings, which say how manifests are laid out.
    """

    def __init__(self, services: Services, settings: Settings) -> None:
        self._services = services
        self._settings = settings
        self._files: dict[str, bytes] | None = None
        self._is_read = False

    def store(self, environment: str, path: str) -> Spec | None:
        """Return the spec of a file in the environment's folder."""
        files = self._all()
        return None if files is None else _spec(files.get(f"{self._settings.delivery.directory}/{environment}/{path}"))

    def external_secret(self, request: SecretRequest) -> Spec | None:
        """Return the spec of a request's ExternalSecret: one file, or what base and overlay come to."""
        files = self._all()
        own = manifest_paths(request, settings=self._settings)[0]
        if files is None or not self._settings.projection.is_overlays:
            return None if files is None else _spec(files.get(own))
        if own not in files:
            return {}
        mine = service_files(files, request.metadata.service, settings=self._settings)
        trees = overlay_result(mine, self._settings.projection.folder(request.environment))
        tree = None if trees is None else trees.get(external_secret_name(request))
        spec = None if tree is None else tree.get("spec")
        return dict(spec) if isinstance(spec, Mapping) else None

    def _all(self) -> dict[str, bytes] | None:
        if not self._is_read:
            self._is_read = True
            try:
                self._files = self._read()
            except GoldenpathError as error:
                self._services.progress(f"the GitOps repository cannot be read ({error.code}); who changed a field stays unknown")
        return self._files

    def _read(self) -> dict[str, bytes]:
        settings, reader = self._settings, self._services.manifest_reader()
        tip = manifest_tip(self._services)
        folders = [settings.delivery.directory, *([settings.projection.tenants] if settings.projection.is_overlays else [])]
        entries = {
            entry.path: entry.oid
            for folder in folders
            for entry in reader.list_tree(tip, folder)
            if entry.path.endswith(".yaml") and entry.mode in {"100644", "100755"}
        }
        blobs = dict(reader.read_blobs(sorted(set(entries.values()))))
        return {path: blobs[oid] for path, oid in entries.items() if oid in blobs}


def manifest_tip(services: Services) -> str:
    """Return the newest commit of the branch that manifests are published on: at the remote where the settings name one, else here.

    Raises:
        NotFound: ``git.ref-missing`` when nothing was published yet.
        ProviderUnavailable: ``delivery.remote-unavailable``.
    """
    settings = services.settings.delivery
    if not settings.remote:
        return services.manifest_reader().resolve(f"refs/heads/{settings.branch}")
    tip = services.manifests().head()
    if not tip:
        raise NotFound(
            "git.ref-missing",
            f"{settings.remote} has no branch {settings.branch} yet",
            subject=settings.branch,
            hint="the first manifest that goldenpath apply or seed commits makes it",
        )
    return tip


def _spec(content: bytes | None) -> Spec | None:
    if content is None:
        return {}
    tree = read_plain(content, GOVERNANCE_LIMITS)
    spec = tree.get("spec") if tree is not FAULTY and isinstance(tree, dict) else None
    return spec if isinstance(spec, dict) else None
