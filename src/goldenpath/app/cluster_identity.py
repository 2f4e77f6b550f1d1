"""Is this the environment's cluster? Asked before anything is written into one, or out of one (R33)."""

from __future__ import annotations

from goldenpath.errors import Misconfigured
from goldenpath.model.settings import Settings


def require_cluster(settings: Settings, environment: str, uid: str) -> None:
    """Refuse a cluster that is not the one the environment's settings name; where they name none, any will do.

    Raises:
        Misconfigured: ``cluster.wrong-cluster``.
    """
    place = settings.environment(environment).kubernetes
    wanted = "" if place is None else place.cluster_id
    if wanted and uid != wanted:
        raise Misconfigured(
            "cluster.wrong-cluster",
            f"{environment} belongs to the cluster {wanted}; this one is {uid}",
            subject=environment,
            hint=f"check --context and environments.{environment}.kubernetes; the id is the uid of the namespace kube-system",
        )
