"""Bodies of AWS as records, and the cost of not using AWS: none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.builders import FakeClock, FakeEntropy, make_request
from tests.stores import options_for

from goldenpath.errors import Misconfigured
from goldenpath.model.settings import EnvironmentSettings, Settings
from goldenpath.projection.iam import resource_policy
from goldenpath.providers.aws.secretrecords import as_written, environment_of, generation_of
from goldenpath.providers.registry import open_store

ROLES = ["arn:aws:iam::593517239005:role/b", "arn:aws:iam::593517239005:role/a"]
SETTINGS = Settings(environments={"dev": EnvironmentSettings(account="593517239005")})


def policies() -> list[str]:
    access = [{}, {"readPrincipals": ROLES}, {"readPrincipals": ROLES[:1], "writePrincipals": ROLES[1:]}]
    return [resource_policy(make_request({"spec": {"access": each}}), settings=SETTINGS) for each in access]


@pytest.mark.parametrize("number", range(3))
def test_a_policy_that_aws_spells_in_its_own_way_is_the_same_policy(number: int) -> None:
    policy = policies()[number]
    tree = json.loads(policy)
    for statement in tree["Statement"]:
        for name in ("Action", "Principal"):
            statement[name] = _as_aws_may(statement[name])
        for test in statement.get("Condition", {}).values():
            for key, values in test.items():
                test[key] = _as_aws_may(values)
        statement["Resource"] = [statement["Resource"]]
    assert as_written(policy) == policy
    assert as_written(json.dumps(tree, indent=2)) == policy


def _as_aws_may(value: object) -> object:
    """A list of one becomes the one, others change their order, and everybody gets a name."""
    if value == "*":
        return {"AWS": "*"}
    if isinstance(value, dict):
        return {key: _as_aws_may(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return value[0] if len(value) == 1 else value[::-1]
    return value


@pytest.mark.parametrize("text", ["", "no json", "[]", "{}", '{"Statement":{"Action":"a"}}', '{"Statement":[1]}', '"x"', "\\ud800"])
def test_any_other_policy_is_shown_and_never_fails(text: str) -> None:
    assert as_written(as_written(text)) == as_written(text)


@pytest.mark.parametrize(
    ("name", "tags", "environment"),
    [
        ("goldenpath/svc/dev/n", {}, "dev"),
        ("goldenpath/svc/dev/n", {"goldenpath:environment": "prod"}, "prod"),
        ("goldenpath/svc/dev/n/deeper", {}, "dev"),
        ("goldenpath/svc/dev", {}, ""),
        ("x", {}, ""),
    ],
)
def test_the_environment_is_the_tags_else_the_paths(name: str, tags: dict[str, str], environment: str) -> None:
    body = {"Name": name, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
    assert environment_of(body) == environment


@pytest.mark.parametrize(("text", "generation"), [("7", 7), ("", 0), ("x", 0), ("-1", 0), ("٣", 0), ("1e3", 0)])
def test_a_generation_that_nobody_of_us_wrote_counts_for_nothing(text: str, generation: int) -> None:
    assert generation_of({"goldenpath:generation": text}) == generation


def test_an_environment_without_an_account_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        open_store("aws-secrets-manager", options_for("aws-secrets-manager", tmp_path, clock=FakeClock(), entropy=FakeEntropy()))
    assert caught.value.code == "store.account-missing"


def test_the_kit_is_imported_with_the_first_call_and_not_before(tmp_path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from goldenpath.cli.root import cli
from goldenpath.bootstrap import open_platform
from goldenpath.model.settings import EnvironmentSettings, StoreSettings
from goldenpath.providers.registry import StoreOptions, open_store
from goldenpath.providers.system import SystemClock, SystemEntropy
assert not {{"boto3", "botocore"}} & sys.modules.keys(), "the command line alone"
open_store("aws-secrets-manager", StoreOptions(directory=Path({str(tmp_path)!r}), key_source="file", clock=SystemClock(),
    entropy=SystemEntropy(), environment="dev", place=EnvironmentSettings(account="593517239005")))
assert not {{"boto3", "botocore"}} & sys.modules.keys(), "an open store that was not asked anything"
"""
    done = subprocess.run([sys.executable, "-c", script], check=False, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
