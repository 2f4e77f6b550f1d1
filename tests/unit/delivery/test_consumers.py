"""Which workload a pod counts for, and whether its pods saw the newest version."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.delivery.pods import (
    NAMESPACE,
    PLANTERS,
    cron_job_with_pods,
    deployment_with_pods,
    env_spec,
    owned_by,
    pod,
    volume_spec,
    workload,
)

from goldenpath.delivery.consumers import (
    NamespaceView,
    SecretConsumer,
    all_started_after,
    data_changed_at,
    find_consumers,
    need_of,
)
from goldenpath.model.cluster import (
    DAEMON_SET,
    DEPLOYMENT,
    JOB,
    POD,
    REPLICA_SET,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
    ClusterObject,
    FieldWriter,
    Kind,
    ObjectMeta,
    Owner,
)

SECRET = "payments-db-creds"
CHANGED = "2026-01-15T12:00:00Z"
BEFORE, AFTER = "2026-01-15T11:00:00Z", "2026-01-15T13:00:00Z"
ROLLOUT = Kind(name="Rollout", plural="rollouts", version="v1alpha1", group="argoproj.io")


def view(*objects: ClusterObject) -> NamespaceView:
    return NamespaceView(
        workloads=tuple(found for found in objects if found.kind not in {POD, SERVICE_ACCOUNT}),
        pods=tuple(found for found in objects if found.kind is POD),
        accounts=tuple(found for found in objects if found.kind is SERVICE_ACCOUNT),
    )


def only(*objects: ClusterObject) -> SecretConsumer:
    (found,) = find_consumers(view(*objects), SECRET)
    return found


def running(container: str, started_at: str, field: str = "containerStatuses") -> dict[str, Any]:
    return {field: [{"name": container, "state": {"running": {"startedAt": started_at}}}]}


def test_a_pod_counts_for_the_deployment_behind_its_replica_set() -> None:
    found = only(*deployment_with_pods("api", env_spec(SECRET), starts=(AFTER, BEFORE)))
    assert str(found.workload) == f"Deployment {NAMESPACE}/api"
    assert [each.name for each in found.pods] == ["api-1-0", "api-1-1"]
    assert found.oldest_start == BEFORE


def test_older_replica_sets_do_not_speak_for_their_deployment() -> None:
    deployment = workload(DEPLOYMENT, "api", env_spec("another"))
    older = workload(REPLICA_SET, "api-0", env_spec(SECRET), owner=deployment)
    assert find_consumers(view(deployment, older), SECRET) == ()
    last = pod("api-0-x", env_spec(SECRET), owner=older)
    assert str(only(deployment, older, last).workload) == f"Deployment {NAMESPACE}/api"


def test_a_pod_of_a_deleted_namesake_does_not_count_for_its_successor() -> None:
    api = workload(DEPLOYMENT, "api", {"containers": []})
    stale = (Owner(api_version="apps/v1", kind="StatefulSet", name="api", uid="another-uid", is_controller=True),)
    lost = ClusterObject(kind=POD, meta=ObjectMeta(name="api-0", namespace=NAMESPACE, owners=stale), body={"spec": env_spec(SECRET)})
    assert str(only(api, lost).workload) == f"StatefulSet {NAMESPACE}/api"


def test_a_job_counts_for_its_cron_job() -> None:
    found = only(*cron_job_with_pods("report", env_spec(SECRET)))
    assert str(found.workload) == f"CronJob {NAMESPACE}/report"
    assert need_of(found, CHANGED) == "restart"
    assert need_of(only(cron_job_with_pods("report", env_spec(SECRET))[0]), CHANGED) == "next-run"


def test_a_job_that_ended_uses_nothing_any_more() -> None:
    job = workload(JOB, "migrate", env_spec(SECRET))
    ended = ClusterObject(kind=JOB, meta=job.meta, body={**job.body, "status": {"conditions": [{"type": "Complete", "status": "True"}]}})
    left = pod("migrate-x", env_spec(SECRET), owner=ended, phase="Succeeded")
    assert find_consumers(view(ended, left), SECRET) == ()
    assert str(only(job).workload) == f"Job {NAMESPACE}/migrate"


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ((ROLLOUT, REPLICA_SET), "Rollout"),
        ((REPLICA_SET,), "ReplicaSet"),
        ((STATEFUL_SET,), "StatefulSet"),
        ((DAEMON_SET,), "DaemonSet"),
        ((Kind(name="Prometheus", plural="prometheuses", version="v1", group="monitoring.coreos.com"), STATEFUL_SET), "StatefulSet"),
        ((), "Pod"),
    ],
)
def test_the_workload_is_what_restarts_the_pods(chain: tuple[Kind, ...], expected: str) -> None:
    owners: list[ClusterObject] = []
    for kind in chain:
        owners.append(workload(kind, "x", env_spec(SECRET), owner=owners[-1] if owners else None))
    seen = [owner for owner in owners if owner.kind.group in {"apps", "batch"}]
    assert only(*seen, pod("x", env_spec(SECRET), owner=owners[-1] if owners else None)).workload.kind == expected


def test_owners_in_a_circle_end() -> None:
    one, two = workload(REPLICA_SET, "one", env_spec(SECRET)), workload(REPLICA_SET, "two", env_spec(SECRET))
    circle = [
        ClusterObject(kind=REPLICA_SET, meta=ObjectMeta(name=me.meta.name, namespace=NAMESPACE, uid=me.meta.uid, owners=owned_by(other)))
        for me, other in ((one, two), (two, one))
    ]
    assert only(*circle, pod("x", env_spec(SECRET), owner=circle[0])).pods[0].name == "x"


def test_a_service_account_pulls_for_templates_that_name_nothing() -> None:
    account = ClusterObject(
        kind=SERVICE_ACCOUNT, meta=ObjectMeta(name="runner", namespace=NAMESPACE), body={"imagePullSecrets": [{"name": SECRET}]}
    )
    plain = workload(DEPLOYMENT, "api", {"serviceAccountName": "runner", "containers": []})
    named = workload(DEPLOYMENT, "web", {"serviceAccountName": "runner", "imagePullSecrets": [{"name": "another"}], "containers": []})
    other = workload(DEPLOYMENT, "job", {"containers": []})
    found = only(plain, named, other, account)
    assert found.workload.name == "api"
    assert need_of(found, CHANGED) == "not-running"


@pytest.mark.parametrize(
    ("spec", "start", "status", "need"),
    [
        (env_spec(SECRET), BEFORE, {}, "restart"),
        (env_spec(SECRET), AFTER, {}, "none"),
        (env_spec(SECRET), "2026-01-15T12:00:04Z", {}, "restart"),
        (env_spec(SECRET), "2026-01-15T12:00:06Z", {}, "none"),
        (env_spec(SECRET), BEFORE, running("app", BEFORE), "restart"),
        (env_spec(SECRET), BEFORE, running("app", AFTER), "none"),
        (env_spec(SECRET), BEFORE, running("another", AFTER), "restart"),
        (env_spec(SECRET), BEFORE, {"containerStatuses": [{"name": "app", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}, "none"),
        (env_spec(SECRET), "", {}, "none"),
        (volume_spec(SECRET), BEFORE, {}, "re-read"),
        (volume_spec(SECRET), AFTER, {}, "none"),
        ({"imagePullSecrets": [{"name": SECRET}]}, BEFORE, {}, "next-pull"),
        ({"imagePullSecrets": [{"name": SECRET}]}, AFTER, {}, "none"),
    ],
)
def test_what_a_pod_needs_follows_from_when_it_took_the_secret(spec: dict[str, Any], start: str, status: dict[str, Any], need: str) -> None:
    assert need_of(only(pod("x", spec, started_at=start, **status)), CHANGED) == need


def test_an_init_container_took_it_when_it_ran() -> None:
    spec = {"initContainers": env_spec(SECRET)["containers"], "containers": [{"name": "main"}]}
    ran: dict[str, Any] = {"initContainerStatuses": [{"name": "app", "state": {"terminated": {"startedAt": BEFORE}}}]}
    assert need_of(only(pod("x", spec, started_at=BEFORE, **ran)), CHANGED) == "restart"
    again: dict[str, Any] = {"initContainerStatuses": [{"name": "app", "state": {"terminated": {"startedAt": AFTER}}}]}
    assert need_of(only(pod("x", spec, started_at=BEFORE, **again)), CHANGED) == "none"


def test_a_mount_of_one_file_stays_as_it_was_when_the_container_starts_again() -> None:
    spec = volume_spec(SECRET)
    spec["containers"][0]["volumeMounts"][0]["subPath"] = "password"
    assert need_of(only(pod("x", spec, started_at=BEFORE, **running("app", AFTER))), CHANGED) == "restart"


def test_an_immutable_secret_has_no_newer_version() -> None:
    assert need_of(only(pod("x", env_spec(SECRET))), CHANGED, is_immutable=True) == "never"


def test_nobody_is_up_to_date_with_a_change_of_unknown_time() -> None:
    assert need_of(only(pod("x", env_spec(SECRET), started_at=AFTER)), "") == "restart"


def test_a_pod_that_is_ending_needs_nothing_and_still_uses_the_old_version() -> None:
    found = only(pod("x", env_spec(SECRET), started_at=BEFORE, deleted_at=AFTER), pod("y", env_spec("another")))
    assert need_of(found, CHANGED) == "not-running"
    assert not all_started_after([found], CHANGED)


@given(
    places=st.lists(st.sampled_from(sorted(PLANTERS)), min_size=1, max_size=4),
    starts=st.lists(st.integers(-3600, 3600), min_size=1, max_size=4),
)
def test_whoever_started_after_the_change_needs_nothing_and_whoever_takes_it_once_and_did_not_needs_a_restart(
    places: list[str], starts: list[int]
) -> None:
    spec: dict[str, Any] = {}
    expected = [PLANTERS[place](spec, SECRET, number) for number, place in enumerate(places)]
    texts = tuple(f"2026-01-15T{12 + at // 3600:02d}:{at % 3600 // 60:02d}:{at % 60:02d}Z" for at in starts)
    found = only(*deployment_with_pods("api", spec, starts=texts))
    if all_started_after([found], CHANGED):
        assert need_of(found, CHANGED) == "none"
    elif any(each.effect == "at-restart" for each in expected):
        assert need_of(found, CHANGED) == "restart"
        assert found.takes_it_once
    else:
        assert need_of(found, CHANGED) in {"re-read", "next-pull"}


def test_the_change_of_a_secret_is_the_last_time_that_somebody_set_its_data() -> None:
    writers = (
        FieldWriter(manager="externalsecrets.external-secrets.io/x", at=BEFORE, fields=("data", "data.password", "metadata.labels")),
        FieldWriter(manager="kubectl-edit", at=CHANGED, fields=("data.password",)),
        FieldWriter(manager="argocd-controller", at=AFTER, fields=("metadata.annotations",)),
    )
    assert data_changed_at(ObjectMeta(name="x", writers=writers, created_at=BEFORE)) == CHANGED
    assert data_changed_at(ObjectMeta(name="x", writers=writers[2:], created_at=BEFORE)) == BEFORE
    applied = FieldWriter(manager="kubectl", at=AFTER, fields=("stringData.password",))
    assert data_changed_at(ObjectMeta(name="x", writers=(*writers, applied), created_at=BEFORE)) == AFTER
