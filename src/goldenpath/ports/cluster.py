"""One Kubernetes cluster, split by power so that nobody needs more rights than it uses.

Missing is ``None`` for ``get`` and ``read_secret``, and ``NotFound`` ``cluster.object-missing`` for every change. A kind that the cluster
does not serve is ``NotFound`` ``cluster.kind-missing``. Every method may raise ``ProviderUnavailable`` ``cluster.unavailable`` or
``cluster.throttled`` (retry), ``Unauthenticated`` ``cluster.unauthenticated``, ``AccessDenied`` ``cluster.forbidden`` (verb, kind and
namespace are named) and ``ProviderRefused`` ``cluster.refused``. The server's free text travels in none of them: it can repeat an object.

Secrets come through ``get``, ``list`` and ``watch`` as metadata alone; their data only through ``read_secret``, which callers audit.
Label selectors are equality only: {name: value}.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol

from goldenpath.model.cluster import ClusterObject, ClusterVersion, Kind, KubernetesSecret, Listing, ObjectChange


class ClusterReader(Protocol):
    """Sees objects, never a Secret's data."""

    def get(self, kind: Kind, name: str, *, namespace: str = "") -> ClusterObject | None:
        """Return one object as it is now; None when it is not there."""
        ...

    def list(self, kind: Kind, *, namespace: str = "", labels: Mapping[str, str] = {}) -> Listing:
        """Return every object of a kind, read in pages; of all namespaces where none is named."""
        ...

    def watch(
        self, kind: Kind, *, namespace: str = "", labels: Mapping[str, str] = {}, since: str, seconds: float
    ) -> Iterator[ObjectChange]:
        """Yield what changes after the collection's version ``since``, for at most ``seconds``. A lost connection ends it earlier.

        Raises:
            Conflict: ``cluster.watch-expired``: ``since`` is too old; list again.
        """
        ...


class SecretDataReader(Protocol):
    """Reads values out of the cluster."""

    def read_secret(self, namespace: str, name: str) -> KubernetesSecret | None:
        """Return a Secret with its values; None when it is not there."""
        ...


class ClusterWriter(Protocol):
    """Changes objects."""

    def patch(self, kind: Kind, name: str, merge: Mapping[str, Any], *, namespace: str = "", resource_version: str = "") -> ClusterObject:
        """Merge ``merge`` into an object (None removes a field) and return it as it then is.

        With ``resource_version`` only that version is changed. Of a Secret's data only keys can be taken away.

        Raises:
            Conflict: ``cluster.object-changed``.
        """
        ...

    def apply(self, manifest: Mapping[str, Any], kind: Kind, *, is_forced: bool = False, is_dry_run: bool = False) -> ClusterObject:
        """Make or change an object by server-side apply in our own field manager's name; unknown fields are refused.

        Raises:
            Conflict: ``cluster.field-conflict``, naming who owns which field; ``is_forced`` takes them over.
        """
        ...

    def apply_secret(self, secret: KubernetesSecret, *, is_forced: bool = False, is_dry_run: bool = False) -> ClusterObject:
        """The same for a Secret with values: name, namespace, labels, annotations, type and data are applied.

        Where ``secret.meta`` has a ``resource_version``, only that version is changed. Keys that others set and ``secret`` does not name
        stay; :meth:`patch` takes them away.

        Raises:
            Conflict: ``cluster.field-conflict``, ``cluster.object-changed``, and ``cluster.immutable`` for a Secret that may not change
                any more.
        """
        ...

    def delete(self, kind: Kind, name: str, *, namespace: str = "", uid: str) -> None:
        """Delete exactly the object with ``uid``; it may live on until its finalizers are done. Missing is not an error.

        Raises:
            Conflict: ``cluster.object-changed`` when another object has the name now.
        """
        ...


class ClusterProbe(Protocol):
    """What doctor and the first write ask."""

    def identity(self) -> str:
        """Return the uid of the namespace ``kube-system``, which is the cluster's own; compared before the first write (R33)."""
        ...

    def version(self) -> ClusterVersion:
        """Return the API server's version."""
        ...

    def served_versions(self, group: str) -> tuple[str, ...]:
        """Return the versions of an API group, the preferred one first; empty when the cluster does not serve it."""
        ...

    def may(self, verb: str, kind: Kind, *, namespace: str = "", subresource: str = "") -> bool:
        """Say whether these credentials may do this, as the cluster itself decides it."""
        ...

    def now(self) -> datetime:
        """Return the time by the API server's clock, UTC, in whole seconds."""
        ...


class Cluster(ClusterReader, SecretDataReader, ClusterWriter, ClusterProbe, Protocol):
    """All powers in one object, for wiring; stages ask for the narrow ones."""
