"""Manifests that are published to a remote alone, as ``init`` sets it up: no branch of that name is in the clone, and reports find them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.e2e.world import World


def test_trace_looks_where_manifests_are_published(tmp_path: Path) -> None:
    world = World.make(tmp_path / "world")
    bare = tmp_path / "gitops.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(bare)], check=True)
    world.git("pat", "remote", "add", "origin", str(bare), where=world.gitops)
    settings = (world.platform / "goldenpath.yaml").read_text()
    published = settings.replace("  branch: main\n", "  branch: gitops\n  remote: origin\n")
    assert published != settings
    world.propose("remote", {"goldenpath.yaml": published})
    for person in ("pat", "sam"):
        assert world.cli(person, "approve", "--head", "remote").code == 0
    world.merge("remote")
    world.approved_request()
    assert world.cli("pat", "apply", "--yes").code == 0
    assert world.cli("pat", "seed", "SEC-0007", "--generate", "username", "--generate", "password").code == 0

    def manifest() -> dict[str, str]:
        seams = json.loads(world.cli("pat", "trace", "SEC-0007", "-o", "json").out)["seams"]
        return dict(next(seam for seam in seams if seam["name"] == "manifest"))

    tip = subprocess.run(["git", "rev-parse", "gitops"], cwd=bare, check=True, capture_output=True, text=True).stdout.strip()
    assert manifest()["state"] == "ok"
    assert tip[:12] in manifest()["summary"]
    bare.rename(tmp_path / "away.git")
    assert (manifest()["state"], "delivery.remote-unavailable" in manifest()["summary"]) == ("unknown", True)
