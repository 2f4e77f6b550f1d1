"""What a cluster promises, asked of the in-memory one and of a real API server: a fake that cheats fails here."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace
from tests.cluster_bench import CONFIG_MAP, WIDGET, WIDGET_GROUP, Bench, FakeBench, RealBench, make_config, make_secret, make_widget

from goldenpath.errors import GoldenpathError
from goldenpath.model.cluster import NAMESPACE, SECRET, ClusterObject, Kind, KubernetesSecret, ObjectMeta
from goldenpath.model.instant import from_text
from goldenpath.model.secret import SecretValue

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
UNKNOWN = Kind(name="Gadget", plural="gadgets", version="v1", group="absent.goldenpath.io")
OTHER_UID = "5f1d2c3b-0000-4000-8000-00000000ffff"
WATCH_SECONDS = 1.0


@pytest.fixture(params=["fake", pytest.param("real", marks=[pytest.mark.real, pytest.mark.timeout(600)])])
def bench(request: pytest.FixtureRequest) -> Bench:
    if request.param == "fake":
        return FakeBench()
    return RealBench(request.getfixturevalue("api_server"))


def refused(call: Callable[[], object]) -> GoldenpathError:
    with pytest.raises(GoldenpathError) as caught:
        call()
    return caught.value


def code_of(call: Callable[[], object]) -> str:
    return refused(call).code


def get(bench: Bench, kind: Kind, namespace: str, name: str) -> ClusterObject:
    found = bench.cluster.get(kind, name, namespace=namespace)
    assert found is not None
    return found


def values_of(bench: Bench, namespace: str, name: str = "db") -> dict[str, bytes]:
    found = bench.cluster.read_secret(namespace, name)
    assert found is not None
    return {key: value.reveal() for key, value in found.data.items()}


def changes(bench: Bench, kind: Kind, namespace: str, since: str, **labels: str) -> list[tuple[str, str]]:
    found = bench.cluster.watch(kind, namespace=namespace, labels=labels, since=since, seconds=WATCH_SECONDS)
    return [(change.kind, change.object.meta.name) for change in found]


# --- what is not there


def test_what_is_not_there_is_none_or_missing(bench: Bench) -> None:
    here = bench.namespace()
    cluster = bench.cluster
    assert cluster.get(CONFIG_MAP, "settings", namespace=here) is None
    assert cluster.get(CONFIG_MAP, "settings", namespace="contract-never-made") is None
    assert cluster.get(NAMESPACE, "contract-never-made") is None
    assert cluster.get(SECRET, "db", namespace=here) is None
    assert cluster.read_secret(here, "db") is None
    assert cluster.list(CONFIG_MAP, namespace="contract-never-made").objects == ()
    assert code_of(lambda: cluster.patch(CONFIG_MAP, "settings", {"data": {"a": "b"}}, namespace=here)) == "cluster.object-missing"
    assert code_of(lambda: cluster.apply(make_config("contract-never-made"), CONFIG_MAP)) == "cluster.object-missing"
    assert code_of(lambda: cluster.apply_secret(make_secret("contract-never-made", a=b"1"))) == "cluster.object-missing"
    cluster.delete(CONFIG_MAP, "settings", namespace=here, uid=OTHER_UID)


@pytest.mark.parametrize("kind", [UNKNOWN, WIDGET.at("v1alpha7")], ids=["group", "version"])
def test_a_kind_that_is_not_served_is_said_to_be(bench: Bench, kind: Kind) -> None:
    here, cluster = bench.namespace(), bench.cluster
    manifest = {"metadata": {"name": "a", "namespace": here}, "spec": {}}
    for call in (
        lambda: cluster.get(kind, "a", namespace=here),
        lambda: cluster.list(kind),
        lambda: list(cluster.watch(kind, since="1", seconds=WATCH_SECONDS)),
        lambda: cluster.patch(kind, "a", {"spec": {}}, namespace=here),
        lambda: cluster.apply(manifest, kind),
        lambda: cluster.delete(kind, "a", namespace=here, uid=OTHER_UID),
    ):
        error = refused(call)
        assert (error.code, error.kind, error.subject) == ("cluster.kind-missing", "not-found", kind.name)


# --- objects


def test_an_object_is_made_and_seen_as_it_is(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    before = cluster.now() - timedelta(seconds=2)
    made = cluster.apply(make_config(here, labels={"app": "shop"}, annotations={"note": "a, b=c"}, port="80", text="zwölf\n"), CONFIG_MAP)
    assert made == get(bench, CONFIG_MAP, here, "settings")
    assert (made.meta.name, made.meta.namespace, made.kind) == ("settings", here, CONFIG_MAP)
    assert (made.meta.labels, made.meta.annotations) == ({"app": "shop"}, {"note": "a, b=c"})
    assert (made.meta.managers, made.meta.owners, made.meta.finalizers, made.meta.deleted_at) == (("goldenpath",), (), (), "")
    assert made.body == {"data": {"port": "80", "text": "zwölf\n"}}
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made.meta.uid)
    assert before <= from_text(made.meta.created_at) <= cluster.now() + timedelta(seconds=2)


def test_the_same_apply_again_changes_nothing(bench: Bench) -> None:
    here = bench.namespace()
    made = [bench.cluster.apply(make_config(here, port="80"), CONFIG_MAP) for _ in range(3)]
    assert made[0] == made[1] == made[2]
    secrets = [bench.cluster.apply_secret(make_secret(here, password=b"one")) for _ in range(3)]
    assert secrets[0] == secrets[1] == secrets[2]


def test_what_an_apply_leaves_out_goes_and_what_others_set_stays(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    cluster.apply(make_config(here, labels={"app": "shop"}, port="80", host="a"), CONFIG_MAP)
    bench.apply_as("team", make_config(here, labels={"team": "payments"}, note="theirs"), CONFIG_MAP)
    left = cluster.apply(make_config(here, port="80"), CONFIG_MAP)
    assert (left.meta.labels, left.body) == ({"team": "payments"}, {"data": {"port": "80", "note": "theirs"}})
    assert left.meta.managers == ("goldenpath", "team")
    assert left.meta.uid == get(bench, CONFIG_MAP, here, "settings").meta.uid


def test_a_field_of_another_manager_is_not_taken_over_silently(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    bench.apply_as("team", make_config(here, labels={"app": "shop"}, port="80", host="a"), CONFIG_MAP)
    before = get(bench, CONFIG_MAP, here, "settings")
    wanted = make_config(here, labels={"app": "other"}, port="8080", host="a")
    for is_dry_run in (True, False):
        error = refused(lambda is_dry_run=is_dry_run: cluster.apply(wanted, CONFIG_MAP, is_dry_run=is_dry_run))  # type: ignore[misc]
        assert (error.code, error.kind) == ("cluster.field-conflict", "conflict")
        assert error.message == "team owns .data.port, .metadata.labels.app"
    assert get(bench, CONFIG_MAP, here, "settings") == before
    taken = cluster.apply(wanted, CONFIG_MAP, is_forced=True)
    assert (taken.body["data"], taken.meta.labels) == ({"port": "8080", "host": "a"}, {"app": "other"})
    assert taken.meta.managers == ("goldenpath", "team"), "host belongs to both"
    assert cluster.apply(wanted, CONFIG_MAP) == taken


def test_a_field_that_another_manager_set_to_the_same_is_no_conflict(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    bench.apply_as("team", make_config(here, port="80", note="theirs"), CONFIG_MAP)
    shared = cluster.apply(make_config(here, port="80"), CONFIG_MAP)
    assert (shared.body["data"], shared.meta.managers) == ({"port": "80", "note": "theirs"}, ("goldenpath", "team"))
    left = cluster.apply(make_config(here), CONFIG_MAP)
    assert (left.body["data"], left.meta.managers) == ({"port": "80", "note": "theirs"}, ("goldenpath", "team"))


def test_a_manager_who_has_nothing_left_is_none(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    bench.apply_as("team", make_config(here, port="80"), CONFIG_MAP)
    taken = cluster.apply(make_config(here, port="8080"), CONFIG_MAP, is_forced=True)
    assert taken.meta.managers == ("goldenpath",)


def test_a_field_that_the_kind_does_not_have_is_refused(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    cluster.apply(make_config(here, port="80"), CONFIG_MAP)
    before = get(bench, CONFIG_MAP, here, "settings")
    for is_dry_run in (True, False):
        wrong = {**make_config(here), "dato": {"port": "80"}}
        error = refused(lambda: cluster.apply(wrong, CONFIG_MAP, is_dry_run=is_dry_run))  # noqa: B023 - called at once
        assert (error.code, error.kind) == ("cluster.refused", "provider-refused")
    assert code_of(lambda: cluster.apply({**make_widget(here), "specs": {}}, WIDGET)) == "cluster.refused"
    assert code_of(lambda: cluster.patch(CONFIG_MAP, "settings", {"dato": {"a": "b"}}, namespace=here)) == "cluster.refused"
    assert code_of(lambda: cluster.apply(make_config(here, "Not_A_Name"), CONFIG_MAP)) == "cluster.refused"
    assert get(bench, CONFIG_MAP, here, "settings") == before


def test_a_dry_run_shows_and_changes_nothing(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    since = cluster.list(CONFIG_MAP, namespace=here).resource_version
    shown = cluster.apply(make_config(here, port="80"), CONFIG_MAP, is_dry_run=True)
    assert shown.body == {"data": {"port": "80"}}
    cluster.apply_secret(make_secret(here, password=b"one"), is_dry_run=True)
    assert cluster.get(CONFIG_MAP, "settings", namespace=here) is None
    assert cluster.get(SECRET, "db", namespace=here) is None
    made = cluster.apply(make_config(here, port="80"), CONFIG_MAP)
    assert cluster.apply(make_config(here, port="81"), CONFIG_MAP, is_dry_run=True).body == {"data": {"port": "81"}}
    assert get(bench, CONFIG_MAP, here, "settings") == made
    assert changes(bench, CONFIG_MAP, here, since) == [("added", "settings")]


def test_a_patch_merges(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    made = cluster.apply(make_config(here, annotations={"keep": "1"}, port="80", host="a"), CONFIG_MAP)
    merge = {"metadata": {"annotations": {"asked": "now"}, "labels": {"app": "shop"}}, "data": {"host": None, "more": "yes"}}
    patched = cluster.patch(CONFIG_MAP, "settings", merge, namespace=here)
    assert patched == get(bench, CONFIG_MAP, here, "settings")
    assert (patched.meta.annotations, patched.meta.labels) == ({"keep": "1", "asked": "now"}, {"app": "shop"})
    assert patched.body == {"data": {"port": "80", "more": "yes"}}
    assert (patched.meta.uid, patched.meta.managers) == (made.meta.uid, ("goldenpath", "goldenpath-patch"))
    assert patched.meta.resource_version != made.meta.resource_version
    assert cluster.patch(CONFIG_MAP, "settings", merge, namespace=here) == patched


def test_an_object_that_was_only_patched_is_not_ours(bench: Bench) -> None:
    here = bench.namespace()
    bench.apply_as("team", make_config(here, port="80"), CONFIG_MAP)
    patched = bench.cluster.patch(CONFIG_MAP, "settings", {"metadata": {"annotations": {"asked": "now"}}}, namespace=here)
    assert patched.meta.managers == ("goldenpath-patch", "team")


def test_a_patch_of_one_version_changes_no_other(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    old = cluster.apply(make_config(here, port="80"), CONFIG_MAP).meta.resource_version
    new = cluster.patch(CONFIG_MAP, "settings", {"data": {"port": "81"}}, namespace=here, resource_version=old)
    late = refused(lambda: cluster.patch(CONFIG_MAP, "settings", {"data": {"port": "82"}}, namespace=here, resource_version=old))
    assert (late.code, late.kind, late.subject) == ("cluster.object-changed", "conflict", f"ConfigMap {here}/settings")
    assert get(bench, CONFIG_MAP, here, "settings") == new


def test_the_status_is_the_controllers(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    made = cluster.apply({**make_widget(here, size=1), "status": {"phase": "ours"}}, WIDGET)
    assert (made.meta.generation, made.spec, made.status) == (1, {"size": 1}, {})
    bench.set_status(made, {"phase": "Ready"})
    cluster.patch(WIDGET, "lever", {"status": {"phase": "ours"}, "metadata": {"labels": {"a": "b"}}}, namespace=here)
    marked = get(bench, WIDGET, here, "lever")
    assert (marked.meta.generation, marked.status) == (1, {"phase": "Ready"})
    turned = cluster.apply(make_widget(here, size=2), WIDGET)
    assert (turned.meta.generation, turned.spec, turned.status) == (2, {"size": 2}, {"phase": "Ready"})
    assert cluster.get(WIDGET.at("v1beta1"), "lever", namespace=here) == replace(turned, kind=WIDGET.at("v1beta1"))


# --- deleting


def test_exactly_the_object_that_was_meant_is_deleted(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    made = cluster.apply(make_config(here, port="80"), CONFIG_MAP)
    error = refused(lambda: cluster.delete(CONFIG_MAP, "settings", namespace=here, uid=OTHER_UID))
    assert (error.code, error.kind) == ("cluster.object-changed", "conflict")
    assert get(bench, CONFIG_MAP, here, "settings") == made
    cluster.delete(CONFIG_MAP, "settings", namespace=here, uid=made.meta.uid)
    assert cluster.get(CONFIG_MAP, "settings", namespace=here) is None
    cluster.delete(CONFIG_MAP, "settings", namespace=here, uid=made.meta.uid)
    again = cluster.apply(make_config(here, port="80"), CONFIG_MAP)
    assert again.meta.uid != made.meta.uid
    assert code_of(lambda: cluster.delete(CONFIG_MAP, "settings", namespace=here, uid=made.meta.uid)) == "cluster.object-changed"


def test_a_finalizer_keeps_what_is_deleted(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    made = cluster.apply(make_config(here, finalizers=["goldenpath.io/test"], port="80"), CONFIG_MAP)
    assert made.meta.finalizers == ("goldenpath.io/test",)
    for _twice in range(2):
        cluster.delete(CONFIG_MAP, "settings", namespace=here, uid=made.meta.uid)
        kept = get(bench, CONFIG_MAP, here, "settings")
        assert from_text(kept.meta.deleted_at) >= from_text(made.meta.created_at)
        assert (kept.meta.uid, kept.meta.finalizers, kept.body) == (made.meta.uid, made.meta.finalizers, made.body)
    cluster.patch(CONFIG_MAP, "settings", {"metadata": {"finalizers": None}}, namespace=here)
    assert cluster.get(CONFIG_MAP, "settings", namespace=here) is None


# --- lists


def test_a_list_is_whole_sorted_and_of_its_namespace(bench: Bench) -> None:
    first, second = sorted((bench.namespace(), bench.namespace()))
    for namespace, name in ((second, "b"), (first, "c"), (first, "a")):
        bench.cluster.apply(make_config(namespace, name, port="80"), CONFIG_MAP)
    assert [each.meta.name for each in bench.cluster.list(CONFIG_MAP, namespace=first).objects] == ["a", "c"]
    everywhere = [each.ref for each in bench.cluster.list(CONFIG_MAP).objects]
    assert everywhere == sorted(everywhere)
    ours = [(ref.namespace, ref.name) for ref in everywhere if ref.namespace in {first, second}]
    assert ours == [(first, "a"), (first, "c"), (second, "b")]
    assert [each.meta.name for each in bench.cluster.list(NAMESPACE).objects if each.meta.name in {first, second}] == [first, second]


def test_a_list_selects_by_labels(bench: Bench) -> None:
    here = bench.namespace()
    for name, labels in (("a", {"app": "shop", "tier": "web"}), ("b", {"app": "shop"}), ("c", {"app": ""}), ("d", {})):
        bench.cluster.apply(make_config(here, name, labels=labels), CONFIG_MAP)

    def chosen(**labels: str) -> list[str]:
        return [each.meta.name for each in bench.cluster.list(CONFIG_MAP, namespace=here, labels=labels).objects]

    assert chosen() == ["a", "b", "c", "d"]
    assert chosen(app="shop") == ["a", "b"]
    assert chosen(app="shop", tier="web") == ["a"]
    assert chosen(app="") == ["c"]
    assert chosen(app="none") == []


# --- watches


def test_a_watch_tells_exactly_what_follows_the_list(bench: Bench) -> None:
    here, there, cluster = bench.namespace(), bench.namespace(), bench.cluster
    cluster.apply(make_config(here, "before", port="80"), CONFIG_MAP)
    listing = cluster.list(CONFIG_MAP, namespace=here)
    assert changes(bench, CONFIG_MAP, here, listing.resource_version) == []
    made = cluster.apply(make_config(here, "new", port="80"), CONFIG_MAP)
    cluster.apply(make_config(there, "elsewhere", port="80"), CONFIG_MAP)
    changed = cluster.patch(CONFIG_MAP, "before", {"data": {"port": "81"}}, namespace=here)
    cluster.delete(CONFIG_MAP, "new", namespace=here, uid=made.meta.uid)
    seen = list(cluster.watch(CONFIG_MAP, namespace=here, since=listing.resource_version, seconds=WATCH_SECONDS))
    assert [(each.kind, each.object.meta.name) for each in seen] == [("added", "new"), ("modified", "before"), ("deleted", "new")]
    assert seen[0].object == made
    assert seen[1].object == changed
    assert (seen[2].object.meta.uid, seen[2].object.body) == (made.meta.uid, made.body)
    assert changes(bench, CONFIG_MAP, here, seen[0].object.meta.resource_version) == [("modified", "before"), ("deleted", "new")]
    assert changes(bench, CONFIG_MAP, "", listing.resource_version)[:2] == [("added", "new"), ("added", "elsewhere")]


def test_a_watch_of_a_selection_sees_what_enters_and_leaves(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    cluster.apply(make_config(here, "a", labels={"app": "shop"}), CONFIG_MAP)
    since = cluster.list(CONFIG_MAP, namespace=here).resource_version
    for app in ("shop", "other", "shop", "third", "fourth"):
        cluster.patch(CONFIG_MAP, "a", {"metadata": {"labels": {"app": app}}, "data": {"at": app}}, namespace=here)
    cluster.apply(make_config(here, "b", labels={"app": "other"}), CONFIG_MAP)
    assert changes(bench, CONFIG_MAP, here, since, app="shop") == [
        ("modified", "a"),
        ("deleted", "a"),
        ("added", "a"),
        ("deleted", "a"),
    ]


def test_a_watch_from_too_long_ago_says_so(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    old = cluster.list(CONFIG_MAP, namespace=here).resource_version
    cluster.apply(make_config(here, port="80"), CONFIG_MAP)
    bench.forget_history()
    error = refused(lambda: list(cluster.watch(CONFIG_MAP, namespace=here, since=old, seconds=WATCH_SECONDS)))
    assert (error.code, error.kind) == ("cluster.watch-expired", "conflict")
    new = cluster.list(CONFIG_MAP, namespace=here).resource_version
    cluster.patch(CONFIG_MAP, "settings", {"data": {"port": "81"}}, namespace=here)
    assert changes(bench, CONFIG_MAP, here, new) == [("modified", "settings")]


def test_a_watch_ends_in_time(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    since = cluster.list(CONFIG_MAP, namespace=here).resource_version
    begun = datetime.now(UTC)
    assert changes(bench, CONFIG_MAP, here, since) == []
    assert datetime.now(UTC) - begun < timedelta(seconds=WATCH_SECONDS + 10)


# --- Secrets


def test_a_secret_is_metadata_unless_it_is_read(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    since = cluster.list(SECRET, namespace=here).resource_version
    made = cluster.apply_secret(make_secret(here, password=b"one", binary=bytes(range(256)), empty=b""))
    patched = cluster.patch(SECRET, "db", {"metadata": {"annotations": {"seen": "yes"}}}, namespace=here)
    seen = [change.object for change in cluster.watch(SECRET, namespace=here, since=since, seconds=WATCH_SECONDS)]
    listed = cluster.list(SECRET, namespace=here).objects
    assert [each.body for each in (made, patched, *seen, *listed, get(bench, SECRET, here, "db"))] == [{}] * 6
    assert (made.kind, made.meta.labels, made.meta.managers) == (SECRET, {"app": "shop"}, ("goldenpath",))
    found = cluster.read_secret(here, "db")
    assert found is not None
    assert values_of(bench, here) == {"password": b"one", "binary": bytes(range(256)), "empty": b""}
    assert (found.type, found.is_immutable, found.meta) == ("Opaque", False, patched.meta)
    cluster.delete(SECRET, "db", namespace=here, uid=made.meta.uid)
    assert cluster.read_secret(here, "db") is None


def test_what_kubectl_notes_down_about_a_secret_is_not_shown(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    since = cluster.list(SECRET, namespace=here).resource_version
    meta = ObjectMeta(name="db", namespace=here, annotations={LAST_APPLIED: '{"data":{"password":"b25l"}}', "note": "kept"})
    bench.put_secret(KubernetesSecret(meta=meta, data={"password": SecretValue(b"one")}))
    patched = cluster.patch(SECRET, "db", {"metadata": {"annotations": {"seen": "yes"}}}, namespace=here)
    found = cluster.read_secret(here, "db")
    assert found is not None
    seen = [change.object.meta for change in cluster.watch(SECRET, namespace=here, since=since, seconds=WATCH_SECONDS)]
    listed = [each.meta for each in cluster.list(SECRET, namespace=here).objects]
    shown = [patched.meta, found.meta, get(bench, SECRET, here, "db").meta, *seen, *listed]
    assert {name for each in shown for name in each.annotations} == {"note", "seen"}


def test_a_change_of_values_is_a_change(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    made = cluster.apply_secret(make_secret(here, password=b"one"))
    turned = cluster.apply_secret(make_secret(here, password=b"two"))
    assert turned.meta.resource_version != made.meta.resource_version
    assert (turned.meta.uid, values_of(bench, here)) == (made.meta.uid, {"password": b"two"})
    assert changes(bench, SECRET, here, made.meta.resource_version) == [("modified", "db")]
    cluster.apply_secret(make_secret(here, token=b"three"))
    assert values_of(bench, here) == {"token": b"three"}


def test_a_value_of_another_manager_is_not_taken_over_silently(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    cluster.apply_secret(make_secret(here, password=b"one", user=b"app"))
    bench.apply_as("team", {"metadata": {"name": "db", "namespace": here}, "data": {"password": "dHdv", "more": "eA=="}}, SECRET)
    error = refused(lambda: cluster.apply_secret(make_secret(here, password=b"three", user=b"app")))
    assert (error.code, error.message) == ("cluster.field-conflict", "team owns .data.password")
    assert values_of(bench, here) == {"password": b"two", "user": b"app", "more": b"x"}
    taken = cluster.apply_secret(make_secret(here, password=b"three", user=b"app"), is_forced=True)
    assert values_of(bench, here) == {"password": b"three", "user": b"app", "more": b"x"}
    assert taken.meta.managers == ("goldenpath", "team")


def test_keys_are_taken_away_by_a_patch_that_gives_none(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    made = cluster.apply_secret(make_secret(here, password=b"one", user=b"app"))
    cluster.patch(SECRET, "db", {"data": {"user": None}}, namespace=here, resource_version=made.meta.resource_version)
    assert values_of(bench, here) == {"password": b"one"}


def test_a_secret_of_one_version_is_applied_to_no_other(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    made = cluster.apply_secret(make_secret(here, password=b"one"))

    def at(meta: ObjectMeta, value: bytes) -> KubernetesSecret:
        wanted = replace(meta, labels={"app": "shop"}, annotations={})
        return KubernetesSecret(meta=wanted, data={"password": SecretValue(value)})

    turned = cluster.apply_secret(at(made.meta, b"two"))
    assert code_of(lambda: cluster.apply_secret(at(made.meta, b"three"))) == "cluster.object-changed"
    assert values_of(bench, here) == {"password": b"two"}
    cluster.delete(SECRET, "db", namespace=here, uid=turned.meta.uid)
    assert code_of(lambda: cluster.apply_secret(at(turned.meta, b"three"))) == "cluster.object-changed"
    assert cluster.get(SECRET, "db", namespace=here) is None


def test_an_immutable_secret_and_a_type_stay(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.cluster
    fixed = cluster.apply_secret(make_secret(here, "fixed", is_immutable=True, password=b"one"))
    assert cluster.apply_secret(make_secret(here, "fixed", is_immutable=True, password=b"one")) == fixed
    for wanted in (
        make_secret(here, "fixed", is_immutable=True, password=b"two"),
        make_secret(here, "fixed", is_immutable=True, password=b"one", more=b"x"),
        make_secret(here, "fixed", password=b"one"),
    ):
        for is_dry_run in (True, False):
            error = refused(lambda: cluster.apply_secret(wanted, is_dry_run=is_dry_run))  # noqa: B023 - called at once
            assert (error.code, error.kind) == ("cluster.immutable", "conflict")
    found = cluster.read_secret(here, "fixed")
    assert found is not None
    assert (found.is_immutable, values_of(bench, here, "fixed")) == (True, {"password": b"one"})
    cluster.apply_secret(make_secret(here, kind="goldenpath.io/test", password=b"one"))
    assert code_of(lambda: cluster.apply_secret(make_secret(here, password=b"one"))) == "cluster.immutable"
    typed = cluster.read_secret(here, "db")
    assert typed is not None
    assert typed.type == "goldenpath.io/test"


@pytest.mark.parametrize(
    ("type_", "data"),
    [("Opaque", {"not/a/key": b"x"}), ("kubernetes.io/tls", {"tls.crt": b"x"}), ("Opaque", {"big": b"x" * (1024 * 1024 + 1)})],
    ids=["key", "type without its keys", "too large"],
)
def test_a_secret_that_is_not_valid_is_refused(bench: Bench, type_: str, data: dict[str, bytes]) -> None:
    here, cluster = bench.namespace(), bench.cluster
    secret = KubernetesSecret(
        meta=ObjectMeta(name="db", namespace=here), data={key: SecretValue(value) for key, value in data.items()}, type=type_
    )
    error = refused(lambda: cluster.apply_secret(secret))
    assert (error.code, error.kind) == ("cluster.refused", "provider-refused")
    assert cluster.get(SECRET, "db", namespace=here) is None


# --- rights


def test_who_may_nothing_is_told_what(bench: Bench) -> None:
    here, cluster = bench.namespace(), bench.stranger
    manifest = make_config(here, port="80")
    for verb, kind, call in (
        ("get", CONFIG_MAP, lambda: cluster.get(CONFIG_MAP, "settings", namespace=here)),
        ("get", SECRET, lambda: cluster.read_secret(here, "db")),
        ("list", SECRET, lambda: cluster.list(SECRET)),
        ("list", WIDGET, lambda: cluster.list(WIDGET, namespace=here)),
        ("watch", CONFIG_MAP, lambda: list(cluster.watch(CONFIG_MAP, since="1", seconds=WATCH_SECONDS))),
        ("patch", CONFIG_MAP, lambda: cluster.patch(CONFIG_MAP, "settings", {"data": {}}, namespace=here)),
        ("patch", CONFIG_MAP, lambda: cluster.apply(manifest, CONFIG_MAP)),
        ("patch", SECRET, lambda: cluster.apply_secret(make_secret(here, password=b"one"))),
        ("delete", CONFIG_MAP, lambda: cluster.delete(CONFIG_MAP, "settings", namespace=here, uid=OTHER_UID)),
    ):
        error = refused(call)
        assert (error.code, error.kind) == ("cluster.forbidden", "access-denied")
        assert f"may not {verb} {kind.plural}" in error.message
        assert not cluster.may(verb, kind, namespace=here)
        assert bench.cluster.may(verb, kind, namespace=here)


# --- the cluster itself


def test_the_cluster_says_what_it_is(bench: Bench) -> None:
    cluster = bench.cluster
    system = cluster.get(NAMESPACE, "kube-system")
    assert system is not None
    assert cluster.identity() == system.meta.uid
    version = cluster.version()
    assert (version.major, version.text.startswith(f"v1.{version.minor}.")) == (1, True)
    assert (cluster.now().utcoffset(), cluster.now().microsecond) == (timedelta(0), 0)


def test_served_versions_begin_with_the_preferred_one(bench: Bench) -> None:
    assert bench.cluster.served_versions(WIDGET_GROUP) == ("v1", "v1beta1")
    assert bench.cluster.served_versions("") == ("v1",)
    assert bench.cluster.served_versions("apps") == ("v1",)
    assert bench.cluster.served_versions(UNKNOWN.group) == ()
