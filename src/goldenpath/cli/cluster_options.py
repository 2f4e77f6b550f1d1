"""Which cluster a verb looks into, with kubectl's own options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from goldenpath.model.cluster import ClusterAccess

F = TypeVar("F", bound=Callable[..., Any])


def cluster_options(function: F) -> F:
    """Add ``--kubeconfig`` and ``--context``; without them the environment's settings decide."""
    function = click.option("--context", "kube_context", metavar="NAME", help="Context in the kubeconfig. [default: the settings']")(
        function
    )
    return click.option(
        "--kubeconfig",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Kubeconfig file. [default: the settings', KUBECONFIG, ~/.kube/config]",
    )(function)


def cluster_access(kubeconfig: Path | None, kube_context: str | None) -> ClusterAccess:
    """Return what was said on the command line."""
    from goldenpath.model.cluster import ClusterAccess

    return ClusterAccess(kubeconfig=str(kubeconfig or ""), context=kube_context or "")


def refuse_without(is_cluster: bool, kubeconfig: Path | None, kube_context: str | None) -> None:
    """Refuse to name a cluster that would not be looked at."""
    if not is_cluster and (kubeconfig is not None or kube_context is not None):
        raise click.UsageError("--kubeconfig and --context need --cluster")
