"""``goldenpath materialize`` on a real API server, with the rights that its page names and no others."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.canary import hits_in, new_canary, scan_tree
from tests.cluster.api_client import Json
from tests.cluster.api_server import Account, ApiServer
from tests.e2e.world import Run
from tests.house.source_tree import ROOT
from tests.staging_world import Staging

pytestmark = [pytest.mark.real, pytest.mark.slow]

IDENTITY = {"apiGroups": [""], "resources": ["namespaces"], "resourceNames": ["kube-system"], "verbs": ["get"]}


def documented_rules() -> list[dict[str, Any]]:
    """The Role of the how-to page."""
    page = (ROOT / "docs" / "how-to" / "materialize-secrets.md").read_text()
    block = page.partition("## Who may do this")[2].partition("```yaml\n")[2].partition("```")[0]
    rules: list[dict[str, Any]] = yaml.safe_load(block)["rules"]
    return rules


class Deployer:
    """A pipeline that brings the values of one service into a namespace of the same name."""

    def __init__(self, api: ApiServer, staging: Staging, namespace: str) -> None:
        self.api, self.staging, self.namespace = api, staging, namespace
        self.account: Account = api.account(namespace, "deployer", rules=documented_rules(), cluster_rules=[IDENTITY])
        self.said: list[str] = []

    def run(self, *arguments: str, kubeconfig: Path | None = None) -> Run:
        options = ("--environment", "staging", "--kubeconfig", str(kubeconfig or self.account.kubeconfig), "--context", "real")
        done = self.staging.world.cli("pat", "materialize", *arguments, *options, "-o", "json")
        self.said += [done.out, done.err]
        return done

    def path(self, name: str) -> str:
        return f"/api/v1/namespaces/{self.namespace}/secrets/{name}"

    def secret(self, name: str) -> Json:
        found = self.api.get(self.path(name))
        assert found is not None, name
        return found

    def data(self, name: str) -> dict[str, str]:
        return {key: base64.b64decode(text).decode() for key, text in self.secret(name).get("data", {}).items()}


def actions(done: Run) -> dict[str, str]:
    return {each["request_id"]: each["action"] for each in json.loads(done.out)["secrets"]}


def refusals(done: Run) -> set[tuple[str, str]]:
    return {(each["subject"], each["rule"]) for each in json.loads(done.out)["refusals"]}


@pytest.fixture
def deployer(api_server: ApiServer, namespace: str, tmp_path: Path) -> Iterator[Deployer]:
    staging = Staging.make(tmp_path / "world", service=namespace)
    staging.seed("SEC-0007", username="app", password="first")
    staging.seed("SEC-0008", token="tok-one")
    yield Deployer(api_server, staging, namespace)
    for name in (f"{namespace}-db-creds", f"{namespace}-api-key"):
        if api_server.get(f"/api/v1/namespaces/{namespace}/secrets/{name}"):
            api_server.merge(f"/api/v1/namespaces/{namespace}/secrets/{name}", {"metadata": {"finalizers": None}})


def test_a_pipeline_makes_updates_and_leaves_alone(deployer: Deployer) -> None:
    db, api_key = f"{deployer.namespace}-db-creds", f"{deployer.namespace}-api-key"
    shown = deployer.run("--dry-run")
    assert (shown.code, deployer.api.get(deployer.path(db))) == (0, None), shown
    first = deployer.run("--yes")
    assert (first.code, actions(first)) == (0, {"SEC-0007": "create", "SEC-0008": "create"}), first
    made = deployer.secret(db)
    assert deployer.data(db) == {"username": "app", "password": "first"}
    assert (made["type"], made["metadata"]["labels"]["goldenpath.io/id"]) == ("Opaque", "SEC-0007")
    assert [(each["manager"], each["operation"]) for each in made["metadata"]["managedFields"]] == [("goldenpath", "Apply")]

    again = deployer.run("--yes")
    assert (again.code, set(actions(again).values())) == (0, {"unchanged"}), again
    assert deployer.secret(db)["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]

    deployer.staging.seed("SEC-0008", token="tok-two")
    rotated = deployer.run("--yes")
    assert (rotated.code, actions(rotated)) == (0, {"SEC-0007": "unchanged", "SEC-0008": "update"}), rotated
    assert deployer.data(api_key) == {"token": "tok-two"}

    deployer.api.merge(deployer.path(api_key), {"stringData": {"token": "by-hand", "debug": "1"}})
    edited = deployer.run("--yes")
    assert (edited.code, actions(edited)["SEC-0008"]) == (1, "drift"), edited
    assert deployer.data(api_key) == {"token": "by-hand", "debug": "1"}
    accepted = deployer.run("SEC-0008", "--accept-drift", "SEC-0008", "--yes")
    assert (accepted.code, actions(accepted)) == (0, {"SEC-0008": "overwrite"}), accepted
    assert deployer.data(api_key) == {"token": "tok-two"}
    assert deployer.run("--yes").code == 0


def test_what_is_not_ours_or_cannot_be_written_stops_everything(deployer: Deployer) -> None:
    db, api_key = f"{deployer.namespace}-db-creds", f"{deployer.namespace}-api-key"
    deployer.api.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": db, "namespace": deployer.namespace}, "stringData": {"a": "b"}}
    )
    foreign = deployer.run("--yes")
    assert (foreign.code, refusals(foreign)) == (1, {("SEC-0007", "materialize.secret-foreign")}), foreign
    assert deployer.api.get(deployer.path(api_key)) is None
    deployer.api.call("DELETE", deployer.path(db))
    assert deployer.run("--yes").code == 0

    deployer.api.merge(deployer.path(api_key), {"metadata": {"finalizers": ["example.com/wait"]}, "immutable": True})
    deployer.staging.seed("SEC-0008", token="tok-two")
    assert refusals(deployer.run("--yes")) == {("SEC-0008", "materialize.secret-immutable")}
    deployer.api.call("DELETE", deployer.path(api_key))
    assert refusals(deployer.run("--yes")) == {("SEC-0008", "materialize.secret-terminating")}


def test_another_writers_fields_and_missing_rights_are_found_before_the_first_write(deployer: Deployer) -> None:
    api_key = f"{deployer.namespace}-api-key"
    assert deployer.run("--yes").code == 0
    deployer.staging.seed("SEC-0008", token="tok-two")
    same = {"metadata": {"name": api_key, "namespace": deployer.namespace}, "data": {"token": base64.b64encode(b"tok-one").decode()}}
    deployer.api.apply({"apiVersion": "v1", "kind": "Secret", **same}, manager="another-controller")
    taken = deployer.run("--yes")
    assert refusals(taken) == {("SEC-0008", "cluster.field-conflict")}, taken
    assert "another-controller owns" in taken.out
    secrets, external_secrets = documented_rules()
    reader = deployer.api.account(
        deployer.namespace, "reader", rules=[{**secrets, "verbs": ["get"]}, external_secrets], cluster_rules=[IDENTITY]
    )
    refused = deployer.run("--yes", kubeconfig=reader.kubeconfig)
    assert (refused.code, refusals(refused)) == (1, {("SEC-0008", "cluster.forbidden")}), refused


def test_leftovers_are_pruned_and_a_finalizer_is_told(deployer: Deployer) -> None:
    assert deployer.run("--yes").code == 0
    db = deployer.secret(f"{deployer.namespace}-db-creds")
    leftover = {**db, "metadata": {key: db["metadata"][key] for key in ("namespace", "labels", "annotations")} | {"name": "old-name"}}
    deployer.api.apply(leftover, manager="goldenpath")
    refused = deployer.run("--prune", "--dry-run")
    assert (refused.code, "cluster.forbidden" in refused.err) == (3, True), "the page says that --prune needs more"
    admin = deployer.api.kubeconfig
    shown = [(each["name"], each["action"]) for each in json.loads(deployer.run("--prune", "--dry-run", kubeconfig=admin).out)["secrets"]]
    assert shown[2:] == [("old-name", "delete")], "what other platforms made in this cluster stays"
    deployer.api.merge(deployer.path("old-name"), {"metadata": {"finalizers": ["example.com/wait"]}})
    held = deployer.run("--prune", "--yes", kubeconfig=admin)
    assert (held.code, json.loads(held.out)["secrets"][2]["code"]) == (4, "materialize.secret-held"), held
    deployer.api.merge(deployer.path("old-name"), {"metadata": {"finalizers": None}})
    assert deployer.api.get(deployer.path("old-name")) is None
    assert deployer.run("--prune", "--yes", kubeconfig=admin).code == 0


def test_an_api_server_that_is_away_is_worth_a_rerun(deployer: Deployer) -> None:
    deployer.api.crash()
    away = deployer.run("--yes", "--retries", "0")
    assert (away.code, "cluster.unavailable" in away.err) == (4, True), away
    deployer.api.recover()
    assert deployer.run("--yes").code == 0


def test_no_value_is_seen_outside_of_the_cluster(deployer: Deployer) -> None:
    canaries = [new_canary("password"), new_canary("token"), new_canary("hand")]
    deployer.staging.seed("SEC-0007", username="app-user", password=canaries[0])
    deployer.staging.seed("SEC-0008", token=canaries[1])
    assert deployer.run("--yes", "--debug").code == 0
    deployer.api.merge(deployer.path(f"{deployer.namespace}-api-key"), {"stringData": {"token": canaries[2]}})
    assert deployer.run("--yes", "-v").code == 1
    assert deployer.data(f"{deployer.namespace}-db-creds")["password"] == canaries[0]
    assert hits_in("\n".join(deployer.said).encode(), canaries) == []
    assert scan_tree(deployer.staging.world.root, canaries) == []
