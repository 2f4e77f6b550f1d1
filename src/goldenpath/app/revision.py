"""The platform as one commit of its repository says it is: settings, governance and catalog, read from git objects only (R10, R17)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from goldenpath.errors import InvalidIntent, Misconfigured
from goldenpath.intent.catalog import Catalog, CatalogEntry, read_catalog
from goldenpath.intent.contract import Loaded, load
from goldenpath.intent.enums import load_enums
from goldenpath.model.approval import Approvers
from goldenpath.model.base import digest
from goldenpath.model.drift import NOTHING_IGNORED, DriftIgnores
from goldenpath.model.enums import Enums
from goldenpath.model.finding import Finding
from goldenpath.model.policy import Policy
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.model.tombstones import Tombstones
from goldenpath.ports.repository import RepositoryReader
from goldenpath.settings import SETTINGS_FILE, load_settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Governance:
    """What steers the gate at one commit. ``revision`` is the digest of every steering file's object id."""

    commit: str
    settings: Settings
    enums: Enums
    policy: Policy
    approvers: Approvers
    tombstones: Tombstones
    revision: str
    drift_ignores: DriftIgnores = NOTHING_IGNORED


def governance_paths(settings: Settings) -> tuple[str, ...]:
    """Return the files that steer the gate; a change to one of them is itself a governed change."""
    paths = settings.governance
    return (SETTINGS_FILE, paths.enums, paths.policy, paths.approvers, paths.tombstones, paths.actions, paths.drift_ignores)


def is_founded(reader: RepositoryReader, commit: str) -> bool:
    """Say whether everything that the gate needs is there at ``commit``. The first such commit is where trust starts."""
    data = reader.read_file(commit, SETTINGS_FILE)
    if data is None:
        return False
    try:
        paths = load_settings(data, file=SETTINGS_FILE).governance
    except Misconfigured:
        return False
    wanted = {paths.enums, paths.policy, paths.approvers}
    return reader.tree_oids(commit, sorted(wanted)).keys() == wanted


def read_settings(reader: RepositoryReader, commit: str) -> Settings:
    """Return the settings of a commit.

    Raises:
        Misconfigured: ``platform.no-settings`` when the file is not there, or the faults in it.
    """
    data = reader.read_file(commit, SETTINGS_FILE)
    if data is None:
        raise Misconfigured(
            "platform.no-settings",
            f"there is no {SETTINGS_FILE} at commit {commit[:12]}; this is not a platform repository, or not yet",
            subject=SETTINGS_FILE,
            hint=f"put {SETTINGS_FILE} on the protected branch first; the gate judges a change by the base it meets",
        )
    return load_settings(data, file=SETTINGS_FILE)


def read_governance(reader: RepositoryReader, commit: str) -> Governance:
    """Return everything that steers the gate at ``commit``; missing or unreadable files block (R15).

    Raises:
        Misconfigured: ``platform.governance-missing`` or ``platform.governance-unreadable``.
    """
    settings = read_settings(reader, commit)
    paths = settings.governance
    files = _Files(commit, reader.read_files(commit, (paths.enums, paths.policy, paths.approvers, paths.tombstones, paths.drift_ignores)))
    return Governance(
        commit=commit,
        settings=settings,
        enums=_require(load_enums(files.required(paths.enums), file=paths.enums), paths.enums),
        policy=_require(load(files.required(paths.policy), Policy, file=paths.policy), paths.policy),
        approvers=_require(load(files.required(paths.approvers), Approvers, file=paths.approvers), paths.approvers),
        tombstones=files.optional(paths.tombstones, Tombstones()),
        drift_ignores=files.optional(paths.drift_ignores, DriftIgnores()),
        revision=_revision(reader, commit, settings),
    )


def read_requests(reader: RepositoryReader, governance: Governance) -> Catalog:
    """Return the whole catalog at the governance's commit, faults included."""
    return read_catalog(
        reader,
        governance.commit,
        settings=governance.settings,
        enums=governance.enums,
        tombstones=governance.tombstones,
    )


def require_clean(findings: tuple[Finding, ...], *, what: str) -> None:
    """Refuse to go on while anything blocks.

    Raises:
        InvalidIntent: ``intent.catalog-invalid``, with the first faults named.
    """
    blocking = [finding for finding in findings if finding.is_blocking]
    if not blocking:
        return
    shown = "; ".join(f"{finding.file}:{finding.line}: {finding.message} [{finding.rule}]" for finding in blocking[:5])
    more = f" (and {len(blocking) - 5} more)" if len(blocking) > 5 else ""  # noqa: PLR2004 - five fit a screen
    raise InvalidIntent(
        "intent.catalog-invalid",
        f"{what} has {len(blocking)} faults: {shown}{more}",
        hint="run: goldenpath validate",
    )


def find_entry(catalog: Catalog, request_id: str) -> CatalogEntry | None:
    """Return the entry of a request, or None."""
    return next((entry for entry in catalog.entries if entry.request.id == request_id), None)


def requests_of(catalog: Catalog, environment: str) -> tuple[SecretRequest, ...]:
    """Return the requests of one environment, sorted by id."""
    return tuple(entry.request for entry in catalog.entries if entry.request.environment == environment)


def _revision(reader: RepositoryReader, commit: str, settings: Settings) -> str:
    """Return the digest of the steering files that exist; one that a later release learns to read changes nothing until it is there."""
    paths = governance_paths(settings)
    oids = reader.tree_oids(commit, paths)
    return digest([[path, oids[path]] for path in paths if path in oids])


@dataclass(frozen=True, slots=True)
class _Files:
    """The steering files of a commit, read together."""

    commit: str
    contents: Mapping[str, bytes]

    def required(self, path: str) -> bytes:
        """Return a file that the gate cannot do without. Raises ``Misconfigured`` ``platform.governance-missing``."""
        if path not in self.contents:
            raise Misconfigured(
                "platform.governance-missing",
                f"{path} is missing at commit {self.commit[:12]}; the gate cannot judge without it",
                subject=path,
                hint="restore the file on the protected branch, or name its place in goldenpath.yaml under governance",
            )
        return self.contents[path]

    def optional(self, path: str, absent: T) -> T:
        """Return what a file holds, or ``absent``."""
        return absent if path not in self.contents else _require(load(self.contents[path], type(absent), file=path), path)


def _require(loaded: Loaded[T], path: str) -> T:
    if loaded.value is None:
        faults = "; ".join(f"line {finding.line}: {finding.message}" for finding in loaded.findings[:5])
        raise Misconfigured(
            "platform.governance-unreadable",
            f"{path} cannot be used: {faults}",
            subject=path,
            hint="mend the file on the protected branch; until then every change is blocked",
        )
    return loaded.value
