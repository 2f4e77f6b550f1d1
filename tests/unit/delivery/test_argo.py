"""R31: applied means compared after we asked, with the wanted commit or a later one, and no difference."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.builders import FakeClock

from goldenpath.delivery.argo_application import REFRESH, judge_application, read_application
from goldenpath.delivery.argo_wait import wait_until_applied
from goldenpath.errors import Conflict, GoldenpathError, NotFound, ProviderUnavailable, SyncTimeout
from goldenpath.model.cluster import ARGO_APPLICATION, ClusterObject, ObjectMeta

OLD, WANTED, LATER = "a" * 40, "b" * 40, "c" * 40


def application(
    *,
    revision: str = WANTED,
    sync: str = "Synced",
    automated: Any = True,
    phase: str = "Succeeded",
    operation: str = WANTED,
    refreshing: bool = False,
    conditions: tuple[str, ...] = (),
    revisions: tuple[str, ...] = (),
) -> ClusterObject:
    policy = {"automated": {"prune": True, "selfHeal": True}} if automated is True else automated
    status: dict[str, Any] = {
        "sync": {"status": sync, "revision": revision, **({"revisions": list(revisions)} if revisions else {})},
        "health": {"status": "Healthy"},
        "operationState": {"phase": phase, "syncResult": {"revision": operation}, "message": "canary: hunter2"},
        "reconciledAt": "2026-01-15T12:00:00Z",
        "conditions": [{"type": name, "message": "canary: hunter2"} for name in conditions],
        "resources": [{"kind": "ExternalSecret", "namespace": "payments", "name": "db-sync", "status": sync}],
    }
    annotations = {REFRESH: "normal"} if refreshing else {}
    return ClusterObject(
        kind=ARGO_APPLICATION,
        meta=ObjectMeta(name="secrets-dev", namespace="argocd", annotations=annotations),
        body={"spec": {"syncPolicy": policy} if policy else {}, "status": status},
    )


def judged(found: ClusterObject, *, wanted: str = WANTED) -> tuple[str, str]:
    applied = judge_application(read_application(found), wanted=wanted, is_within=lambda revision: revision == LATER)
    assert "hunter2" not in applied.message + applied.hint
    return applied.state, applied.code


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (application(), ("applied", "")),
        (application(revision=LATER), ("applied", "")),
        (application(revision="", revisions=(OLD, LATER)), ("applied", "")),
        (application(revision=OLD), ("waiting", "")),
        (application(revision=""), ("waiting", "")),
        (application(refreshing=True), ("waiting", "")),
        (application(sync="Unknown"), ("waiting", "")),
        (application(sync="OutOfSync", phase="Running"), ("waiting", "")),
        (application(sync="OutOfSync", automated=None), ("stuck", "argo.not-automated")),
        (application(sync="OutOfSync", automated={"automated": {"enabled": False}}), ("stuck", "argo.not-automated")),
        (application(sync="OutOfSync", automated={"automated": {}}), ("waiting", "")),
        (application(sync="OutOfSync", phase="Failed"), ("stuck", "argo.sync-failed")),
        (application(sync="OutOfSync", phase="Error"), ("stuck", "argo.sync-failed")),
        (application(sync="OutOfSync", phase="Failed", operation=OLD), ("waiting", "")),
        (application(conditions=("ComparisonError",)), ("stuck", "argo.comparison-failed")),
        (application(conditions=("OrphanedResourceWarning",)), ("applied", "")),
        (application(automated=None), ("applied", "")),
    ],
)
def test_every_state_of_an_application(found: ClusterObject, expected: tuple[str, str]) -> None:
    """CASE 84, and its neighbours."""
    assert judged(found) == expected


def test_broken_status_is_no_success() -> None:
    bare = ClusterObject(kind=ARGO_APPLICATION, meta=ObjectMeta(name="x"), body={})
    assert judged(bare)[0] == "waiting"
    odd = ClusterObject(
        kind=ARGO_APPLICATION, meta=ObjectMeta(name="x"), body={"status": {"sync": "Synced", "conditions": "no", "resources": 3}}
    )
    assert judged(odd)[0] == "waiting"


class Scripted:
    """An application whose looks are given in order; the last one stays."""

    def __init__(self, *looks: ClusterObject | GoldenpathError | None) -> None:
        self.looks, self.refreshed = list(looks), 0

    def application(self, name: str) -> ClusterObject | None:
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(look, GoldenpathError):
            raise look
        return look

    def refresh(self, name: str, *, is_hard: bool = False) -> None:
        self.refreshed += 1


def wait(deployer: Scripted, *, timeout: float = 60) -> str:
    clock = FakeClock()
    _state, applied = wait_until_applied(
        deployer, "secrets-dev", wanted=WANTED, is_within=lambda revision: revision == LATER, clock=clock, timeout_seconds=timeout
    )
    return applied.revision


def test_it_asks_once_and_waits() -> None:
    deployer = Scripted(
        application(revision=OLD), application(refreshing=True), application(sync="OutOfSync", phase="Running"), application()
    )
    assert wait(deployer) == WANTED
    assert deployer.refreshed == 1


def test_a_refresh_alone_is_no_success() -> None:
    with pytest.raises(SyncTimeout) as caught:
        wait(Scripted(application(revision=OLD)))
    assert caught.value.code == "argo.timeout"


def test_what_does_not_go_on_by_itself_is_told_soon_and_not_at_once() -> None:
    """Between a comparison and an automated sync the object looks like one that is stuck."""
    stuck = application(sync="OutOfSync", phase="Failed")
    assert wait(Scripted(stuck, stuck, application())) == WANTED
    with pytest.raises(Conflict) as caught:
        wait(Scripted(stuck))
    assert caught.value.code == "argo.sync-failed"


def test_an_outage_is_waited_out() -> None:
    away = ProviderUnavailable("argo.unavailable", "no answer")
    assert wait(Scripted(away, away, application())) == WANTED
    with pytest.raises(SyncTimeout):
        wait(Scripted(away))


def test_a_missing_application_is_named() -> None:
    with pytest.raises(NotFound) as caught:
        wait(Scripted(None))
    assert caught.value.code == "argo.application-missing"


def test_prune_off_is_said() -> None:
    found = application(sync="OutOfSync", phase="Running", automated={"automated": {"prune": False}})
    assert "prune is off" in judge_application(read_application(found), wanted=WANTED, is_within=lambda _revision: False).message
    assert read_application(found).is_pruning is False
    assert msgspec.structs.replace(read_application(found), name="x").resources
