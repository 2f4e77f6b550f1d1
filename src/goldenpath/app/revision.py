"""The platform as one commit of its repository says it is: settings, governance and catalog, read from git objects only (R10, R17)."""

from __future__ import annotations

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
    return all(reader.tree_oid(commit, path) for path in (paths.enums, paths.policy, paths.approvers))


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
    return Governance(
        commit=commit,
        settings=settings,
        enums=_require(load_enums(_bytes(reader, commit, paths.enums), file=paths.enums), paths.enums),
        policy=_required(reader, commit, paths.policy, Policy),
        approvers=_required(reader, commit, paths.approvers, Approvers),
        tombstones=_optional(reader, commit, paths.tombstones, Tombstones, Tombstones()),
        drift_ignores=_optional(reader, commit, paths.drift_ignores, DriftIgnores, DriftIgnores()),
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
    oids = [(path, reader.tree_oid(commit, path)) for path in governance_paths(settings)]
    return digest([[path, oid] for path, oid in oids if oid])


def _bytes(reader: RepositoryReader, commit: str, path: str) -> bytes:
    data = reader.read_file(commit, path)
    if data is None:
        raise Misconfigured(
            "platform.governance-missing",
            f"{path} is missing at commit {commit[:12]}; the gate cannot judge without it",
            subject=path,
            hint="restore the file on the protected branch, or name its place in goldenpath.yaml under governance",
        )
    return data


def _required(reader: RepositoryReader, commit: str, path: str, kind: type[T]) -> T:
    return _require(load(_bytes(reader, commit, path), kind, file=path), path)


def _optional(reader: RepositoryReader, commit: str, path: str, kind: type[T], absent: T) -> T:
    data = reader.read_file(commit, path)
    return absent if data is None else _require(load(data, kind, file=path), path)


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
