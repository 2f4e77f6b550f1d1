"""A real Gitea as pytest fixtures: a plugin that ``tests/conftest.py`` loads. Nothing starts before a test asks for it.

``gitea`` is one server for the run of the tests; ``gitea_bench`` a new repository on it, with its people.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cluster.built import require_built
from tests.forge.bench import GiteaBench
from tests.forge.gitea import Gitea


@pytest.fixture(scope="session")
def session_gitea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gitea]:
    """The run's Gitea as earlier tests left it; ask for ``gitea``."""
    server = Gitea(folder=tmp_path_factory.mktemp("gitea"), built=require_built("gitea"))
    try:
        server.set_up()
        yield server
    finally:
        server.stop()


@pytest.fixture
def gitea(session_gitea: Gitea) -> Gitea:
    """A Gitea that answers."""
    session_gitea.recover()
    return session_gitea


@pytest.fixture
def gitea_bench(gitea: Gitea, tmp_path: Path) -> GiteaBench:
    """A repository of this test's own."""
    return GiteaBench(gitea, tmp_path / "forge")
