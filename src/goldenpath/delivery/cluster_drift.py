"""What the requests want of a cluster against what is there: ExternalSecrets, their stores, and the Secrets that they make (R24, R27).

Pure. Of a Secret only metadata is looked at, so of its data no more is known than who set which key and when. External Secrets repairs data
that others wrote as soon as it looks at the Secret: such an edit that is still there says that it does not look.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from goldenpath.delivery.manifest_fields import FieldState, ManifestField, differing_fields
from goldenpath.delivery.secret_owner import ownership
from goldenpath.model.base import Record
from goldenpath.model.cluster import SECRET, ClusterObject, FieldWriter, ObjectMeta, ObjectRef
from goldenpath.model.drift import DriftIgnore

ObjectState = Literal[
    "as-wanted", "ignored", "pending", "to-create", "drift", "missing", "foreign", "unowned", "edited", "orphan", "being-deleted"
]

NEEDS_DECISION: Final[frozenset[ObjectState]] = frozenset({"drift", "missing", "foreign", "unowned", "edited", "orphan", "being-deleted"})
"""States that somebody has to look at; the others are as they should be, or an apply away from it."""

ESO_MANAGER: Final = "externalsecrets.external-secrets.io/"
_ESO_MANAGERS: Final = ("external-secrets", ESO_MANAGER)
"""Who sets a Secret's data on behalf of an ExternalSecret: a name made from the ExternalSecret's, or in old releases the program's."""

_LABELS: Final = ("app.kubernetes.io/managed-by", "goldenpath.io/")


class WantedObject(Record, frozen=True, kw_only=True):
    """One manifest that the requests project. ``request_id`` and the two after it are empty for a store, which serves many.

    ``committed`` is its spec in the GitOps repository: empty where there is no such file, None where that could not be read.
    """

    ref: ObjectRef
    spec: dict[str, Any]
    committed: dict[str, Any] | None = None
    request_id: str = ""
    service: str = ""
    owner: str = ""
    secret: str = ""


class ObjectDrift(Record, frozen=True, kw_only=True):
    """One object against what is wanted. ``writers`` are others who set fields of it and are still on record."""

    environment: str
    request_id: str
    service: str
    owner: str
    object: ObjectRef
    state: ObjectState
    detail: str = ""
    writers: tuple[str, ...] = ()
    fields: tuple[ManifestField, ...] = ()

    @property
    def is_drifted(self) -> bool:
        """True when somebody has to decide."""
        return self.state in NEEDS_DECISION


def manifest_drift(
    wanted: WantedObject, found: ClusterObject | None, ignored: Mapping[str, DriftIgnore], *, environment: str
) -> ObjectDrift:
    """Compare a manifest with the object in the cluster; ``ignored`` are the entries of the ignore list that cover its request."""
    if found is None:
        return _absent(wanted, environment)
    fields = differing_fields(wanted.spec, found.spec, wanted.committed, ignored)
    state, detail = _state(found, fields)
    return _row(
        wanted,
        found.ref,
        environment=environment,
        state=state,
        detail=detail,
        writers=_writers_of(found.meta, "spec") if state == "drift" else (),
        fields=fields,
    )


def secret_drift(
    wanted: WantedObject, external: ClusterObject | None, secret: ClusterObject | None, *, environment: str
) -> ObjectDrift | None:
    """Compare the Secret of a wanted ExternalSecret with what that makes of it; None when neither is there, as with a new request."""
    ref = ObjectRef(kind=SECRET.name, namespace=wanted.ref.namespace, name=wanted.secret)
    if secret is None:
        return None if external is None else _row(wanted, ref, environment=environment, state="missing", detail=_why_missing(external))
    for state, detail in _secret_faults(wanted, external, secret):
        return _row(wanted, ref, environment=environment, state=state, detail=detail, writers=_strangers(secret.meta))
    fields = _label_fields(wanted, secret.meta)
    return _row(wanted, ref, environment=environment, state="drift" if fields else "as-wanted", fields=fields)


def owner_of(secret: ObjectMeta) -> str:
    """Return in words who owns an object."""
    owner = secret.controller
    return "nobody" if owner is None else f"{owner.kind} {owner.name}"


def _absent(wanted: WantedObject, environment: str) -> ObjectDrift:
    if wanted.committed == {}:
        return _row(wanted, wanted.ref, environment=environment, state="to-create", detail="an apply commits it, once it has a value")
    known = "" if wanted.committed is None else "it was committed: "
    return _row(
        wanted,
        wanted.ref,
        environment=environment,
        state="missing",
        detail=f"{known}somebody deleted it, or it was never applied here",
    )


def _state(found: ClusterObject, fields: Sequence[ManifestField]) -> tuple[ObjectState, str]:
    if found.meta.deleted_at:
        held = f", held by {', '.join(found.meta.finalizers)}" if found.meta.finalizers else ""
        return "being-deleted", f"it is being deleted since {found.meta.deleted_at}{held}"
    order: tuple[FieldState, ...] = ("drift", "pending", "ignored")
    states = {field.state for field in fields}
    return next((state for state in order if state in states), "as-wanted"), ""


def _secret_faults(wanted: WantedObject, external: ClusterObject | None, secret: ClusterObject) -> Iterator[tuple[ObjectState, str]]:
    """Yield what is wrong with whose a Secret is, the worst first."""
    owned = ownership(secret.meta, wanted.ref, uid="" if external is None else external.meta.uid)
    if owned.state == "unowned":
        yield "unowned", f"it {owned.words}; External Secrets takes over what has no owner"
    elif owned.state == "foreign":
        yield "foreign", f"it {owned.words}"
    for writer in _data_strangers(secret.meta):
        keys = ", ".join(writer.data_keys or ()) or "its data"
        when = f" at {writer.at}" if writer.at else ""
        yield "edited", f"{writer.manager} set {keys}{when}, and External Secrets has not put it right: does it run?"


def _why_missing(external: ClusterObject) -> str:
    conditions = external.status.get("conditions")
    ready = [each for each in conditions if isinstance(each, dict) and each.get("type") == "Ready"] if isinstance(conditions, list) else []
    if not ready:
        return "its ExternalSecret was never worked on: does External Secrets run?"
    is_ready = ready[0].get("status") == "True"
    return "its ExternalSecret is ready all the same: somebody deleted it" if is_ready else "its ExternalSecret is not ready"


def _label_fields(wanted: WantedObject, secret: ObjectMeta) -> tuple[ManifestField, ...]:
    """Return the labels of ours that differ: those that the template sets, and others of ours that it does not."""
    template = wanted.spec.get("target", {}).get("template", {}).get("metadata", {}).get("labels", {})
    names = sorted({*template, *(name for name in secret.labels if name.startswith(_LABELS))})
    return tuple(
        ManifestField(
            field=f"metadata.labels.{name}", state="drift", wanted=template.get(name), found=secret.labels.get(name), left="unknown"
        )
        for name in names
        if template.get(name) != secret.labels.get(name)
    )


def _data_strangers(secret: ObjectMeta) -> Iterator[FieldWriter]:
    """Yield who set data that External Secrets has not set since. An apply of ``stringData`` keeps that field for ever, so time decides."""
    mine = [writer for writer in secret.writers if writer.manager.startswith(_ESO_MANAGERS) and writer.data_keys is not None]
    last = max((writer.at for writer in mine), default="")
    for writer in secret.writers:
        if writer not in mine and (writer.has_set("data") or (writer.data_keys is not None and writer.at > last)):
            yield writer


def _strangers(secret: ObjectMeta) -> tuple[str, ...]:
    return tuple(sorted({writer.manager for writer in _data_strangers(secret)}))


def _writers_of(meta: ObjectMeta, part: str) -> tuple[str, ...]:
    """Return who set anything of a part, with the time where it is known; the last one first."""
    found = [writer for writer in meta.writers if writer.has_set(part)]
    named = [f"{writer.manager} ({writer.at})" if writer.at else writer.manager for writer in sorted(found, key=_by_time, reverse=True)]
    return tuple(named) or meta.managers


def _by_time(writer: FieldWriter) -> tuple[str, str]:
    return writer.at, writer.manager


def _row(
    wanted: WantedObject,
    ref: ObjectRef,
    *,
    environment: str,
    state: ObjectState,
    detail: str = "",
    writers: tuple[str, ...] = (),
    fields: tuple[ManifestField, ...] = (),
) -> ObjectDrift:
    return ObjectDrift(
        environment=environment,
        request_id=wanted.request_id,
        service=wanted.service,
        owner=wanted.owner,
        object=ref,
        state=state,
        detail=detail,
        writers=writers,
        fields=fields,
    )
