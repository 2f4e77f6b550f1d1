"""Each role can do its work and nothing else (R16): the real verbs, run under the generated policies, and probes of what is not granted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.cloud import ACCOUNT, PATH, STORE
from tests.e2e.parameters import FOLDER, VALUES
from tests.e2e.roles import RARE, REQUEST, Guarded, GuardedParameters, answer_of, arn, called, granted, refusals
from tests.e2e.world import Run
from tests.standins.aws import StrictAws
from tests.standins.fixtures import aws, aws_server  # noqa: F401 - fixtures

from goldenpath.settings import load_settings

VALUE = b'{"password": "canary-7a1e-one", "username": "payments_app"}'
NEXT = b'{"password": "canary-7a1e-two", "username": "payments_app"}'
FILE = "catalogs/secrets/payments/dev/SEC-0007.yaml"
HANDMADE = "goldenpath/payments/dev/by-hand"
PROD = "goldenpath/payments/prod/db"
LEASE = "goldenpath/_platform/dev"
ACTIONS = "apiVersion: goldenpath.io/v1\nkind: Actions\nactions:\n"

OPEN_TO_CI = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": {"AWS": arn("ci")}, "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]}
    | {"Version": "2012-10-17"}
)


def good(run: Run) -> Run:
    assert run.code == 0, run.out + run.err
    return run


def apply_changes(guarded: Guarded) -> None:
    """Apply new, unchanged, changed in every field that a change can have."""
    guarded.turn("ci")
    good(guarded.cli("apply", "--environment", "dev", "--yes"))
    good(guarded.cli("apply", "--environment", "dev", "--yes"))


def reviewed(guarded: Guarded, branch: str, files: dict[str, str | None], *who: str) -> None:
    guarded.world.propose(branch, files)
    for person in who or ("pat",):
        good(guarded.world.cli(person, "approve", "--head", branch))
    guarded.world.merge(branch)


def entry(guarded: Guarded, action: str, request_id: str) -> str:
    digest = json.loads(good(guarded.cli(action, request_id, "--dry-run", "-o", "json")).out)["digest"]
    return f"  - action: {action}\n    request: {request_id}\n    expect: {digest}\n    ticket: OPS-1\n    reason: test\n"


@pytest.fixture
def guarded(tmp_path: Path, aws: StrictAws) -> Guarded:  # noqa: F811 - the fixture
    made = Guarded.open(tmp_path / "world", aws)
    made.world.approved_request(REQUEST)
    return made


def test_every_role_can_do_its_work_and_uses_all_that_it_is_granted(guarded: Guarded) -> None:
    apply_changes(guarded)
    guarded.turn("seed")
    for values in (VALUE, VALUE, NEXT):
        good(guarded.seed(values))
    guarded.turn("reader")
    assert "canary-7a1e-two" in good(guarded.cli("get", "SEC-0007", "--key", "password", "--reveal")).out
    assert "canary-7a1e-two" in good(guarded.cli("exec", "SEC-0007", "--", "/usr/bin/env")).out
    guarded.turn("operator")
    good(guarded.cli("status", "-o", "json"))
    good(guarded.cli("drift", "--environment", "dev"))
    assert (
        guarded.client_of("external-secrets")
        .get_secret_value(SecretId=PATH, VersionStage="AWSCURRENT")["SecretString"]
        .count("canary-7a1e-two")
        == 1
    )
    change_adopt_restore(guarded)
    assert refusals(guarded.aws) == []
    settings = load_settings((guarded.world.platform / "goldenpath.yaml").read_bytes())
    roles = ("ci", "seed", "reader", "operator", "external-secrets")
    require_least(guarded.aws, {role: granted(role, "aws-secrets-manager", settings=settings, environment="dev") for role in roles})


def change_adopt_restore(guarded: Guarded) -> None:
    guarded.turn("ci")
    changed = REQUEST.replace("owner: app-team", "owner: app-team\n  description: Changed").replace(
        "[" + arn("seed"), "[" + arn("owner") + ", " + arn("seed")
    )
    reviewed(guarded, "change", {FILE: changed})
    good(guarded.cli("apply", "--environment", "dev", "--yes"))
    guarded.console.create_secret(
        Name=HANDMADE, SecretString="canary-7a1e-old", Description="by hand", Tags=[{"Key": "team", "Value": "pay"}]
    )
    reviewed(
        guarded,
        "second",
        {
            FILE.replace("0007", "0008"): REQUEST.replace("SEC-0007", "SEC-0008")
            .replace("payments-db-creds", "by-hand")
            .replace("payments-db-credentials", "by-hand")
        },
    )
    reviewed(guarded, "adopt", {"governance/actions.yaml": ACTIONS + entry(guarded, "adopt", "SEC-0008")}, "pat", "sam")
    good(guarded.cli("adopt", "SEC-0008", "--yes"))
    good(guarded.cli("apply", "--environment", "dev", "--yes"))
    guarded.console.delete_secret(SecretId=PATH, RecoveryWindowInDays=7)
    reviewed(guarded, "restore", {"governance/actions.yaml": ACTIONS + entry(guarded, "restore", "SEC-0007")}, "pat", "sam")
    good(guarded.cli("restore", "SEC-0007", "--yes"))


def require_least(aws: StrictAws, granted_to: dict[str, set[str]]) -> None:  # noqa: F811 - not the fixture
    """Hold what was called against what is granted, both ways."""
    for role, actions in granted_to.items():
        rare = {action for owner, action in RARE if owner == role and action in actions}
        assert called(aws, role) | rare == actions, role
        assert not called(aws, role) & rare, f"{role}: no longer rare"


FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:rotate"
ROTATOR = arn("rotator")
WITH_ROTATOR = f"""\
    rotators:
      postgres: {{lambdaArn: "{FUNCTION}", roleArn: "{ROTATOR}", secretTypes: [database-credentials]}}
{STORE}"""
ROTATED = REQUEST.replace("    rotationClass: standard\n", "    rotationClass: standard\n    rotator: postgres\n")
OF_ROTATION = {"lambda:InvokeFunction", "secretsmanager:CancelRotateSecret", "secretsmanager:RotateSecret"}


@pytest.fixture
def rotating(tmp_path: Path, aws: StrictAws) -> Guarded:  # noqa: F811 - the fixture
    """A record that a function rotates: made and seeded by the roles that do it, the rotator's own role bound by the record's policy alone."""
    made = Guarded.open(tmp_path / "world", aws, store=WITH_ROTATOR)
    aws.functions.add(FUNCTION)
    aws.as_principal("AKIAROTATOR000000000", ROTATOR, identity_policy='{"Version":"2012-10-17","Statement":[]}')
    made.world.approved_request(ROTATED)
    apply_changes(made)
    made.turn("seed")
    good(made.seed(VALUE))
    made.turn("ci")
    good(made.cli("apply", "--environment", "dev", "--yes"))
    return made


def test_the_pipeline_sets_rotation_and_ends_it_with_what_it_is_granted_for_that(rotating: Guarded) -> None:
    assert rotating.console.describe_secret(SecretId=PATH)["RotationEnabled"] is True
    reviewed(rotating, "without", {FILE: REQUEST})
    rotating.turn("ci")
    good(rotating.cli("apply", "--environment", "dev", "--yes"))
    assert rotating.console.describe_secret(SecretId=PATH)["RotationEnabled"] is False
    assert refusals(rotating.aws) == []
    settings = load_settings((rotating.world.platform / "goldenpath.yaml").read_bytes())
    without = load_settings((rotating.world.platform / "goldenpath.yaml").read_bytes().replace(WITH_ROTATOR.encode(), STORE.encode()))
    with_them, plain = (granted("ci", "aws-secrets-manager", settings=each, environment="dev") for each in (settings, without))
    assert with_them - plain == OF_ROTATION == called(rotating.aws, "ci") & OF_ROTATION


def test_the_rotator_runs_a_rotation_of_its_own_record_and_of_no_other(rotating: Guarded) -> None:
    rotating.console.create_secret(Name=HANDMADE, SecretString="canary-7a1e-hand")
    client = rotating.aws.client("secretsmanager", ROTATOR)
    token, other = "r" * 32, "arn:aws:lambda:us-east-1:593517239005:function:other"
    current = client.describe_secret(SecretId=PATH)["VersionIdsToStages"]
    (old,) = (version for version, stages in current.items() if "AWSCURRENT" in stages)
    assert "canary-7a1e-one" in client.get_secret_value(SecretId=PATH, VersionStage="AWSCURRENT")["SecretString"]
    client.put_secret_value(SecretId=PATH, SecretString=NEXT.decode(), ClientRequestToken=token, VersionStages=["AWSPENDING"])
    client.update_secret_version_stage(SecretId=PATH, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=old)
    for operation, parameters in everything_about(HANDMADE):
        assert answer_of(client, operation, **parameters) == "AccessDeniedException", operation
    for operation, parameters in everything_about(PATH)[3:]:
        assert answer_of(client, operation, **parameters) == "AccessDeniedException", operation
    rotating.turn("ci")
    again = good(rotating.cli("apply", "--environment", "dev", "--yes"))
    assert "1 to change" not in again.out, "a value that a function changed is nobody's drift"
    ci = rotating.client_of("ci")
    rules = {"SecretId": PATH, "RotationRules": {"AutomaticallyAfterDays": 30}}
    assert answer_of(ci, "rotate_secret", **rules, RotationLambdaARN=FUNCTION) == "AccessDeniedException", "at once"
    assert answer_of(ci, "rotate_secret", **rules, RotationLambdaARN=other, RotateImmediately=False) == "AccessDeniedException"
    assert answer_of(ci, "rotate_secret", SecretId=PATH, RotateImmediately=False) == "AccessDeniedException", "no function named"


def seeded(guarded: Guarded) -> None:
    apply_changes(guarded)
    guarded.turn("seed")
    good(guarded.seed(VALUE))
    guarded.console.create_secret(Name=PROD, SecretString="canary-7a1e-prod", Tags=[{"Key": "goldenpath:environment", "Value": "prod"}])
    guarded.console.create_secret(Name=HANDMADE, SecretString="canary-7a1e-hand")
    guarded.console.create_secret(Name="elsewhere/x", SecretString="canary-7a1e-else")


def everything_about(path: str) -> list[tuple[str, dict[str, Any]]]:
    """Every action that shows or moves a value, or changes a container."""
    about = {"SecretId": path}
    return [
        ("get_secret_value", about),
        ("put_secret_value", {**about, "SecretString": "x"}),
        ("update_secret_version_stage", {**about, "VersionStage": "AWSPREVIOUS", "MoveToVersionId": "v" * 32}),
        ("update_secret", {**about, "Description": "x"}),
        ("update_secret", {**about, "SecretString": "x"}),
        ("put_resource_policy", {**about, "ResourcePolicy": OPEN_TO_CI}),
        ("delete_resource_policy", about),
        ("tag_resource", {**about, "Tags": [{"Key": "goldenpath:environment", "Value": "dev"}]}),
        ("untag_resource", {**about, "TagKeys": ["goldenpath:id"]}),
        ("delete_secret", {**about, "RecoveryWindowInDays": 7}),
        ("restore_secret", about),
        ("rotate_secret", {**about, "RotationLambdaARN": "arn:aws:lambda:us-east-1:593517239005:function:x"}),
        ("replicate_secret_to_regions", {**about, "AddReplicaRegions": [{"Region": "eu-west-1"}]}),
    ]


OWN = {
    "ci": {"replicate_secret_to_regions", "update_secret", "put_resource_policy", "tag_resource", "untag_resource", "restore_secret"},
    "seed": {"put_secret_value", "update_secret_version_stage"},
    "reader": {"get_secret_value"},
    "operator": set(),
    "external-secrets": {"get_secret_value"},
    "break-glass": set(),
    "stranger": set(),
    "foreigner": set(),
}
"""Which of those each role has for a request's record. The last three are let do everything by their own policy."""
GRANTED_BY_NOBODY_HERE = ("break-glass", "stranger", "foreigner")


def test_the_preview_shows_what_each_role_may_do(tmp_path: Path, aws: StrictAws) -> None:  # noqa: F811 - the fixture
    guarded = Guarded.open(tmp_path / "world", aws)
    guarded.world.propose("request", {FILE: REQUEST})
    preview = ("--offline", "preview", "--base", "main", "--head", "request")
    shown = guarded.world.cli("dana", *preview)
    assert "Roles (dev)" in shown.out
    assert re.search(r"ci +aws-secrets-manager +denied +denied +allowed", shown.out), shown.out
    (dev,) = json.loads(guarded.world.cli("dana", *preview, "-o", "json").out)["environments"]
    assert [row["role"] for row in dev["roles"]] == ["ci", "seed", "reader", "operator", "external-secrets"]
    assert "| seed | aws-secrets-manager | denied | allowed |" in guarded.world.cli("dana", *preview, "-o", "markdown").out


def test_what_is_not_granted_is_refused(guarded: Guarded) -> None:
    seeded(guarded)
    before = guarded.state()
    own_arn = guarded.console.describe_secret(SecretId=PATH)["ARN"]
    for role, own in OWN.items():
        client = guarded.client_of(role)
        for operation, parameters in everything_about(own_arn):
            if operation not in own:
                assert answer_of(client, operation, **parameters) == "AccessDeniedException", f"{role} {operation}"
        if role in GRANTED_BY_NOBODY_HERE:
            continue
        for path in (PROD, "elsewhere/x", "goldenpath/_platform/prod"):
            for operation, parameters in [*everything_about(path), ("describe_secret", {"SecretId": path})]:
                assert answer_of(client, operation, **parameters) == "AccessDeniedException", f"{role} {operation} {path}"
        listed = client.batch_get_secret_value(SecretIdList=[PATH, PROD]) if "get_secret_value" not in own else {"SecretValues": []}
        assert listed["SecretValues"] == []
    assert guarded.state() == before


def test_a_writer_notes_what_it_must_and_moves_no_record(guarded: Guarded) -> None:
    """The tags decide which environment and request a record belongs to: whoever gives values may not change them."""
    seeded(guarded)
    seed = guarded.client_of("seed")
    for key in ("goldenpath:environment", "goldenpath:id", "goldenpath:owner", "team"):
        assert answer_of(seed, "tag_resource", SecretId=PATH, Tags=[{"Key": key, "Value": "x"}]) == "AccessDeniedException", key
    both = [{"Key": "goldenpath:generation", "Value": "1"}, {"Key": "team", "Value": "x"}]
    assert answer_of(seed, "tag_resource", SecretId=PATH, Tags=both) == "AccessDeniedException"
    assert answer_of(seed, "tag_resource", SecretId=PATH, Tags=both[:1]) == ""


CREATIONS = [
    (PATH + "-new", "dev", ""),
    (PATH + "-new", "prod", "AccessDeniedException"),
    (PATH + "-new", "", "AccessDeniedException"),
    (PROD + "-new", "dev", "AccessDeniedException"),
    ("elsewhere/new", "dev", "AccessDeniedException"),
    ("goldenpath/_platform/prod", "dev", "AccessDeniedException"),
]


@pytest.mark.parametrize(("name", "environment", "answer"), CREATIONS)
def test_ci_creates_only_what_its_environment_may_hold(guarded: Guarded, name: str, environment: str, answer: str) -> None:
    tags = {"Tags": [{"Key": "goldenpath:environment", "Value": environment}]} if environment else {}
    assert answer_of(guarded.client_of("ci"), "create_secret", Name=name, **tags) == answer
    for role in ("seed", "reader", "operator", "external-secrets"):
        assert answer_of(guarded.client_of(role), "create_secret", Name=name + "-2", **tags) == "AccessDeniedException"


def test_nobody_learns_from_a_free_name_elsewhere(guarded: Guarded) -> None:
    """IAM answers before Secrets Manager does: a free name of the own environment is shown as free, any other is refused."""
    ci = guarded.client_of("ci")
    assert answer_of(ci, "describe_secret", SecretId="goldenpath/payments/dev/free") == "ResourceNotFoundException"
    assert answer_of(ci, "describe_secret", SecretId="goldenpath/payments/prod/free") == "AccessDeniedException"


@pytest.fixture
def parameters(tmp_path: Path, aws: StrictAws) -> GuardedParameters:  # noqa: F811 - the fixture
    return GuardedParameters.open(tmp_path / "world", aws)


def test_every_role_of_parameter_store_can_do_its_work(parameters: GuardedParameters) -> None:
    parameters.turn("ci")
    for _ in range(2):
        good(parameters.cli("apply", "--environment", "prod", "--yes"))
    parameters.turn("inject")
    good(parameters.inject(VALUES, "--yes"))
    good(parameters.inject({**VALUES, "API_TOKEN": "tok-canary-7a1e"}, "--yes"))
    tags, note = [{"Key": "goldenpath:id", "Value": "SEC-0303"}], "OLD_KEY of SEC-0303"
    parameters.console.put_parameter(Name=FOLDER + "old_key", Value="canary-7a1e-old", Type="SecureString", Tags=tags, Description=note)
    good(parameters.inject(VALUES, "--prune", "--yes"))
    parameters.turn("reader")
    good(parameters.cli("get", "SEC-0304", "--reveal"))
    parameters.turn("operator")
    good(parameters.cli("status", "--environment", "prod", "-o", "json"))
    assert parameters.cli("drift", "--environment", "prod").code in {0, 1}
    good(parameters.cli("get", "SEC-0304"))
    parameters.client_of("external-secrets").get_parameter(Name=FOLDER + "api_token", WithDecryption=True)
    assert refusals(parameters.aws) == []
    settings = load_settings((parameters.world.platform / "goldenpath.yaml").read_bytes())
    roles = ("ci", "inject", "reader", "operator", "external-secrets")
    require_least(parameters.aws, {role: granted(role, "aws-parameter-store", settings=settings, environment="prod") for role in roles})


def test_what_is_not_granted_on_parameters_is_refused(parameters: GuardedParameters) -> None:
    for name in (
        "/zerotouch/prod/service/api_token",
        "/zerotouch/prod/_requests/service/api",
        "/zerotouch/dev/service/api_token",
        "/other/x",
    ):
        parameters.console.put_parameter(Name=name, Value="canary-7a1e", Type="String")
    own, marker, dev, other = (
        "/zerotouch/prod/service/api_token",
        "/zerotouch/prod/_requests/service/api",
        "/zerotouch/dev/service/api_token",
        "/other/x",
    )
    may_read = {"inject": "get_parameter", "reader": "get_parameters", "external-secrets": "get_parameter"}
    for role in ("ci", "inject", "reader", "operator", "external-secrets"):
        client = parameters.client_of(role)
        for folder in ("/", "/zerotouch", "/zerotouch/prod", "/zerotouch/prod/service", "/zerotouch/dev"):
            assert answer_of(client, "get_parameters_by_path", Path=folder, Recursive=True) == "AccessDeniedException", f"{role} {folder}"
        for name in (dev, other):
            for operation, arguments in probes(name):
                assert answer_of(client, operation, **arguments) == "AccessDeniedException", f"{role} {operation} {name}"
        if role != "inject":
            for operation, arguments in probes(own)[3:]:
                assert answer_of(client, operation, **arguments) == "AccessDeniedException", f"{role} {operation}"
        retag = {"ResourceType": "Parameter", "ResourceId": own, "Tags": [{"Key": "goldenpath:owner", "Value": "team-b"}]}
        assert answer_of(client, "add_tags_to_resource", **retag) == ("" if role in {"ci", "inject"} else "AccessDeniedException"), role
        if role not in may_read:
            for operation, arguments in probes(own)[:3]:
                assert answer_of(client, operation, **arguments) == "AccessDeniedException", f"{role} {operation}"
        if role != "ci":
            assert answer_of(client, "put_parameter", Name=marker, Value="x", Type="String", Overwrite=True) == "AccessDeniedException"
    assert answer_of(parameters.client_of("inject"), "delete_parameters", Names=[marker]) == "AccessDeniedException"


def probes(name: str) -> list[tuple[str, dict[str, Any]]]:
    """Every action that shows a parameter's value, then those that change it."""
    return [
        ("get_parameter", {"Name": name}),
        ("get_parameters", {"Names": [name]}),
        ("get_parameter_history", {"Name": name}),
        ("put_parameter", {"Name": name, "Value": "x", "Type": "String", "Overwrite": True}),
        ("delete_parameter", {"Name": name}),
        ("delete_parameters", {"Names": [name]}),
        ("label_parameter_version", {"Name": name, "Labels": ["x"]}),
    ]
