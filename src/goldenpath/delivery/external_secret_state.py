"""What an ExternalSecret says of itself, and whether its controller has worked through it as it now is (R30).

Facts about External Secrets were read in its source, v0.20.4: ``pkg/controllers/externalsecret`` and ``pkg/controllers/util``. Each time it
finishes, the controller writes the version of what it read into ``status.syncedResourceVersion``: the generation, and a digest over labels
and annotations. A status that equals the version of the object beside it proves that labels and annotations as they stand were seen, so
also the mark that we set. No clock takes part. Must not read, write or wait.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Final, Literal

from goldenpath.model.base import Record
from goldenpath.model.cluster import ClusterObject, ObjectMeta, ObjectRef

FORCE_SYNC: Final = "force-sync"
"""The annotation that asks for a refresh; the controller looks at all annotations, this is the name that its users know."""

Ready = Literal["true", "false", "unknown"]

SYNCED: Final = "SecretSynced"
"""The reason of a refresh that ended with a Secret in place; other reasons of a ready object mean that there is none."""

KNOWN_REASONS: Final = frozenset({SYNCED, "SecretSyncedError", "SecretDeleted", "SecretMissing", "UpdateFailed"})
_VERSION_FORM = re.compile(r"[0-9]+-[0-9a-f]{56}")
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h)")
_UNIT_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class StoreReference(Record, frozen=True, kw_only=True):
    """The SecretStore or ClusterSecretStore that an ExternalSecret reads from."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class ExternalSecretState(Record, frozen=True, kw_only=True):
    """One ExternalSecret, read. Times are RFC 3339 as the controller wrote them; empty while it wrote none.

    ``synced_version`` is what the controller says it worked through, ``own_version`` what it would say of the object as it stands.
    """

    ref: ObjectRef
    uid: str
    resource_version: str
    generation: int
    store: StoreReference
    target: str
    refresh_seconds: float
    refresh_policy: str
    creation_policy: str
    ready: Ready
    reason: str
    transition_at: str
    refresh_time: str
    synced_version: str
    own_version: str
    deleted_at: str = ""
    finalizers: tuple[str, ...] = ()

    @property
    def is_worked_through(self) -> bool:
        """True when the controller finished with the object exactly as it stands."""
        return self.synced_version == self.own_version

    @property
    def has_known_version_form(self) -> bool:
        """True when the controller writes versions in the form that :attr:`own_version` has."""
        return not self.synced_version or bool(_VERSION_FORM.fullmatch(self.synced_version))

    @property
    def is_synced(self) -> bool:
        """True when it is ready because a Secret is in place; a retained, deleted or missing Secret is ready as well."""
        return self.ready == "true" and self.reason == SYNCED

    @property
    def shown_reason(self) -> str:
        """The reason, when it is one of the controller's own words; any other text could come from anywhere."""
        return self.reason if self.reason in KNOWN_REASONS else "another reason"

    @property
    def ignores_requests(self) -> str:
        """Why a refresh that is asked for would never happen; empty when it would (CASE 81)."""
        if self.refresh_policy == "CreatedOnce":
            return "its refreshPolicy is CreatedOnce: it is synced when it is made, and never again"
        if self.refresh_policy != "OnChange" and self.refresh_seconds <= 0:
            return "its refreshInterval is 0: it is synced when its spec changes, and a request for a refresh has no effect"
        return ""


def read_state(found: ClusterObject) -> ExternalSecretState:
    """Return what an ExternalSecret says; fields that are not there have the defaults of its CRD."""
    spec, status, meta = found.spec, found.status, found.meta
    store, target = _tree(spec, "secretStoreRef"), _tree(spec, "target")
    condition = _ready_condition(status)
    return ExternalSecretState(
        ref=found.ref,
        uid=meta.uid,
        resource_version=meta.resource_version,
        generation=meta.generation,
        store=StoreReference(kind=_text(store, "kind") or "SecretStore", name=_text(store, "name")),
        target=_text(target, "name") or meta.name,
        refresh_seconds=duration_seconds(_text(spec, "refreshInterval") or "1h"),
        refresh_policy=_text(spec, "refreshPolicy") or "Periodic",
        creation_policy=_text(target, "creationPolicy") or "Owner",
        ready=_readiness(_text(condition, "status")),
        reason=_text(condition, "reason"),
        transition_at=_text(condition, "lastTransitionTime"),
        refresh_time=_text(status, "refreshTime"),
        synced_version=_text(status, "syncedResourceVersion"),
        own_version=controller_version(meta),
        deleted_at=meta.deleted_at,
        finalizers=meta.finalizers,
    )


def controller_version(meta: ObjectMeta) -> str:
    """Return the version by which the controller knows an object with this metadata: ``<generation>-<digest>``.

    The digest is SHA3-224 over labels and annotations in the form of Go's ``%+v``, which sorts the keys of a map.
    """
    text = f"{{annotations:{_go_map(meta.annotations)} labels:{_go_map(meta.labels)}}}"
    return f"{meta.generation}-{hashlib.sha3_224(text.encode('utf-8', 'surrogateescape')).hexdigest()}"


def duration_seconds(text: str) -> float:
    """Return the seconds of a Go duration such as ``1h`` or ``1m30s``; 0 for what is none, as a controller that never refreshes."""
    parts = _DURATION.findall(text)
    if "".join(number + unit for number, unit in parts) != text:
        return 0.0
    return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts)


def store_problem(store: ClusterObject | None, *, reference: StoreReference) -> str:
    """Return why a store serves nobody now; empty when it does. What its provider says stays in the cluster."""
    if store is None:
        return f"its store, {reference}, is not in the cluster"
    if store.spec.get("controller"):
        return f"its store, {reference}, belongs to a controller of another class"
    if _readiness(_text(_ready_condition(store.status), "status")) == "false":
        return f"its store, {reference}, is not ready"
    return ""


def _ready_condition(status: Mapping[str, object]) -> Mapping[str, object]:
    conditions = status.get("conditions")
    found = [each for each in conditions if isinstance(each, dict) and each.get("type") == "Ready"] if isinstance(conditions, list) else []
    return found[0] if found else {}


def _readiness(text: str) -> Ready:
    if text == "True":
        return "true"
    return "false" if text == "False" else "unknown"


def _tree(tree: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = tree.get(name)
    return found if isinstance(found, dict) else {}


def _text(tree: Mapping[str, object], name: str) -> str:
    found = tree.get(name)
    return found if isinstance(found, str) else ""


def _go_map(pairs: Mapping[str, str]) -> str:
    # Go sorts strings by their bytes
    ordered = sorted(pairs.items(), key=lambda pair: pair[0].encode("utf-8", "surrogateescape"))
    return f"map[{' '.join(f'{name}:{value}' for name, value in ordered)}]"
