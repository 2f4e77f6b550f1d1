"""Whose objects in a cluster are, and which of them no request explains."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from goldenpath.delivery.cluster_drift import ObjectDrift, WantedObject, manifest_drift, secret_drift
from goldenpath.delivery.cluster_orphans import Explained, normalised, paths_of_ours, unexplained_objects
from goldenpath.model.cluster import (
    EXTERNAL_SECRET,
    SECRET,
    ClusterObject,
    FieldWriter,
    ObjectMeta,
    ObjectRef,
    Owner,
)

NAMESPACE, NAME, TARGET = "payments", "db-sync", "db-creds"
LABELS = {"app.kubernetes.io/managed-by": "goldenpath", "goldenpath.io/id": "SEC-0007", "goldenpath.io/service": "payments"}
SPEC: dict[str, Any] = {
    "secretStoreRef": {"name": "aws-secrets-manager", "kind": "ClusterSecretStore"},
    "target": {"name": TARGET, "template": {"metadata": {"labels": LABELS}}},
    "dataFrom": [{"extract": {"key": "goldenpath/payments/dev/db"}}],
}
PLACE = ObjectRef(kind="ExternalSecret", namespace=NAMESPACE, name=NAME)
WANTED = WantedObject(ref=PLACE, spec=SPEC, committed=SPEC, request_id="SEC-0007", service="payments", owner="app-team", secret=TARGET)
ESO = FieldWriter(manager=f"externalsecrets.external-secrets.io/{NAME}", at="2026-01-15T11:00:00Z", fields=("data", "data.password"))
NOW = datetime(2026, 1, 20, 12, 0, tzinfo=UTC)
EXPLAINED = Explained(
    places=frozenset({PLACE, ObjectRef(kind="Secret", namespace=NAMESPACE, name=TARGET)}),
    leaving=frozenset({ObjectRef(kind="ExternalSecret", namespace=NAMESPACE, name="old-sync")}),
    ids=frozenset({"SEC-0007", "SEC-0100"}),
    prefixes=frozenset({"goldenpath"}),
    stores=frozenset({"aws-secrets-manager", "openbao"}),
)


def external(name: str = NAME, uid: str = "es-1", spec: dict[str, Any] | None = None, **status: Any) -> ClusterObject:
    meta = ObjectMeta(name=name, namespace=NAMESPACE, uid=uid, created_at="2026-01-15T11:00:00Z")
    return ClusterObject(kind=EXTERNAL_SECRET, meta=meta, body={"spec": SPEC if spec is None else spec, "status": status})


def secret(
    *,
    owner: tuple[str, str, str] | None = ("ExternalSecret", NAME, "es-1"),
    labels: dict[str, str] | None = None,
    writers: tuple[FieldWriter, ...] = (ESO,),
    name: str = TARGET,
) -> ClusterObject:
    owners: tuple[Owner, ...] = ()
    if owner is not None:
        kind, owner_name, uid = owner
        owners = (Owner(api_version="v1", kind=kind, name=owner_name, uid=uid, is_controller=True),)
    meta = ObjectMeta(
        name=name,
        namespace=NAMESPACE,
        owners=owners,
        labels={**(LABELS if labels is None else labels), "reconcile.external-secrets.io/managed": "true"},
        writers=writers,
    )
    return ClusterObject(kind=SECRET, meta=meta)


def judged(found: ClusterObject | None, *, by: ClusterObject | None = None) -> ObjectDrift:
    row = secret_drift(WANTED, by or external(), found, environment="dev")
    assert row is not None
    return row


def test_a_secret_of_its_own_external_secret_is_as_wanted() -> None:
    assert judged(secret()).state == "as-wanted"


@pytest.mark.parametrize(
    ("owner", "state", "word"),
    [
        (None, "unowned", "has no owner"),
        (("ExternalSecret", "another", "es-2"), "foreign", "ExternalSecret another"),
        (("Certificate", "db", "c-1"), "foreign", "Certificate db"),
        (("ExternalSecret", NAME, "es-0"), "foreign", "earlier ExternalSecret"),
    ],
)
def test_a_secret_of_somebody_else_is_named_with_its_owner(owner: tuple[str, str, str] | None, state: str, word: str) -> None:
    row = judged(secret(owner=owner))
    assert (row.state, row.is_drifted) == (state, True)
    assert word in row.detail


@pytest.mark.parametrize("part", ["data", "stringData"])
def test_who_wrote_data_by_hand_is_named_with_the_keys_and_the_time(part: str) -> None:
    hand = FieldWriter(manager="kubectl-edit", at="2026-01-15T12:00:00Z", fields=(f"{part}.password", "metadata.labels"))
    row = judged(secret(writers=(ESO, hand)))
    assert (row.state, row.writers) == ("edited", ("kubectl-edit",))
    assert "kubectl-edit set password at 2026-01-15T12:00:00Z" in row.detail


@pytest.mark.parametrize(
    "writer",
    [
        ESO,
        FieldWriter(manager="external-secrets", fields=("data",)),
        FieldWriter(manager="externalsecrets.external-secrets.io/sha3/ab", fields=("data",)),
        FieldWriter(manager="argocd-controller", fields=("metadata.labels",)),
        FieldWriter(manager="kubectl-label", fields=("metadata.labels",)),
        FieldWriter(manager="kubectl", at="2026-01-15T10:00:00Z", fields=("stringData.password",)),
    ],
)
def test_whoever_wrote_no_data_and_external_secrets_itself_edited_nothing(writer: FieldWriter) -> None:
    assert judged(secret(writers=(ESO, writer))).state == "as-wanted"


def test_changed_labels_are_shown_field_by_field() -> None:
    row = judged(secret(labels={**LABELS, "goldenpath.io/id": "SEC-0100", "goldenpath.io/extra": "x", "team": "theirs"}))
    assert row.state == "drift"
    assert [(field.field, field.wanted, field.found) for field in row.fields] == [
        ("metadata.labels.goldenpath.io/extra", None, "x"),
        ("metadata.labels.goldenpath.io/id", "SEC-0007", "SEC-0100"),
    ]


@pytest.mark.parametrize(
    ("conditions", "word"),
    [
        (None, "never worked on"),
        ([{"type": "Ready", "status": "False"}], "not ready"),
        ([{"type": "Ready", "status": "True"}], "somebody deleted it"),
    ],
)
def test_a_missing_secret_says_what_its_external_secret_says(conditions: list[dict[str, str]] | None, word: str) -> None:
    row = judged(None, by=external(conditions=conditions))
    assert row.state == "missing"
    assert word in row.detail
    assert secret_drift(WANTED, None, None, environment="dev") is None


@pytest.mark.parametrize(("committed", "state"), [(SPEC, "missing"), ({}, "to-create"), (None, "missing")])
def test_a_missing_manifest_is_drift_only_where_it_may_have_been_there(committed: dict[str, Any] | None, state: str) -> None:
    wanted = WantedObject(ref=PLACE, spec=SPEC, committed=committed, request_id="SEC-0007", secret=TARGET)
    assert manifest_drift(wanted, None, {}, environment="dev").state == state


def test_an_object_that_is_being_deleted_is_named_with_what_holds_it() -> None:
    found = external()
    meta = ObjectMeta(name=NAME, namespace=NAMESPACE, deleted_at="2026-01-15T12:00:00Z", finalizers=("example.com/stuck",))
    row = manifest_drift(WANTED, ClusterObject(kind=EXTERNAL_SECRET, meta=meta, body=found.body), {}, environment="dev")
    assert row.state == "being-deleted"
    assert "example.com/stuck" in row.detail


def test_an_edited_manifest_names_who_wrote_last() -> None:
    writers = (
        FieldWriter(manager="argocd-controller", at="2026-01-15T10:00:00Z", fields=("spec.dataFrom",)),
        FieldWriter(manager="kubectl-edit", at="2026-01-15T12:00:00Z", fields=("spec.target",)),
        FieldWriter(manager="external-secrets", at="2026-01-15T13:00:00Z", fields=("status.conditions",)),
    )
    meta = ObjectMeta(name=NAME, namespace=NAMESPACE, writers=writers)
    found = ClusterObject(kind=EXTERNAL_SECRET, meta=meta, body={"spec": {**SPEC, "refreshInterval": "10s"}})
    row = manifest_drift(WANTED, found, {}, environment="dev")
    assert row.writers == ("kubectl-edit (2026-01-15T12:00:00Z)", "argocd-controller (2026-01-15T10:00:00Z)")


def kinds(*objects: ClusterObject) -> dict[str, str]:
    return {row.object.name: row.kind for row in unexplained_objects(objects, EXPLAINED, environment="dev", now=NOW)}


def marked(request_id: str) -> dict[str, Any]:
    return {**SPEC, "target": {"template": {"metadata": {"labels": {**LABELS, "goldenpath.io/id": request_id}}}}}


def test_what_no_request_explains_is_told_by_its_kind() -> None:
    assert kinds(
        external(),
        external("lost-sync", spec=marked("SEC-0099")),
        external("moved-sync", spec=marked("SEC-0100")),
        external("old-sync"),
        external("thief", spec={"secretStoreRef": {"name": "own"}, "data": [{"remoteRef": {"key": "goldenpath/payments/prod/db"}}]}),
        external("theirs", spec={"secretStoreRef": {"name": "own"}, "data": [{"remoteRef": {"key": "search/db"}}]}),
        secret(),
        secret(name="copy"),
        secret(name="labelled", labels={"app.kubernetes.io/managed-by": "goldenpath"}),
        secret(name="plain", labels={"app.kubernetes.io/managed-by": "Helm"}),
    ) == {
        "lost-sync": "orphan",
        "moved-sync": "moved",
        "old-sync": "leaving",
        "thief": "unmanaged",
        "copy": "moved",
        "labelled": "unmanaged",
    }


def test_a_row_says_who_owns_it_and_how_old_it_is() -> None:
    (row,) = unexplained_objects([external("lost-sync", spec=marked("SEC-0099"))], EXPLAINED, environment="dev", now=NOW)
    assert (row.request_id, row.service, row.owned_by, row.age_days) == ("SEC-0099", "payments", "nobody", 5)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"dataFrom": [{"extract": {"key": "goldenpath/a/dev/b"}}]}, ("goldenpath/a/dev/b",)),
        ({"dataFrom": [{"extract": {"key": "/goldenpath/dev/a/b"}}]}, ("goldenpath/dev/a/b",)),
        ({"dataFrom": [{"find": {"path": "goldenpath/a"}}]}, ("goldenpath/a",)),
        ({"data": [{"remoteRef": {"key": "goldenpath/a"}}, {"remoteRef": {"key": "other/a"}}]}, ("goldenpath/a",)),
        ({"data": [{"remoteRef": {"key": "arn:aws:secretsmanager:us-east-1:1:secret:goldenpath/a-AbCdEf"}}]}, ("goldenpath/a-AbCdEf",)),
        ({"data": [{"remoteRef": {"key": "arn:aws:ssm:us-east-1:1:parameter/goldenpath/dev/a/b"}}]}, ("goldenpath/dev/a/b",)),
        (
            {"secretStoreRef": {"name": "openbao"}, "data": [{"remoteRef": {"key": "secret/data/goldenpath/a"}}]},
            ("secret/data/goldenpath/a",),
        ),
        ({"secretStoreRef": {"name": "openbao"}, "data": [{"remoteRef": {"key": "secret/goldenpath/a"}}]}, ("secret/goldenpath/a",)),
        ({"secretStoreRef": {"name": "own"}, "data": [{"remoteRef": {"key": "secret/goldenpath/a"}}]}, ()),
        ({"secretStoreRef": {"name": "openbao"}, "dataFrom": [{"find": {"name": {"regexp": ".*"}}}]}, ("*",)),
        ({"secretStoreRef": {"name": "openbao"}, "dataFrom": [{"find": {"path": "/"}}]}, ("*",)),
        ({"secretStoreRef": {"name": "own"}, "dataFrom": [{"find": {"name": {"regexp": ".*"}}}]}, ()),
        (
            {"secretStoreRef": {"name": "own"}, "dataFrom": [{"find": {}, "sourceRef": {"storeRef": {"name": "openbao"}}}]},
            ("*",),
        ),
        ({"dataFrom": [{"sourceRef": {"generatorRef": {"kind": "Password", "name": "x"}}}]}, ()),
        ({"dataFrom": "nonsense", "data": [None, 3]}, ()),
    ],
)
def test_what_is_ours_is_seen_in_every_spelling(spec: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert paths_of_ours(spec, EXPLAINED) == expected


def test_a_key_is_its_path() -> None:
    assert normalised("/a/b/") == "a/b"
    assert normalised("arn:aws-cn:secretsmanager:cn-north-1:1:secret:a/b-AbCdEf") == "a/b-AbCdEf"
