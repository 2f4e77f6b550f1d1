"""The module's own tests, with Terraform's mock provider: nothing is called, yet the provider's schema is needed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.terraform_tools import require_terraform

from goldenpath.providers.terraform.engine import module_folder
from goldenpath.providers.terraform.root import render_cli_config

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_the_module_passes_its_own_tests(tmp_path: Path) -> None:
    binary, mirror = require_terraform()
    folder = tmp_path / "module"
    shutil.copytree(module_folder(), folder)
    config = tmp_path / "terraform.rc"
    config.write_bytes(render_cli_config(str(mirror)))
    environment = {**os.environ, "TF_CLI_CONFIG_FILE": str(config), "TF_IN_AUTOMATION": "1"}
    for words in (["fmt", "-check", "-recursive"], ["init", "-input=false", "-no-color"], ["test", "-no-color"]):
        done = subprocess.run([binary, *words], cwd=folder, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, (done.stdout + done.stderr).decode()
    assert b"0 failed" in done.stdout
