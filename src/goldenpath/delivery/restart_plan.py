"""Which workloads are restarted so that their pods see changed Secrets: each once, however many Secrets changed. Pure.

A workload carries what it was restarted for in an annotation of its pod template, so that a run that was interrupted goes on with what is
left, and nobody is restarted twice for one change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from goldenpath.delivery.consumers import NamespaceView, Need, SecretConsumer, find_consumers, is_behind, need_of, pod_template
from goldenpath.delivery.rollout_status import is_interrupting, rollout_state, why_not_restartable
from goldenpath.model.base import Record, canonical_bytes
from goldenpath.model.cluster import ClusterObject, ObjectRef
from goldenpath.model.instant import from_text

RESTARTED_AT: Final = "kubectl.kubernetes.io/restartedAt"
"""What ``kubectl rollout restart`` sets, and everybody who looks at a workload knows."""

RESTARTED_FOR: Final = "goldenpath.io/restarted-for"
"""The changes that a workload was restarted for: {request id: {version, changed_at}} as JSON."""

RestartAction = Literal["restart", "await", "refused", "none"]
"""``await``: it was restarted for these changes and is not through yet. ``refused``: its version is older, and we do not restart it."""

_WHY_NONE: Final[Mapping[Need, str]] = {
    "none": "its pods started after the change",
    "re-read": "its files are refreshed by themselves; the application has to read them again",
    "next-pull": "the new version counts when an image is pulled next",
    "next-run": "its next run sees the new version",
    "not-running": "it has no pods",
    "never": "the Secret is immutable",
}
_ORDER: Final[tuple[Need, ...]] = ("re-read", "next-pull", "next-run", "none", "not-running", "never")


class SecretChange(Record, frozen=True, kw_only=True, order=True):
    """One Secret as it is in the cluster, since its data changed last at ``changed_at``. ``version_id`` is the store's current version.

    ``is_late``: the store's version is newer than what the Secret can hold, so a restart would bring the old one again.
    """

    request_id: str
    namespace: str
    secret: str
    version_id: str = ""
    changed_at: str = ""
    is_late: bool = False
    is_immutable: bool = False


class PlannedRestart(Record, frozen=True, kw_only=True):
    """One workload that uses some of the Secrets. ``changes`` are those that it has not seen, or all that it uses where it needs nothing.

    ``pods`` and ``behind`` count its running pods, and those among them with an older version.
    """

    workload: ObjectRef
    action: RestartAction
    reason: str
    changes: tuple[SecretChange, ...]
    pods: int
    behind: int
    oldest_start: str = ""
    is_interrupting: bool = False

    @property
    def request_ids(self) -> tuple[str, ...]:
        """The requests that it is about."""
        return tuple(sorted({change.request_id for change in self.changes}))


def plan_restarts(view: NamespaceView, changes: Sequence[SecretChange]) -> tuple[PlannedRestart, ...]:
    """Return one row for each workload of a namespace that uses one of its changed Secrets, sorted by workload."""
    used: dict[ObjectRef, list[tuple[SecretChange, SecretConsumer]]] = {}
    for change in sorted(changes):
        for consumer in find_consumers(view, change.secret):
            used.setdefault(consumer.workload, []).append((change, consumer))
    objects = {found.ref: found for found in view.workloads}
    return tuple(_planned(ref, objects.get(ref), used[ref]) for ref in sorted(used))


def restart_patch(found: ClusterObject, changes: Sequence[SecretChange], *, at: str) -> dict[str, Any]:
    """Return the merge patch that restarts a workload for ``changes``; what it was restarted for before stays on it."""
    marks = restarted_for(found) | {change.request_id: _mark(change) for change in changes}
    annotations = {RESTARTED_AT: at, RESTARTED_FOR: canonical_bytes(marks).decode("ascii")}
    return {"spec": {"template": {"metadata": {"annotations": annotations}}}}


def is_restarted_for(found: ClusterObject, changes: Sequence[SecretChange]) -> bool:
    """Say whether the workload's template carries that it was restarted for every one of ``changes``."""
    marks = restarted_for(found)
    return all(change.changed_at and marks.get(change.request_id) == _mark(change) for change in changes)


def restarted_for(found: ClusterObject) -> dict[str, Any]:
    """Return what a workload's template says that it was restarted for; nothing where that cannot be read."""
    meta = pod_template(found).get("metadata")
    annotations = meta.get("annotations") if isinstance(meta, dict) else None
    text = annotations.get(RESTARTED_FOR) if isinstance(annotations, dict) else None
    try:
        return msgspec.json.decode(text, type=dict[str, Any]) if isinstance(text, str) else {}
    except msgspec.DecodeError:
        return {}


def _mark(change: SecretChange) -> dict[str, str]:
    return {"version": change.version_id, "changed_at": change.changed_at}


def _planned(ref: ObjectRef, found: ClusterObject | None, used: Sequence[tuple[SecretChange, SecretConsumer]]) -> PlannedRestart:
    needs = [need_of(consumer, change.changed_at, is_immutable=change.is_immutable) for change, consumer in used]
    unseen = tuple(change for (change, _consumer), need in zip(used, needs, strict=True) if need == "restart")
    live = {pod.name: pod for _change, consumer in used for pod in consumer.pods if not pod.is_ending}
    behind = {pod.name for change, consumer in used for pod in consumer.pods if not pod.is_ending and is_behind(pod, change.changed_at)}
    action, reason = _decided(ref, found, unseen) if unseen else ("none", _WHY_NONE[min(needs, key=_ORDER.index)])
    return PlannedRestart(
        workload=ref,
        action=action,
        reason=reason,
        changes=unseen or tuple(change for change, _consumer in used),
        pods=len(live),
        behind=len(behind) if unseen else 0,
        oldest_start=min((pod.started_at for pod in live.values() if pod.started_at), default="", key=from_text),
        is_interrupting=found is not None and is_interrupting(found),
    )


def _decided(ref: ObjectRef, found: ClusterObject | None, unseen: Sequence[SecretChange]) -> tuple[RestartAction, str]:
    refusal = why_not_restartable(ref.kind, found)
    if refusal or found is None:
        return "refused", refusal
    names = ", ".join(change.request_id for change in unseen)
    is_restarted, state = is_restarted_for(found, unseen), rollout_state(found)
    if is_restarted and state.progress != "done":
        return "await", f"it was restarted for {names}: {state.text}"
    late = [change.request_id for change in unseen if change.is_late]
    if late:
        return "refused", f"its Secret does not hold the newest version yet: goldenpath sync {' '.join(late)}"
    if is_restarted:
        return "none", f"it was restarted for this change of {names}"
    return "restart", f"its pods started before {names} changed"
