"""Real External Secrets works on what we render: as the role of its ServiceAccount, from the stand-in for AWS to a Kubernetes Secret."""

from __future__ import annotations

import base64
import json
import time

import pytest
import yaml
from tests.builders import make_request
from tests.cluster.api_client import Json
from tests.cluster.api_server import ApiServer
from tests.cluster.external_secrets import ExternalSecrets
from tests.cluster.process import wait_until
from tests.golden.projection_cases import PLATFORM, ROTATION
from tests.standins.aws import StrictAws

from goldenpath.model.naming import store_path
from goldenpath.projection.render import render_environment

pytestmark = [pytest.mark.real, pytest.mark.slow]

ROLE = "arn:aws:iam::123456789012:role/goldenpath-idp-eso-role"
NAME = "payments-db-credentials"


class Delivered:
    """SEC-0007 in a namespace of this test: its record at AWS, and its manifests in the cluster."""

    def __init__(self, cluster: ApiServer, controller: ExternalSecrets, aws: StrictAws, namespace: str) -> None:
        self.cluster, self.aws, self.namespace = cluster, aws, namespace
        request = make_request({"spec": {"access": {"namespace": namespace, "k8sSecretName": NAME}}})
        self.record = store_path(request, prefix=PLATFORM.naming.prefix)
        files = render_environment((request,), environment="dev", settings=PLATFORM, rotation=ROTATION)
        controller.act_as_role(ROLE)
        aws.client("secretsmanager").create_secret(Name=self.record, SecretString=json.dumps({"password": "first"}))
        cluster.apply(*(yaml.safe_load(content) for path, content in files.items() if path.endswith(".yaml")))

    @property
    def external_secret(self) -> str:
        return f"/apis/external-secrets.io/v1/namespaces/{self.namespace}/externalsecrets/{NAME}-sync"

    def secret(self) -> Json | None:
        return self.cluster.get(f"/api/v1/namespaces/{self.namespace}/secrets/{NAME}")

    def password(self) -> str | None:
        found = self.secret()
        return base64.b64decode(found["data"]["password"]).decode() if found else None

    def put(self, password: str) -> None:
        self.aws.client("secretsmanager").put_secret_value(SecretId=self.record, SecretString=json.dumps({"password": password}))

    def ask_for_sync(self) -> None:
        self.cluster.merge(self.external_secret, {"metadata": {"annotations": {"force-sync": str(time.time_ns())}}})

    def arrives(self, wanted: str) -> bool:
        """Wait for a value in the Secret."""
        return wait_until(lambda: self.password() == wanted, what="the value in the Secret", seconds=60)


@pytest.fixture
def delivered(api_server: ApiServer, external_secrets: ExternalSecrets, aws: StrictAws, namespace: str) -> Delivered:
    return Delivered(api_server, external_secrets, aws, namespace)


def test_a_value_arrives_and_a_changed_one_when_it_is_asked_for(delivered: Delivered) -> None:
    assert delivered.arrives("first")
    secret = delivered.secret()
    assert secret
    assert secret["metadata"]["labels"]["goldenpath.io/id"] == "SEC-0007"
    delivered.put("second")
    time.sleep(1)
    assert delivered.password() == "first", "nobody looks for an hour"
    delivered.ask_for_sync()
    assert delivered.arrives("second")
    readers = {call.principal for call in delivered.aws.calls if call.operation == "GetSecretValue"}
    assert readers == {"arn:aws:sts::123456789012:assumed-role/goldenpath-idp-eso-role/external-secrets-provider-aws"}


def test_a_held_controller_does_nothing_until_it_goes_on(delivered: Delivered, external_secrets: ExternalSecrets) -> None:
    assert delivered.arrives("first")
    external_secrets.pause()
    delivered.put("second")
    delivered.ask_for_sync()
    time.sleep(1)
    assert delivered.password() == "first"
    external_secrets.resume()
    assert delivered.arrives("second")


def test_a_stopped_controller_takes_up_what_it_missed(delivered: Delivered, external_secrets: ExternalSecrets) -> None:
    assert delivered.arrives("first")
    external_secrets.stop()
    delivered.put("second")
    delivered.ask_for_sync()
    external_secrets.start()
    assert delivered.arrives("second")


def test_the_secret_goes_with_its_external_secret(delivered: Delivered) -> None:
    assert delivered.arrives("first")
    delivered.cluster.call("DELETE", delivered.external_secret)
    assert wait_until(lambda: delivered.secret() is None, what="the Secret is collected", seconds=90)


def test_a_role_that_the_policy_refuses_reads_nothing(delivered: Delivered) -> None:
    assert delivered.arrives("first")
    delivered.aws.as_principal("AKIAESOROLE000000000", ROLE, identity_policy=json.dumps({"Version": "2012-10-17", "Statement": []}))
    delivered.put("second")
    delivered.ask_for_sync()

    def refused() -> bool:
        found = delivered.cluster.get(delivered.external_secret)
        conditions = {one["type"]: one["status"] for one in (found or {}).get("status", {}).get("conditions", [])}
        return conditions.get("Ready") == "False"

    wait_until(refused, what="the ExternalSecret is not Ready", seconds=60)
    assert delivered.password() == "first"
