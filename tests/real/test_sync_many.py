"""``sync`` of many ExternalSecrets on the real controller: one list, one watch, at most so many asked at a time; the API server counts."""

from __future__ import annotations

import base64
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cluster.api_server import Account, ApiServer
from tests.cluster.external_secrets import ExternalSecrets
from tests.cluster.many_secrets import LABEL, ManySecrets
from tests.cluster.request_log import Request
from tests.e2e.world import World
from tests.house.source_tree import ROOT
from tests.standins.aws import StrictAws

from goldenpath.delivery.force_sync import WATCH_SECONDS

pytestmark = [pytest.mark.real, pytest.mark.slow]

COUNT = 120
"""The figure for five hundred is taken by ``make bench ONLY=P14``: its controller alone would need a minute of CI's time."""
AT_ONCE = 15


def account(server: ApiServer, namespace: str) -> Account:
    """An account with the roles of the shipped example for ``sync``, and no others."""
    trees = list(yaml.safe_load_all((ROOT / "examples/kubernetes/access.yaml").read_text()))
    rules = {tree["metadata"]["name"]: tree["rules"] for tree in trees if "rules" in tree}
    wanted = [*rules["goldenpath-sync"], *rules["goldenpath-consumers"]]
    return server.account(namespace, "pipeline", rules=wanted, cluster_rules=rules["goldenpath-cluster"])


def most_at_once(spans: list[tuple[Any, Any]]) -> int:
    """Return how many of these spans lie over one moment at most; one that ends as another begins is over."""
    changes = sorted([(began, 1) for began, _ in spans] + [(ended, -1) for _, ended in spans])
    most = now = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most


def in_flight(requests: list[Request]) -> list[tuple[Any, Any]]:
    """Return from when to when each object was asked: from its mark to the look at its Secret."""
    marked = {each.name: each.ended for each in requests if (each.verb, each.resource) == ("patch", "externalsecrets")}
    looked = {each.name: each.began for each in requests if (each.verb, each.resource) == ("get", "secrets")}
    assert marked.keys() == looked.keys()
    return [(marked[name], looked[name]) for name in marked]


def reads(aws: StrictAws, many: ManySecrets) -> int:
    """Return how often the controller read the record at AWS."""
    return sum((call.operation, call.resource_name) == ("GetSecretValue", many.record) for call in aws.calls)


def test_many_need_one_list_one_watch_and_no_poll(
    api_server: ApiServer, external_secrets: ExternalSecrets, aws: StrictAws, namespace: str, tmp_path: Path
) -> None:
    many = ManySecrets(api_server, aws.client("secretsmanager"), namespace, COUNT)
    pipeline = account(api_server, namespace)
    world = World.make(tmp_path / "world")
    many.put("second")
    read_before = reads(aws, many)
    begun = time.monotonic()
    place = ("--kubeconfig", str(pipeline.kubeconfig), "--context", "real")
    chosen = ("--environment", "dev", "--namespace", namespace, "--label", "=".join(LABEL), "--at-once", str(AT_ONCE))
    done = world.cli("pat", "sync", *chosen, *place, "-o", "json")
    seconds = time.monotonic() - begun
    assert done.code == 0, done
    receipts = json.loads(done.out)["environments"][0]["receipts"]
    assert len(receipts) == COUNT
    assert {(each["result"], each["proof"], each["attempts"]) for each in receipts} == {("arrived", "version", 1)}
    assert many.passwords() == {base64.b64encode(b"second").decode()}
    assert reads(aws, many) - read_before >= COUNT, "every one was read anew"

    requests = api_server.requests.of(namespace, "pipeline")
    counts = Counter((each.verb, each.resource) for each in requests)
    assert counts["patch", "externalsecrets"] == counts["get", "secrets"] == COUNT
    assert counts["list", "externalsecrets"] == 1
    assert counts["get", "externalsecrets"] == 0, "no object is polled"
    watches = [(each.began, each.ended) for each in requests if each.verb == "watch"]
    assert most_at_once(watches) == 1, "one watch at a time"
    assert len(watches) <= seconds / WATCH_SECONDS + 2, "one watch goes on where the last one ended"
    assert most_at_once(in_flight(requests)) <= AT_ONCE
    assert counts["get", ""] <= 2 * COUNT / AT_ONCE + 2, "the time of the cluster is asked for each batch, not for each object"
    beside = {key: number for key, number in counts.items() if key[1] not in {"", "externalsecrets", "secrets"}}
    assert set(beside.values()) == {1}, "what it looks at beside, it looks at once"
