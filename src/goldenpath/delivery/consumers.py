"""Which workloads use a Secret, and whether their pods saw its newest version. Pure: objects in, facts out.

The workload behind a pod is found by its owner references and their uids, so a pod counts for the Deployment that made it and never for
another one of the same name. What is not known is never taken for good: a pod that cannot be shown to have read the new version has not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from goldenpath.delivery.secret_uses import SecretUse, account_uses, secret_uses
from goldenpath.model.base import Record
from goldenpath.model.cluster import (
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    JOB,
    REPLICA_SET,
    STATEFUL_SET,
    ClusterObject,
    ObjectMeta,
    ObjectRef,
)
from goldenpath.model.instant import from_text

READ_LEEWAY: Final = timedelta(seconds=5)
"""A container that started less than this after a change may have been given what the kubelet knew before it."""

_ENDED: Final = frozenset({"Succeeded", "Failed"})
_WHOLE: Final = frozenset({DEPLOYMENT.name, STATEFUL_SET.name, DAEMON_SET.name, CRON_JOB.name})
_MOST_OWNERS: Final = 8
"""Longest chain of owners that is followed; references by uid can be written in a circle."""

Need = Literal["restart", "re-read", "next-pull", "next-run", "none", "never", "not-running"]
"""What it takes until every pod sees the newest version. ``re-read``: the files are refreshed, and the application has to look again."""


class PodReading(Record, frozen=True, kw_only=True, order=True):
    """One pod and when it took the Secret. Times are RFC 3339 UTC.

    ``started_at`` is empty before it starts. ``read_at`` is the oldest moment at which something in it took the Secret that takes it only
    once; empty when nothing did: it has only files that are refreshed, or it has not started.
    """

    name: str
    started_at: str = ""
    read_at: str = ""
    is_ending: bool = False


class SecretConsumer(Record, frozen=True, kw_only=True, order=True):
    """One workload that uses a Secret; a pod that nobody owns is its own. ``pods`` are those that run or will."""

    workload: ObjectRef
    uses: tuple[SecretUse, ...]
    pods: tuple[PodReading, ...] = ()

    @property
    def takes_it_once(self) -> bool:
        """True when some use sees a new version only after a restart."""
        return any(use.effect == "at-restart" for use in self.uses)

    @property
    def oldest_start(self) -> str:
        """When the oldest of its pods started; empty when none did."""
        return min((pod.started_at for pod in self.pods if pod.started_at), default="", key=from_text)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceView:
    """What was seen of one namespace: workloads of every kind that makes pods, pods, service accounts."""

    workloads: tuple[ClusterObject, ...]
    pods: tuple[ClusterObject, ...]
    accounts: tuple[ClusterObject, ...] = ()


def find_consumers(view: NamespaceView, secret: str) -> tuple[SecretConsumer, ...]:
    """Return who uses the Secret of this name in the namespace, sorted by workload.

    A workload counts by its template, also without pods, and by any of its pods, also when its template no longer names the Secret.
    """
    index = {found.meta.uid: found for found in view.workloads if found.meta.uid}
    accounts = {account.meta.name: account for account in view.accounts}
    uses: dict[ObjectRef, set[SecretUse]] = {}
    pods: dict[ObjectRef, list[PodReading]] = {}
    for found in view.workloads:
        mine = _of(secret, _template_uses(found, accounts))
        if mine and _is_desired(found, index):
            uses.setdefault(_root(found, index), set()).update(mine)
    for pod in view.pods:
        mine = _of(secret, secret_uses(pod.spec))
        if mine and pod.status.get("phase") not in _ENDED:
            root = _root(pod, index)
            uses.setdefault(root, set()).update(mine)
            pods.setdefault(root, []).append(_reading(pod, mine))
    return tuple(
        SecretConsumer(workload=root, uses=tuple(sorted(uses[root])), pods=tuple(sorted(pods.get(root, ())))) for root in sorted(uses)
    )


def data_changed_at(secret: ObjectMeta) -> str:
    """Return when a Secret's data last changed, by the API server's clock; when it was made, where the server does not say.

    Never too early: whoever set data last may have changed a label since.
    """
    times = [writer.at for writer in secret.writers if writer.data_keys is not None and writer.at]
    return max(times, key=from_text) if times else secret.created_at


def is_behind(pod: PodReading, changed_at: str) -> bool:
    """Say whether a pod holds an older version than the one since ``changed_at``; empty: nobody knows since when, so every reader is."""
    return bool(pod.read_at) and not _is_after(pod.read_at, changed_at)


def need_of(consumer: SecretConsumer, changed_at: str, *, is_immutable: bool = False) -> Need:
    """Return what it takes until the consumer sees what the Secret holds since ``changed_at``.

    ``is_immutable``: the Secret cannot change, so there is no newer version to see.
    """
    if is_immutable:
        return "never"
    live = [pod for pod in consumer.pods if not pod.is_ending]
    if any(is_behind(pod, changed_at) for pod in live):
        return "restart"
    if not live:
        return "next-run" if consumer.workload.kind in {CRON_JOB.name, JOB.name} else "not-running"
    effects = {use.effect for use in consumer.uses}
    is_older = any(pod.started_at and not _is_after(pod.started_at, changed_at) for pod in live)
    if is_older and "in-place" in effects:
        return "re-read"
    return "next-pull" if is_older and effects == {"at-next-pull"} else "none"


def all_started_after(consumers: Iterable[SecretConsumer], moment: str) -> bool:
    """Say whether no pod runs that started before ``moment``, one that is ending included: nobody can still use what was there before."""
    return all(pod.started_at and _is_after(pod.started_at, moment) for consumer in consumers for pod in consumer.pods)


def _is_after(text: str, moment: str) -> bool:
    return bool(moment) and from_text(text) > from_text(moment) + READ_LEEWAY


def _of(secret: str, uses: Iterable[SecretUse]) -> tuple[SecretUse, ...]:
    return tuple(use for use in uses if use.secret == secret)


def _template_uses(found: ClusterObject, accounts: Mapping[str, ClusterObject]) -> tuple[SecretUse, ...]:
    spec = pod_template(found).get("spec")
    if not isinstance(spec, dict):
        return ()
    uses = secret_uses(spec)
    if spec.get("imagePullSecrets"):
        return uses
    name = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
    account = accounts.get(name)
    return uses if account is None else (*uses, *account_uses(account.body, account.meta.name))


def pod_template(found: ClusterObject) -> Mapping[str, Any]:
    """Return the pod template of a workload; empty where the kind has none. A CronJob's is inside that of its Jobs."""
    spec: Any = found.spec
    if found.kind.name == CRON_JOB.name:
        job = spec.get("jobTemplate")
        spec = job.get("spec") if isinstance(job, dict) else {}
    template = spec.get("template") if isinstance(spec, dict) else {}
    return template if isinstance(template, dict) else {}


def _is_desired(found: ClusterObject, index: Mapping[str, ClusterObject]) -> bool:
    """Say whether new pods come from a template: from a Deployment's, not from its older ReplicaSets', nor from a Job's that ended."""
    if found.kind.name == JOB.name and _has_ended(found):
        return False
    return found.kind.name not in {REPLICA_SET.name, JOB.name} or _root(found, index) == found.ref


def _has_ended(job: ClusterObject) -> bool:
    conditions = job.status.get("conditions")
    ended = {"Complete", "Failed"}
    return isinstance(conditions, list) and any(
        isinstance(each, dict) and each.get("type") in ended and each.get("status") == "True" for each in conditions
    )


def _root(found: ClusterObject, index: Mapping[str, ClusterObject]) -> ObjectRef:
    """Return the workload behind an object: the last owner that was seen, or, where pods have one that was not, what its reference says.

    Whatever owns a Deployment in turn (an operator's own kind) is not what its pods are restarted by.
    """
    current = found
    for _ in range(_MOST_OWNERS):
        owner = current.meta.controller
        above = index.get(owner.uid) if owner is not None else None
        if owner is None or (above is None and current.kind.name in _WHOLE):
            return current.ref
        if above is None or above.meta.namespace != current.meta.namespace:
            return ObjectRef(kind=owner.kind, namespace=current.meta.namespace, name=owner.name)
        current = above
    return current.ref


def _reading(pod: ClusterObject, uses: Sequence[SecretUse]) -> PodReading:
    status = pod.status
    started = status.get("startTime")
    started_at = started if isinstance(started, str) else ""
    taken = [_taken_at(pod, use, started_at) for use in uses if use.effect == "at-restart"] if started_at else []
    return PodReading(
        name=pod.meta.name,
        started_at=started_at,
        read_at=min((moment for moment in taken if moment), default="", key=from_text),
        is_ending=bool(pod.meta.deleted_at),
    )


_STATUSES: Final = {
    "app": "containerStatuses",
    "sidecar": "initContainerStatuses",
    "init": "initContainerStatuses",
    "ephemeral": "ephemeralContainerStatuses",
}


def _taken_at(pod: ClusterObject, use: SecretUse, started_at: str) -> str:
    """Return when a use took the Secret; empty when it has not, or will do so again before it runs.

    A container makes its variables whenever it starts. Mounts live as long as the pod.
    """
    if use.way not in {"env", "env-from"}:
        return started_at
    state = _state_of(pod, _STATUSES[use.role], use.container)
    if state is None:
        # no kubelet said anything about the container: the pod's own start is the earliest that it can be
        return started_at
    shown = state.get("running") or (state.get("terminated") if use.role == "init" else None)
    moment = shown.get("startedAt") if isinstance(shown, dict) else None
    return moment if isinstance(moment, str) else ""


def _state_of(pod: ClusterObject, field: str, container: str) -> Mapping[str, Any] | None:
    for status in _dicts(pod.status.get(field)):
        if status.get("name") == container:
            state = status.get("state")
            return state if isinstance(state, dict) else {}
    return None


def _dicts(found: object) -> Iterator[Mapping[str, Any]]:
    return (each for each in found if isinstance(each, dict)) if isinstance(found, list) else iter(())
