"""What brings manifests from Git to a cluster: Argo CD, asked through its Application objects or through its API."""

from __future__ import annotations

from typing import Protocol

from goldenpath.model.cluster import ClusterObject


class Deployer(Protocol):
    """Sees applications and asks for a comparison. It never syncs, prunes or changes one: that is the application's own policy.

    Every method may raise what the ``Cluster`` port raises; from the API, with ``argo.`` codes of the same kinds.
    """

    def application(self, name: str) -> ClusterObject | None:
        """Return the Application as it is now; None when there is none of this name."""
        ...

    def refresh(self, name: str, *, is_hard: bool = False) -> None:
        """Ask for a comparison with Git now; ``is_hard`` also renders the manifests anew. It is not finished when this returns.

        Raises:
            NotFound: ``argo.application-missing``.
        """
        ...
