"""Whether a workload can be restarted, and how far a restart is: what ``kubectl rollout`` says, as values. Pure.

The conditions are those of kubectl v1.35 (``pkg/polymorphichelpers/rollout_status.go``); for StatefulSets the revision counts as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from goldenpath.model.base import Record
from goldenpath.model.cluster import CRON_JOB, DAEMON_SET, DEPLOYMENT, JOB, POD, REPLICA_SET, STATEFUL_SET, ClusterObject, Kind

RESTARTABLE: Final[Mapping[str, Kind]] = {kind.name: kind for kind in (DAEMON_SET, DEPLOYMENT, STATEFUL_SET)}
"""Kinds whose controller replaces pods when the template changes."""

_NOT_BY_US: Final = {
    POD.name: "a pod that nobody owns cannot be restarted: delete it and make it again",
    JOB.name: "a Job is not restarted: its pods keep the old version until they end",
    CRON_JOB.name: "a Job of it is still running with the old version; the next run sees the new one",
    REPLICA_SET.name: "a ReplicaSet without a Deployment does not replace its pods: delete them",
}

RolloutProgress = Literal["done", "waiting", "failed"]


class RolloutState(Record, frozen=True, kw_only=True):
    """How far a rollout is; ``text`` says what is waited for, or why it failed."""

    progress: RolloutProgress
    text: str = ""


def why_not_restartable(kind: str, found: ClusterObject | None) -> str:
    """Return in words why a workload is not restarted by us; empty when it can be."""
    if kind not in RESTARTABLE:
        return _NOT_BY_US.get(kind, f"{kind} is not a kind that is restarted by its pod template: ask its own controller")
    if found is None:
        return "it is not in the cluster any more"
    return next(_obstacles(found), "")


def _obstacles(found: ClusterObject) -> Iterator[str]:
    kind, strategy = found.kind.name, _tree(found.spec, "updateStrategy")
    if found.meta.deleted_at:
        yield f"it is being deleted since {found.meta.deleted_at}"
    if kind == DEPLOYMENT.name and found.spec.get("paused") is True:
        yield "it is paused: a restart would take effect when somebody resumes it"
    if kind != DEPLOYMENT.name and strategy.get("type") == "OnDelete":
        yield "its update strategy is OnDelete: pods are replaced only when somebody deletes them"
    if kind == STATEFUL_SET.name and _number(_tree(strategy, "rollingUpdate"), "partition", 0) > 0:
        yield "it is rolled out by partition: pods below it would keep the old version"


def is_interrupting(found: ClusterObject) -> bool:
    """Say whether a restart stops every pod before it starts new ones."""
    return found.kind.name == DEPLOYMENT.name and _tree(found.spec, "strategy").get("type") == "Recreate"


def rollout_state(found: ClusterObject) -> RolloutState:
    """Return how far the rollout of a restartable workload is, by what its controller reported last."""
    if _number(found.status, "observedGeneration", 0) < found.meta.generation:
        return RolloutState(progress="waiting", text="its controller has not seen the change yet")
    return _STATES[found.kind.name](found)


def _deployment(found: ClusterObject) -> RolloutState:
    status, wanted = found.status, _number(found.spec, "replicas", 1)
    for condition in status.get("conditions") or []:
        if isinstance(condition, dict) and condition.get("reason") == "ProgressDeadlineExceeded":
            return RolloutState(progress="failed", text="it made no progress within its progressDeadlineSeconds")
    updated, available = _number(status, "updatedReplicas", 0), _number(status, "availableReplicas", 0)
    if updated < wanted:
        return RolloutState(progress="waiting", text=f"{updated} of {wanted} pods are new")
    if _number(status, "replicas", 0) > updated:
        return RolloutState(progress="waiting", text=f"{_number(status, 'replicas', 0) - updated} old pods are still there")
    if available < updated:
        return RolloutState(progress="waiting", text=f"{available} of {updated} new pods are available")
    return RolloutState(progress="done")


def _stateful_set(found: ClusterObject) -> RolloutState:
    status, wanted = found.status, _number(found.spec, "replicas", 1)
    updated, ready = _number(status, "updatedReplicas", 0), _number(status, "readyReplicas", 0)
    if wanted == 0:
        return RolloutState(progress="done")
    if status.get("updateRevision") != status.get("currentRevision"):
        return RolloutState(progress="waiting", text=f"{updated} of {wanted} pods are new")
    available = _number(status, "availableReplicas", ready)
    if ready < wanted or available < wanted:
        return RolloutState(progress="waiting", text=f"{min(ready, available)} of {wanted} pods are available")
    return RolloutState(progress="done")


def _daemon_set(found: ClusterObject) -> RolloutState:
    status = found.status
    wanted, updated = _number(status, "desiredNumberScheduled", 0), _number(status, "updatedNumberScheduled", 0)
    if updated < wanted:
        return RolloutState(progress="waiting", text=f"{updated} of {wanted} pods are new")
    available = _number(status, "numberAvailable", 0)
    if available < wanted:
        return RolloutState(progress="waiting", text=f"{available} of {wanted} pods are available")
    return RolloutState(progress="done")


_STATES: Final = {DEPLOYMENT.name: _deployment, STATEFUL_SET.name: _stateful_set, DAEMON_SET.name: _daemon_set}


def _tree(tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = tree.get(name)
    return found if isinstance(found, dict) else {}


def _number(tree: Mapping[str, Any], name: str, default: int) -> int:
    found = tree.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else default
