"""The Terraform root that ``init`` writes takes the variables that goldenpath generates, by real Terraform's word."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.platform_files import make_platform_files
from tests.terraform_tools import require_terraform

from goldenpath.providers.terraform.root import render_cli_config

pytestmark = [pytest.mark.real]


def test_the_root_is_valid(tmp_path: Path) -> None:
    terraform, mirror = require_terraform()
    root = make_platform_files(tmp_path / "platform") / "terraform"
    config = tmp_path / "terraform.rc"
    config.write_bytes(render_cli_config(str(mirror)))
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TF_CLI_CONFIG_FILE": str(config), "CHECKPOINT_DISABLE": "1"}
    for words in (("init", "-backend=false", "-input=false"), ("validate",), ("fmt", "-check")):
        done = subprocess.run([terraform, f"-chdir={root}", *words], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
