"""Generated tfvars through a real Terraform (CASE 56): plan, apply, show and state hold every container and no value."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.builders import FakeClock, FakeEntropy
from tests.canary import hits_in, new_canary, scan_tree
from tests.golden.projection_cases import MIXED, PLATFORM, Case

from goldenpath.model.payload import encode_payload
from goldenpath.model.secret import SecretValue
from goldenpath.plan.desired import desired_secret
from goldenpath.projection.iam import resource_policy
from goldenpath.providers.local.memory import MemoryStore

pytestmark = [pytest.mark.real, pytest.mark.slow]

FIXTURE = Path(__file__).parent / "terraform" / "main.tf"
RECORDED = tuple(
    request for request in MIXED if request.spec.provider == "aws-secrets-manager" and request.spec.lifecycle.status != "decommissioned"
)


@pytest.fixture
def terraform(tmp_path: Path) -> list[str]:
    binary = shutil.which("terraform")
    if binary is None:
        pytest.skip("terraform is not installed")
    folder = tmp_path / "module"
    folder.mkdir()
    shutil.copy(FIXTURE, folder)
    return [binary, f"-chdir={folder}"]


def _run(command: list[str], *arguments: str) -> bytes:
    folder = Path(command[1].removeprefix("-chdir="))
    settings = folder.parent / "terraform.rc"
    settings.write_text("disable_checkpoint = true\n")
    environment = {**os.environ, "TF_CLI_CONFIG_FILE": str(settings), "TF_IN_AUTOMATION": "1"}
    done = subprocess.run([*command, *arguments], env=environment, capture_output=True, check=False, timeout=90)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout + done.stderr


def _seeded_store(canaries: dict[str, str]) -> MemoryStore:
    store = MemoryStore(clock=FakeClock(), entropy=FakeEntropy())
    fence = store.acquire("dev", holder="test", lease_seconds=60)
    for request in RECORDED:
        desired = desired_secret(request, settings=PLATFORM, policy_document=resource_policy(request, settings=PLATFORM), cadences={})
        store.create(desired, bookkeeping={}, token=f"create-{request.id:0>32}", fence=fence)
        value = encode_payload({"PASSWORD": SecretValue(canaries[request.id].encode())})
        store.put_version(desired.ref, value, token=f"value-{request.id:0>32}", stage="current", fence=fence, expected_current="")
    return store


def test_no_value_reaches_plan_apply_show_or_state(terraform: list[str], tmp_path: Path) -> None:
    canaries = {request.id: new_canary(request.id) for request in RECORDED}
    store = _seeded_store(canaries)
    assert all(store.describe(record.ref) for record in store.list_records("dev"))
    folder = tmp_path / "module"
    tfvars = Case(MIXED, PLATFORM).render()["terraform/secrets.auto.tfvars.json"]
    (folder / "secrets.auto.tfvars.json").write_bytes(tfvars)

    said = _run(terraform, "init", "-input=false", "-no-color")
    said += _run(terraform, "plan", "-input=false", "-no-color", "-out=plan.bin")
    said += _run(terraform, "show", "-json", "plan.bin")
    said += _run(terraform, "apply", "-input=false", "-no-color", "plan.bin")
    shown = _run(terraform, "show", "-json")

    assert hits_in(said + shown, list(canaries.values())) == []
    assert scan_tree(folder, list(canaries.values())) == []
    assert (folder / "terraform.tfstate").is_file()
    containers = json.loads(shown)["values"]["outputs"]["containers"]["value"]
    assert containers == json.loads(tfvars)["goldenpath_secrets"]
    assert set(containers) == set(canaries)


def test_a_second_plan_of_the_same_catalog_changes_nothing(terraform: list[str], tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / "module" / "secrets.auto.tfvars.json").write_bytes(Case(MIXED, PLATFORM).render()["terraform/secrets.auto.tfvars.json"])
        if number == 0:
            _run(terraform, "init", "-input=false", "-no-color")
            _run(terraform, "apply", "-input=false", "-no-color", "-auto-approve")
    assert b"No changes." in _run(terraform, "plan", "-input=false", "-no-color", "-detailed-exitcode")


def test_the_scan_has_teeth(terraform: list[str], tmp_path: Path) -> None:
    canary = new_canary()
    tfvars = json.loads(Case(MIXED, PLATFORM).render()["terraform/secrets.auto.tfvars.json"])
    tfvars["goldenpath_secrets"]["SEC-0007"]["description"] = canary
    (tmp_path / "module" / "secrets.auto.tfvars.json").write_text(json.dumps(tfvars))
    _run(terraform, "init", "-input=false", "-no-color")
    _run(terraform, "apply", "-input=false", "-no-color", "-auto-approve")
    assert any("terraform.tfstate" in hit for hit in scan_tree(tmp_path / "module", [canary]))
