"""Finds Terraform and a filesystem mirror with the AWS provider; a machine without them skips, and says why.

``GOLDENPATH_TEST_PROVIDER_MIRROR`` names the mirror. Without it: the mirrors of Terraform's own CLI configuration, its implied folders,
and any folder one below /opt that is laid out like a mirror.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.real_tools import lack

# read when the tests are collected: a running test has an environment without settings of ours
_SETTING = os.environ.get("GOLDENPATH_TEST_PROVIDER_MIRROR", "")
_CLI_CONFIG = Path(os.environ.get("TF_CLI_CONFIG_FILE") or Path.home() / ".terraformrc")
_PROVIDER = Path("registry.terraform.io") / "hashicorp" / "aws"
_IMPLIED = (
    "~/.terraform.d/plugins",
    "~/.local/share/terraform/plugins",
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
)


@cache
def provider_mirror() -> Path | None:
    """Return a folder that holds the AWS provider; None where there is none."""
    return next((folder for folder in _candidates() if (folder / _PROVIDER).is_dir()), None)


def require_terraform() -> tuple[str, Path]:
    """Return binary and mirror, or skip."""
    binary, mirror = shutil.which("terraform"), provider_mirror()
    if binary is None:
        lack("terraform", "terraform is not installed")
    if mirror is None:
        lack("provider-mirror", "no filesystem mirror with the AWS provider: name one with GOLDENPATH_TEST_PROVIDER_MIRROR")
    return binary, mirror


def _candidates() -> Iterator[Path]:
    if _SETTING:
        yield Path(_SETTING)
        return
    if _CLI_CONFIG.is_file():
        block = r'filesystem_mirror\s*\{[^}]*?path\s*=\s*"([^"]+)"'
        yield from (Path(found) for found in re.findall(block, _CLI_CONFIG.read_text(encoding="utf-8")))
    yield from (Path(folder).expanduser() for folder in _IMPLIED)
    yield from sorted(Path("/opt").glob("*"))
