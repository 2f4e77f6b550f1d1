"""``make demo-cluster``: one secret from a branch to a Kubernetes Secret, on a real API server, Argo CD and External Secrets.

The servers are those of ``make real-servers``; AWS is a moto server in front of which AWS's own limits are kept. Nothing leaves this
machine. On a terminal everything stays until Ctrl-C, with a kubeconfig to look around with.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from tests.cluster import external_secrets as eso
from tests.cluster.api_server import ApiServer
from tests.cluster.argo_cd import ArgoCd
from tests.cluster.built import folder_if_built
from tests.cluster.controller_manager import ControllerManager
from tests.cluster.external_secrets import ExternalSecrets
from tests.standins.aws import StrictAws

from goldenpath.cli.demo import new_folder
from goldenpath.cli.demo_setup import PLATFORM_ENGINEER, example_platform
from goldenpath.cli.demo_walk import REQUEST, Walk
from goldenpath.errors import GoldenpathError

NEEDED = ("etcd", "kubernetes", "external-secrets", "argocd")
NAMESPACE = "payments"
APPLICATION = Path(__file__).resolve().parents[1] / "examples" / "argo-cd" / "application.yaml"


@dataclass(frozen=True, kw_only=True)
class Servers:
    """What runs behind the demo."""

    cluster: ApiServer
    aws: StrictAws

    @property
    def kubectl(self) -> Path:
        """The kubectl that was built with the API server."""
        return self.cluster.kubernetes / "kubectl"


@dataclass(frozen=True, kw_only=True)
class ClusterWalk(Walk):
    """The walk of ``goldenpath demo``, and then on into the cluster."""

    servers: Servers

    def _apply(self) -> None:
        _push_to_a_forge(self)
        super()._apply()

    def _proof(self) -> None:
        self._title("6. Argo CD applies the manifests, External Secrets reads the store: wait for proof, not for a timer")
        self._goldenpath(PLATFORM_ENGINEER, "sync", REQUEST)
        self._kubectl("get", "externalsecrets,secrets", "--namespace", NAMESPACE)
        self._title("7. A new value. The cluster does not know yet, and status says so")
        self._goldenpath(
            PLATFORM_ENGINEER,
            *("seed", REQUEST, "--stdin", "username", "--generate", "password"),
            typed=b"payments_app",
            pipe="printf payments_app",
        )
        self._goldenpath(PLATFORM_ENGINEER, "status", "--environment", "dev")
        self._goldenpath(PLATFORM_ENGINEER, "trace", REQUEST)
        self._title("8. Bring it there now, and follow the whole line")
        self._goldenpath(PLATFORM_ENGINEER, "sync", REQUEST)
        self._goldenpath(PLATFORM_ENGINEER, "trace", REQUEST)
        self._title("9. The audit log is chained and signed; verify it")
        self._goldenpath(PLATFORM_ENGINEER, "audit", "verify")

    def _kubectl(self, *arguments: str) -> None:
        self._show(" ".join(("kubectl", *arguments)), "")
        self._call([str(self.servers.kubectl), *arguments], PLATFORM_ENGINEER, self.platform, b"")


def main(arguments: Sequence[str]) -> int:
    """Run the demo in the folder that ``arguments`` name, or in a new one, and return the exit code."""
    missing = [name for name in NEEDED if folder_if_built(name) is None] + [
        name for name in ("redis-server",) if shutil.which(name) is None
    ]
    if missing:
        print(f"not on this machine: {', '.join(missing)}. Run: make real-servers (and apt-get install redis-server)", file=sys.stderr)
        return 4
    started = time.monotonic()
    folder = new_folder(Path(arguments[0]) if arguments and arguments[0] else None)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="goldenpath-cluster-") as scratch, _servers(Path(scratch)) as servers:
        os.environ.update({**servers.aws.environment(), "KUBECONFIG": str(servers.cluster.kubeconfig)})
        _prepare(servers, folder)
        walk = ClusterWalk(
            root=folder / "walk", say=print, has_color=sys.stdout.isatty(), example=_example(Path(scratch), servers), servers=servers
        )
        try:
            walk.run()
        except GoldenpathError as error:
            print(error, file=sys.stderr)
            return 1
        print(f"\nDone in {time.monotonic() - started:.0f} s.")
        if sys.stdin.isatty() and sys.stdout.isatty():
            _stay(servers)
    return 0


@contextmanager
def _servers(scratch: Path) -> Iterator[Servers]:
    with ExitStack() as running:
        aws = running.enter_context(StrictAws.start())
        print(f"AWS on this machine: {aws.endpoint} (moto, made strict)")
        cluster = ApiServer(folder=scratch / "cluster", etcd=_built("etcd") / "etcd", kubernetes=_built("kubernetes"))
        running.callback(cluster.end)
        cluster.start()
        print(f"kube-apiserver: {cluster.url}")
        manager = ControllerManager(cluster)
        running.callback(manager.kill)
        manager.start()
        cluster.install(eso.definitions(_built("external-secrets")))
        controller = ExternalSecrets(cluster, built=_built("external-secrets"), aws=aws.environment())
        running.callback(controller.kill)
        controller.start()
        controller.act_as_role(f"arn:aws:iam::{aws.account}:role/goldenpath-eso-dev")
        print("External Secrets is running")
        argo_cd = ArgoCd(cluster, built=_built("argocd"), redis=str(shutil.which("redis-server")))
        running.callback(argo_cd.end)
        argo_cd.start()
        print("Argo CD is running")
        yield Servers(cluster=cluster, aws=aws)


def _prepare(servers: Servers, folder: Path) -> None:
    """Make the namespace, the repository that Argo CD reads, and the shipped Application for it."""
    origin = folder / "gitops.git"
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", "--bare", str(origin)], check=True)
    application = yaml.safe_load(APPLICATION.read_text(encoding="utf-8"))
    application["spec"]["source"]["repoURL"] = f"file://{origin}"
    servers.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}, application)


def _push_to_a_forge(walk: ClusterWalk) -> None:
    for command in (("remote", "add", "origin", str(walk.root.parent / "gitops.git")), ("push", "--quiet", "origin", "main")):
        subprocess.run(["git", *command], cwd=walk.gitops, check=True)


def _example(scratch: Path, servers: Servers) -> Path:
    """Return a copy of the example platform whose dev environment keeps its secrets at AWS and knows its cluster."""
    copy = scratch / "platform"
    shutil.copytree(example_platform(), copy)
    path = copy / "goldenpath.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["environments"]["dev"] |= {
        "account": servers.aws.account,
        "stores": {"aws-secrets-manager": {"backend": "aws-secrets-manager"}},
        "kubernetes": {"context": "real", "argoCd": {"application": "goldenpath-{environment}"}},
    }
    settings["delivery"]["remote"] = "origin"
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return copy


def _built(name: str) -> Path:
    folder = folder_if_built(name)
    if folder is None:
        raise SystemExit(f"{name} is not built: make real-servers")
    return folder


def _stay(servers: Servers) -> None:
    print("\nEverything stays until Ctrl-C. In another terminal:")
    for name, text in {"KUBECONFIG": str(servers.cluster.kubeconfig), **servers.aws.environment()}.items():
        print(f"  export {name}={text}")
    print(f"  {servers.kubectl} get externalsecrets -A")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
