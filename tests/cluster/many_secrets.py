"""Many ExternalSecrets of one namespace that all read one record, for tests and figures about what a sync of many costs."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from tests.cluster.api_client import Json
from tests.cluster.api_server import ApiServer
from tests.cluster.process import wait_until

LABEL: Final = ("example.com/batch", "many")
REGION: Final = "us-east-1"
_GROUP: Final = "external-secrets.io/v1"
_WRITERS: Final = 8


class ManySecrets:
    """``count`` ExternalSecrets, each with a Secret of its own; External Secrets must run.

    Args:
        cluster: Where they are made.
        secrets_manager: A boto3 client that may make the record.
        namespace: An existing one.
        count: How many.
    """

    def __init__(self, cluster: ApiServer, secrets_manager: Any, namespace: str, count: int) -> None:
        self.namespace, self.count, self.record = namespace, count, f"many/{namespace}"
        self.path = f"/apis/{_GROUP}/namespaces/{namespace}/externalsecrets"
        self._cluster, self._secrets_manager = cluster, secrets_manager
        secrets_manager.create_secret(Name=self.record, SecretString=json.dumps({"password": "first"}))
        # no auth: the controller's own credentials, so one call to AWS for each refresh
        provider = {"aws": {"service": "SecretsManager", "region": REGION}}
        store = {"apiVersion": _GROUP, "kind": "SecretStore", "metadata": {"name": "many"}, "spec": {"provider": provider}}
        cluster.call("POST", f"/apis/{_GROUP}/namespaces/{namespace}/secretstores", store)
        with ThreadPoolExecutor(_WRITERS) as writers:
            list(writers.map(lambda number: cluster.call("POST", self.path, self._manifest(number)), range(count)))
        wait_until(lambda: self.arrived() == count, what=f"{count} Secrets", seconds=300, poll_seconds=0.5)

    def put(self, password: str) -> None:
        """Give the record another value; nobody tells the cluster."""
        self._secrets_manager.put_secret_value(SecretId=self.record, SecretString=json.dumps({"password": password}))

    def names(self) -> list[str]:
        return [f"many-{number:03d}" for number in range(self.count)]

    def arrived(self) -> int:
        """Return how many the controller brought to a Secret at least once."""
        return sum(bool(each.get("status", {}).get("refreshTime")) for each in self._cluster.call("GET", self.path)["items"])

    def passwords(self) -> set[str]:
        """Return what the Secrets hold, as the API shows it."""
        listed = self._cluster.call("GET", f"/api/v1/namespaces/{self.namespace}/secrets")["items"]
        return {each["data"]["password"] for each in listed if each["metadata"]["name"].startswith("many-")}

    def _manifest(self, number: int) -> Json:
        name = f"many-{number:03d}"
        spec = {
            "refreshInterval": "1h",
            "secretStoreRef": {"kind": "SecretStore", "name": "many"},
            "target": {"name": name},
            "dataFrom": [{"extract": {"key": self.record}}],
        }
        return {"apiVersion": _GROUP, "kind": "ExternalSecret", "metadata": {"name": name, "labels": dict([LABEL])}, "spec": spec}
