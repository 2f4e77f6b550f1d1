from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from tests.builders import deep_merge, make_request
from tests.unit.projection.platform_sample import ACCOUNT, ADMIN, CI, OWNER, READER, SEED_ACCESS, WRITER, platform, role

from goldenpath.errors import InvalidIntent, Misconfigured
from goldenpath.model.base import canonical_bytes
from goldenpath.model.settings import AccessSettings, EnvironmentSettings, RotatorSettings, Settings, StoreSettings
from goldenpath.projection.access_table import access_table, check_access
from goldenpath.projection.evaluator import Call, evaluate
from goldenpath.projection.iam import POLICY_MAX_BYTES, resource_policy
from goldenpath.projection.identity import environment_arn_pattern, secret_arn_pattern
from goldenpath.projection.render import render_environment
from goldenpath.projection.roles import AWS_PROVIDERS, role_policy

STRANGER = role("anybody-else")
FOREIGNER = role("anybody-else", "999999999999")
REQUEST = make_request({"spec": {"access": SEED_ACCESS}})

# rows: principal; columns: read value, write value, metadata, update, policy, delete. A allowed, D denied, i left to the identity policy
COLUMNS = ("GetSecretValue", "PutSecretValue", "DescribeSecret", "UpdateSecret", "PutResourcePolicy", "DeleteSecret")
TABLE = {
    "reader": (READER, "A D A D D D"),
    "writer": (WRITER, "D A A D D D"),
    "break-glass": (ADMIN, "D D i D D D"),
    "platform": (OWNER, "i i A i A i"),
    "ci": (CI, "D D A i A i"),
    "same account": (STRANGER, "D D i D D D"),
    "other account": (FOREIGNER, "D D D D D D"),
    "account root": (f"arn:aws:iam::{ACCOUNT}:root", "D D i D D D"),
}
LETTERS = {"allowed": "A", "denied": "D", "not-mentioned": "i"}


def ask(policy: str, principal: str, action: str, **rest: Any) -> str:
    return evaluate(policy, Call(principal=principal, action=f"secretsmanager:{action}", **rest))


@pytest.mark.parametrize(("principal", "row"), TABLE.values(), ids=TABLE)
def test_who_may_do_what(principal: str, row: str) -> None:
    policy = resource_policy(REQUEST, settings=platform())
    assert " ".join(LETTERS[ask(policy, principal, action)] for action in COLUMNS) == row


@pytest.mark.parametrize("action", ["GetSecretValue", "BatchGetSecretValue", "PutSecretValue", "UpdateSecretVersionStage", "UpdateSecret"])
def test_every_action_that_moves_a_value_is_closed_to_strangers(action: str) -> None:
    assert ask(resource_policy(REQUEST, settings=platform()), STRANGER, action) == "denied"


def test_break_glass_is_in_no_statement_even_when_the_platform_lists_it() -> None:
    settings = Settings(access=AccessSettings(platform_principals={"dev": (ADMIN,)}, reader_principals={"dev": (ADMIN,)}))
    policy = resource_policy(REQUEST, settings=settings)
    assert [ask(policy, ADMIN, action) for action in ("GetSecretValue", "PutSecretValue", "UpdateSecret")] == ["denied"] * 3
    assert ask(policy, ADMIN, "PutResourcePolicy") == "allowed"


def test_a_right_for_which_nobody_is_named_is_left_to_identity_policies() -> None:
    policy = resource_policy(make_request(), settings=Settings())
    everything = ("GetSecretValue", "PutSecretValue", "UpdateSecret", "PutResourcePolicy", "DeleteResourcePolicy")
    assert [ask(policy, STRANGER, action) for action in everything] == ["not-mentioned"] * 5


def test_naming_a_reader_closes_reading_and_nothing_else() -> None:
    policy = resource_policy(make_request({"spec": {"access": {"readPrincipals": [READER]}}}), settings=Settings())
    assert ask(policy, READER, "GetSecretValue") == "allowed"
    assert [ask(policy, STRANGER, action) for action in ("GetSecretValue", "BatchGetSecretValue")] == ["denied"] * 2
    assert ask(policy, STRANGER, "PutSecretValue") == "not-mentioned"


def test_naming_only_an_unusable_reader_opens_nothing() -> None:
    policy = resource_policy(make_request({"spec": {"access": {"readPrincipals": ["*"]}}}), settings=Settings())
    assert ask(policy, STRANGER, "GetSecretValue") == "denied"


@pytest.mark.parametrize(("backend", "expected"), [("local", []), ("memory", []), ("aws", ["projection.read-unrestricted"])])
def test_a_value_that_anybody_can_read_is_reported_where_policies_are_enforced(backend: str, expected: list[str]) -> None:
    stores = {"aws-secrets-manager": StoreSettings(backend=backend)}
    settings = Settings(environments={"dev": EnvironmentSettings(stores=stores)})
    assert [finding.rule for finding in check_access(make_request(), settings=settings)] == expected


def test_the_clusters_reader_comes_from_the_settings() -> None:
    settings = Settings(access=AccessSettings(reader_principals={"dev": (READER,), "prod": (role("other"),)}))
    policy = resource_policy(make_request(), settings=settings)
    assert ask(policy, READER, "GetSecretValue") == "allowed"
    assert ask(policy, role("other"), "GetSecretValue") == "denied"
    assert check_access(make_request(), settings=settings) == ()


def test_a_second_account_is_let_in_only_when_it_is_allowed() -> None:
    far = role("reader", "111122223333")
    request = make_request({"spec": {"access": {"readPrincipals": [far]}}})
    closed = platform()
    assert ask(resource_policy(request, settings=closed), far, "GetSecretValue") == "denied"
    assert [finding.rule for finding in check_access(request, settings=closed)] == ["projection.policy-open"]
    opened = platform(allowed_accounts=("111122223333",))
    assert ask(resource_policy(request, settings=opened), far, "GetSecretValue") == "allowed"
    assert check_access(request, settings=opened) == ()


def test_policy_is_canonical_and_the_same_for_any_order() -> None:
    many = [role(f"r{number}") for number in range(9)]
    forward = make_request({"spec": {"access": {"readPrincipals": many}}})
    backward = make_request({"spec": {"access": {"readPrincipals": [*many[::-1], many[0]]}}})
    text = resource_policy(forward, settings=platform())
    assert text == resource_policy(backward, settings=platform()) == canonical_bytes(json.loads(text)).decode()


UNSAFE = ["*", "arn:aws:iam::*:role/x", f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:role/*", f"arn:aws:iam::{ACCOUNT}:role/a?",
          "arn:aws:iam::...:role/x", ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/a/b", "", f"{READER}\n", f"arn:aws:iam::{ACCOUNT}:role/"]  # fmt: skip


@pytest.mark.parametrize("principal", UNSAFE)
@pytest.mark.parametrize("where", ["platform_principals", "metadata_principals", "reader_principals"])
def test_settings_with_an_unsafe_principal_are_refused(principal: str, where: str) -> None:
    table: dict[str, Any] = {where: {"dev": (principal,)}}
    settings = Settings(access=AccessSettings(**table))
    with pytest.raises(Misconfigured) as caught:
        resource_policy(make_request(), settings=settings)
    assert caught.value.code == "projection.principal-unsafe"


ROTATOR = f"arn:aws:iam::{ACCOUNT}:role/rotate"
ROTATING = {
    "rotators": {
        "postgres": RotatorSettings(
            lambda_arn=f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:rotate", role_arn=ROTATOR, secret_types=("database-credentials",)
        )
    },
    "stores": {"aws-secrets-manager": StoreSettings(backend="aws-secrets-manager")},
}
ROTATED = {"spec": {"rotation": {"rotator": "postgres"}}}
ACTIONS_OF_A_ROTATION = ("DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage")


def test_a_rotator_reads_and_writes_what_it_rotates_and_nothing_else() -> None:
    settings = platform(**ROTATING)
    rotated = resource_policy(make_request(deep_merge(ROTATED, {"spec": {"access": SEED_ACCESS}})), settings=settings)
    for action in ACTIONS_OF_A_ROTATION:
        assert ask(rotated, ROTATOR, action) == "allowed", action
    for action in ("DeleteSecret", "PutResourcePolicy", "RotateSecret", "TagResource", "UpdateSecret"):
        assert ask(rotated, ROTATOR, action) == "denied", action
    assert ask(rotated, STRANGER, "GetSecretValue") == "denied"
    others = [make_request({"spec": {"access": SEED_ACCESS}}), make_request(deep_merge(ROTATED, {"spec": {"secretType": "api-key"}}))]
    for request in others:
        assert ask(resource_policy(request, settings=settings), ROTATOR, "GetSecretValue") == "denied"
    assert check_access(make_request(deep_merge(ROTATED, {"spec": {"access": SEED_ACCESS}})), settings=settings) == ()


def test_a_rotator_alone_shuts_nobody_out() -> None:
    """Who read the value before, External Secrets above all, reads it afterwards."""
    alone = Settings(environments={"dev": EnvironmentSettings(account=ACCOUNT, **ROTATING)})  # type: ignore[arg-type]
    policy = resource_policy(make_request(ROTATED), settings=alone)
    assert ask(policy, ROTATOR, "GetSecretValue") == "allowed"
    assert ask(policy, STRANGER, "GetSecretValue") == "not-mentioned"
    assert ask(policy, STRANGER, "PutSecretValue") == "not-mentioned"


def test_a_rotator_that_is_a_break_glass_principal_gets_nothing() -> None:
    access = {"spec": {"access": {**SEED_ACCESS, "breakGlassPrincipals": [ROTATOR]}}}
    policy = resource_policy(make_request(deep_merge(ROTATED, access)), settings=platform(**ROTATING))
    assert ask(policy, ROTATOR, "GetSecretValue") == "denied"


FIELDS = {"read_principals": "readPrincipals", "write_principals": "writePrincipals", "break_glass_principals": "breakGlassPrincipals"}


@pytest.mark.parametrize("principal", UNSAFE)
@pytest.mark.parametrize(("attribute", "name"), FIELDS.items())
def test_an_unsafe_principal_of_a_request_gets_nothing_and_is_reported(principal: str, attribute: str, name: str) -> None:
    request = _with_access(make_request(), attribute, principal)
    assert resource_policy(request, settings=platform()) == resource_policy(make_request(), settings=platform())
    reported = [(finding.rule, finding.field, finding.got) for finding in check_access(request, settings=platform())]
    assert reported == [("projection.principal-unsafe", f"spec.access.{name}[0]", principal)]


def _with_access(request: Any, field: str, principal: str) -> Any:
    access = msgspec.structs.replace(request.spec.access, **{field: (principal,)})
    return msgspec.structs.replace(request, spec=msgspec.structs.replace(request.spec, access=access))


def test_policy_size_is_checked_against_the_stores_limit() -> None:
    many = [role(f"{'x' * 400}-{number}") for number in range(50)]
    with pytest.raises(InvalidIntent) as caught:
        resource_policy(make_request({"spec": {"access": {"readPrincipals": many}}}), settings=platform())
    assert caught.value.code == "projection.policy-too-large"
    assert str(POLICY_MAX_BYTES) in caught.value.message


@pytest.mark.parametrize("provider", ["local", "openbao", "aws-parameter-store"])
def test_other_stores_have_no_resource_policy(provider: str) -> None:
    request = make_request({"spec": {"provider": provider}})
    assert resource_policy(request, settings=platform()) == ""
    assert check_access(request, settings=platform()) == ()
    assert access_table(request, settings=platform()) == ()


def test_access_table_has_a_row_for_everybody() -> None:
    rows = access_table(REQUEST, settings=platform())
    assert [row.group for row in rows] == ["reader", "writer", "break-glass", "platform", "metadata", "same-account", "other-account"]
    reader = dict(rows[0].answers)
    assert (reader["read value"], reader["write value"]) == ("allowed", "denied")
    assert check_access(REQUEST, settings=platform()) == ()


def test_a_hole_in_the_policy_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    open_policy = canonical_bytes(
        {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:*", "Resource": "*"}]}
    ).decode()
    monkeypatch.setattr("goldenpath.projection.access_table.resource_policy", lambda _request, *, settings: open_policy)
    findings = check_access(REQUEST, settings=platform())
    assert {finding.level for finding in findings} == {"block"}
    assert {group for finding in findings for group in ("break-glass", "same-account", "other-account", "metadata") if group in finding.message} == {
        "break-glass", "same-account", "other-account", "metadata",
    }  # fmt: skip


RESOURCE = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:"
DEV_TAG = {"aws:ResourceTag/goldenpath:environment": "dev"}
ESO_CASES = [
    ("goldenpath/payments/dev/db-a1B2c3", DEV_TAG, "GetSecretValue", "allowed"),
    ("goldenpath/payments/dev/db-a1B2c3", {}, "GetSecretValue", "not-mentioned"),
    ("goldenpath/payments/prod/db-a1B2c3", DEV_TAG, "GetSecretValue", "not-mentioned"),
    ("goldenpath/x/prod/dev/db-a1B2c3", {"aws:ResourceTag/goldenpath:environment": "prod"}, "GetSecretValue", "not-mentioned"),
    ("other/payments/dev/db-a1B2c3", DEV_TAG, "GetSecretValue", "not-mentioned"),
    ("goldenpath/payments/dev/db-a1B2c3", DEV_TAG, "PutSecretValue", "not-mentioned"),
    ("goldenpath/payments/dev/db-a1B2c3", DEV_TAG, "DeleteSecret", "not-mentioned"),
]


@pytest.mark.parametrize(("path", "context", "action", "expected"), ESO_CASES)
def test_the_clusters_role_reads_its_environment_only(path: str, context: dict[str, str], action: str, expected: str) -> None:
    policy = role_policy("external-secrets", "dev", settings=platform())
    assert ask(policy, READER, action, resource=RESOURCE + path, context=context) == expected


CI_CASES = [
    ("DescribeSecret", "allowed"),
    ("PutResourcePolicy", "allowed"),
    ("TagResource", "allowed"),
    ("GetSecretValue", "denied"),
    ("BatchGetSecretValue", "denied"),
    ("PutSecretValue", "denied"),
    ("UpdateSecretVersionStage", "denied"),
    ("DeleteSecret", "not-mentioned"),
    ("RestoreSecret", "allowed"),
]


@pytest.mark.parametrize(("action", "expected"), CI_CASES)
def test_ci_keeps_containers_and_never_sees_values(action: str, expected: str) -> None:
    policy = role_policy("ci", "dev", settings=platform())
    assert ask(policy, CI, action, resource=RESOURCE + "goldenpath/payments/dev/db-a1B2c3", context=DEV_TAG) == expected


CREATE_CASES = [
    ("goldenpath/payments/dev/db", "dev", "allowed"),
    ("goldenpath/payments/prod/db", "dev", "not-mentioned"),
    ("goldenpath/payments/dev/db", "prod", "not-mentioned"),
    ("elsewhere/payments/dev/db", "dev", "not-mentioned"),
]


@pytest.mark.parametrize(("name", "tag", "expected"), CREATE_CASES)
def test_ci_creates_in_its_environment_only(name: str, tag: str, expected: str) -> None:
    context = {"secretsmanager:Name": name, "aws:RequestTag/goldenpath:environment": tag}
    assert ask(role_policy("ci", "dev", settings=platform()), CI, "CreateSecret", resource=name, context=context) == expected


PLATFORM_RECORD = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:goldenpath/_platform/dev-a1B2c3"
SOME_RECORD = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:goldenpath/payments/dev/db-a1B2c3"
CI_VALUES = [
    (PLATFORM_RECORD, "allowed"),
    (PLATFORM_RECORD.replace("/dev-", "/prod-"), "denied"),
    (PLATFORM_RECORD.replace("_platform", "payments"), "denied"),
    (PLATFORM_RECORD + "-a1B2c3", "denied"),
    (SOME_RECORD, "denied"),
    (f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:other-a1B2c3", "denied"),
]


@pytest.mark.parametrize(("resource", "expected"), CI_VALUES)
def test_ci_keeps_the_writers_lease_and_reaches_no_value(resource: str, expected: str) -> None:
    context = {"aws:ResourceTag/goldenpath:environment": "dev"}
    policy = role_policy("ci", "dev", settings=platform())
    for action in ("GetSecretValue", "PutSecretValue"):
        assert ask(policy, CI, action, resource=resource, context=context) == expected


PARAMETERS = [
    ("parameter/goldenpath/dev/payments/database_url", "GetParameter", "allowed"),
    ("parameter/goldenpath/dev/payments/database_url", "GetParameters", "allowed"),
    ("parameter/goldenpath/dev/payments/database_url", "GetParametersByPath", "not-mentioned"),
    ("parameter/goldenpath/dev/payments/database_url", "GetParameterHistory", "not-mentioned"),
    ("parameter/goldenpath/dev/payments/database_url", "PutParameter", "not-mentioned"),
    ("parameter/goldenpath/prod/payments/database_url", "GetParameter", "not-mentioned"),
    ("parameter/goldenpath/development/payments/database_url", "GetParameter", "not-mentioned"),
    ("parameter/elsewhere/dev/payments/database_url", "GetParameter", "not-mentioned"),
]


@pytest.mark.parametrize(("resource", "action", "expected"), PARAMETERS)
def test_the_cluster_reads_parameters_of_its_environment_one_by_one(resource: str, action: str, expected: str) -> None:
    call = Call(principal=READER, action=f"ssm:{action}", resource=f"arn:aws:ssm:us-east-1:{ACCOUNT}:{resource}")
    assert evaluate(role_policy("external-secrets", "dev", settings=platform()), call) == expected


REGIONS = {"us-east-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"}


@pytest.mark.parametrize(("region", "partition"), REGIONS.items())
def test_arn_patterns_end_in_six_wildcards_of_one_character(region: str, partition: str) -> None:
    settings = Settings(environments={"dev": EnvironmentSettings(account=ACCOUNT, region=region)})
    start = f"arn:{partition}:secretsmanager:{region}:{ACCOUNT}:secret:goldenpath/"
    assert environment_arn_pattern("dev", settings=settings) == start + "*/dev/*-??????"
    assert secret_arn_pattern(REQUEST, settings=settings) == start + "payments/dev/payments-db-credentials-??????"


KMS = [
    ("alias/platform", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/*"),
    ("1234abcd", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd"),
    (f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd"),
]


@pytest.mark.parametrize(("kms_key", "resource"), KMS)
def test_the_clusters_role_may_decrypt_through_the_store(kms_key: str, resource: str) -> None:
    statements = json.loads(role_policy("external-secrets", "dev", settings=platform(kms_key=kms_key)))["Statement"]
    uses = [each for each in statements if each["Sid"].startswith("UseKey")]
    assert [(each["Resource"], each["Action"]) for each in uses] == [([resource], ["kms:Decrypt"])] * 2
    services = ["secretsmanager.us-east-1.amazonaws.com", "ssm.us-east-1.amazonaws.com"]
    assert [each["Condition"]["StringEquals"]["kms:ViaService"] for each in uses] == services
    assert {"ForAnyValue:StringEquals" in each["Condition"] for each in uses} == {kms_key.startswith("alias/")}


def test_without_an_account_no_role_policy_is_written() -> None:
    with pytest.raises(Misconfigured) as caught:
        role_policy("external-secrets", "dev", settings=Settings())
    assert caught.value.code == "projection.account-missing"


UNKNOWN = [
    {"Effect": "Allow", "NotAction": "*", "Action": "*", "Resource": "*"},
    {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": {"Service": "x"}},
    {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
]


@pytest.mark.parametrize("statement", UNKNOWN)
def test_the_evaluator_does_not_guess(statement: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured) as caught:
        ask(json.dumps({"Statement": [statement]}), READER, "GetSecretValue")
    assert caught.value.code == "projection.policy-not-understood"


PRINCIPALS = [
    ({"Principal": {"AWS": READER}}, True),
    ({"Principal": {"AWS": [WRITER, READER]}}, True),
    ({"Principal": {"AWS": WRITER}}, False),
    ({"Principal": {"AWS": ACCOUNT}}, True),
    ({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}, True),
    ({"Principal": {"AWS": "999999999999"}}, False),
    ({"NotPrincipal": {"AWS": READER}}, False),
    ({"NotPrincipal": {"AWS": WRITER}}, True),
    ({}, True),
]


@pytest.mark.parametrize(("principal", "matches"), PRINCIPALS)
def test_principals_match_as_in_iam(principal: dict[str, Any], *, matches: bool) -> None:
    statement = {"Effect": "Allow", "Action": ["secretsmanager:get*"], "Resource": "*", **principal}
    assert ask(json.dumps({"Statement": [statement]}), READER, "GetSecretValue") == ("allowed" if matches else "not-mentioned")


def test_role_policies_are_files_where_an_account_is_known() -> None:
    rendered = render_environment([REQUEST], environment="dev", settings=platform())
    used = {
        path.removeprefix("iam/").removesuffix("-role.json"): json.loads(text) for path, text in rendered.items() if path.startswith("iam/")
    }
    assert sorted(used) == ["ci", "external-secrets", "operator", "reader", "seed"]
    for role_name, policy in used.items():
        providers = AWS_PROVIDERS if role_name == "external-secrets" else ["aws-secrets-manager"]
        assert policy == json.loads(role_policy(role_name, "dev", settings=platform(), providers=providers))
    assert not [path for path in render_environment([REQUEST], environment="dev", settings=Settings()) if path.startswith("iam/")]


KEYS = ["goldenpath:fingerprint", "goldenpath:generation"]
TAGGING = [
    (WRITER, ("goldenpath:fingerprint", "goldenpath:generation"), "not-mentioned"),
    (WRITER, ("goldenpath:generation",), "not-mentioned"),
    (WRITER, ("goldenpath:environment",), "denied"),
    (WRITER, ("goldenpath:generation", "goldenpath:id"), "denied"),
    (READER, ("goldenpath:generation",), "denied"),
    (ADMIN, ("goldenpath:generation",), "denied"),
    (STRANGER, ("goldenpath:generation",), "denied"),
    (CI, ("goldenpath:environment",), "allowed"),
    (OWNER, ("team",), "allowed"),
]


@pytest.mark.parametrize(("principal", "keys", "expected"), TAGGING)
def test_a_writer_notes_two_tags_and_changes_no_other(principal: str, keys: tuple[str, ...], expected: str) -> None:
    policy = resource_policy(REQUEST, settings=platform())
    assert ask(policy, principal, "TagResource", context={"aws:TagKeys": keys}) == expected


SETS: list[tuple[str, Any, dict[str, Any], bool]] = [
    ("ForAllValues:StringEquals", KEYS, {"aws:TagKeys": tuple(KEYS)}, True),
    ("ForAllValues:StringEquals", KEYS, {"aws:TagKeys": (KEYS[0], "other")}, False),
    ("ForAllValues:StringEquals", KEYS, {}, True),
    ("ForAnyValue:StringEquals", KEYS, {"aws:TagKeys": (KEYS[0], "other")}, True),
    ("ForAnyValue:StringEquals", KEYS, {"aws:TagKeys": ("other",)}, False),
    ("ForAnyValue:StringEquals", KEYS, {}, False),
    ("ForAnyValue:StringNotEquals", KEYS, {"aws:TagKeys": (KEYS[0], "other")}, True),
    ("ForAnyValue:StringNotEquals", KEYS, {"aws:TagKeys": tuple(KEYS)}, False),
    ("ForAnyValue:StringNotEquals", KEYS, {}, False),
    ("Null", "true", {}, True),
    ("Null", "true", {"aws:TagKeys": ("x",)}, False),
    ("Null", "false", {"aws:TagKeys": ("x",)}, True),
    ("Null", "false", {}, False),
]


@pytest.mark.parametrize(("operator", "wanted", "context", "holds"), SETS)
def test_operators_over_sets_hold_as_in_iam(operator: str, wanted: Any, context: dict[str, Any], *, holds: bool) -> None:
    statement = {
        "Effect": "Allow",
        "Action": "secretsmanager:TagResource",
        "Resource": "*",
        "Condition": {operator: {"aws:TagKeys": wanted}},
    }
    answer = ask(json.dumps({"Statement": [statement]}), READER, "TagResource", context=context)
    assert answer == ("allowed" if holds else "not-mentioned")
