"""Platform repositories as ``goldenpath init`` writes them, for tests that judge or run what is in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from goldenpath import __version__
from goldenpath.app.scaffold import plan_scaffold, write_scaffold
from goldenpath.model.scaffold import Choices, Profile
from goldenpath.providers.git.founding import GitFounding
from goldenpath.providers.scaffold import read_templates


def make_platform_files(root: Path, profile: Profile = "goldenpath", **choices: Any) -> Path:
    """Write a platform repository without a commit; return its folder."""
    founding = GitFounding(root)
    wanted = Choices(profile=profile, version=__version__, **choices)
    write_scaffold(root, founding, plan_scaffold(root, founding, read_templates(profile), wanted))
    return root


def workflows_of(root: Path) -> dict[str, dict[str, Any]]:
    """Return {file name: workflow}; the key ``on`` is back under its name, which YAML 1.1 reads as a boolean."""
    loaded = {path.name: yaml.safe_load(path.read_text()) for path in sorted((root / ".github" / "workflows").glob("*.yml"))}
    return {name: {("on" if key is True else key): value for key, value in workflow.items()} for name, workflow in loaded.items()}


def steps_of(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every step of every job."""
    return [step for job in workflow["jobs"].values() for step in job["steps"]]
