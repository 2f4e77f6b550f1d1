"""Opens the cluster of an environment: decides which kubeconfig and context count, and refuses what would not be safe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from goldenpath.errors import Misconfigured
from goldenpath.model.cluster import ClusterAccess
from goldenpath.model.settings import KubernetesSettings
from goldenpath.ports.clock import Clock, Entropy
from goldenpath.providers.kubernetes.calls import TRIES, ApiCalls
from goldenpath.providers.kubernetes.cluster import KubernetesCluster
from goldenpath.providers.kubernetes.credentials import CredentialSource
from goldenpath.providers.kubernetes.kubeconfig import files_of, read_place
from goldenpath.providers.kubernetes.place import Place
from goldenpath.providers.kubernetes.service_account import FOLDER, is_in_pod, pod_place

PROTECTED_ENVIRONMENT = "prod"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterOptions:
    """What it takes to open a cluster.

    ``root`` is what a path in the settings is relative to. ``is_tracked`` says whether Git tracks a file. ``retry_limit`` is how often one
    call is sent again at most. ``service_account`` is where a pod finds its own.
    """

    environment: str
    settings: KubernetesSettings
    access: ClusterAccess
    root: Path
    clock: Clock
    entropy: Entropy
    variables: Mapping[str, str]
    progress: Callable[[str], None] = lambda _message: None
    is_tracked: Callable[[Path], bool] = lambda _path: False
    retry_limit: int | None = None
    service_account: Path = FOLDER


def is_stated(options: ClusterOptions) -> bool:
    """Say whether somebody stated which cluster is meant: the command line, the settings, or the pod that we run in."""
    return bool(_context(options)) or _is_pods(options)


def open_cluster(options: ClusterOptions) -> KubernetesCluster:
    """Return the cluster; nothing is sent yet.

    Raises:
        Misconfigured: ``cluster.kubeconfig-*``, ``cluster.client-missing``.
    """
    place = _place(options)
    if place.endpoint.is_unverified:
        _judge_unverified(options, place)
    source = CredentialSource(lambda: _place(options), clock=options.clock, variables=options.variables)
    tries = TRIES if options.retry_limit is None else min(TRIES, options.retry_limit + 1)
    calls = ApiCalls(source, clock=options.clock, entropy=options.entropy, variables=options.variables, tries=tries)
    return KubernetesCluster(calls, clock=options.clock, name=place.name, expected_id=options.settings.cluster_id)


def _context(options: ClusterOptions) -> str:
    return options.access.context or options.settings.context


def _is_pods(options: ClusterOptions) -> bool:
    is_named = bool(options.access.kubeconfig or options.settings.kubeconfig or _context(options))
    return not is_named and is_in_pod(options.variables, options.service_account)


def _place(options: ClusterOptions) -> Place:
    if _is_pods(options):
        return pod_place(options.variables, options.service_account)
    return read_place(files_of(_named(options), options.variables), _context(options), is_tracked=options.is_tracked)


def _named(options: ClusterOptions) -> Path | None:
    if options.access.kubeconfig:
        return Path(options.access.kubeconfig)
    if options.settings.kubeconfig:
        return options.root / Path(options.settings.kubeconfig).expanduser()
    return None


def _judge_unverified(options: ClusterOptions, place: Place) -> None:
    """Refuse a context that skips the check of the server's certificate in prod (CASES 183), and say so anywhere else."""
    said = f"the context {place.name!r} does not check who answers (insecure-skip-tls-verify)"
    if options.environment == PROTECTED_ENVIRONMENT:
        raise Misconfigured(
            "cluster.kubeconfig-insecure",
            f"{said}: anybody on the way could read and change what prod gets",
            subject=options.environment,
            hint="give certificate-authority-data in the kubeconfig",
        )
    options.progress(f"warning: {said}")
