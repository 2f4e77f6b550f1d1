"""``request new --open`` on a real Gitea: one command, and the pull request can be reviewed, approved, merged and applied."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.world import World
from tests.forge.gitea import Gitea
from tests.real.test_forge_reviews import Stage

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

WORDS = ("request", "new", "--service", "payments", "--name", "card-key", "--environment", "dev", "--owner", "app-team", "--key", "TOKEN")


@pytest.fixture
def stage(gitea: Gitea, tmp_path: Path) -> Stage:
    return Stage(World.make(tmp_path / "world"), gitea, f"requests-{time.monotonic_ns()}")


def dana(stage: Stage, *words: str) -> dict[str, Any]:
    variables = {"GOLDENPATH_FORGE_TOKEN": stage.gitea.account("dana").token}
    stage.world.git("dana", "remote", "set-url", "origin", stage.gitea.remote("dana", stage.repository))
    done = stage.world.cli("dana", *words, "-o", "json", before=lambda: os.environ.update(variables))
    assert done.code == 0, done
    found: dict[str, Any] = json.loads(done.out)
    return found


def test_a_request_is_opened_reviewed_merged_and_applied(stage: Stage) -> None:
    told = dana(stage, *WORDS, "--open")
    opened = stage.ask("dana", "GET", "/pulls/1")
    assert told["url"] == opened["html_url"]
    assert (opened["user"]["login"], opened["title"]) == ("dana", "Request SEC-0201 payments/dev/card-key")
    assert opened["head"]["sha"] == told["commit"]
    assert [file["filename"] for file in stage.ask("dana", "GET", "/pulls/1/files")] == [told["path"]]
    assert stage.world.git("dana", "status", "--porcelain") == ""
    again = dana(stage, "request", "edit", "SEC-0201", "--ttl-days", "60", "--branch", told["branch"], "--open")
    assert again["url"] == told["url"], "the pull request that is open takes the second commit too"

    stage.review(1, "pat")
    assert stage.is_approved(told["branch"])
    stage.merge(1)
    assert stage.apply().code == 0
    assert "SEC-0201" in stage.world.cli("pat", "status").out
    assert "ttlDays: 60" in stage.world.git("pat", "show", f"main:{told['path']}")
