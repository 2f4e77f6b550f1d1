"""``sync`` on real controllers while something is wrong, and which test shows what.

A fault that no real controller shows on demand is made by editing an object on the real API server; ``unit`` marks what only the in-memory
cluster can show.

============================== =======================================================================================================
controller stopped             ``test_a_controller_that_is_held_is_named``; Argo CD: ``test_life_on_a_cluster``, ``test_argo_cd_api``
controller slow                ``test_a_controller_that_is_slow_is_waited_for``
controller throttled           ``test_a_controller_that_is_throttled_is_given_time``, ``test_a_store_that_throttles_for_good_is_a_failure``
stuck finalizer                ``test_a_finalizer_that_holds_an_external_secret_is_named``; ``test_materialize`` (a Secret),
                               ``test_kube_access`` (a namespace)
prune off                      ``test_life_on_a_cluster.test_prune_off_keeps_what_left_git_and_is_said``
Secret owned by another        ``test_a_secret_of_somebody_else_is_never_taken_for_ours``; ``test_materialize``, ``test_cluster_drift``
watch dropped half-way         ``test_an_api_server_that_crashes_half_way_is_outlived``; an expired one, and one that is forbidden: unit,
                               ``test_force_sync``
API server restarts            the same; away for good: ``test_life_on_a_cluster.test_an_api_server_that_comes_back_is_waited_for``
expired token                  ``test_a_token_that_ended_is_refused_before_anything_is_marked``; renewed by a plugin:
                               ``test_kube_access``; Argo CD's: ``test_argo_cd_api``
cluster's clock behind ours    ``test_no_clock_takes_part``; unit, ``test_force_sync.test_the_controllers_clock_takes_no_part``
a status from the future       ``test_a_status_that_names_another_request_is_no_success``
an old status that is kept     ``test_a_controller_that_is_held_is_named``
the same failure once more     ``test_a_store_that_throttles_for_good_is_a_failure``
============================== =======================================================================================================
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.api_client import Json
from tests.cluster.api_server import ApiServer
from tests.cluster.external_secrets import ExternalSecrets
from tests.cluster.many_secrets import LABEL, ManySecrets
from tests.cluster.process import wait_until
from tests.e2e.world import Run, World
from tests.standins.aws import StrictAws

from goldenpath.delivery.external_secret_state import controller_version
from goldenpath.model.cluster import EXTERNAL_SECRET
from goldenpath.providers.kubernetes.objects import object_of

pytestmark = [pytest.mark.real, pytest.mark.slow]


class Synced:
    """One ExternalSecret that has arrived, a value that has not, and the command that shall bring it."""

    def __init__(self, world: World, cluster: ApiServer, aws: StrictAws, namespace: str) -> None:
        self._world, self.cluster = world, cluster
        self.many = ManySecrets(cluster, aws.client("secretsmanager"), namespace, 1)
        self.path = f"{self.many.path}/many-000"
        self.secret_path = f"/api/v1/namespaces/{namespace}/secrets/many-000"
        self.first = self.many.passwords()
        self.many.put("second")

    def start(self, *options: str, kubeconfig: Path | None = None) -> Callable[[], Run]:
        """Start the command, and return what waits for its end."""
        place = ("--kubeconfig", str(kubeconfig or self.cluster.kubeconfig), "--context", "real")
        chosen = ("--environment", "dev", "--namespace", self.many.namespace, "--label", "=".join(LABEL))
        return self._world.start("pat", "sync", *chosen, *place, *options, "-o", "json")

    def receipt(self, *options: str, code: int = 0, meanwhile: Callable[[], None] | None = None) -> Any:
        """Run the command and return its receipt; ``meanwhile`` happens as soon as the object is marked."""
        finish = self.start(*options)
        try:
            if meanwhile is not None:
                wait_until(self.is_marked, what="the mark", seconds=60)
                meanwhile()
        finally:
            done = finish()
        assert done.code == code, done
        return json.loads(done.out)["environments"][0]["receipts"][0]

    def external_secret(self) -> Json:
        found = self.cluster.get(self.path)
        assert found is not None
        return found

    def is_marked(self) -> bool:
        return "force-sync" in self.external_secret()["metadata"].get("annotations", {})

    def has_arrived(self) -> bool:
        return self.many.passwords() != self.first


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World.make(tmp_path_factory.mktemp("faults") / "world")


@pytest.fixture
def synced(world: World, api_server: ApiServer, external_secrets: ExternalSecrets, aws: StrictAws, namespace: str) -> Iterator[Synced]:
    yield Synced(world, api_server, aws, namespace)
    external_secrets.recover()


def test_a_controller_that_is_held_is_named(synced: Synced, external_secrets: ExternalSecrets) -> None:
    external_secrets.pause()
    receipt = synced.receipt("--wait-seconds", "3", code=4)
    assert (receipt["result"], receipt["code"]) == ("timeout", "sync.not-processed")
    assert synced.external_secret()["status"]["conditions"][0]["status"] == "True", "it is ready all the while"
    assert not synced.has_arrived()


def test_a_controller_that_is_slow_is_waited_for(synced: Synced, external_secrets: ExternalSecrets) -> None:
    external_secrets.pause()

    def go_on() -> None:
        time.sleep(2)
        external_secrets.resume()

    receipt = synced.receipt(meanwhile=go_on)
    assert (receipt["result"], receipt["proof"], receipt["seconds"] > 2) == ("arrived", "version", True)
    assert synced.has_arrived()


def test_a_controller_that_is_throttled_is_given_time(synced: Synced, aws: StrictAws) -> None:
    aws.faults.throttle("GetSecretValue")
    receipt = synced.receipt(meanwhile=lambda: _after_a_failure(synced, aws.faults.clear))
    assert (receipt["result"], receipt["proof"]) == ("arrived", "version")
    assert synced.has_arrived()


def _after_a_failure(synced: Synced, act: Callable[[], None]) -> None:
    def has_failed() -> bool:
        return bool(synced.external_secret()["status"]["conditions"][0]["status"] == "False")

    wait_until(has_failed, what="the controller reports a failure", seconds=60)
    act()


def test_a_store_that_throttles_for_good_is_a_failure(synced: Synced, aws: StrictAws) -> None:
    """And the next run, to which the controller reports nothing new, ends in time as well."""
    aws.faults.throttle("GetSecretValue")
    failed = synced.start("--wait-seconds", "12")()
    assert failed.code == 1, failed
    receipt = json.loads(failed.out)["environments"][0]["receipts"][0]
    assert (receipt["result"], receipt["code"]) == ("failed", "sync.failed")
    assert "Throttling" not in failed.out + failed.err
    again = synced.receipt("--wait-seconds", "3", code=4)
    assert (again["result"], again["code"]) == ("timeout", "sync.still-failing")
    aws.faults.clear()


def test_a_finalizer_that_holds_an_external_secret_is_named(synced: Synced) -> None:
    synced.cluster.merge(synced.path, {"metadata": {"finalizers": ["example.com/wait"]}})
    synced.cluster.call("DELETE", synced.path)
    receipt = synced.receipt("--wait-seconds", "3", code=1)
    assert (receipt["result"], receipt["code"]) == ("refused", "sync.being-deleted")
    assert "example.com/wait" in receipt["message"]
    synced.cluster.merge(synced.path, {"metadata": {"finalizers": None}})


def test_a_secret_of_somebody_else_is_never_taken_for_ours(synced: Synced, external_secrets: ExternalSecrets) -> None:
    external_secrets.pause()  # it looks at its Secrets by itself, and would have failed before it is asked
    owner = synced.cluster.call(
        "POST", f"/api/v1/namespaces/{synced.many.namespace}/configmaps", {"metadata": {"name": "owner"}, "data": {"a": "b"}}
    )
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"], "controller": True}
    synced.cluster.merge(synced.secret_path, {"metadata": {"ownerReferences": [reference]}})
    receipt = synced.receipt("--wait-seconds", "12", code=1, meanwhile=external_secrets.resume)
    assert (receipt["result"], receipt["code"]) == ("failed", "sync.failed"), receipt
    assert not synced.has_arrived()


def test_an_api_server_that_crashes_half_way_is_outlived(synced: Synced, external_secrets: ExternalSecrets) -> None:
    """The watch breaks, nobody listens for a while, and what happened meanwhile is seen all the same."""
    external_secrets.pause()

    def crash() -> None:
        synced.cluster.crash()
        time.sleep(1)
        synced.cluster.start()
        external_secrets.resume()

    receipt = synced.receipt(meanwhile=crash)
    assert (receipt["result"], receipt["proof"], receipt["attempts"]) == ("arrived", "version", 1)
    assert synced.has_arrived()


def test_a_token_that_ended_is_refused_before_anything_is_marked(synced: Synced) -> None:
    leaver = synced.cluster.account(synced.many.namespace, "leaver")
    synced.cluster.revoke(leaver)
    ended = synced.start("--retries", "0", kubeconfig=leaver.kubeconfig)()
    assert (ended.code, "cluster.unauthenticated" in ended.out + ended.err) == (3, True), ended
    assert leaver.token not in ended.out + ended.err
    assert not synced.is_marked()


def report(synced: Synced, *, shift: timedelta, version: str = "") -> None:
    """Write the status that a controller with such a clock would, for the object as it stands unless a version is given."""
    found = object_of(synced.external_secret(), EXTERNAL_SECRET)
    at = (datetime.now(UTC) + shift).strftime("%Y-%m-%dT%H:%M:%SZ")
    synced.cluster.merge(
        f"{synced.path}/status", {"status": {"refreshTime": at, "syncedResourceVersion": version or controller_version(found.meta)}}
    )


@pytest.mark.parametrize("shift", [timedelta(hours=-1), timedelta(hours=1)], ids=["behind", "ahead"])
def test_no_clock_takes_part(synced: Synced, external_secrets: ExternalSecrets, shift: timedelta) -> None:
    """Between two clocks that differ it is the same which of them is wrong: the version says that this request was worked on."""
    external_secrets.pause()
    receipt = synced.receipt("--wait-seconds", "20", meanwhile=lambda: report(synced, shift=shift))
    assert (receipt["result"], receipt["proof"]) == ("arrived", "version")


@pytest.mark.parametrize("shift", [timedelta(hours=-1), timedelta(hours=1)], ids=["past", "future"])
def test_a_status_that_names_another_request_is_no_success(synced: Synced, external_secrets: ExternalSecrets, shift: timedelta) -> None:
    external_secrets.pause()
    receipt = synced.receipt("--wait-seconds", "3", code=4, meanwhile=lambda: report(synced, shift=shift, version=f"9-{'0' * 56}"))
    assert (receipt["result"], receipt["code"]) == ("timeout", "sync.not-processed")
