"""A world whose environment has a cluster: people, repositories and store as everywhere, the in-memory cluster behind the port.

Commands that look into the cluster run in this process, so that tests see and change what is in it between them.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest import mock

import pytest
from tests.cluster_fake import FakeCluster
from tests.e2e.world import SEC_0007, Run, World

from goldenpath import bootstrap
from goldenpath.app.services import Services
from goldenpath.cli.root import run
from goldenpath.ports.cluster import Cluster

STAGING_0007 = SEC_0007.replace("environment: dev", "environment: staging")
STAGING_0008 = (
    STAGING_0007.replace("0007", "0008")
    .replace("payments-db-credentials", "payments-api-key")
    .replace("payments-db-creds", "payments-api-key")
    .replace("database-credentials", "api-key")
    .replace("    - name: username\n    - name: password\n", "    - name: token\n")
)
FOLDER = "catalogs/secrets/payments/staging"


@dataclass
class Staging:
    """``calls`` are told to the cluster before each command; ``wrap`` puts something between the command and the cluster."""

    world: World
    cluster: FakeCluster = field(default_factory=FakeCluster)
    wrap: Callable[[FakeCluster], Cluster] = lambda cluster: cluster
    said: list[str] = field(default_factory=list)

    @staticmethod
    def make(root: Path, *, service: str = "payments") -> Staging:
        """A platform with SEC-0007 and SEC-0008 of a service in staging, approved and applied; neither has a value."""
        world = World.make(root)
        files = {f"{FOLDER}/SEC-0007.yaml": STAGING_0007, f"{FOLDER}/SEC-0008.yaml": STAGING_0008}
        world.approve({path.replace("payments", service): text.replace("payments", service) for path, text in files.items()})
        assert world.cli("pat", "apply", "--environment", "staging", "--yes").code == 0
        return Staging(world)

    def copy(self, root: Path) -> Staging:
        copied = Staging(self.world.copy(root))
        copied.cluster.namespace("payments")
        return copied

    def seed(self, request_id: str, **values: str) -> None:
        """Give values, one key after the other, from private files."""
        options: list[str] = []
        for key, value in values.items():
            path = self.world.root.parent / f"typed-{key}"
            path.write_bytes(value.encode())
            path.chmod(0o600)
            options += ["--from-file", f"{key}={path}"]
        done = self.world.cli("pat", "seed", request_id, "--yes", *options)
        assert done.code == 0, done
        for key in values:
            (self.world.root.parent / f"typed-{key}").unlink()

    def cli(self, *arguments: str) -> Run:
        """Run a command in this process against the cluster."""
        streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2)]
        with self._as_pat(), mock.patch.object(sys, "stdout", streams[0]), mock.patch.object(sys, "stderr", streams[1]):
            code = run(["-C", str(self.world.platform), *arguments])
        out, err = (stream.buffer.getvalue().decode() for stream in streams)
        self.said += [out, err]
        return Run(code=code, out=out, err=err)

    @contextmanager
    def _as_pat(self) -> Iterator[None]:
        opened: list[Services] = []

        def open_platform(directory: Path, **options: object) -> Services:
            services = replace(original(directory, **options), cluster=lambda _environment, _access: self.wrap(self.cluster))  # type: ignore[arg-type]
            opened.append(services)
            return services

        original = bootstrap.open_platform
        with (
            mock.patch.dict(os.environ, self.world.environment("pat")),
            mock.patch.object(bootstrap, "open_platform", open_platform),
        ):
            yield


@pytest.fixture(scope="session")
def staging_template(tmp_path_factory: pytest.TempPathFactory) -> Staging:
    return Staging.make(tmp_path_factory.mktemp("staging") / "world")


@pytest.fixture
def staging(staging_template: Staging, tmp_path: Path) -> Staging:
    """A world of one's own, with an empty cluster that has the namespace ``payments``."""
    return staging_template.copy(tmp_path / "world")
