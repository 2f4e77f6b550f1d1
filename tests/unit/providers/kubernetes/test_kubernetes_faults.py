"""The way to an API server when it is broken, slow, hostile or somebody else: bounded, repeated where that helps, and never quoted."""

from __future__ import annotations

import json
import re
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.canary import hits_in, new_canary
from tests.standins.kube_api import Step, answer, cut_off, drip, refusal, reset, reset_midway, silence, stand_in_api, stream
from tests.unit.providers.kubernetes.conftest import Call, Rig

from goldenpath.errors import GoldenpathError
from goldenpath.model.cluster import SECRET, ClusterObject, Kind, KubernetesSecret, ObjectMeta
from goldenpath.model.secret import SecretValue
from goldenpath.providers.kubernetes import transport, watching
from goldenpath.providers.kubernetes.calls import DEADLINE_SECONDS, TRIES
from goldenpath.providers.kubernetes.failures import field_name
from goldenpath.providers.kubernetes.reading import LIST_TRIES, PAGE
from goldenpath.providers.system import SystemClock

CONFIG_MAP = Kind(name="ConfigMap", plural="configmaps", version="v1")
HERE = {"name": "settings", "namespace": "shop", "uid": "1", "resourceVersion": "7"}
FOUND = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": HERE, "data": {"port": "80"}}
MANIFEST = {"metadata": {"name": "settings", "namespace": "shop"}, "data": {"port": "80"}}
CLUSTER_ID = "5f1d2c3b-0000-4000-8000-000000000001"


def make_secret(value: bytes = b"one", **meta: Any) -> KubernetesSecret:
    return KubernetesSecret(meta=ObjectMeta(name="db", namespace="shop", **meta), data={"password": SecretValue(value)})


GET: Call = lambda cluster: cluster.get(CONFIG_MAP, "settings", namespace="shop")  # noqa: E731 - a row of a table
CALLS: dict[str, Call] = {
    "get": GET,
    "list": lambda cluster: cluster.list(CONFIG_MAP),
    "watch": lambda cluster: list(cluster.watch(CONFIG_MAP, since="1", seconds=1)),
    "read_secret": lambda cluster: cluster.read_secret("shop", "db"),
    "patch": lambda cluster: cluster.patch(CONFIG_MAP, "settings", {"data": {"port": "81"}}, namespace="shop"),
    "apply": lambda cluster: cluster.apply(MANIFEST, CONFIG_MAP),
    "apply_secret": lambda cluster: cluster.apply_secret(make_secret()),
    "delete": lambda cluster: cluster.delete(CONFIG_MAP, "settings", namespace="shop", uid="1"),
    "identity": lambda cluster: cluster.identity(),
    "version": lambda cluster: cluster.version(),
    "served_versions": lambda cluster: cluster.served_versions("apps"),
    "may": lambda cluster: cluster.may("get", SECRET),
    "now": lambda cluster: cluster.now(),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


def refused(call: Callable[[], object]) -> GoldenpathError:
    with pytest.raises(GoldenpathError) as caught:
        call()
    return caught.value


def code_of(call: Callable[[], object]) -> str:
    return refused(call).code


# --- what helps is tried again


PASSING: dict[str, tuple[Step, str]] = {
    "500": (answer(500), "cluster.unavailable"),
    "503": (answer(503, Retry_After="2"), "cluster.unavailable"),
    "a proxy's 502": (answer(502, b"<html>bad gateway</html>"), "cluster.unavailable"),
    "429": (answer(429, Retry_After="3"), "cluster.throttled"),
    "reset": (reset, "cluster.unavailable"),
}


@every_call
def test_every_call_is_sent_again_and_then_given_up(rig: Rig, call: Call) -> None:
    for said, (step, code) in PASSING.items():
        rig.begin(step)
        error = refused(lambda: call(rig.open()))
        assert (error.code, error.kind) == (code, "provider-unavailable"), said
        assert error.retry_after_seconds is not None
        assert error.hint
        assert len(rig.clock.pauses) == TRIES - 1, said
        # an apply asks first whether a fault is one of its manifest
        assert TRIES <= len(rig.api.seen) <= TRIES + 1, said


@pytest.mark.parametrize("step", [answer(500), answer(429, Retry_After="1"), reset, reset_midway, cut_off(), answer(200, b"<html>log in")])
def test_a_fault_that_passes_is_not_seen(rig: Rig, step: Step) -> None:
    rig.api.then(step, step, answer(200, FOUND))
    found = GET(rig.open())
    assert isinstance(found, ClusterObject)
    assert found.body == {"data": {"port": "80"}}
    assert len(rig.api.seen) == 3


@every_call
def test_what_is_no_answer_of_an_api_server_is_none(rig: Rig, call: Call) -> None:
    for body in (b"", b"[]", b"null", b'"text"', b"<html>", b"{", b"[" * 100_000, b"\xff\xfe"):
        rig.begin(answer(200, body))
        if call is CALLS["watch"]:
            assert call(rig.open()) == [], "a stream of something else is a lost one"
            continue
        assert code_of(lambda: call(rig.open(retry_limit=0))) == "cluster.unavailable"


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"kind": "ConfigMap", "metadata": None},
        {"metadata": {"name": 7}},
        {"metadata": {}, "items": 3},
        {"items": [7], "metadata": {"resourceVersion": "1"}},
    ],
)
@pytest.mark.parametrize("name", ["get", "list", "read_secret", "patch", "apply", "apply_secret", "identity", "version", "may"])
def test_an_answer_of_another_shape_is_none(rig: Rig, name: str, tree: dict[str, Any]) -> None:
    rig.api.then(answer(200, tree))
    error = refused(lambda: CALLS[name](rig.open(retry_limit=0)))
    assert error.code == "cluster.unavailable"


@pytest.mark.parametrize("data", [{"a": "%%%"}, {"a": 7}, ["b25l"], "b25l", {"a": None}])
def test_a_secret_whose_values_cannot_be_read_is_no_secret(rig: Rig, data: Any) -> None:
    rig.api.then(answer(200, {"kind": "Secret", "metadata": {"name": "db"}, "data": data}))
    assert code_of(lambda: rig.open(retry_limit=0).read_secret("shop", "db")) == "cluster.unavailable"


def test_a_pause_that_the_server_asks_for_is_kept(rig: Rig) -> None:
    rig.api.then(answer(429, Retry_After="7"), answer(503, Retry_After="11"), answer(200, FOUND))
    GET(rig.open())
    first, second = rig.clock.pauses
    assert 7 <= first <= 8
    assert 11 <= second <= 12


def test_waiting_ends_with_the_deadline(rig: Rig) -> None:
    rig.api.then(answer(429, Retry_After="40"))
    error = refused(lambda: GET(rig.open()))
    assert (error.code, error.retry_after_seconds) == ("cluster.throttled", 40.0)
    assert sum(rig.clock.pauses) <= DEADLINE_SECONDS
    assert len(rig.api.seen) == 3
    rig.api.steps[:] = [answer(429, Retry_After="9999999")]
    assert refused(lambda: GET(rig.open())).retry_after_seconds == 300.0


def test_the_users_own_limit_of_retries_counts(rig: Rig) -> None:
    rig.api.then(answer(500))
    for limit in (0, 1, 2):
        rig.api.seen.clear()
        refused(lambda: GET(rig.open(retry_limit=limit)))  # noqa: B023 - called at once
        assert len(rig.api.seen) == limit + 1
    rig.api.seen.clear()
    refused(lambda: GET(rig.open(retry_limit=99)))
    assert len(rig.api.seen) == TRIES


FINAL: tuple[tuple[Step, str, str], ...] = (
    (refusal(400, "BadRequest"), "cluster.refused", "provider-refused"),
    (refusal(403, "Forbidden", name="settings"), "cluster.forbidden", "access-denied"),
    (answer(405, b"nothing"), "cluster.refused", "provider-refused"),
    (answer(406, b"nothing"), "cluster.refused", "provider-refused"),
    (refusal(410, "Expired"), "cluster.watch-expired", "conflict"),
    (refusal(413, "RequestEntityTooLarge"), "cluster.refused", "provider-refused"),
    (refusal(415, "UnsupportedMediaType"), "cluster.refused", "provider-refused"),
    (refusal(422, "Invalid"), "cluster.refused", "provider-refused"),
    (answer(418, b""), "cluster.refused", "provider-refused"),
)


@every_call
def test_what_cannot_help_is_not_tried_again(rig: Rig, call: Call) -> None:
    for step, code, kind in FINAL:
        rig.begin(step)
        error = refused(lambda: call(rig.open()))
        assert (error.code, error.kind, rig.clock.pauses, len(rig.api.seen)) == (code, kind, [], 1)


# --- what takes too long, or is too much


def test_a_silent_server_is_not_waited_for(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "READ_SECONDS", 0.2)
    rig.api.then(silence(2.0))
    error = refused(lambda: GET(rig.open(retry_limit=0)))
    assert (error.code, "ReadTimeoutError" in error.message) == ("cluster.unavailable", True)


def test_an_answer_that_drips_is_cut_off(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "ANSWER_SECONDS", 0.3)
    rig.api.then(drip(200, 0.02))
    begun = datetime.now(UTC)
    error = refused(lambda: GET(rig.open(retry_limit=0, clock=SystemClock())))
    assert (error.code, "did not end" in error.message) == ("cluster.unavailable", True)
    assert (datetime.now(UTC) - begun).total_seconds() < 3


def test_a_huge_answer_is_not_read(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "ANSWER_MAX_BYTES", 1000)
    for step in (answer(200, b" " * 1_100_000), drip(3000, 0)):
        rig.api.steps[:] = [step]
        error = refused(lambda: GET(rig.open()))
        assert (error.code, error.kind) == ("cluster.refused", "provider-refused")


def test_nobody_at_the_address_is_said_in_bounded_time(rig: Rig) -> None:
    rig.write(cluster={"server": "https://127.0.0.1:9"})
    error = refused(lambda: GET(rig.open()))
    assert (error.code, "https://127.0.0.1:9" in error.message) == ("cluster.unavailable", True)
    assert len(rig.clock.pauses) == TRIES - 1


# --- somebody else


@every_call
def test_a_redirect_is_not_followed_and_the_token_stays(rig: Rig, call: Call) -> None:
    with stand_in_api() as other:
        other.then(answer(200, FOUND))
        for status in (301, 302, 303, 307, 308):
            rig.begin(answer(status, {}, Location=f"{other.url}/api/v1/elsewhere"))
            error = refused(lambda: call(rig.open()))
            assert (error.code, "leads elsewhere" in error.message) == ("cluster.refused", True)
            assert (len(rig.api.seen), other.seen, other.connections) == (1, [], 0)


@every_call
def test_no_word_of_the_server_travels(rig: Rig, call: Call) -> None:
    canary = new_canary()
    cause = {"reason": "FieldManagerConflict", "field": f'.data["{canary}"]', "message": f'conflict with "{canary}" using v1: {canary}'}
    tree = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": canary,
        "code": canary,
        "message": f"Secret is invalid: data: {canary}",
        "reason": canary,
        "details": {"name": canary, "kind": canary, "group": canary, "uid": canary, "causes": [cause], "retryAfterSeconds": canary},
        "metadata": {"name": 7, "resourceVersion": 7, "continue": canary},
        "major": canary,
        "gitVersion": canary,
    }
    text = canary.encode("ascii", "replace").decode()
    headers = dict.fromkeys(("Audit-Id", "Retry-After", "Date", "Warning", "Location"), text)
    for status in (200, 201, 302, 400, 401, 403, 404, 409, 410, 422, 429, 500, 503):
        rig.begin(answer(status, tree, **headers))
        said = outcome(lambda: call(rig.open(retry_limit=0)))
        assert hits_in(said.encode(), [canary]) == []
        assert canary.partition("/")[0] not in said


def outcome(call: Callable[[], object]) -> str:
    """Everything that a call says: what it returns, or all of its error."""
    try:
        return repr(call())
    except GoldenpathError as error:
        return f"{error!r} {error} {error.hint} {error.subject} {''.join(traceback.format_exception(error))}"


def test_the_value_that_was_sent_is_in_no_error(rig: Rig, capfd: pytest.CaptureFixture[str]) -> None:
    canary = new_canary()
    for step in (answer(422), answer(500), reset, cut_off(), answer(403), answer(409)):
        rig.begin(step)
        said = outcome(lambda: rig.open(retry_limit=0).apply_secret(make_secret(canary.encode())))
        assert "cluster." in said
        assert hits_in(said.encode(), [canary]) == []
    assert hits_in("".join(capfd.readouterr()).encode(), [canary]) == []


def test_what_prints_holds_no_credentials(rig: Rig) -> None:
    canary = "canary0123456789abcdef"
    rig.write(user={"token": canary})
    rig.api.then(answer(200, FOUND))
    cluster = rig.open()
    GET(cluster)
    assert rig.api.seen[0].headers["Authorization"] == f"Bearer {canary}"
    seen: list[object] = [cluster, *vars(cluster).values(), *vars(cluster._calls).values()]
    seen += vars(cluster._calls._source).values()
    assert [repr(each) for each in seen if canary in repr(each)] == []


def test_a_conflict_names_managers_and_fields_and_nothing_else(rig: Rig) -> None:
    causes = [
        {"reason": "FieldManagerConflict", "field": ".spec.size", "message": 'conflict with "team" using apps/v1'},
        {
            "reason": "FieldManagerConflict",
            "field": '.spec.containers[name="hidden"].image',
            "message": 'conflict with "team" using apps/v1',
        },
        {"reason": "FieldManagerConflict", "field": ".data.password", "message": 'conflict with "kubectl-edit" using v1 at 2026-01-01'},
        {"reason": "FieldManagerConflict", "field": "spec size", "message": "conflict with nobody"},
    ]
    rig.api.then(refusal(409, "Conflict", causes=causes, name="settings"))
    error = refused(lambda: CALLS["apply"](rig.open()))
    said = "another manager owns a field; kubectl-edit owns .data.password; team owns .spec.containers[].image, .spec.size"
    assert (error.code, error.message) == ("cluster.field-conflict", said)


@given(st.text())
def test_a_field_s_name_has_no_brackets_content(text: str) -> None:
    assert re.fullmatch(r"a field|(?:\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[\])+", field_name(text))


@given(st.text(alphabet=st.characters(exclude_characters="]", codec="utf-8"), min_size=1))
def test_what_stands_in_brackets_is_left_out(text: str) -> None:
    assert field_name(f".spec[{text}].image") == ".spec[].image"


# --- paths and selections


@pytest.mark.parametrize("name", ["..", ".", "a/b", "../../namespaces/kube-system/secrets/x", "a%2Fb", "%2e%2e"])
def test_no_name_leads_elsewhere(rig: Rig, name: str) -> None:
    cluster = rig.open()
    for call in (
        lambda: cluster.get(CONFIG_MAP, name, namespace="shop"),
        lambda: cluster.get(CONFIG_MAP, "settings", namespace=name),
        lambda: cluster.list(CONFIG_MAP, namespace=name),
        lambda: cluster.read_secret(name, "db"),
        lambda: cluster.read_secret("shop", name),
        lambda: cluster.apply({"metadata": {"name": name, "namespace": "shop"}}, CONFIG_MAP),
        lambda: cluster.delete(CONFIG_MAP, name, namespace="shop", uid="1"),
        lambda: cluster.served_versions(name),
    ):
        assert code_of(call) == "cluster.refused"
    assert rig.api.seen == []


@pytest.mark.parametrize("name", ["a?watch=1", "a#b", "a b", "a\r\nHost: x", "ä", "a;b=c", "a\x00b"])
def test_any_other_name_is_one_step_of_the_path(rig: Rig, name: str) -> None:
    rig.api.then(refusal(404, "NotFound", name="x"))
    assert rig.open().get(CONFIG_MAP, name, namespace="shop") is None
    path = rig.api.seen[0].path
    assert re.fullmatch(r"/api/v1/namespaces/shop/configmaps/[A-Za-z0-9%._~-]+", path)
    assert list(rig.api.seen[0].headers) == ["Host", "User-Agent", "Accept-Encoding", "Accept", "Authorization"]


def test_an_object_of_a_namespace_needs_one(rig: Rig) -> None:
    with pytest.raises(ValueError, match="needs a namespace"):
        rig.open().get(SECRET, "db")
    with pytest.raises(ValueError, match="uid"):
        rig.open().delete(SECRET, "db", namespace="shop", uid="")
    assert rig.api.seen == []


@pytest.mark.parametrize(("name", "value"), [("app", "a,b"), ("app", "a!=b"), ("app,tier", "x"), ("app", "a b"), ("", "x"), ("app", "é")])
def test_what_is_no_label_selects_nothing_else(rig: Rig, name: str, value: str) -> None:
    cluster = rig.open()
    assert code_of(lambda: cluster.list(CONFIG_MAP, labels={name: value})) == "cluster.refused"
    assert code_of(lambda: list(cluster.watch(CONFIG_MAP, labels={name: value}, since="1", seconds=1))) == "cluster.refused"
    assert rig.api.seen == []


# --- Secrets are asked for as metadata

SECRET_CALLS: dict[str, Call] = {
    "get": lambda cluster: cluster.get(SECRET, "db", namespace="shop"),
    "get at another version": lambda cluster: cluster.get(SECRET.at("v2"), "db", namespace="shop"),
    "list": lambda cluster: cluster.list(SECRET),
    "list in a namespace": lambda cluster: cluster.list(SECRET, namespace="shop", labels={"app": "shop"}),
    "watch": lambda cluster: list(cluster.watch(SECRET, since="1", seconds=1)),
    "patch": lambda cluster: cluster.patch(SECRET, "db", {"metadata": {"labels": {"a": "b"}}}, namespace="shop"),
    "patch of keys": lambda cluster: cluster.patch(SECRET, "db", {"data": {"a": None}}, namespace="shop", resource_version="1"),
    "apply": lambda cluster: cluster.apply({"metadata": {"name": "db", "namespace": "shop"}}, SECRET),
    "apply_secret": lambda cluster: cluster.apply_secret(make_secret()),
    "apply_secret rehearsed": lambda cluster: cluster.apply_secret(make_secret(), is_dry_run=True),
    "delete": lambda cluster: cluster.delete(SECRET, "db", namespace="shop", uid="1"),
}


@pytest.mark.parametrize("call", SECRET_CALLS.values(), ids=SECRET_CALLS)
def test_no_answer_about_secrets_holds_values(rig: Rig, call: Call) -> None:
    canary = new_canary()
    meta = {"name": "db", "namespace": "shop", "uid": "1", "resourceVersion": "1"}
    secret = {"kind": "Secret", "metadata": meta, "data": {"password": canary}, "stringData": {"a": canary}, "type": "Opaque"}
    tree = {**secret, "items": [secret]}
    event = {"type": "ADDED", "object": secret}
    rig.api.then(stream(event) if call is SECRET_CALLS["watch"] else answer(200, {**tree, "metadata": meta}))
    found = call(rig.open())
    assert [each.headers["Accept"].partition("List")[0].partition(";g=")[0] for each in rig.api.seen] == [
        "application/json;as=PartialObjectMetadata"
    ]
    assert hits_in(repr(found).encode(), [canary]) == [], "even a server that sends them anyway"


def test_only_read_secret_asks_for_values(rig: Rig) -> None:
    rig.api.then(answer(200, {"kind": "Secret", "metadata": {"name": "db"}, "data": {"password": "b25l"}, "type": "Opaque"}))
    found = rig.open().read_secret("shop", "db")
    assert found is not None
    assert (found.data["password"].reveal(), rig.api.seen[0].headers["Accept"]) == (b"one", "application/json")


@pytest.mark.parametrize("field", ["data", "stringData"])
def test_values_do_not_go_through_plain_trees(rig: Rig, field: str) -> None:
    tree = {"metadata": {"name": "db", "namespace": "shop"}, field: {"password": "b25l"}}
    with pytest.raises(ValueError, match="apply_secret"):
        rig.open().apply(tree, SECRET)
    with pytest.raises(ValueError, match="apply_secret"):
        rig.open().patch(SECRET, "db", tree, namespace="shop")
    assert rig.api.seen == []


# --- writes whose answer was lost


def test_a_patch_whose_answer_was_lost_is_found_done(rig: Rig) -> None:
    patched = {**FOUND, "metadata": {**HERE, "resourceVersion": "8"}, "data": {"port": "81"}}
    merge = {"data": {"port": "81", "host": None}}
    rig.api.then(reset, refusal(409, "Conflict", name="settings"), answer(200, patched))
    found = rig.open().patch(CONFIG_MAP, "settings", merge, namespace="shop", resource_version="7")
    assert (found.meta.resource_version, found.body) == ("8", {"data": {"port": "81"}})
    assert [json.loads(each.body)["metadata"]["resourceVersion"] for each in rig.api.seen[:2]] == ["7", "7"]


@pytest.mark.parametrize("steps", [[reset], [answer(429)], []], ids=["lost", "throttled", "answered"])
def test_a_patch_that_lost_its_race_says_so(rig: Rig, steps: list[Step]) -> None:
    rig.api.then(*steps, refusal(409, "Conflict", name="settings"), answer(200, FOUND))

    def call() -> ClusterObject:
        return rig.open().patch(CONFIG_MAP, "settings", {"data": {"port": "81"}}, namespace="shop", resource_version="6")

    assert code_of(call) == "cluster.object-changed"
    assert len(rig.api.seen) == len(steps) + 1 + (steps == [reset])


def test_keys_that_were_taken_away_are_found_gone(rig: Rig) -> None:
    def held(**data: str) -> Step:
        return answer(200, {"kind": "Secret", "metadata": {"name": "db", "namespace": "shop"}, "data": data})

    def call() -> ClusterObject:
        return rig.open().patch(SECRET, "db", {"data": {"user": None}}, namespace="shop", resource_version="6")

    rig.api.then(reset, refusal(409, "Conflict", name="db"), held(password="b25l"))
    assert call().body == {}
    rig.api.seen.clear()
    rig.api.steps[2] = held(password="b25l", user="eA==")
    assert code_of(call) == "cluster.object-changed"


@pytest.mark.parametrize(("stored", "is_done"), [("b25l", True), ("dHdv", False)])
def test_a_secret_whose_answer_was_lost_is_looked_at(rig: Rig, stored: str, is_done: bool) -> None:
    there = {"kind": "Secret", "metadata": {"name": "db", "namespace": "shop", "resourceVersion": "8"}, "data": {"password": stored}}
    rig.api.then(reset, refusal(409, "Conflict", name="db"), answer(200, {**there, "type": "Opaque"}))

    def call() -> ClusterObject:
        return rig.open().apply_secret(make_secret(resource_version="7", uid="1"))

    if is_done:
        assert call().meta.resource_version == "8"
    else:
        assert code_of(call) == "cluster.object-changed"


def test_a_delete_whose_answer_was_lost_is_done(rig: Rig) -> None:
    rig.api.then(reset, refusal(404, "NotFound", name="settings"))
    CALLS["delete"](rig.open())
    assert rig.api.lines == ["DELETE /api/v1/namespaces/shop/configmaps/settings"] * 2
    assert json.loads(rig.api.seen[1].body)["preconditions"] == {"uid": "1"}


def test_an_apply_that_met_another_one_is_applied_to_it(rig: Rig) -> None:
    rig.api.then(refusal(409, "AlreadyExists", name="settings"), answer(200, FOUND))
    CALLS["apply"](rig.open())
    assert len(rig.api.seen) == 2


def test_a_fault_of_the_manifest_is_told_from_one_of_the_server(rig: Rig) -> None:
    fault, look = refusal(500), answer(200, FOUND)
    rig.api.then(fault, look, fault)
    assert code_of(lambda: CALLS["apply"](rig.open())) == "cluster.refused"
    assert (rig.clock.pauses, [each.method for each in rig.api.seen]) == ([], ["PATCH", "GET", "PATCH"])
    for passing in (
        [fault, look, look],
        [fault, fault, look, look],
        [fault, look, refusal(500, "InternalError"), fault, look],
        [refusal(500, "InternalError"), fault, look],
        [fault, refusal(403, "Forbidden"), fault, look],
    ):
        rig.api.seen.clear()
        rig.api.steps[:] = passing
        assert CALLS["apply"](rig.open())
        assert len(rig.api.seen) == len(passing)


# --- pages


def page(names: str, token: str = "", version: str = "9") -> Step:
    items = [{"metadata": {"name": name, "namespace": "shop"}} for name in names]
    return answer(200, {"kind": "ConfigMapList", "metadata": {"resourceVersion": version, "continue": token}, "items": items})


def names_of(rig: Rig) -> str:
    return "".join(each.meta.name for each in rig.open().list(CONFIG_MAP).objects)


def test_a_list_is_read_in_pages(rig: Rig) -> None:
    rig.api.then(page("da", "t/1+="), page("c", "t2"), page("b"))
    assert names_of(rig) == "abcd"
    queries = [parse_qs(urlsplit(each.path).query) for each in rig.api.seen]
    assert [query["limit"] for query in queries] == [[str(PAGE)]] * 3
    assert [query.get("continue") for query in queries] == [None, ["t/1+="], ["t2"]]


def test_a_list_whose_moment_is_gone_begins_again(rig: Rig) -> None:
    rig.api.then(page("ab", "t1"), refusal(410, "Expired"), page("ac", "t2"), page("d"))
    assert names_of(rig) == "acd"
    rig.api.seen.clear()
    rig.api.steps[:] = [page("ab", "t1"), refusal(410, "Expired")] * 10
    assert code_of(lambda: names_of(rig)) == "cluster.unavailable"
    assert len(rig.api.seen) == 2 * LIST_TRIES


def test_an_empty_list_is_one(rig: Rig) -> None:
    rig.api.then(answer(200, {"kind": "ConfigMapList", "metadata": {"resourceVersion": "9"}, "items": None}))
    assert rig.open().list(CONFIG_MAP).objects == ()


# --- watches


def event(kind: str, name: str, **meta: Any) -> dict[str, Any]:
    return {"type": kind, "object": {"metadata": {"name": name, "namespace": "shop", **meta}, "data": {"a": name}}}


def seen_in(rig: Rig, *, seconds: float = 5) -> str:
    return " ".join(f"{each.kind}:{each.object.meta.name}" for each in rig.open().watch(CONFIG_MAP, since="1", seconds=seconds))


BOOKMARK = {"type": "BOOKMARK", "object": {"kind": "ConfigMap", "metadata": {"resourceVersion": "12"}}}


@pytest.mark.parametrize("piece", [0, 1, 7])
@pytest.mark.parametrize("ends", ["well", "drop"])
def test_a_watch_ends_with_its_connection(rig: Rig, ends: str, piece: int) -> None:
    rig.api.then(stream(event("ADDED", "a"), BOOKMARK, event("MODIFIED", "a"), event("DELETED", "a"), ends=ends, piece=piece))
    assert seen_in(rig) == "added:a modified:a deleted:a"
    query = parse_qs(urlsplit(rig.api.seen[0].path).query)
    assert query == {"watch": ["1"], "resourceVersion": ["1"], "allowWatchBookmarks": ["true"], "timeoutSeconds": ["5"]}


@pytest.mark.parametrize("tail", [b'{"type":"ADDED","obj', b"<html>\n", b"[]\n", b"\xff\n", b'{"type": "ADDED"'])
def test_an_event_that_is_cut_off_ends_the_watch(rig: Rig, tail: bytes) -> None:
    rig.api.then(stream(event("ADDED", "a"), tail=tail, ends="drop"))
    assert seen_in(rig) == "added:a"


def test_an_event_of_an_unknown_kind_is_left_out(rig: Rig) -> None:
    rig.api.then(stream(event("NEW", "x"), event("ADDED", "a"), {"type": 7}, {}, event("ADDED", "b")))
    assert seen_in(rig) == "added:a added:b"


@pytest.mark.parametrize(
    ("code", "expected"),
    [(410, "cluster.watch-expired"), (500, "cluster.unavailable"), (None, "cluster.unavailable"), (403, "cluster.forbidden")],
)
def test_an_error_in_the_stream_means_what_it_means(rig: Rig, code: int | None, expected: str) -> None:
    error = {"type": "ERROR", "object": {"kind": "Status", "code": code, "message": "canary"}}
    rig.api.then(stream(event("ADDED", "a"), error))
    seen = []
    with pytest.raises(GoldenpathError) as caught:
        seen += list(rig.open().watch(CONFIG_MAP, since="1", seconds=5))
    assert (caught.value.code, "canary" in str(caught.value)) == (expected, False)


def test_a_watch_that_is_too_old_says_so_at_once(rig: Rig) -> None:
    rig.api.then(refusal(410, "Expired"))
    assert code_of(lambda: seen_in(rig)) == "cluster.watch-expired"
    assert len(rig.api.seen) == 1


def test_a_watch_that_cannot_begin_is_tried_again(rig: Rig) -> None:
    rig.api.then(answer(500), reset, answer(429, Retry_After="1"), stream(event("ADDED", "a")))
    assert seen_in(rig) == "added:a"


def test_a_silent_watch_ends_when_the_server_does_not_end_it(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goldenpath.providers.kubernetes.reading.SILENCE_SLACK_SECONDS", -0.5)
    rig.api.then(stream(event("ADDED", "a"), ends="hold"))
    begun = datetime.now(UTC)
    assert seen_in(rig, seconds=1) == "added:a"
    assert (datetime.now(UTC) - begun).total_seconds() < 5


def test_a_busy_watch_ends_in_time(rig: Rig) -> None:
    rig.api.then(stream(*(event("ADDED", f"n{number}") for number in range(100))))
    cluster = rig.open()
    seen = 0
    for _change in cluster.watch(CONFIG_MAP, since="1", seconds=10):
        seen += 1
        rig.clock.advance(1)
    assert seen == 10


def test_a_watch_that_is_left_gives_its_connection_up(rig: Rig) -> None:
    rig.api.then(stream(event("ADDED", "a"), event("ADDED", "b"), ends="hold"), answer(200, FOUND))
    cluster = rig.open()
    for change in cluster.watch(CONFIG_MAP, since="1", seconds=5):
        assert change.object.meta.name == "a"
        break
    assert GET(cluster)
    assert rig.api.connections == 2


def test_an_endless_event_is_not_read(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "EVENT_MAX_BYTES", 100_000)
    rig.api.then(stream(tail=b"x" * 500_000))
    assert code_of(lambda: seen_in(rig)) == "cluster.refused"


# --- which cluster it is

GUARDED = ("read_secret", "patch", "apply", "apply_secret", "delete")


@pytest.mark.parametrize("name", GUARDED)
def test_another_cluster_is_neither_written_to_nor_read_from(rig: Rig, name: str) -> None:
    rig.api.then(answer(200, {"kind": "Namespace", "metadata": {"name": "kube-system", "uid": "another"}}))
    cluster = rig.open(cluster_id=CLUSTER_ID)
    for _again in range(2):
        error = refused(lambda: CALLS[name](cluster))
        assert (error.code, error.kind, "another" in error.message) == ("cluster.wrong-cluster", "misconfigured", True)
    assert rig.api.lines == ["GET /api/v1/namespaces/kube-system"]


@pytest.mark.parametrize("name", GUARDED)
def test_a_cluster_that_does_not_say_which_it_is_is_not_written_to(rig: Rig, name: str) -> None:
    rig.api.then(refusal(403, "Forbidden", name="kube-system"))
    assert code_of(lambda: CALLS[name](rig.open(cluster_id=CLUSTER_ID))) == "cluster.forbidden"
    rig.api.steps[:] = [refusal(404, "NotFound", name="kube-system")]
    assert code_of(lambda: CALLS[name](rig.open(cluster_id=CLUSTER_ID))) == "cluster.object-missing"
    assert set(rig.api.lines) == {"GET /api/v1/namespaces/kube-system"}


def test_the_right_cluster_is_asked_once(rig: Rig) -> None:
    rig.api.then(answer(200, {"kind": "Namespace", "metadata": {"name": "kube-system", "uid": CLUSTER_ID}}), answer(200, FOUND))
    cluster = rig.open(cluster_id=CLUSTER_ID)
    for _again in range(3):
        CALLS["apply"](cluster)
    assert rig.api.lines.count("GET /api/v1/namespaces/kube-system") == 1
    assert len(rig.api.seen) == 4


# --- many at once


def test_threads_share_connections_and_not_answers(rig: Rig) -> None:
    def echo(handler: Any, seen: Any) -> None:
        name = seen.path.rpartition("/")[2]
        handler.sized(200, json.dumps({"metadata": {"name": name, "namespace": "shop"}}).encode(), {})

    rig.api.then(echo)
    cluster = rig.open()
    names = [f"n{number}" for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda name: cluster.get(CONFIG_MAP, name, namespace="shop"), names))
    assert [None if each is None else each.meta.name for each in found] == names
    assert rig.api.connections <= 8


def test_the_identity_is_asked_once_by_all_threads(rig: Rig) -> None:
    rig.api.then(answer(200, {"metadata": {"name": "kube-system", "namespace": "", "uid": CLUSTER_ID}}))
    cluster = rig.open(cluster_id=CLUSTER_ID)
    gate = threading.Barrier(8)

    def write(_number: int) -> object:
        gate.wait()
        return CALLS["apply"](cluster)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert rig.api.lines.count("GET /api/v1/namespaces/kube-system") == 1


def test_the_clusters_clock_is_read_from_the_answer(rig: Rig) -> None:
    step = answer(200, {"major": "1", "minor": "35+", "gitVersion": "v1.35.4-eks-1"}, Date="Thu, 15 Jan 2026 12:00:00 GMT")
    rig.api.then(step)
    cluster = rig.open()
    assert cluster.now() == datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
    version = cluster.version()
    assert (version.major, version.minor, version.text) == (1, 35, "v1.35.4-eks-1")
