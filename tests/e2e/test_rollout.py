"""``consumers`` and ``rollout`` over a platform with a cluster: what runs with the old version is shown, restarted on request, and on record."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.cluster_fake import FakeCluster
from tests.clusters import written
from tests.e2e.cluster_world import SECRET_REF, ClusterWorld
from tests.e2e.world import Run, World
from tests.standins.workloads import StandInWorkloads, add_workload, template_annotations
from tests.unit.delivery.pods import env_spec, volume_spec

from goldenpath.app.cluster_selection import Selection
from goldenpath.app.rollout import RolloutOrder, plan_rollout, roll_out
from goldenpath.delivery.rollout import RolloutLimits
from goldenpath.errors import Conflict, PolicyBlocked
from goldenpath.model.cluster import DEPLOYMENT, POD, SECRET, ClusterAccess, ClusterObject, ObjectMeta

TARGET = "payments-db-creds"
ORDER = RolloutOrder(selection=Selection(ids=("SEC-0007",)), access=ClusterAccess())
WINDOWS = """\
rollout:
  windows:
    dev:
      - days: [{day}]
        from: "09:00"
        to: "16:00"
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> World:
    return ClusterWorld.seeded(tmp_path_factory.mktemp("base") / "world")


@pytest.fixture
def rig(base: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClusterWorld:
    """The Secret changed just now, after its value was stored; what runs started ten minutes ago."""
    made = ClusterWorld(base.copy(tmp_path / "world"), monkeypatch)
    cluster = made.cluster
    # the cluster's clock of these tests is that of the machine, as far as the two can be
    cluster.clock.advance((datetime.now(UTC) - cluster.clock.now()).total_seconds() - 600)
    cluster.controllers.append(StandInWorkloads())
    add_workload(cluster, "shop", env_spec(TARGET, "password"))
    add_workload(cluster, "files", volume_spec(TARGET))
    workloads(cluster).settle(cluster)
    start = cluster.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    bare = ClusterObject(
        kind=POD,
        meta=ObjectMeta(name="debug", namespace="payments"),
        body={"spec": env_spec(TARGET), "status": {"phase": "Running", "startTime": start}},
    )
    cluster.put(bare)
    cluster.clock.advance(602)  # the API server writes whole seconds: not earlier than the value
    made.deploy()
    made.controller(cluster)
    change_secret(cluster)
    return made


def workloads(cluster: FakeCluster) -> StandInWorkloads:
    return next(each for each in cluster.controllers if isinstance(each, StandInWorkloads))


def change_secret(cluster: FakeCluster) -> None:
    """External Secrets wrote another value just now."""
    found = cluster.get(SECRET, TARGET, namespace="payments")
    assert found is not None
    assert found.ref == SECRET_REF
    cluster.put(replace(found, meta=replace(found.meta, writers=(written(cluster, "externalsecrets.external-secrets.io/x"),))))


def without_the_pod(rig: ClusterWorld) -> None:
    rig.cluster.remove(next(found.ref for found in rig.cluster.list(POD).objects if found.meta.name == "debug"))


def document(done: Run, code: int) -> dict[str, Any]:
    assert done.code == code, done
    return dict(json.loads(done.out))


def deployment(rig: ClusterWorld, name: str = "shop") -> ClusterObject:
    found = rig.cluster.get(DEPLOYMENT, name, namespace="payments")
    assert found is not None
    return found


def records(rig: ClusterWorld) -> list[dict[str, Any]]:
    lines = rig.world.cli("pat", "audit", "tail", "--lines", "200", "-o", "ndjson").out.splitlines()
    return [record for record in map(json.loads, lines) if record.get("action") == "workload.restart"]


def set_window(rig: ClusterWorld, day: str) -> None:
    path = rig.world.platform / "goldenpath.yaml"
    rig.world.propose("windows", {"goldenpath.yaml": path.read_text() + WINDOWS.format(day=day)})
    for person in ("pat", "sam"):
        assert rig.world.cli(person, "approve", "--head", "windows").code == 0
    rig.world.merge("windows")


def another_day() -> str:
    """A weekday that is neither today nor next to it."""
    return ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[(datetime.now(UTC).weekday() + 3) % 7]


def test_consumers_shows_who_uses_the_secret_and_who_holds_the_old_version(rig: ClusterWorld) -> None:
    found = document(rig.cli("consumers", "SEC-0007", "-o", "json"), 0)["secrets"][0]
    assert (found["request_id"], found["secret"]["name"], found["is_there"]) == ("SEC-0007", TARGET, True)
    rows = {f"{row['workload']['kind']} {row['workload']['name']}": row for row in found["consumers"]}
    assert {name: row["needs"] for name, row in rows.items()} == {
        "Deployment files": "re-read",
        "Deployment shop": "restart",
        "Pod debug": "restart",
    }
    assert [use["field"] for use in rows["Deployment shop"]["uses"]] == ["containers.app.env.PASSWORD"]
    assert len(rows["Deployment shop"]["pods"]) == 2
    text = rig.cli("consumers", "SEC-0007").out
    assert "3 consumers, 2 to restart: goldenpath rollout" in text


def test_a_dry_run_shows_the_plan_and_restarts_nothing(rig: ClusterWorld) -> None:
    found = document(rig.cli("rollout", "SEC-0007", "--dry-run", "-o", "json"), 0)
    assert found["counts"] == {"restart": 1, "await": 0, "refused": 1, "none": 1}
    with rig.services() as services:
        plan = plan_rollout(services, ORDER)
    assert [(row.workload.name, row.action) for row in plan.rows] == [("files", "none"), ("shop", "restart"), ("debug", "refused")]
    assert template_annotations(deployment(rig)) == {}
    assert records(rig) == []


def test_a_rollout_restarts_once_waits_and_is_on_record(rig: ClusterWorld) -> None:
    without_the_pod(rig)
    with rig.services() as services:
        report = roll_out(services, ORDER)
        assert [(result.workload.name, result.outcome) for result in report.results] == [("shop", "restarted")]
        assert roll_out(services, ORDER).results == ()
    intent, outcome = records(rig)
    assert (intent["phase"], outcome["phase"], outcome["outcome"]) == ("intent", "outcome", "success")
    assert intent["target"]["intent_id"] == "SEC-0007"
    assert intent["details"]["workload"] == "Deployment payments/shop"
    assert intent["details"]["version.SEC-0007"]
    assert template_annotations(deployment(rig, "files")) == {}


def test_what_we_do_not_restart_is_named_and_ends_with_1(rig: ClusterWorld) -> None:
    done = rig.cli("rollout", "SEC-0007", "--yes")
    assert done.code == 1, done
    assert "✓ Deployment payments/shop restarted" in done.out
    assert "! Pod payments/debug not restarted: a pod that nobody owns cannot be restarted" in done.out
    without_the_pod(rig)
    assert document(rig.cli("rollout", "SEC-0007", "--yes", "-o", "json"), 0)["is_complete"] is True


def test_a_rollout_that_fails_ends_with_1_or_4_and_can_be_continued(rig: ClusterWorld) -> None:
    without_the_pod(rig)
    workloads(rig.cluster).broken.add("shop")
    found = document(rig.cli("rollout", "SEC-0007", "--yes", "--wait-seconds", "20", "-o", "json"), 4)
    assert [(each["outcome"], each["code"]) for each in found["results"]] == [("timeout", "rollout.timeout")]
    with rig.services() as services:
        limits = RolloutLimits(timeout_seconds=20)
        order = RolloutOrder(selection=ORDER.selection, access=ORDER.access, limits=limits)
        assert [result.outcome for result in roll_out(services, order).results] == ["timeout"]
        once = template_annotations(deployment(rig))
        workloads(rig.cluster).broken.clear()
        assert [row.action for row in plan_rollout(services, order).rows if row.workload.name == "shop"] == ["await"]
        assert [result.outcome for result in roll_out(services, order).results] == ["already"]
    assert template_annotations(deployment(rig)) == once
    assert [record["outcome"] for record in records(rig) if record["phase"] == "outcome"] == ["failed", "failed"]


def test_outside_the_window_nothing_is_restarted_unless_somebody_says_why(rig: ClusterWorld) -> None:
    without_the_pod(rig)
    set_window(rig, another_day())
    closed = rig.cli("rollout", "SEC-0007", "--yes")
    assert (closed.code, "rollout.outside-window" in closed.err) == (5, True)
    assert "the next one opens at 20" in closed.err
    assert "The change window of dev is closed" in rig.cli("rollout", "SEC-0007", "--dry-run").out
    assert rig.cli("rollout", "SEC-0007", "--yes", "--outside-window").code == 2
    with rig.services() as services:
        with pytest.raises(PolicyBlocked):
            roll_out(services, ORDER)
        assert template_annotations(deployment(rig)) == {}
        past = RolloutOrder(selection=ORDER.selection, access=ORDER.access, is_outside_window=True, reason="INC-812")
        assert [result.outcome for result in roll_out(services, past).results] == ["restarted"]
    refused, *_rest, intent, outcome = records(rig)
    assert (refused["decision"]["allowed"], refused["decision"]["reason"]) == (False, "rollout.outside-window")
    assert (intent["decision"]["reason"], intent["details"]["outside_window"]) == ("INC-812", "true")
    assert outcome["outcome"] == "success"


def test_a_secret_older_than_the_store_restarts_nobody(rig: ClusterWorld) -> None:
    without_the_pod(rig)
    rig.cluster.clock.advance(-60)
    change_secret(rig.cluster)
    rig.cluster.clock.advance(60)
    rig.seed()
    found = document(rig.cli("rollout", "SEC-0007", "--yes", "-o", "json"), 1)
    refused = [row["reason"] for row in found["workloads"] if row["action"] == "refused"]
    assert refused == ["its Secret does not hold the newest version yet: goldenpath sync SEC-0007"]


def test_no_more_is_restarted_than_was_shown(rig: ClusterWorld) -> None:
    without_the_pod(rig)
    with rig.services() as services:
        seen = plan_rollout(services, ORDER)
        added = add_workload(rig.cluster, "late", env_spec(TARGET))
        workloads(rig.cluster).settle(rig.cluster)
        rig.cluster.clock.advance(-3600)
        for pod in rig.cluster.list(POD).objects:
            if pod.meta.name.startswith("late-"):
                start = rig.cluster.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
                rig.cluster.set_status(pod.ref, {"phase": "Running", "startTime": start})
        rig.cluster.clock.advance(3600)
        with pytest.raises(Conflict) as refused:
            roll_out(services, ORDER, seen=seen)
    assert refused.value.code == "rollout.not-seen"
    assert str(added.ref) in refused.value.message
    assert template_annotations(deployment(rig)) == {}


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("rollout",), 2, "name requests by their ids"),
        (("consumers",), 2, "name requests by their ids"),
        (("rollout", "SEC-0404", "--yes"), 6, "request.unknown"),
        (("rollout", "SEC-0007"), 2, "cli.confirmation-needed"),
        (("rollout", "--service", "nobody", "-e", "dev", "--yes"), 6, "request.unknown"),
        (("--offline", "consumers", "SEC-0007"), 2, "cli.offline"),
    ],
)
def test_what_was_not_meant_is_refused(rig: ClusterWorld, arguments: tuple[str, ...], code: int, word: str) -> None:
    done = rig.cli(*arguments)
    assert (done.code, word in done.err) == (code, True), done


def test_a_kind_that_may_not_be_seen_is_no_empty_answer(rig: ClusterWorld) -> None:
    rig.cluster.forbidden.add(("list", "StatefulSet"))
    done = rig.cli("consumers", "SEC-0007")
    assert (done.code, "cluster.forbidden" in done.err) == (3, True)
