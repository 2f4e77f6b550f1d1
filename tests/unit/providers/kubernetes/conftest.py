"""A stand-in API server, and the product's client for it."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.builders import FakeClock, FakeEntropy
from tests.certificates import Pair, issue, server_context
from tests.standins.kube_api import StandInApi, Step, stand_in_api

from goldenpath.model.cluster import ClusterAccess
from goldenpath.model.settings import KubernetesSettings
from goldenpath.ports.clock import Clock
from goldenpath.providers.kubernetes.cluster import KubernetesCluster
from goldenpath.providers.kubernetes.opening import ClusterOptions, open_cluster


class RecordingClock(FakeClock):
    """Keeps what was waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        super().sleep(seconds)


@dataclass
class Rig:
    """The stand-in, the kubeconfig that leads to it, and the clock of the client."""

    api: StandInApi
    folder: Path
    clock: RecordingClock
    trusted: Mapping[str, Any] = field(default_factory=dict)

    def begin(self, *steps: Step) -> None:
        """Forget what was, and answer so from now on."""
        self.api.seen.clear()
        self.clock.pauses.clear()
        self.api.steps[:] = steps

    def write(self, user: Mapping[str, Any] | None = None, cluster: Mapping[str, Any] | None = None) -> Path:
        """Write the kubeconfig, with the context ``stand-in``."""
        tree = {
            "clusters": [{"name": "c", "cluster": {"server": self.api.url, **self.trusted, **(cluster or {})}}],
            "users": [{"name": "u", "user": {"token": "first"} if user is None else dict(user)}],
            "contexts": [{"name": "stand-in", "context": {"cluster": "c", "user": "u"}}],
        }
        path = self.folder / "kubeconfig"
        path.touch(mode=0o600)
        path.write_text(json.dumps(tree))
        return path

    def open(self, *, clock: Clock | None = None, retry_limit: int | None = None, cluster_id: str = "") -> KubernetesCluster:
        return open_cluster(
            ClusterOptions(
                environment="dev",
                settings=KubernetesSettings(context="stand-in", cluster_id=cluster_id),
                access=ClusterAccess(kubeconfig=str(self.folder / "kubeconfig")),
                root=self.folder,
                clock=clock or self.clock,
                entropy=FakeEntropy(),
                variables={"PATH": "/usr/bin:/bin"},
                retry_limit=retry_limit,
            )
        )


@pytest.fixture(scope="session")
def stand_in_authority() -> Pair:
    return issue("authority of the stand-in")


@pytest.fixture(scope="session")
def stand_in_tls(stand_in_authority: Pair, tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return server_context(tmp_path_factory.mktemp("tls"), issue("stand-in", issuer=stand_in_authority, address="127.0.0.1"))


@pytest.fixture
def rig(tmp_path: Path, stand_in_authority: Pair, stand_in_tls: ssl.SSLContext) -> Iterator[Rig]:
    with stand_in_api(stand_in_tls) as api:
        made = Rig(api, tmp_path, RecordingClock(), {"certificate-authority-data": base64.b64encode(stand_in_authority.pem).decode()})
        made.write()
        yield made


Call = Callable[[KubernetesCluster], object]
