"""A platform whose pull requests live in the in-memory forge: the real repository, the real gate, and doors that run in this process."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.world import SEC_0007, World
from tests.forge_fake import FakeForge

from goldenpath import bootstrap
from goldenpath.app.services import Services
from goldenpath.cli.root import run

FILE = "catalogs/secrets/payments/dev/SEC-0007.yaml"


class PullRig:
    """The world, the forge, and ``goldenpath`` as ``who`` runs it here. Faults of the forge are armed on :attr:`forge`."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self.world = world
        self.forge = FakeForge()
        self._monkeypatch = monkeypatch
        self._capfd = capfd
        original = bootstrap.open_platform

        def open_with_forge(*arguments: Any, **options: Any) -> Services:
            services = original(*arguments, **options)
            return services if options.get("is_offline") else replace(services, forge=lambda _settings: self.forge)

        monkeypatch.setattr(bootstrap, "open_platform", open_with_forge)

    def propose(self, branch: str = "request/sec-0007", files: dict[str, str | None] | None = None, **over: str) -> int:
        """Dana commits on a branch and opens a pull request."""
        self.world.propose(branch, files or {FILE: SEC_0007})
        return self.forge.propose(self.head(branch), by="dana", head_ref=branch, **over)

    def approve(self, branch: str, who: str = "pat") -> None:
        """Somebody signs off a branch."""
        assert self.world.cli(who, "approve", "--head", branch).code == 0

    def head(self, branch: str) -> str:
        return self.world.git("pat", "rev-parse", branch).strip()

    def run(self, *arguments: str, who: str = "pat", before: Callable[[], None] = lambda: None) -> tuple[int, str, str]:
        """Run a verb in this process; return its exit code, stdout and stderr."""
        with self._monkeypatch.context() as patch:
            for name, text in self.world.environment(who).items():
                patch.setenv(name, text)
            patch.chdir(self.world.platform)
            before()
            self._capfd.readouterr()
            code = run(list(arguments))
            out, err = self._capfd.readouterr()
        return code, out, err

    def states(self, number: int) -> dict[str, str]:
        """Return the statuses of a pull request's head."""
        head = self.forge.pull_requests[number].head_sha
        return {context.partition("/")[2]: found[0] for (sha, context), found in self.forge.statuses.items() if sha == head}

    def comment(self, number: int) -> str:
        """Return our only comment."""
        found = [each.body for each in self.forge.comments_of(number) if each.author == self.forge.account]
        assert len(found) == 1, found
        return found[0]


@functools.cache
def _template() -> World:
    """A world made once for each process: copying it costs a tenth of making it."""
    folder = tempfile.mkdtemp(prefix="goldenpath-pull-rig-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return World.make(Path(folder) / "world")


def make_rig(root: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> PullRig:
    return PullRig(_template().copy(root), monkeypatch, capfd)
