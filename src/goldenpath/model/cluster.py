"""Objects of a Kubernetes cluster as we look at them: typed where every object is alike, plain trees where kinds differ.

A Secret's data never travels in a :class:`ClusterObject`: it has a type of its own whose values cannot be printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from goldenpath.model.base import Record
from goldenpath.model.secret import SecretValue


class Kind(Record, frozen=True, kw_only=True):
    """A kind of object at one API version. ``group`` is empty for the core API."""

    name: str
    plural: str
    version: str
    group: str = ""
    is_namespaced: bool = True

    @property
    def api_version(self) -> str:
        """The ``apiVersion`` of its manifests."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def at(self, version: str) -> Kind:
        """Return the same kind at another version of its group."""
        return msgspec.structs.replace(self, version=version)

    def __str__(self) -> str:
        return self.name


FIELD_MANAGER: Final = "goldenpath"
"""Our own name among those who set fields of an object."""

EXTERNAL_SECRETS_GROUP: Final = "external-secrets.io"
ARGO_GROUP: Final = "argoproj.io"

NAMESPACE: Final = Kind(name="Namespace", plural="namespaces", version="v1", is_namespaced=False)
SECRET: Final = Kind(name="Secret", plural="secrets", version="v1")
POD: Final = Kind(name="Pod", plural="pods", version="v1")
SERVICE_ACCOUNT: Final = Kind(name="ServiceAccount", plural="serviceaccounts", version="v1")
EVENT: Final = Kind(name="Event", plural="events", version="v1")
DEPLOYMENT: Final = Kind(name="Deployment", plural="deployments", version="v1", group="apps")
STATEFUL_SET: Final = Kind(name="StatefulSet", plural="statefulsets", version="v1", group="apps")
DAEMON_SET: Final = Kind(name="DaemonSet", plural="daemonsets", version="v1", group="apps")
REPLICA_SET: Final = Kind(name="ReplicaSet", plural="replicasets", version="v1", group="apps")
JOB: Final = Kind(name="Job", plural="jobs", version="v1", group="batch")
CRON_JOB: Final = Kind(name="CronJob", plural="cronjobs", version="v1", group="batch")
EXTERNAL_SECRET: Final = Kind(name="ExternalSecret", plural="externalsecrets", version="v1", group=EXTERNAL_SECRETS_GROUP)
SECRET_STORE: Final = Kind(name="SecretStore", plural="secretstores", version="v1", group=EXTERNAL_SECRETS_GROUP)
CLUSTER_SECRET_STORE: Final = Kind(
    name="ClusterSecretStore", plural="clustersecretstores", version="v1", group=EXTERNAL_SECRETS_GROUP, is_namespaced=False
)
ARGO_APPLICATION: Final = Kind(name="Application", plural="applications", version="v1alpha1", group=ARGO_GROUP)


class ObjectRef(Record, frozen=True, kw_only=True, order=True):
    """Where an object is. ``namespace`` is empty for a kind of the whole cluster."""

    kind: str
    namespace: str = ""
    name: str

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {where}{self.name}"


class Owner(Record, frozen=True, kw_only=True):
    """An owner reference. ``is_controller`` marks the one that manages the object."""

    api_version: str
    kind: str
    name: str
    uid: str
    is_controller: bool = False


class FieldWriter(Record, frozen=True, kw_only=True, order=True):
    """Who set which fields, as the API server keeps it, and when they last changed one of them.

    ``fields`` are two levels deep and sorted: ``data.password``, ``type``, ``spec.replicas``. They are names, never values.
    """

    manager: str
    at: str = ""
    fields: tuple[str, ...] = ()

    def has_set(self, part: str) -> bool:
        """Say whether it set ``part`` or anything below it."""
        return any(field == part or field.startswith(f"{part}.") for field in self.fields)

    @property
    def data_keys(self) -> tuple[str, ...] | None:
        """The keys of a Secret's data that it set; empty for all of it, None when it set none. An apply of ``stringData`` counts."""
        if not (self.has_set("data") or self.has_set("stringData")):
            return None
        parted = (field.partition(".") for field in self.fields)
        return tuple(sorted({key for part, _, key in parted if key and part in {"data", "stringData"}}))


class ObjectMeta(Record, frozen=True, kw_only=True):
    """What every object says of itself. Times are RFC 3339 UTC by the API server's clock; empty where there is none.

    ``managers`` are the names of ``writers``, each once, sorted.
    """

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owners: tuple[Owner, ...] = ()
    finalizers: tuple[str, ...] = ()
    managers: tuple[str, ...] = ()
    writers: tuple[FieldWriter, ...] = ()
    created_at: str = ""
    deleted_at: str = ""

    @property
    def controller(self) -> Owner | None:
        """The owner that manages the object; None when nobody does."""
        return next((owner for owner in self.owners if owner.is_controller), None)


class ClusterObject(Record, frozen=True, kw_only=True):
    """One object. ``body`` holds everything but ``metadata``, ``kind`` and ``apiVersion``; of a Secret it holds nothing."""

    kind: Kind
    meta: ObjectMeta
    body: dict[str, Any] = {}

    @property
    def ref(self) -> ObjectRef:
        """Where it is."""
        return ObjectRef(kind=self.kind.name, namespace=self.meta.namespace, name=self.meta.name)

    @property
    def spec(self) -> dict[str, Any]:
        """The wanted state; empty where the kind has none."""
        found = self.body.get("spec")
        return found if isinstance(found, dict) else {}

    @property
    def status(self) -> dict[str, Any]:
        """The reported state; empty while no controller wrote one."""
        found = self.body.get("status")
        return found if isinstance(found, dict) else {}


class Listing(Record, frozen=True, kw_only=True):
    """All objects of one question, in (namespace, name) order, and the version of the collection to watch from."""

    objects: tuple[ClusterObject, ...]
    resource_version: str


class ObjectChange(Record, frozen=True, kw_only=True):
    """One event of a watch; ``deleted`` carries the last state."""

    kind: Literal["added", "modified", "deleted"]
    object: ClusterObject


class KubernetesSecret:
    """A Secret with its values, which do not print. Not a struct: nothing encodes, compares or copies it by accident."""

    __slots__ = ("data", "is_immutable", "meta", "type")

    def __init__(
        self,
        *,
        meta: ObjectMeta,
        data: Mapping[str, SecretValue],
        type: str = "Opaque",  # noqa: A002 - Kubernetes' own word
        is_immutable: bool = False,
    ) -> None:
        self.meta = meta
        self.type = type
        self.data = dict(data)
        self.is_immutable = is_immutable

    def __repr__(self) -> str:
        return f"KubernetesSecret({self.meta.namespace}/{self.meta.name}, {len(self.data)} keys)"

    @property
    def ref(self) -> ObjectRef:
        """Where it is."""
        return ObjectRef(kind=SECRET.name, namespace=self.meta.namespace, name=self.meta.name)


class ClusterVersion(Record, frozen=True, kw_only=True):
    """What the API server says it is, e.g. 1, 35, ``v1.35.4``."""

    major: int
    minor: int
    text: str


class ClusterAccess(Record, frozen=True, kw_only=True):
    """How a person on the command line says which cluster: file and context, as kubectl takes them; empty where the settings decide."""

    kubeconfig: str = ""
    context: str = ""

    @property
    def is_stated(self) -> bool:
        """True when the command line named a file or a context."""
        return bool(self.kubeconfig or self.context)


NO_ACCESS: Final = ClusterAccess()
"""Nothing was said on the command line."""
