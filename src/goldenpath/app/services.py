"""What a use-case is handed: ports, already wired. Built by ``bootstrap``, or by a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from goldenpath.errors import Misconfigured
from goldenpath.model.audit import Actor, Source
from goldenpath.model.cluster import ClusterAccess
from goldenpath.model.forge_settings import ForgeSettings
from goldenpath.model.settings import Settings
from goldenpath.ports.audit import AuditSink
from goldenpath.ports.clock import Clock, Entropy
from goldenpath.ports.cluster import Cluster
from goldenpath.ports.deployer import Deployer
from goldenpath.ports.forge import Forge
from goldenpath.ports.infrastructure import Infrastructure
from goldenpath.ports.journal import Journal
from goldenpath.ports.leak_index import LeakIndexKeeper
from goldenpath.ports.overlays import OverlayRenderer
from goldenpath.ports.parameters import ParameterStore
from goldenpath.ports.repository import ApprovalNotes, ManifestRepository, ProposalBranches, PullRequestObjects, RepositoryReader
from goldenpath.ports.store import Store


def no_parameters(environment: str) -> NoReturn:
    """Refuse: behind the provider aws-parameter-store of ``environment`` stands a store that keeps no parameters."""
    raise Misconfigured(
        "parameter.not-a-parameter-store",
        f"{environment} has no Parameter Store: its provider aws-parameter-store is the embedded store",
        subject=environment,
        hint="goldenpath seed gives values to an embedded store; for AWS set "
        f"environments.{environment}.stores.aws-parameter-store.backend: aws-parameter-store in goldenpath.yaml",
    )


def no_infrastructure() -> NoReturn:
    """Refuse: this platform was wired without an infrastructure tool."""
    raise Misconfigured("terraform.missing", "no infrastructure tool is wired", hint="use provision.engine: direct")


def no_cluster(environment: str, access: ClusterAccess) -> NoReturn:  # noqa: ARG001 - the signature of ``Services.cluster``
    """Refuse: nobody said which cluster ``environment`` projects into."""
    raise Misconfigured(
        "cluster.not-configured",
        f"it is not stated how to reach the cluster of {environment}",
        subject=environment,
        hint=f"set environments.{environment}.kubernetes.context in goldenpath.yaml, or name one with --context (and --kubeconfig)",
    )


def no_deployer(environment: str, access: ClusterAccess) -> NoReturn:  # noqa: ARG001 - the signature of ``Services.deployer``
    """Refuse: no Argo CD is known for ``environment``."""
    raise Misconfigured(
        "argo.not-configured",
        f"no Argo CD is stated for {environment}",
        subject=environment,
        hint=f"set environments.{environment}.kubernetes.argoCd in goldenpath.yaml",
    )


def no_forge(settings: ForgeSettings) -> NoReturn:  # noqa: ARG001 - the signature of ``Services.forge``
    """Refuse: nothing says where pull requests live."""
    raise Misconfigured(
        "forge.not-configured",
        "it is not stated where pull requests live",
        hint="set forge.kind, forge.url and forge.repository in goldenpath.yaml",
    )


def no_pull_request_objects() -> NoReturn:
    """Refuse: this platform was wired without a remote."""
    raise Misconfigured("git.remote-missing", "nothing that fetches pull requests is wired", hint="clone the platform repository")


def no_leak_index() -> NoReturn:
    """Refuse: this platform was wired without a place for fingerprints."""
    raise Misconfigured("scan.no-place", "no place for the index of fingerprints is wired", hint="run inside a platform repository")


def no_branches() -> NoReturn:
    """Refuse: this platform was wired without a repository to propose in."""
    raise Misconfigured(
        "git.not-a-repository", "no repository to propose in is wired", hint="run inside a clone of the platform repository"
    )


def no_overlays() -> NoReturn:
    """Refuse: this platform was wired without anything that renders overlays."""
    raise Misconfigured("overlay.renderer-missing", "nothing that renders overlays is wired", hint="install kustomize or kubectl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The wired platform. Members that open files or databases are callables, so a verb pays only for what it uses.

    ``store(environment, provider)`` returns the store instance for requests of that provider in that environment.
    ``infrastructure`` plans and makes containers where ``provision.engine`` is not ``direct``.
    ``parameters(environment)`` returns the environment's Parameter Store itself, or refuses where there is none.
    ``overlays`` renders Kustomize overlays, from files alone. ``branches`` commits proposals beside whatever is checked out.
    ``settings`` were read from ``settings_commit`` (empty: the working tree). ``root`` is the platform repository.
    ``cluster(environment, access)`` returns the Kubernetes cluster of an environment, as the settings or the command line name it;
    ``deployer`` the Argo CD that brings manifests there.
    ``forge(settings)`` returns the forge that a section ``forge`` names: whoever counts reviews passes the section of the base that judges,
    so that a change cannot bring a forge of its own; whoever publishes passes ``settings.forge``. ``pull_request_objects`` brings the
    commits of a pull request here, and those of the branch that it goes to.
    ``leak_index`` keeps the keyed fingerprints of managed values on this machine.
    ``retry_limit`` is how often one call is tried again at most (None: the deadline alone counts). ``is_offline`` means that stores and
    remotes are not to be asked: ``store`` and ``manifests`` refuse, and what can be said without them says so.
    """

    root: Path
    settings: Settings
    clock: Clock
    entropy: Entropy
    actor: Actor
    source: Source
    correlation_id: str
    repository: Callable[[], RepositoryReader]
    notes: Callable[[], ApprovalNotes]
    manifests: Callable[[], ManifestRepository]
    store: Callable[[str, str], Store]
    journal: Callable[[], Journal]
    audit: Callable[[], AuditSink]
    manifest_reader: Callable[[], RepositoryReader]
    audit_folder: Callable[[], Path]
    index_file: Callable[[], Path | None] = lambda: None
    parameters: Callable[[str], ParameterStore] = no_parameters
    infrastructure: Callable[[], Infrastructure] = no_infrastructure
    cluster: Callable[[str, ClusterAccess], Cluster] = no_cluster
    deployer: Callable[[str, ClusterAccess], Deployer] = no_deployer
    overlays: Callable[[], OverlayRenderer] = no_overlays
    branches: Callable[[], ProposalBranches] = no_branches
    forge: Callable[[ForgeSettings], Forge] = no_forge
    pull_request_objects: Callable[[], PullRequestObjects] = no_pull_request_objects
    leak_index: Callable[[], LeakIndexKeeper] = no_leak_index
    close: Callable[[], None] = lambda: None
    settings_commit: str = ""
    retry_limit: int | None = None
    is_offline: bool = False
    progress: Callable[[str], None] = field(default=lambda _message: None)
    environment_variables: Mapping[str, str] = field(default_factory=dict)
