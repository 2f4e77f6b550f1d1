"""P14: bring a new value to 500 ExternalSecrets, on a real API server with the real External Secrets, beside kubectl one after the other.

Both go through the same cluster in the same run. The servers are what ``make real-servers`` builds; moto stands for AWS.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import yaml
from bench.aws import REGION, Aws, Run, aws, faster, platform
from bench.result import Result, amount, missing
from tests.cluster import external_secrets as eso
from tests.cluster.api_server import Account, ApiServer
from tests.cluster.built import folder_if_built
from tests.cluster.controller_manager import ControllerManager
from tests.cluster.many_secrets import LABEL, ManySecrets

COUNT = 500
LOOPED = 50
"""So many are brought with kubectl; all of them would take minutes."""
_SERVERS = ("etcd", "kubernetes", "external-secrets")
_NAMESPACE = "bench"
_RULES = Path(__file__).resolve().parents[1] / "examples" / "kubernetes" / "access.yaml"
_NAMES = (f"sync of {COUNT} ExternalSecrets", f"requests to the API server for each of {COUNT} ExternalSecrets")
_BASELINE = "kubectl annotate and get until it is done, one after the other"


@dataclass(frozen=True, slots=True)
class Rig:
    """Everything, running; ``account`` has the rights that ``sync`` needs."""

    aws: Aws
    cluster: ApiServer
    many: ManySecrets
    account: Account


def measure_p14() -> list[Result]:
    """One command for all of them, and what it asks the API server for."""
    lacking = [name for name in _SERVERS if folder_if_built(name) is None]
    if lacking:
        why = f"{', '.join(lacking)} is not built: make real-servers"
        return [missing(figure_id="P14", name=name, unit="x", reach="", baseline_name=_BASELINE, why=why) for name in _NAMES]
    with _rig() as rig:
        looped = _loop(rig)
        ours = _sync(rig)
        requests = rig.cluster.requests.of(_NAMESPACE, rig.account.name)
    watches = sum(each.verb == "watch" for each in requests)
    polls = sum((each.verb, each.resource) == ("get", "externalsecrets") for each in requests)
    note = f"{LOOPED} with kubectl measured, times {COUNT // LOOPED}"
    return [
        faster(
            figure_id="P14",
            name=_NAMES[0],
            ours=ours.seconds,
            theirs=looped * COUNT / LOOPED,
            at_least=5,
            baseline_name=_BASELINE,
            note=note,
        ),
        amount(
            figure_id="P14",
            name=_NAMES[1],
            value=len(requests) / COUNT,
            unit="requests",
            at_most=2.25,
            baseline=None,
            baseline_name="none",
            note=f"one mark and one look at the Secret; beside them {len(requests) - 2 * COUNT} in all: {watches} watches, {polls} polls",
        ),
    ]


@contextmanager
def _rig() -> Iterator[Rig]:
    with ExitStack() as stack:
        here = stack.enter_context(aws())
        cluster = ApiServer(folder=here.folder / "cluster", etcd=_built("etcd") / "etcd", kubernetes=_built("kubernetes"))
        stack.callback(cluster.end)
        cluster.start()
        cluster.install(eso.definitions(_built("external-secrets")))
        for part in (ControllerManager(cluster), eso.ExternalSecrets(cluster, built=_built("external-secrets"), aws=here.environment)):
            stack.callback(part.kill)
            part.start()
        cluster.call("POST", "/api/v1/namespaces", {"metadata": {"name": _NAMESPACE}})
        secrets_manager = boto3.client(
            "secretsmanager",
            endpoint_url=here.endpoint,
            region_name=REGION,
            aws_access_key_id=here.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=here.environment["AWS_SECRET_ACCESS_KEY"],
        )
        yield Rig(here, cluster, ManySecrets(cluster, secrets_manager, _NAMESPACE, COUNT), _account(cluster))


def _built(server: str) -> Path:
    folder = folder_if_built(server)
    assert folder is not None
    return folder


def _account(cluster: ApiServer) -> Account:
    rules = {tree["metadata"]["name"]: tree["rules"] for tree in yaml.safe_load_all(_RULES.read_text("utf-8")) if "rules" in tree}
    wanted = [*rules["goldenpath-sync"], *rules["goldenpath-consumers"]]
    return cluster.account(_NAMESPACE, "sync", rules=wanted, cluster_rules=rules["goldenpath-cluster"])


def _sync(rig: Rig) -> Run:
    repository = platform(rig.aws.folder, iter(()))
    rig.many.put("ours")
    place = ("--kubeconfig", str(rig.account.kubeconfig), "--context", "real")
    done = rig.aws.goldenpath("sync", "-e", "dev", "-n", _NAMESPACE, "-l", "=".join(LABEL), *place, where=repository)
    assert len(rig.many.passwords()) == 1
    return done


def _loop(rig: Rig) -> float:
    """Bring a value to some of them as people do by hand; return the seconds."""
    rig.many.put("theirs")
    said = "jsonpath={.status.syncedResourceVersion}"
    started = time.perf_counter()
    for name in rig.many.names()[:LOOPED]:
        place = ("externalsecret", name, "--namespace", _NAMESPACE)
        before = rig.cluster.kubectl("get", *place, "--output", said)
        rig.cluster.kubectl("annotate", *place, "--overwrite", f"force-sync={time.time_ns()}")
        while rig.cluster.kubectl("get", *place, "--output", said) == before:
            time.sleep(0.1)
    return time.perf_counter() - started
