"""The world of the end-to-end tests with a cluster behind it: the in-memory one, with the stand-in for External Secrets.

What is committed in the GitOps repository is brought to the cluster by :meth:`ClusterWorld.deploy`, as Argo CD would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cluster_fake import FakeCluster
from tests.e2e.world import PEOPLE, World
from tests.standins.external_secrets import StandInExternalSecrets, make_store

from goldenpath.app.services import Services
from goldenpath.bootstrap import open_platform
from goldenpath.model.cluster import EXTERNAL_SECRET, ClusterObject, ObjectMeta, ObjectRef
from goldenpath.model.payload import decode_payload
from goldenpath.model.secret import SecretRef

REF = ObjectRef(kind="ExternalSecret", namespace="payments", name="payments-db-credentials-sync")
SECRET_REF = ObjectRef(kind="Secret", namespace="payments", name="payments-db-creds")


class ClusterWorld:
    """SEC-0007 applied and seeded, its manifest committed, nothing in the cluster yet."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = world
        self.cluster = FakeCluster()
        for namespace in ("payments", "argocd"):
            self.cluster.namespace(namespace)
        self.cluster.put(make_store())
        self.controller = StandInExternalSecrets(values=self._stored)
        self.cluster.controllers.append(self.controller)
        self._monkeypatch = monkeypatch

    @staticmethod
    def seeded(root: Path) -> World:
        """The folders to start from; they can be copied."""
        world = World.make(root)
        world.approved_request()
        assert world.cli("pat", "apply", "--yes").code == 0
        assert world.cli("pat", "seed", "SEC-0007", "--generate", "username", "--generate", "password").code == 0
        return world

    def seed(self) -> None:
        """A new value in the store; nobody tells the cluster."""
        assert self.world.cli("pat", "seed", "SEC-0007", "--generate", "username", "--generate", "password").code == 0

    def deploy(self) -> None:
        """Make the cluster what the GitOps repository says, with prune."""
        folder = self.world.gitops / "environments/dev/external-secrets"
        wanted: dict[ObjectRef, ClusterObject] = {}
        for path in sorted(folder.rglob("*.yaml")):
            tree = yaml.safe_load(path.read_text())
            meta = ObjectMeta(name=tree["metadata"]["name"], namespace=tree["metadata"]["namespace"])
            found = ClusterObject(kind=EXTERNAL_SECRET, meta=meta, body={"spec": tree["spec"]})
            wanted[found.ref] = found
        there = {found.ref for found in self.cluster.list(EXTERNAL_SECRET).objects}
        for ref in there - wanted.keys():
            self.cluster.remove(ref)
        for ref, found in wanted.items():
            if ref not in there:
                self.cluster.put(found)

    @contextmanager
    def services(self, who: str = "pat", **changes: Any) -> Iterator[Services]:
        """The platform as ``who`` opens it, with the cluster behind it and the cluster's clock for waits."""
        with self._monkeypatch.context() as patch:
            for name, value in PEOPLE[who].environment(self.world.root).items():
                patch.setenv(name, value)
            services = open_platform(self.world.platform)
            try:
                yield replace(services, cluster=lambda _environment, _access: self.cluster, clock=_Waits(services, self.cluster), **changes)
            finally:
                services.close()

    def cli(self, *arguments: str, who: str = "pat", arrange: Callable[[FakeCluster], None] = lambda _cluster: None) -> Any:
        """Run the command in a process of its own, in front of a copy of the cluster that ``arrange`` may change."""

        def before() -> None:
            from goldenpath import bootstrap

            opened = bootstrap.open_platform
            arrange(self.cluster)

            def with_cluster(*given: Any, **named: Any) -> Services:
                services = opened(*given, **named)
                return replace(services, cluster=lambda _environment, _access: self.cluster, clock=_Waits(services, self.cluster))

            bootstrap.open_platform = with_cluster

        return self.world.cli(who, *arguments, before=before)

    def _stored(self, found: ClusterObject) -> Mapping[str, bytes] | None:
        key = found.spec["dataFrom"][0]["extract"]["key"]
        with self._monkeypatch.context() as patch:
            for name, value in PEOPLE["pat"].environment(self.world.root).items():
                patch.setenv(name, value)
            services = open_platform(self.world.platform)
            blob, _version = services.store("dev", "aws-secrets-manager").read(
                SecretRef(provider="aws-secrets-manager", environment="dev", path=key)
            )
        return {name: value.reveal() for name, value in decode_payload(blob).items()}


class _Waits:
    """Real time for records, the cluster's virtual time for waits."""

    def __init__(self, services: Services, cluster: FakeCluster) -> None:
        self._clock, self._cluster = services.clock, cluster
        self.now = services.clock.now

    def monotonic(self) -> float:
        return self._cluster.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self._cluster.clock.advance(seconds)
        self._cluster.work()
