"""Each workload once, only what has not seen the change, and never what would not help."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.unit.delivery.pods import (
    NAMESPACE,
    cron_job_with_pods,
    deployment_with_pods,
    env_spec,
    owned_by,
    pod,
    volume_spec,
    workload,
)

from goldenpath.delivery.consumers import NamespaceView
from goldenpath.delivery.restart_plan import (
    RESTARTED_AT,
    RESTARTED_FOR,
    PlannedRestart,
    SecretChange,
    is_restarted_for,
    plan_restarts,
    restart_patch,
)
from goldenpath.delivery.rollout_status import rollout_state
from goldenpath.model.cluster import DAEMON_SET, DEPLOYMENT, POD, REPLICA_SET, STATEFUL_SET, ClusterObject, Kind

BEFORE, AFTER = "2026-01-15T11:00:00Z", "2026-01-15T13:00:00Z"
DB = SecretChange(request_id="SEC-0007", namespace=NAMESPACE, secret="db", version_id="v2", changed_at="2026-01-15T12:00:00Z")
API = SecretChange(request_id="SEC-0009", namespace=NAMESPACE, secret="api", version_id="v5", changed_at="2026-01-15T12:30:00Z")


def plan(*objects: ClusterObject, changes: tuple[SecretChange, ...] = (DB,)) -> dict[str, PlannedRestart]:
    view = NamespaceView(
        workloads=tuple(found for found in objects if found.kind is not POD), pods=tuple(found for found in objects if found.kind is POD)
    )
    return {f"{row.workload.kind} {row.workload.name}": row for row in plan_restarts(view, changes)}


def only(*objects: ClusterObject, changes: tuple[SecretChange, ...] = (DB,)) -> PlannedRestart:
    (row,) = plan(*objects, changes=changes).values()
    return row


def of_kind(kind: Kind, **spec: Any) -> tuple[ClusterObject, ClusterObject]:
    found = workload(kind, "x", env_spec("db"), **spec)
    return found, pod("x-0", env_spec("db"), owner=found, started_at=BEFORE)


def marked(found: ClusterObject, *changes: SecretChange, **status: Any) -> ClusterObject:
    """The workload after a restart for these changes."""
    annotations = restart_patch(found, changes, at=AFTER)["spec"]["template"]["metadata"]["annotations"]
    template = {**found.spec["template"], "metadata": {"annotations": annotations}}
    return msgspec.structs.replace(found, body={"spec": {**found.spec, "template": template}, "status": status})


def both_spec() -> dict[str, Any]:
    spec = env_spec("db")
    spec["containers"][0]["envFrom"] = [{"secretRef": {"name": "api"}}]
    return spec


def test_one_restart_serves_every_secret_that_changed() -> None:
    row = only(*deployment_with_pods("shop", both_spec(), starts=(BEFORE, BEFORE)), changes=(API, DB))
    assert (row.action, row.request_ids, row.behind, row.pods) == ("restart", ("SEC-0007", "SEC-0009"), 2, 2)
    between = only(*deployment_with_pods("shop", both_spec(), starts=("2026-01-15T12:10:00Z",)), changes=(API, DB))
    assert (between.action, between.request_ids) == ("restart", ("SEC-0009",))


def test_whoever_started_after_the_change_is_left_alone() -> None:
    rows = plan(
        *deployment_with_pods("old", env_spec("db"), starts=(AFTER, BEFORE)),
        *deployment_with_pods("new", env_spec("db"), starts=(AFTER,)),
        *deployment_with_pods("files", volume_spec("db"), starts=(BEFORE,)),
        *deployment_with_pods("other", env_spec("elsewhere"), starts=(BEFORE,)),
        workload(DEPLOYMENT, "empty", env_spec("db")),
    )
    assert {name: (row.action, row.reason) for name, row in rows.items()} == {
        "Deployment old": ("restart", "its pods started before SEC-0007 changed"),
        "Deployment new": ("none", "its pods started after the change"),
        "Deployment files": ("none", "its files are refreshed by themselves; the application has to read them again"),
        "Deployment empty": ("none", "it has no pods"),
    }


@pytest.mark.parametrize(
    ("objects", "word"),
    [
        ((pod("bare", env_spec("db"), started_at=BEFORE),), "a pod that nobody owns"),
        (cron_job_with_pods("report", env_spec("db")), "a Job of it is still running"),
        (cron_job_with_pods("report", env_spec("db"))[1:], "CronJob"),
        (of_kind(REPLICA_SET), "a ReplicaSet without a Deployment"),
        (of_kind(DEPLOYMENT, paused=True), "it is paused"),
        (of_kind(STATEFUL_SET, updateStrategy={"type": "OnDelete"}), "OnDelete"),
        (of_kind(DAEMON_SET, updateStrategy={"type": "OnDelete"}), "OnDelete"),
        (of_kind(STATEFUL_SET, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}), "by partition"),
        ((pod("x", env_spec("db"), owner=workload(DEPLOYMENT, "gone", {})),), "not in the cluster any more"),
        (
            (pod("x", env_spec("db"), owner=workload(Kind(name="Rollout", plural="rollouts", version="v1"), "r", {})),),
            "Rollout is not a kind",
        ),
    ],
)
def test_what_we_do_not_restart_is_named_with_the_reason(objects: tuple[ClusterObject, ...], word: str) -> None:
    row = only(*objects)
    assert row.action == "refused"
    assert word in row.reason or word in row.workload.kind


@pytest.mark.parametrize("kind", [DEPLOYMENT, STATEFUL_SET, DAEMON_SET])
def test_every_kind_with_a_rollout_is_restarted(kind: Kind) -> None:
    assert only(*of_kind(kind)).action == "restart"


def test_a_restart_that_would_bring_the_old_version_is_refused() -> None:
    late = msgspec.structs.replace(DB, is_late=True)
    row = only(*of_kind(DEPLOYMENT), changes=(late,))
    assert (row.action, row.reason) == ("refused", "its Secret does not hold the newest version yet: goldenpath sync SEC-0007")


def test_an_immutable_secret_restarts_nobody() -> None:
    assert only(*of_kind(DEPLOYMENT), changes=(msgspec.structs.replace(DB, is_immutable=True),)).action == "none"


def test_a_second_run_goes_on_with_what_the_first_began() -> None:
    found, old = of_kind(DEPLOYMENT)
    progressing = marked(found, DB, observedGeneration=0)
    row = only(progressing, old)
    assert (row.action, row.reason) == ("await", "it was restarted for SEC-0007: its controller has not seen the change yet")
    done = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    assert only(marked(found, DB, **done), old).action == "none"
    newer = msgspec.structs.replace(DB, changed_at="2026-01-16T12:00:00Z", version_id="v3")
    assert only(marked(found, DB, **done), old, changes=(newer,)).action == "restart"


def test_the_patch_says_what_for_and_keeps_what_was_said_before() -> None:
    found = marked(workload(DEPLOYMENT, "x", env_spec("db")), API)
    patch = restart_patch(found, (DB,), at=AFTER)
    annotations = patch["spec"]["template"]["metadata"]["annotations"]
    assert set(annotations) == {RESTARTED_AT, RESTARTED_FOR}
    assert annotations[RESTARTED_AT] == AFTER
    assert msgspec.json.decode(annotations[RESTARTED_FOR]) == {
        "SEC-0007": {"version": "v2", "changed_at": DB.changed_at},
        "SEC-0009": {"version": "v5", "changed_at": API.changed_at},
    }


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"SEC-0007": 3}', '{"SEC-0007": {"version": "v2"}}', None, 7])
def test_a_mark_that_cannot_be_read_is_no_mark(text: Any) -> None:
    found = workload(DEPLOYMENT, "x", env_spec("db"))
    found.spec["template"]["metadata"] = {"annotations": {RESTARTED_FOR: text}}
    assert not is_restarted_for(found, (DB,))
    unknown = msgspec.structs.replace(DB, changed_at="")
    assert not is_restarted_for(marked(found, unknown), (unknown,))


def test_one_that_stops_all_its_pods_first_is_marked_as_such() -> None:
    assert only(*of_kind(DEPLOYMENT, strategy={"type": "Recreate"})).is_interrupting
    assert not only(*of_kind(DEPLOYMENT)).is_interrupting


GOOD = {"observedGeneration": 1, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3}
DAEMON = {"observedGeneration": 1, "desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 3}
REVISED = {**GOOD, "currentRevision": "b", "updateRevision": "b"}


@pytest.mark.parametrize(
    ("kind", "status", "progress"),
    [
        (DEPLOYMENT, {}, "waiting"),
        (DEPLOYMENT, GOOD, "done"),
        (DEPLOYMENT, {**GOOD, "observedGeneration": 0}, "waiting"),
        (DEPLOYMENT, {**GOOD, "updatedReplicas": 2}, "waiting"),
        (DEPLOYMENT, {**GOOD, "replicas": 4}, "waiting"),
        (DEPLOYMENT, {**GOOD, "availableReplicas": 2}, "waiting"),
        (DEPLOYMENT, {**GOOD, "conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]}, "failed"),
        (DEPLOYMENT, {**GOOD, "observedGeneration": 0, "conditions": [{"reason": "ProgressDeadlineExceeded"}]}, "waiting"),
        (STATEFUL_SET, REVISED, "done"),
        (STATEFUL_SET, {**REVISED, "currentRevision": "a"}, "waiting"),
        (STATEFUL_SET, {**REVISED, "readyReplicas": 2}, "waiting"),
        (STATEFUL_SET, {**REVISED, "availableReplicas": 2}, "waiting"),
        (STATEFUL_SET, {}, "waiting"),
        (DAEMON_SET, DAEMON, "done"),
        (DAEMON_SET, {**DAEMON, "updatedNumberScheduled": 2}, "waiting"),
        (DAEMON_SET, {**DAEMON, "numberAvailable": 2}, "waiting"),
        (DAEMON_SET, {"observedGeneration": 1, "desiredNumberScheduled": 0}, "done"),
        (DAEMON_SET, {}, "waiting"),
    ],
)
def test_a_rollout_is_done_when_kubectl_says_so(kind: Kind, status: dict[str, Any], progress: str) -> None:
    found = workload(kind, "x", {}, replicas=3)
    state = rollout_state(msgspec.structs.replace(found, body={**found.body, "status": status}))
    assert state.progress == progress
    assert bool(state.text) == (progress != "done")


def test_owners_are_followed_through_the_replica_set() -> None:
    deployment = workload(DEPLOYMENT, "x", env_spec("db"))
    replica_set = workload(REPLICA_SET, "x-1", env_spec("db"), owner=deployment)
    assert owned_by(deployment)[0].uid == deployment.meta.uid
    assert only(deployment, replica_set, pod("x-1-0", env_spec("db"), owner=replica_set)).workload == deployment.ref
