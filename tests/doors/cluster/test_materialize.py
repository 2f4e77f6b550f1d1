"""``goldenpath materialize`` from the command line to the in-memory cluster: what it writes, refuses, leaves alone, resumes and prunes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from tests.canary import hits_in, new_canary, scan_tree
from tests.cluster_fake import FakeCluster
from tests.cluster_faults import FaultyCluster
from tests.e2e.world import Run
from tests.staging_world import FOLDER, STAGING_0007, Staging, staging, staging_template  # noqa: F401 - fixtures

from goldenpath.errors import AccessDenied, ProviderUnavailable
from goldenpath.model.cluster import (
    EXTERNAL_SECRET,
    EXTERNAL_SECRETS_GROUP,
    SECRET,
    ClusterObject,
    KubernetesSecret,
    ObjectMeta,
    ObjectRef,
    Owner,
)
from goldenpath.model.secret import SecretValue
from goldenpath.model.secret_marks import COMMIT, FINGERPRINT, STORE_VERSION, secret_annotations, secret_labels
from goldenpath.ports.cluster import Cluster

VERB = ("materialize", "--environment", "staging")
DB, API = "payments-db-creds", "payments-api-key"
DB_VALUES = {"username": b"app", "password": b"s3cr3t-one"}
API_VALUES = {"token": b"tok-one"}


@pytest.fixture(scope="module")
def seeded_template(staging_template: Staging, tmp_path_factory: pytest.TempPathFactory) -> Staging:  # noqa: F811
    template = staging_template.copy(tmp_path_factory.mktemp("seeded") / "world")
    template.seed("SEC-0007", username="app", password="s3cr3t-one")
    template.seed("SEC-0008", token="tok-one")
    return template


@pytest.fixture
def seeded(seeded_template: Staging, tmp_path: Path) -> Staging:
    return seeded_template.copy(tmp_path / "world")


@pytest.fixture
def written(seeded: Staging) -> Staging:
    assert seeded.cli(*VERB, "--yes").code == 0
    seeded.cluster.calls.clear()
    return seeded


def data(place: Staging, name: str) -> dict[str, bytes]:
    return place.cluster.data_of("payments", name)


def meta(place: Staging, name: str) -> ObjectMeta:
    found = place.cluster.get(SECRET, name, namespace="payments")
    assert found is not None
    return found.meta


def made(place: Staging, name: str, *, request_id: str, commit: str = "") -> None:
    """A Secret as an earlier run made it."""
    head = commit or place.world.git("pat", "rev-parse", "main").strip()
    place.cluster.apply_secret(
        KubernetesSecret(
            meta=ObjectMeta(
                name=name,
                namespace="payments",
                labels=secret_labels("staging", request_id=request_id, owner="app-team", service="payments"),
                annotations=secret_annotations(request_id, version_id="v-old", fingerprint="old", commit=head),
            ),
            data={"token": SecretValue(b"old")},
        )
    )


def answer(done: Run) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.out)
    return found


def actions(done: Run) -> dict[str, tuple[str, str]]:
    return {each["name"]: (each["action"], each["outcome"]) for each in answer(done)["secrets"]}


def refused(done: Run) -> set[tuple[str, str]]:
    assert done.code == 1, done
    assert answer(done)["secrets"] == []
    return {(each["subject"], each["rule"]) for each in answer(done)["refusals"]}


def test_secrets_are_made_as_external_secrets_would_make_them(seeded: Staging) -> None:
    done = seeded.cli(*VERB, "--yes", "-o", "json")
    assert (done.code, actions(done)) == (0, {DB: ("create", "done"), API: ("create", "done")})
    assert (data(seeded, DB), data(seeded, API)) == (DB_VALUES, API_VALUES)
    manifest = seeded.world.gitops / "environments/staging/external-secrets/payments/payments-db-credentials-sync.yaml"
    template = yaml.safe_load(manifest.read_bytes())["spec"]["target"]["template"]
    found = seeded.cluster.read_secret("payments", DB)
    assert found is not None
    assert (found.type, found.meta.labels) == (template["type"], template["metadata"]["labels"])
    marks = found.meta.annotations
    assert marks["goldenpath.io/request"] == "SEC-0007"
    assert marks[COMMIT] == seeded.world.git("pat", "rev-parse", "main").strip()
    record = answer(seeded.cli("get", "SEC-0007", "-o", "json"))["record"]["versions"][0]
    assert (marks[STORE_VERSION], marks[FINGERPRINT]) == (record["id"], record["fingerprint"])


def test_running_again_writes_nothing(written: Staging) -> None:
    before = meta(written, DB).resource_version
    done = written.cli(*VERB, "--yes", "-o", "json")
    assert (done.code, actions(done)) == (0, {DB: ("unchanged", "none"), API: ("unchanged", "none")})
    assert meta(written, DB).resource_version == before
    assert ("patch", "Secret") not in written.cluster.calls


def test_only_what_has_a_new_version_is_written(written: Staging) -> None:
    written.seed("SEC-0008", token="tok-two")
    done = written.cli(*VERB, "--yes", "-o", "json")
    assert (done.code, actions(done)) == (0, {DB: ("unchanged", "none"), API: ("update", "done")})
    assert data(written, API) == {"token": b"tok-two"}


def test_a_fingerprint_of_another_machine_is_no_hand_edit(written: Staging) -> None:
    found = written.cluster.read_secret("payments", API)
    assert found is not None
    marks = {**found.meta.annotations, FINGERPRINT: "made-with-another-key"}
    elsewhere = ObjectMeta(name=API, namespace="payments", labels=found.meta.labels, annotations=marks)
    written.cluster.apply_secret(KubernetesSecret(meta=elsewhere, data=found.data))
    assert actions(written.cli(*VERB, "--yes", "-o", "json"))[API] == ("unchanged", "none")
    written.seed("SEC-0008", token="tok-two")
    done = written.cli(*VERB, "--yes", "-o", "json")
    assert (done.code, actions(done)[API], data(written, API)) == (0, ("update", "done"), {"token": b"tok-two"})


def test_a_dry_run_shows_names_and_counts_and_changes_nothing(seeded: Staging) -> None:
    done = seeded.cli(*VERB, "--dry-run")
    assert done.code == 0
    assert "+ payments/payments-db-creds (SEC-0007): create, 2 keys, version " in done.out
    assert "staging: 2 to create, 0 to update, 0 unchanged; nothing was written." in done.out
    assert seeded.cluster.list(SECRET).objects == ()


def test_without_a_terminal_nothing_is_asked_and_nothing_written(seeded: Staging) -> None:
    done = seeded.cli(*VERB)
    assert (done.code, "[cli.confirmation-needed]" in done.err) == (2, True)
    assert seeded.cluster.list(SECRET).objects == ()


def test_what_has_no_value_yet_waits(staging: Staging) -> None:  # noqa: F811
    staging.seed("SEC-0008", token="tok-one")
    done = staging.cli(*VERB, "--yes", "-o", "json")
    assert (done.code, actions(done)) == (0, {DB: ("awaiting-value", "none"), API: ("create", "done")})
    assert staging.cli(*VERB, "SEC-0007", "--yes").code == 5, "who names it waits for a person"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("--service", "nobody"), "materialize.nothing-asked-for"), (("SEC-4711",), "request.unknown")],
)
def test_what_finds_nothing_fails(written: Staging, arguments: tuple[str, ...], code: str) -> None:
    done = written.cli(*VERB, *arguments, "--yes")
    assert (done.code, f"[{code}]" in done.err) == (6, True)


# --- what is not ours


def foreign(cluster: FakeCluster) -> None:
    cluster.put_secret(KubernetesSecret(meta=ObjectMeta(name=DB, namespace="payments"), data={"username": SecretValue(b"theirs")}))


def labelled_by_somebody(cluster: FakeCluster) -> None:
    labels = secret_labels("staging", request_id="SEC-0007", owner="app-team", service="payments")
    annotations = secret_annotations("SEC-0007", version_id="v", fingerprint="f", commit="")
    copied = ObjectMeta(name=DB, namespace="payments", labels=labels, annotations=annotations, managers=("kubectl-client-side-apply",))
    cluster.put_secret(KubernetesSecret(meta=copied, data={"username": SecretValue(b"theirs")}))


def of_another_request(cluster: FakeCluster) -> None:
    labels = secret_labels("staging", request_id="SEC-0009", owner="app-team", service="payments")
    annotations = secret_annotations("SEC-0009", version_id="v", fingerprint="f", commit="")
    ours = ObjectMeta(name=DB, namespace="payments", labels=labels, annotations=annotations)
    cluster.apply_secret(KubernetesSecret(meta=ours, data={"username": SecretValue(b"theirs")}))


def owned(cluster: FakeCluster) -> None:
    owner = Owner(api_version="external-secrets.io/v1", kind="ExternalSecret", name="x-sync", uid="u", is_controller=True)
    cluster.put_secret(
        KubernetesSecret(meta=ObjectMeta(name=DB, namespace="payments", owners=(owner,)), data={"username": SecretValue(b"theirs")})
    )


def terminating(cluster: FakeCluster) -> None:
    of_another_request(cluster)
    found = cluster.get(SECRET, DB, namespace="payments")
    assert found is not None
    held = msgspec.structs.replace(
        found.meta, finalizers=("example.com/wait",), labels=secret_labels("staging", request_id="SEC-0007", owner="x", service="payments")
    )
    cluster.put(msgspec.structs.replace(found, meta=held))
    cluster.delete(SECRET, DB, namespace="payments", uid=held.uid)


@pytest.mark.parametrize(
    ("plant", "rule"),
    [
        (foreign, "materialize.secret-foreign"),
        (labelled_by_somebody, "materialize.secret-foreign"),
        (of_another_request, "materialize.secret-foreign"),
        (owned, "materialize.secret-owned"),
        (terminating, "materialize.secret-terminating"),
    ],
)
def test_a_secret_that_is_not_ours_stops_everything(seeded: Staging, plant: Callable[[FakeCluster], None], rule: str) -> None:
    plant(seeded.cluster)
    done = seeded.cli(*VERB, "--yes", "--accept-drift", "SEC-0007", "-o", "json")
    assert refused(done) == {("SEC-0007", rule)}
    assert data(seeded, DB) == {"username": b"theirs"}
    assert seeded.cluster.get(SECRET, API, namespace="payments") is None, "one refusal stops the whole batch"


@pytest.mark.parametrize("name", ["payments-db-credentials-sync", "by-hand"])
def test_an_external_secret_keeps_its_secret(seeded: Staging, name: str) -> None:
    body = {"spec": {"target": {"name": DB}}} if name == "by-hand" else {"spec": {}}
    seeded.cluster.put(ClusterObject(kind=EXTERNAL_SECRET, meta=ObjectMeta(name=name, namespace="payments"), body=body))
    assert refused(seeded.cli(*VERB, "--yes", "-o", "json")) == {("SEC-0007", "materialize.external-secret")}
    seeded.cluster.served[EXTERNAL_SECRETS_GROUP] = ()
    assert seeded.cli(*VERB, "--yes").code == 0, "where the kind is not served, nobody writes it"


def test_all_refusals_are_told_at_once_and_recorded(seeded: Staging) -> None:
    foreign(seeded.cluster)
    seeded.cluster.put(
        ClusterObject(kind=EXTERNAL_SECRET, meta=ObjectMeta(name="payments-api-key-sync", namespace="payments"), body={"spec": {}})
    )
    done = seeded.cli(*VERB, "--yes", "-o", "json")
    assert refused(done) == {("SEC-0007", "materialize.secret-foreign"), ("SEC-0008", "materialize.external-secret")}
    records = [json.loads(line) for line in seeded.cli("audit", "export").out.splitlines()]
    denied = [each for each in records if each["action"] == "platform.materialize" and each["outcome"] == "denied"]
    assert [each["error_type"] for each in denied] == ["materialize.refused"]


def test_a_namespace_that_is_not_there_is_found_before_the_first_write(seeded: Staging) -> None:
    seeded.cluster.remove(ObjectRef(kind="Namespace", name="payments"))
    rules = {("SEC-0007", "cluster.object-missing"), ("SEC-0008", "cluster.object-missing")}
    assert refused(seeded.cli(*VERB, "--yes", "-o", "json")) == rules


def test_fields_that_somebody_took_over_are_not_taken_back(written: Staging) -> None:
    written.seed("SEC-0008", token="tok-two")
    written.cluster.edit_secret("payments", API, {"token": b"tok-one"}, manager="another-controller")
    assert refused(written.cli(*VERB, "--yes", "-o", "json")) == {("SEC-0008", "cluster.field-conflict")}
    assert data(written, API) == API_VALUES


def test_a_type_and_an_immutable_secret_are_never_replaced(written: Staging) -> None:
    for name, kind, is_immutable in ((DB, "kubernetes.io/basic-auth", False), (API, "Opaque", True)):
        found = written.cluster.read_secret("payments", name)
        assert found is not None
        written.cluster.put_secret(KubernetesSecret(meta=found.meta, data=found.data, type=kind, is_immutable=is_immutable))
    written.seed("SEC-0008", token="tok-two")
    rules = {("SEC-0007", "materialize.type-differs"), ("SEC-0008", "materialize.secret-immutable")}
    assert refused(written.cli(*VERB, "--yes", "-o", "json")) == rules


def test_what_a_newer_commit_wrote_is_not_turned_back(written: Staging) -> None:
    written.cluster.patch(SECRET, DB, {"metadata": {"annotations": {COMMIT: "f" * 40}}}, namespace="payments")
    assert refused(written.cli(*VERB, "--yes", "-o", "json")) == {("SEC-0007", "materialize.newer-commit")}


def test_a_reserved_target_is_refused_whoever_merged_it(seeded: Staging) -> None:
    policy = seeded.world.platform / "governance" / "policy.yaml"
    reserved = policy.read_text().replace("reservedTargets:\n", f"reservedTargets:\n  - name: {DB}\n")
    seeded.world.propose("reserve", {"governance/policy.yaml": reserved})
    for who in ("pat", "sam"):
        seeded.world.cli(who, "approve", "--head", "reserve")
    seeded.world.merge("reserve")
    assert refused(seeded.cli(*VERB, "--yes", "-o", "json")) == {("SEC-0007", "policy.target-reserved")}


def test_prod_is_served_by_external_secrets(seeded: Staging) -> None:
    done = seeded.cli("materialize", "--environment", "prod", "--yes")
    assert (done.code, "[materialize.not-allowed]" in done.err) == (1, True)
    assert seeded.cluster.calls == [], "the cluster was not even asked"


def test_the_cluster_of_another_environment_gets_nothing(seeded: Staging) -> None:
    settings = (seeded.world.platform / "goldenpath.yaml").read_text()
    assert "  staging:\n" in settings
    cluster = "  staging:\n    kubernetes:\n      clusterId: 00000000-0000-4000-8000-00000000dead\n"
    seeded.world.propose("cluster", {"goldenpath.yaml": settings.replace("  staging:\n", cluster)})
    for who in ("pat", "sam"):
        seeded.world.cli(who, "approve", "--head", "cluster")
    seeded.world.merge("cluster")
    done = seeded.cli(*VERB, "--yes")
    assert (done.code, "[cluster.wrong-cluster]" in done.err) == (2, True)
    assert seeded.cluster.list(SECRET).objects == ()


def test_unreviewed_changes_steer_nothing(seeded: Staging) -> None:
    moved = STAGING_0007.replace(DB, "moved-without-review")
    seeded.world.propose("sneak", {f"{FOLDER}/SEC-0007.yaml": moved})
    seeded.world.merge("sneak")
    done = seeded.cli(*VERB, "--yes", "-o", "json")
    assert (done.code, sorted(actions(done))) == (0, [API, DB])
    assert "[" in answer(done)["unreviewed"]
    assert "only what was reviewed counts" in done.err


# --- what somebody edited by hand


@pytest.mark.parametrize("edit", [{"password": b"by-hand"}, {"debug": b"1"}, {"password": None}, {"password": b"\xff\x00"}])
def test_a_hand_edit_is_left_alone_until_somebody_accepts_it(written: Staging, edit: dict[str, bytes | None]) -> None:
    written.cluster.edit_secret("payments", DB, edit)
    edited = data(written, DB)
    written.seed("SEC-0008", token="tok-two")
    done = written.cli(*VERB, "--yes", "-o", "json")
    assert (done.code, actions(done)) == (1, {DB: ("drift", "none"), API: ("update", "done")})
    assert data(written, DB) == edited
    accepted = written.cli(*VERB, "SEC-0007", "--accept-drift", "SEC-0007", "--yes", "-o", "json")
    assert (accepted.code, actions(accepted)) == (0, {DB: ("overwrite", "done")})
    assert data(written, DB) == DB_VALUES
    assert written.cli(*VERB, "--yes").code == 0


def test_a_hand_edit_is_seen_under_a_new_version_too(written: Staging) -> None:
    written.cluster.edit_secret("payments", API, {"token": b"by-hand"})
    written.seed("SEC-0008", token="tok-two")
    done = written.cli(*VERB, "--yes", "-o", "json")
    assert (done.code, actions(done)[API], data(written, API)) == (1, ("drift", "none"), {"token": b"by-hand"})


# --- when something fails on the way


def test_an_outage_ends_the_run_and_the_next_one_does_the_rest(seeded: Staging) -> None:
    away = ProviderUnavailable("cluster.unavailable", "the cluster does not answer")
    seeded.wrap = lambda cluster: FaultyCluster(cluster, lambda number, call: away if call == "apply_secret" and number >= 0 else None)
    done = seeded.cli(*VERB, "--yes", "-o", "json")
    assert done.code == 4
    assert actions(done) == {DB: ("create", "not-done"), API: ("create", "not-done")}
    seeded.wrap = lambda cluster: cluster
    assert seeded.cli(*VERB, "--yes").code == 0
    assert (data(seeded, DB), data(seeded, API)) == (DB_VALUES, API_VALUES)


def test_one_that_the_cluster_refuses_holds_no_other_up(seeded: Staging) -> None:
    no = AccessDenied("cluster.forbidden", "these credentials may not patch secrets")
    seeded.wrap = lambda cluster: FaultyCluster(cluster, lambda number, call: no if (call, number) == ("apply_secret", 0) else None)
    done = seeded.cli(*VERB, "--yes", "-o", "json")
    assert (done.code, actions(done)) == (1, {DB: ("create", "refused"), API: ("create", "done")})


@pytest.mark.parametrize("is_effective", [False, True], ids=["lost-before", "lost-after"])
def test_every_call_may_be_lost_and_a_rerun_ends_as_a_clean_run(seeded: Staging, is_effective: bool) -> None:
    """The kill matrix: each call in turn fails, before or after its effect; then the command is run again."""
    counted = FaultyCluster(seeded.cluster, lambda _number, _call: None)
    seeded.wrap = lambda _cluster: counted
    assert seeded.cli(*VERB, "--yes").code == 0
    total = counted.count
    for number in range(total):
        cluster = FakeCluster()
        cluster.namespace("payments")
        seeded.wrap = lambda _cluster, cluster=cluster, number=number: FaultyCluster.lost(cluster, number, is_effective=is_effective)  # type: ignore[misc]
        first = seeded.cli(*VERB, "--yes")
        seeded.wrap = lambda _cluster, cluster=cluster: cluster  # type: ignore[misc]
        again = seeded.cli(*VERB, "--yes")
        assert (first.code in {0, 4}, again.code) == (True, 0), (number, first)
        assert (cluster.data_of("payments", DB), cluster.data_of("payments", API)) == (DB_VALUES, API_VALUES)


def test_an_edit_between_look_and_write_is_not_overwritten(written: Staging) -> None:
    written.seed("SEC-0008", token="tok-two")

    def edit(number: int, call: str) -> None:
        if (call, number) == ("apply_secret", 0):
            written.cluster.edit_secret("payments", API, {"extra": b"by-hand"})

    written.wrap = lambda cluster: FaultyCluster(cluster, edit)
    done = written.cli(*VERB, "--yes", "-o", "json")
    assert (done.code, answer(done)["secrets"][1]["code"]) == (4, "cluster.object-changed")
    assert data(written, API) == {"token": b"tok-one", "extra": b"by-hand"}


def test_a_version_that_moves_meanwhile_is_noticed(written: Staging) -> None:
    written.seed("SEC-0008", token="tok-two")

    def rotate(number: int, call: str) -> None:
        if (call, number) == ("apply_secret", 0):
            written.seed("SEC-0008", token="tok-three")

    written.wrap = lambda cluster: FaultyCluster(cluster, rotate)
    done = written.cli(*VERB, "--yes", "-o", "json")
    assert (done.code, answer(done)["secrets"][1]["code"]) == (4, "materialize.version-moved")
    written.wrap = lambda cluster: cluster
    assert written.cli(*VERB, "--yes").code == 0
    assert data(written, API) == {"token": b"tok-three"}


def test_what_cannot_be_recorded_is_not_done(seeded: Staging) -> None:
    folder = seeded.world.platform / ".goldenpath" / "audit"
    folder.rename(seeded.world.root / "audit-moved")
    folder.touch(mode=0o600)
    assert seeded.cli(*VERB, "--yes").code == 4
    assert seeded.cluster.list(SECRET).objects == ()


# --- what nobody asks for any more


def test_only_what_we_made_for_a_known_request_is_pruned(written: Staging) -> None:
    made(written, "old-name", request_id="SEC-0008")
    made(written, "of-nobody", request_id="SEC-0999")
    written.cluster.put_secret(KubernetesSecret(meta=ObjectMeta(name="theirs", namespace="payments"), data={}))
    assert written.cli(*VERB, "--yes").code == 0
    assert data(written, "old-name"), "without --prune nothing goes"
    shown = written.cli(*VERB, "--prune", "--dry-run")
    assert (shown.code, "- payments/old-name (SEC-0008): delete" in shown.out, data(written, "old-name")) == (0, True, {"token": b"old"})
    done = written.cli(*VERB, "--prune", "--yes", "-o", "json")
    assert (done.code, actions(done)["old-name"]) == (0, ("delete", "done"))
    assert [(each["subject"], each["rule"]) for each in answer(done)["left_alone"]] == [("SEC-0999", "materialize.request-gone")]
    assert "payments/of-nobody was made for SEC-0999" in done.err
    assert {each.meta.name for each in written.cluster.list(SECRET).objects} == {DB, API, "of-nobody", "theirs"}


def test_a_leftover_from_a_newer_commit_or_another_platform_stays(written: Staging) -> None:
    made(written, "old-name", request_id="SEC-0008", commit="e" * 40)
    done = written.cli(*VERB, "--prune", "--yes", "-o", "json")
    assert (done.code, [each["rule"] for each in answer(done)["left_alone"]]) == (0, ["materialize.newer-commit"])
    assert data(written, "old-name") == {"token": b"old"}


def test_a_secret_that_took_the_name_meanwhile_is_not_deleted(written: Staging) -> None:
    made(written, "old-name", request_id="SEC-0008")

    def exchange(_number: int, call: str) -> None:
        if call == "delete":
            written.cluster.remove(ObjectRef(kind="Secret", namespace="payments", name="old-name"))
            written.cluster.put_secret(KubernetesSecret(meta=ObjectMeta(name="old-name", namespace="payments"), data={}))

    written.wrap = lambda cluster: FaultyCluster(cluster, exchange)
    done = written.cli(*VERB, "--prune", "--yes", "-o", "json")
    assert (done.code, actions(done)["old-name"]) == (4, ("delete", "not-done"))
    assert written.cluster.get(SECRET, "old-name", namespace="payments") is not None


def test_a_finalizer_that_holds_a_secret_is_told(written: Staging) -> None:
    made(written, "old-name", request_id="SEC-0008")
    found = written.cluster.get(SECRET, "old-name", namespace="payments")
    assert found is not None
    written.cluster.put(msgspec.structs.replace(found, meta=msgspec.structs.replace(found.meta, finalizers=("example.com/wait",))))
    done = written.cli(*VERB, "--prune", "--yes", "-o", "json")
    assert (done.code, answer(done)["secrets"][2]["code"]) == (4, "materialize.secret-held")
    assert "example.com/wait" in answer(done)["secrets"][2]["message"]


def test_nothing_is_pruned_while_a_write_failed(written: Staging) -> None:
    made(written, "old-name", request_id="SEC-0008")
    written.seed("SEC-0008", token="tok-two")
    no = AccessDenied("cluster.forbidden", "these credentials may not patch secrets")
    written.wrap = lambda cluster: FaultyCluster(cluster, lambda number, call: no if (call, number) == ("apply_secret", 0) else None)
    done = written.cli(*VERB, "--prune", "--yes", "-o", "json")
    assert (done.code, actions(done)["old-name"], data(written, "old-name")) == (1, ("delete", "not-done"), {"token": b"old"})


def test_prune_takes_no_ids(written: Staging) -> None:
    assert written.cli(*VERB, "SEC-0007", "--prune", "--yes").code == 2
    assert data(written, DB) == DB_VALUES


# --- what is on record, and what nobody sees


def test_each_act_is_recorded_before_and_after(written: Staging) -> None:
    made(written, "old-name", request_id="SEC-0008")
    written.seed("SEC-0008", token="tok-two")
    assert written.cli(*VERB, "--prune", "--yes", "--reason", "INC-7").code == 0
    records = [json.loads(line) for line in written.cli("audit", "export").out.splitlines()]
    wanted = {"platform.materialize", "kubernetes-secret.read", "kubernetes-secret.apply", "kubernetes-secret.delete", "secret.read"}
    pairs: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        if record["action"] in wanted:
            pairs.setdefault(record["operation_id"], []).append(record)
    assert {pair[0]["action"] for pair in pairs.values()} == wanted
    assert all([each["phase"] for each in pair] == ["intent", "outcome"] for pair in pairs.values())
    applied = next(pair for pair in reversed(list(pairs.values())) if pair[0]["action"] == "kubernetes-secret.apply")[1]
    assert applied["decision"]["reason"] == "INC-7"
    assert (applied["target"]["k8s_secret"], applied["target"]["version_id"]) == (API, meta(written, API).annotations[STORE_VERSION])


def test_no_value_is_seen_anywhere(staging: Staging) -> None:  # noqa: F811
    canaries = [new_canary("user"), "pem-" + new_canary("one") + "\npem-" + new_canary("two"), new_canary("token"), new_canary("by-hand")]
    staging.seed("SEC-0007", username=canaries[0], password=canaries[1])
    staging.seed("SEC-0008", token=canaries[2])
    for output in ((), ("-o", "json"), ("-o", "yaml"), ("-v", "--debug")):
        staging.cli(*VERB, "--dry-run", *output)
        assert staging.cli(*VERB, "--yes", *output).code == 0
    staging.cluster.edit_secret("payments", DB, {"password": canaries[3].encode()})
    assert staging.cli(*VERB, "--yes", "-v").code == 1
    assert staging.cli(*VERB, "--yes", "--debug", "--accept-drift", "SEC-0007").code == 0
    foreign_again = staging.cluster.get(SECRET, API, namespace="payments")
    assert foreign_again is not None
    staging.cluster.remove(foreign_again.ref)
    staging.cluster.put_secret(
        KubernetesSecret(meta=ObjectMeta(name=API, namespace="payments"), data={"token": SecretValue(canaries[3].encode())})
    )
    assert staging.cli(*VERB, "--yes", "-o", "json").code == 1
    staging.said += [repr(each) for each in staging.cluster.list(SECRET).objects]
    assert data(staging, DB)["password"].decode() == canaries[1]
    assert hits_in("\n".join(staging.said).encode(), canaries) == []
    assert scan_tree(staging.world.root, canaries) == []


def test_the_fake_is_the_port(staging: Staging) -> None:  # noqa: F811
    port: Cluster = staging.cluster
    assert port.identity() == staging.cluster.uid
