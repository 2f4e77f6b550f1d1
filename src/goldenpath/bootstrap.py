"""Wires ports to providers. The only module that knows both.

Opening the platform costs one look at Git; stores, journal and audit log are opened when a verb first asks for them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from goldenpath import __version__
from goldenpath.app.protected import protected_tip
from goldenpath.app.services import Services, no_cluster, no_deployer, no_parameters
from goldenpath.errors import InvalidIntent, NotFound
from goldenpath.model.audit import Source
from goldenpath.model.settings import Settings
from goldenpath.providers.actor import acting
from goldenpath.providers.git.reader import GitReader
from goldenpath.providers.system import SystemClock, SystemEntropy
from goldenpath.settings import SETTINGS_FILE, load_settings, with_retry_limit

if TYPE_CHECKING:
    from goldenpath.app.exec import Injection
    from goldenpath.audit.file_log import FileAuditLog
    from goldenpath.audit.keys import AuditKeys
    from goldenpath.model.cluster import ClusterAccess
    from goldenpath.model.forge_settings import ForgeSettings
    from goldenpath.model.settings import EnvironmentSettings, StoreSettings
    from goldenpath.ports.cluster import Cluster
    from goldenpath.ports.deployer import Deployer
    from goldenpath.ports.forge import Forge
    from goldenpath.ports.founding import Founding
    from goldenpath.ports.infrastructure import Infrastructure
    from goldenpath.ports.journal import Journal
    from goldenpath.ports.leak_index import LeakIndexKeeper
    from goldenpath.ports.overlays import OverlayRenderer
    from goldenpath.ports.pace import Pace
    from goldenpath.ports.parameters import ParameterStore
    from goldenpath.ports.repository import ApprovalNotes, IndexReader, ManifestRepository, ProposalBranches, PullRequestObjects
    from goldenpath.ports.source import RuntimeSource
    from goldenpath.ports.store import Store
    from goldenpath.providers.git.identity import GitIdentity
    from goldenpath.providers.local.keys import RootKeys
    from goldenpath.providers.process import Injected, Watch
    from goldenpath.providers.registry import StoreOptions

CHAIN_KEY = "audit/chain"
SIGNING_KEY = "audit/signing"
INDEX_FILE = "goldenpath-catalog.index"


def open_platform(
    directory: Path,
    *,
    progress: Callable[[str], None] = lambda _message: None,
    retry_limit: int | None = None,
    is_offline: bool = False,
) -> Services:
    """Return the platform whose repository holds ``directory``, with the settings of its protected branch.

    A branch that is checked out cannot steer the machine: only before anything is on the protected branch does the working tree count.

    Args:
        directory: A folder of the repository.
        progress: Told what is being done.
        retry_limit: How often one call to a store, or a lost push race, is tried again at most. It only lowers what the settings allow.
        is_offline: Ask no store and no remote; whoever opens one is refused with ``cli.offline``.

    Raises:
        Misconfigured: not a repository, or settings that cannot be used.
    """
    reader = GitReader(directory)
    root = Path(reader.root)
    settings, commit = _settings(reader, root)
    settings = with_retry_limit(settings, retry_limit)
    wiring = _Wiring(root, settings, progress=progress, retry_limit=retry_limit)
    return Services(
        root=root,
        settings=settings,
        settings_commit=commit,
        clock=wiring.clock,
        entropy=wiring.entropy,
        actor=acting(root),
        source=Source(user_agent="goldenpath-cli", client_version=__version__),
        correlation_id=wiring.correlation_id,
        repository=lambda: reader,
        notes=cache(wiring.notes),
        manifests=_refuse_offline if is_offline else cache(wiring.manifests),
        manifest_reader=cache(wiring.manifest_reader),
        store=_refuse_offline if is_offline else cache(wiring.store),
        parameters=_refuse_offline if is_offline else cache(wiring.parameters),
        infrastructure=_refuse_offline if is_offline else cache(wiring.infrastructure),
        cluster=_refuse_offline if is_offline else cache(wiring.cluster),
        deployer=_refuse_offline if is_offline else cache(wiring.deployer),
        overlays=cache(wiring.overlays),
        forge=_refuse_offline if is_offline else cache(wiring.forge),
        leak_index=cache(wiring.leak_index),
        pull_request_objects=_refuse_offline if is_offline else cache(wiring.pull_request_objects),
        branches=cache(wiring.branches),
        journal=cache(wiring.journal),
        audit=wiring.audit,
        audit_folder=wiring.audit_folder,
        index_file=lambda: Path(reader.place.git_dir) / INDEX_FILE,
        close=wiring.close,
        progress=progress,
        environment_variables=dict(os.environ),
        retry_limit=retry_limit,
        is_offline=is_offline,
    )


def offline_refusal() -> InvalidIntent:
    """Return the refusal of what needs a store or a remote while ``--offline`` is set."""
    return InvalidIntent(
        "cli.offline",
        "this needs a store or a remote, and --offline says to ask none; nothing was done",
        hint="leave --offline out (and unset GOLDENPATH_OFFLINE); what Git alone tells: goldenpath preview --offline --base main",
    )


def open_founding(folder: Path) -> Founding:
    """Return the folder that becomes a platform repository, as git sees it."""
    from goldenpath.providers.git.founding import GitFounding

    return GitFounding(folder)


def open_templates(profile: str) -> dict[str, bytes]:
    """Return the shipped files of a new platform repository. Errors: ``terraform.module-missing``."""
    from goldenpath.providers.scaffold import read_templates

    return read_templates(profile)


def open_index(folder: Path) -> IndexReader:
    """Return Git's index of the working tree in ``folder``; an empty one where there is no repository. Errors: ``git.*``, when asked."""
    from goldenpath.providers.git.index import GitIndex

    return GitIndex(folder)


def git_identity(services: Services, *, email: str | None = None, signing_key: str | None = None) -> GitIdentity:
    """Return who approves: the given parts, the rest from git's configuration. Raises ``Misconfigured`` ``git.identity-missing``."""
    from goldenpath.providers.git.identity import read_identity

    return read_identity(services.root, email=email, signing_key=signing_key)


def child_input(injection: Injection, *, mount: Path | None, max_reads: int | None) -> Injected:
    """Return what a child process gets, as the process provider takes it."""
    from goldenpath.providers.mount import Mount
    from goldenpath.providers.process import Injected

    file = None if mount is None else Mount(path=mount, content=injection.document, max_reads=max_reads)
    return Injected(environment=injection.environment.reveal(), secrets=injection.values, mount=file)


def open_mount(folder: Path) -> RuntimeSource:
    """Return the Secret that is mounted at ``folder``; nothing is read yet. It needs no platform and no store."""
    from goldenpath.providers.kubernetes_mount import KubernetesMount

    return KubernetesMount(folder)


def child_watch(poll: Callable[[], Injected | None]) -> Watch:
    """Return when to start a child again: when ``poll`` returns something new to inject."""
    from goldenpath.providers.process import Watch

    return Watch(poll=poll)


def run_program(command: Sequence[str], injected: Injected, *, redact: bool, watch: Watch | None, progress: Callable[[str], None]) -> int:
    """Run a program with injected values and return its exit code. Errors: ``exec.*``."""
    from goldenpath.providers.process import run_child

    return run_child(command, injected, redact=redact, watch=watch, progress=progress)


class _Wiring:
    """Opens each part once, with the keys of the state folder."""

    def __init__(
        self,
        root: Path,
        settings: Settings,
        *,
        progress: Callable[[str], None] = lambda _message: None,
        retry_limit: int | None = None,
    ) -> None:
        self.clock = SystemClock()
        self.entropy = SystemEntropy()
        self.correlation_id = os.environ.get("GOLDENPATH_CORRELATION_ID") or self.entropy.sortable_id()
        self._root = root
        self._settings = settings
        self._progress = progress
        self._retry_limit = retry_limit
        self._state = root / settings.state.directory
        self._log: FileAuditLog | None = None
        self._keys: RootKeys | None = None

    def notes(self) -> ApprovalNotes:
        from goldenpath.providers.git.notes import GitApprovalNotes

        return GitApprovalNotes(self._root, clock=self.clock, entropy=self.entropy)

    def manifests(self) -> ManifestRepository:
        from goldenpath.providers.git.manifests import GitManifests

        return GitManifests(self._gitops(), settings=self._settings.delivery, clock=self.clock)

    def branches(self) -> ProposalBranches:
        from goldenpath.providers.git.branches import GitBranches

        return GitBranches(self._root, clock=self.clock)

    def manifest_reader(self) -> GitReader:
        return GitReader(self._gitops())

    def store(self, environment: str, provider: str) -> Store:
        from goldenpath.providers.registry import open_store

        options = self._store_options(environment, provider)
        return open_store(options.store.backend, options)

    def parameters(self, environment: str) -> ParameterStore:
        from goldenpath.model.naming import PARAMETER_PROVIDER
        from goldenpath.providers.registry import PARAMETER_BACKENDS

        options = self._store_options(environment, PARAMETER_PROVIDER)
        if options.store.backend not in PARAMETER_BACKENDS:
            return no_parameters(environment)
        return PARAMETER_BACKENDS[options.store.backend](options)

    def infrastructure(self) -> Infrastructure:
        from goldenpath.providers.terraform.engine import TerraformEngine

        return TerraformEngine(self._state, self._settings.provision.terraform)

    def cluster(self, environment: str, access: ClusterAccess) -> Cluster:
        from goldenpath.model.settings import KubernetesSettings
        from goldenpath.providers.git.index import GitIndex
        from goldenpath.providers.kubernetes.opening import ClusterOptions, is_stated, open_cluster

        options = ClusterOptions(
            environment=environment,
            settings=self._settings.environment(environment).kubernetes or KubernetesSettings(),
            access=access,
            root=self._root,
            clock=self.clock,
            entropy=self.entropy,
            variables=os.environ,
            progress=self._progress,
            is_tracked=GitIndex(self._root).is_tracked,
            retry_limit=self._retry_limit,
        )
        return open_cluster(options) if is_stated(options) else no_cluster(environment, access)

    def deployer(self, environment: str, access: ClusterAccess) -> Deployer:
        from goldenpath.providers.argocd.api import TOKEN_VARIABLE, open_api
        from goldenpath.providers.argocd.applications import ClusterArgoCd
        from goldenpath.providers.kubernetes.opening import PROTECTED_ENVIRONMENT

        configured = self._settings.environment(environment).kubernetes
        argo = None if configured is None else configured.argo_cd
        if argo is None:
            return no_deployer(environment, access)
        if argo.server is None:
            return ClusterArgoCd(self.cluster(environment, access), namespace=argo.namespace)
        token = os.environ.get(TOKEN_VARIABLE, "")
        return open_api(argo.server, token=token, namespace=argo.namespace, is_prod=environment == PROTECTED_ENVIRONMENT)

    def overlays(self) -> OverlayRenderer:
        from goldenpath.providers.kustomize import KustomizeRenderer

        return KustomizeRenderer(self._settings.projection.kustomize)

    def forge(self, settings: ForgeSettings) -> Forge:
        from goldenpath.providers.forge.opening import ForgeOptions, open_forge

        return open_forge(
            ForgeOptions(settings=settings, clock=self.clock, entropy=self.entropy, variables=os.environ, retry_limit=self._retry_limit)
        )

    def leak_index(self) -> LeakIndexKeeper:
        from goldenpath.providers.local.leak_index import LocalLeakIndex

        return LocalLeakIndex(self._state, self._settings.state.key_source, entropy=self.entropy)

    def pull_request_objects(self) -> PullRequestObjects:
        from goldenpath.providers.git.place import find_place
        from goldenpath.providers.git.pull_objects import PullRequestFetcher

        return PullRequestFetcher(find_place(self._root))

    def _store_options(self, environment: str, provider: str) -> StoreOptions:
        from goldenpath.providers.registry import StoreOptions

        place = self._settings.environment(environment)
        configured = place.store(provider)
        return StoreOptions(
            directory=self._state,
            key_source=self._settings.state.key_source,
            clock=self.clock,
            entropy=self.entropy,
            name=f"{provider}-{environment}",
            pace=self._pace(configured, place),
            environment=environment,
            place=place,
            store=configured,
            naming=self._settings.naming,
            correlation_id=self.correlation_id,
        )

    def _pace(self, store: StoreSettings, environment: EnvironmentSettings) -> Pace:
        """Return the pace towards an environment's account, shared with every process of this machine that has the same state folder."""
        from goldenpath.providers.local.shared_pace import SharedBuckets
        from goldenpath.providers.pacing import RATES, pace_of
        from goldenpath.providers.registry import BACKENDS, require_known

        for named in self._settings.apply.pace:
            require_known(named, {*BACKENDS, *RATES}, hint="correct apply.pace in goldenpath.yaml")
        return pace_of(
            self._settings.apply,
            store.backend,
            account=f"{environment.account or 'default'}/{store.region or environment.region}",
            clock=self.clock,
            buckets=lambda: SharedBuckets(self._state),
        )

    def journal(self) -> Journal:
        from goldenpath.providers.local.opening import open_journal, open_root_keys

        open_root_keys(self._state, self._settings.state.key_source, entropy=self.entropy)
        return open_journal(self._state)

    def audit(self) -> FileAuditLog:
        if self._log is None:
            from goldenpath.audit.file_log import FileAuditLog

            mirror = self._settings.audit.checkpoint_mirror
            self._log = FileAuditLog.open(
                self.audit_folder(),
                self._audit_keys(),
                clock=self.clock,
                entropy=self.entropy,
                settings=self._settings.audit,
                mirror=None if mirror is None else self._root / mirror,
            )
        return self._log

    def audit_folder(self) -> Path:
        configured = self._settings.audit.directory
        return self._state / "audit" if configured is None else self._root / configured

    def close(self) -> None:
        """End the run: what was recorded gets its checkpoint."""
        if self._log is not None:
            self._log.close()

    def _gitops(self) -> Path:
        return self._root / self._settings.delivery.repository

    def _audit_keys(self) -> AuditKeys:
        from goldenpath.audit.keys import AuditKeys, public_key_of
        from goldenpath.providers.local.opening import open_root_keys

        ring = open_root_keys(self._state, self._settings.state.key_source, entropy=self.entropy)
        older = [key_id for key_id in ring.key_ids if key_id != ring.active_id]
        return AuditKeys(
            chain_keys={key_id: ring.derive(CHAIN_KEY, key_id=key_id) for key_id in ring.key_ids},
            current=ring.active_id,
            signing_key=ring.derive(SIGNING_KEY),
            retired_public_keys=tuple(public_key_of(ring.derive(SIGNING_KEY, key_id=key_id)) for key_id in older),
        )


def _settings(reader: GitReader, root: Path) -> tuple[Settings, str]:
    path = root / SETTINGS_FILE
    local = load_settings(path.read_bytes() if path.is_file() else None, variables=os.environ)
    try:
        commit = protected_tip(reader, local)
    except NotFound:
        return local, ""
    data = reader.read_file(commit, SETTINGS_FILE)
    return (local, "") if data is None else (load_settings(data, variables=os.environ), commit)


def _refuse_offline(*_what: object) -> NoReturn:
    raise offline_refusal()
