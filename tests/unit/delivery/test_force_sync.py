"""R30: done means that the controller worked on this request. Each fault of a controller and of a cluster, in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import FakeEntropy
from tests.cluster_fake import FakeCluster
from tests.standins.external_secrets import StandInExternalSecrets, make_cluster, make_external_secret, make_store, touch

from goldenpath.delivery.external_secret_state import FORCE_SYNC, controller_version, duration_seconds, read_state
from goldenpath.delivery.flights import Landing
from goldenpath.delivery.force_sync import MOST_ATTEMPTS, ForceSync, Hooks, Refusal, SyncLimits, Verdict
from goldenpath.errors import AccessDenied, Conflict, GoldenpathError, NotFound, ProviderUnavailable
from goldenpath.model.cluster import EXTERNAL_SECRET, ClusterObject, ObjectMeta, ObjectRef

LIMITS = SyncLimits(timeout_seconds=60, patience_seconds=15)
REF = ObjectRef(kind="ExternalSecret", namespace="payments", name="payments-db-credentials-sync")


def run(
    cluster: FakeCluster,
    *,
    limits: SyncLimits = LIMITS,
    before: Callable[[ObjectRef], None] = lambda _ref: None,
    verify: Callable[[Landing], Verdict] = lambda _landing: "done",
    objects: tuple[ClusterObject, ...] | None = None,
) -> list[Landing | Refusal]:
    listing = cluster.list(EXTERNAL_SECRET)
    sync = ForceSync(
        cluster, kind=EXTERNAL_SECRET, clock=cluster.clock, entropy=FakeEntropy(), limits=limits, hooks=Hooks(before=before, verify=verify)
    )
    return list(sync.run(listing.objects if objects is None else objects, since=listing.resource_version))


def one(cluster: FakeCluster, **options: Any) -> Landing:
    (ended,) = run(cluster, **options)
    assert isinstance(ended, Landing), ended
    return ended


def refusal(cluster: FakeCluster, **options: Any) -> GoldenpathError:
    (ended,) = run(cluster, **options)
    assert isinstance(ended, Refusal), ended
    return ended.error


@pytest.fixture
def cluster() -> FakeCluster:
    found = make_cluster()
    found.put(make_external_secret())
    return found


def test_it_returns_only_after_the_controller_worked_on_this_mark(cluster: FakeCluster) -> None:
    controller = StandInExternalSecrets(delay=3)
    cluster.controllers.append(controller)
    landed = one(cluster)
    assert (landed.code, landed.proof) == ("", "version")
    assert landed.state.is_worked_through
    found = cluster.get(EXTERNAL_SECRET, REF.name, namespace=REF.namespace)
    assert found is not None
    assert found.meta.annotations[FORCE_SYNC] == landed.flight.token


def test_an_old_ready_status_is_no_answer(cluster: FakeCluster) -> None:
    """The public mistake: annotate, then wait for Ready, which was true before."""
    controller = StandInExternalSecrets()
    controller.refresh(cluster, cluster.list(EXTERNAL_SECRET).objects[0])
    landed = one(cluster)
    assert landed.code == "sync.not-processed"
    assert landed.is_timeout
    assert "did not look at it" in landed.message


def test_an_answer_to_an_older_mark_is_no_answer(cluster: FakeCluster) -> None:
    """A reconciliation that was in work when we marked the object ends with the version of before, and with a time from a fast clock."""
    controller = StandInExternalSecrets(clock_ahead=timedelta(hours=1))
    older = touch(cluster, REF, other="1")

    def late(_cluster: FakeCluster) -> None:
        now = cluster.get(EXTERNAL_SECRET, REF.name, namespace=REF.namespace)
        assert now is not None
        if FORCE_SYNC in now.meta.annotations and len(controller.refreshed) == 0:
            controller.refresh(cluster, older)

    cluster.controllers.append(late)
    assert one(cluster).code == "sync.not-processed"
    assert controller.refreshed, "the older answer was given"


def test_two_runs_in_the_same_second_both_see_their_own(cluster: FakeCluster) -> None:
    """CASE 83: the second mark replaces the first; who worked on the second has worked on the first as well."""
    controller = StandInExternalSecrets(delay=2)
    cluster.controllers += [controller]
    marks: list[ClusterObject] = []

    def other_run(_cluster: FakeCluster) -> None:
        if not marks:
            marks.append(touch(cluster, REF, **{FORCE_SYNC: "another run"}))

    cluster.controllers.append(other_run)
    landed = one(cluster)
    assert (landed.code, landed.proof) == ("", "version")


@pytest.mark.parametrize("ahead", [timedelta(hours=-1), timedelta(), timedelta(hours=1)])
def test_the_controllers_clock_takes_no_part(cluster: FakeCluster, ahead: timedelta) -> None:
    cluster.controllers.append(StandInExternalSecrets(clock_ahead=ahead, delay=1))
    assert one(cluster).proof == "version"


@pytest.mark.parametrize("form", ["d41d8cd98f00b204e9800998ecf8427e", "0" * 56])
def test_an_unknown_form_of_versions_is_proven_by_time(cluster: FakeCluster, form: str) -> None:
    def other_form(meta: ObjectMeta) -> str:
        return f"{meta.generation}-{form[:-6]}{abs(hash(str(sorted(meta.annotations.items())))) % 10**6:06d}"

    cluster.controllers.append(StandInExternalSecrets(version_of=other_form, delay=2))
    landed = one(cluster)
    assert (landed.code, landed.proof) == ("", "refresh-time")


def test_a_time_from_the_future_proves_nothing(cluster: FakeCluster) -> None:
    cluster.controllers.append(StandInExternalSecrets(version_of=lambda meta: f"{len(meta.annotations)}-x", clock_ahead=timedelta(hours=2)))
    landed = one(cluster)
    assert landed.code == "sync.not-processed"
    assert "no status names this request" in landed.message


def test_a_failure_is_given_time_and_then_named(cluster: FakeCluster) -> None:
    cluster.controllers.append(StandInExternalSecrets(broken={REF.name}))
    started = cluster.clock.monotonic()
    landed = one(cluster)
    assert landed.code == "sync.failed"
    assert "SecretSyncedError" in landed.message
    assert 15 <= cluster.clock.monotonic() - started < 40


def test_a_failure_is_named_also_where_there_is_less_time_than_patience(cluster: FakeCluster) -> None:
    cluster.controllers.append(StandInExternalSecrets(broken={REF.name}))
    landed = one(cluster, limits=SyncLimits(timeout_seconds=6.0))
    assert (landed.code, landed.is_timeout) == ("sync.failed", False)


def test_a_failure_that_heals_is_no_failure(cluster: FakeCluster) -> None:
    controller = StandInExternalSecrets(broken={REF.name})

    def heal(_cluster: FakeCluster) -> None:
        if len(controller.refreshed) > 4:
            controller.broken.clear()

    cluster.controllers += [controller, heal]
    assert one(cluster).code == ""


def test_a_failure_of_before_is_waited_out(cluster: FakeCluster) -> None:
    """The controller repeats an unchanged failure without a word: what stood there before our mark says nothing about it."""
    controller = StandInExternalSecrets(broken={REF.name})
    controller.refresh(cluster, cluster.list(EXTERNAL_SECRET).objects[0])
    cluster.controllers.append(controller)
    landed = one(cluster)
    assert landed.code == "sync.still-failing"
    assert landed.is_timeout


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({"refreshInterval": "0"}, "sync.refresh-disabled"),
        ({"refreshInterval": "0s"}, "sync.refresh-disabled"),
        ({"refreshInterval": "0h0m0s"}, "sync.refresh-disabled"),
        ({"refreshPolicy": "CreatedOnce"}, "sync.refresh-disabled"),
        ({"refreshPolicy": "Periodic", "refreshInterval": "0m"}, "sync.refresh-disabled"),
        ({"secretStoreRef": {"name": "nowhere", "kind": "ClusterSecretStore"}}, "sync.store-unusable"),
        ({"secretStoreRef": {"name": "local"}}, "sync.store-unusable"),
    ],
)
def test_what_could_only_time_out_is_refused_at_once(spec: dict[str, Any], code: str) -> None:
    """CASE 81."""
    cluster = make_cluster()
    cluster.put(make_external_secret(**spec))
    error = refusal(cluster)
    assert (type(error), error.code) == (Conflict, code)
    assert ("patch", "ExternalSecret") not in cluster.calls


def test_on_change_is_refreshed_whatever_its_interval(cluster: FakeCluster) -> None:
    found = make_cluster()
    found.put(make_external_secret(refreshPolicy="OnChange", refreshInterval="0"))
    found.controllers.append(StandInExternalSecrets())
    assert one(found).code == ""


@pytest.mark.parametrize("store", [make_store(ready="False"), make_store(controller="other")])
def test_a_store_that_serves_nobody_is_refused(cluster: FakeCluster, store: ClusterObject) -> None:
    cluster.put(store)
    assert refusal(cluster).code == "sync.store-unusable"


def test_a_store_that_may_not_be_seen_is_tried(cluster: FakeCluster) -> None:
    cluster.forbidden.add(("get", "ClusterSecretStore"))
    cluster.controllers.append(StandInExternalSecrets())
    assert one(cluster).code == ""


def test_what_is_being_deleted_is_refused(cluster: FakeCluster) -> None:
    stuck = make_external_secret()
    cluster.put(
        ClusterObject(
            kind=stuck.kind,
            meta=ObjectMeta(
                name=REF.name,
                namespace=REF.namespace,
                deleted_at="2026-01-15T12:00:00Z",
                finalizers=("externalsecrets.external-secrets.io/x",),
            ),
            body=stuck.body,
        )
    )
    error = refusal(cluster)
    assert error.code == "sync.being-deleted"
    assert "externalsecrets.external-secrets.io/x" in error.message


def test_what_is_deleted_meanwhile_ends(cluster: FakeCluster) -> None:
    cluster.controllers.append(lambda found: found.remove(REF))
    assert one(cluster).code == "sync.deleted"


def test_what_is_made_anew_meanwhile_ends(cluster: FakeCluster) -> None:
    def replace(found: FakeCluster) -> None:
        found.remove(REF)
        found.put(make_external_secret())

    cluster.controllers.append(replace)
    assert one(cluster).code in {"sync.deleted", "sync.replaced"}


def test_an_expired_watch_is_listed_again(cluster: FakeCluster) -> None:
    controller = StandInExternalSecrets(delay=8)

    def compact(found: FakeCluster) -> None:
        touch(found, REF, noise=str(found.clock.monotonic()))
        found.forget_history()

    cluster.controllers += [compact]
    cluster.controllers.append(lambda found: controller(found) if found.clock.monotonic() > 1020 else None)
    assert one(cluster).code in {"", "sync.not-processed"}
    assert ("list", "ExternalSecret") in cluster.calls[2:]


def test_a_cluster_that_is_away_for_a_while_is_waited_for(cluster: FakeCluster) -> None:
    cluster.controllers.append(StandInExternalSecrets())
    away = ProviderUnavailable("cluster.unavailable", "no answer")
    cluster.faults = [None, None, None, away, away, away]
    landed = one(cluster)
    assert landed.code == ""


def test_a_watch_of_the_whole_cluster_that_is_forbidden_becomes_one_for_each_namespace() -> None:
    cluster = make_cluster(namespaces=("one", "two"))
    for namespace in ("one", "two"):
        cluster.put(make_external_secret(namespace=namespace))
    cluster.controllers.append(StandInExternalSecrets())
    watch = cluster.watch

    def narrow(kind: Any, *, namespace: str = "", **rest: Any) -> Any:
        if not namespace:
            raise AccessDenied("cluster.forbidden", "not the whole cluster")
        return watch(kind, namespace=namespace, **rest)

    cluster.watch = narrow  # type: ignore[method-assign]
    assert [ended.code for ended in run(cluster) if isinstance(ended, Landing)] == ["", ""]


def test_one_that_fails_does_not_hold_up_the_others() -> None:
    """CASE 82."""
    cluster = make_cluster()
    for number in range(3):
        cluster.put(make_external_secret(f"s{number}-sync"))
    cluster.controllers.append(StandInExternalSecrets(broken={"s1-sync"}))
    codes = {ended.state.ref.name: ended.code for ended in run(cluster) if isinstance(ended, Landing)}
    assert codes == {"s0-sync": "", "s1-sync": "sync.failed", "s2-sync": ""}


def test_five_hundred_need_one_watch_and_never_more_than_the_limit_at_once() -> None:
    cluster = make_cluster()
    for number in range(500):
        cluster.put(make_external_secret(f"s{number}-sync"))
    controller = StandInExternalSecrets(most=40)
    cluster.controllers.append(controller)
    most = 0

    def count(_cluster: FakeCluster) -> None:
        nonlocal most
        asked = [found for found in cluster.list(EXTERNAL_SECRET).objects if FORCE_SYNC in found.meta.annotations]
        most = max(most, sum(not read_state(found).is_worked_through for found in asked))

    cluster.controllers.insert(0, count)
    ended = run(cluster, limits=SyncLimits(timeout_seconds=60, at_once=50))
    assert len(ended) == 500
    assert all(isinstance(each, Landing) and not each.code for each in ended)
    assert most <= 50
    gets = [call for call in cluster.calls if call[0] == "get" and call[1] == "ExternalSecret"]
    assert len(gets) == 0, "nothing is polled"
    assert len([call for call in cluster.calls if call[0] == "watch"]) <= 10


def test_an_object_that_may_not_be_asked_is_not_marked(cluster: FakeCluster) -> None:
    def refuse(_ref: ObjectRef) -> None:
        raise NotFound("value.awaiting", "no value yet")

    assert refusal(cluster, before=refuse).code == "value.awaiting"
    assert ("patch", "ExternalSecret") not in cluster.calls


def test_an_older_version_is_asked_for_again_and_not_for_ever(cluster: FakeCluster) -> None:
    controller = StandInExternalSecrets()
    cluster.controllers.append(controller)
    landed = one(cluster, verify=lambda _landing: "again")
    assert landed.flight.attempts == MOST_ATTEMPTS == len(controller.refreshed)


def test_the_mark_is_a_new_one_each_time(cluster: FakeCluster) -> None:
    cluster.controllers.append(StandInExternalSecrets())
    tokens: list[str] = []
    one(cluster, verify=lambda landing: tokens.append(landing.flight.token) or "again")  # type: ignore[func-returns-value]
    assert len(set(tokens)) == MOST_ATTEMPTS


@given(st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8), st.text(max_size=8), max_size=4))
def test_the_controllers_version_tells_annotations_from_labels(pairs: dict[str, str]) -> None:
    as_labels = controller_version(ObjectMeta(name="x", generation=3, labels=pairs))
    as_annotations = controller_version(ObjectMeta(name="x", generation=3, annotations=pairs))
    assert (as_labels == as_annotations) == (not pairs)
    assert as_labels.startswith("3-")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1h", 3600), ("1h0m0s", 3600), ("1m30s", 90), ("0", 0), ("0s", 0), ("", 0), ("soon", 0), ("1.5h", 5400), ("-1h", 0), ("500ms", 0.5)],
)
def test_durations_are_gos(text: str, seconds: float) -> None:
    assert duration_seconds(text) == seconds
