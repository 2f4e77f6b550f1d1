"""Roles at AWS: what each is for, and the lint that would notice a policy that gives more."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import chain
from typing import Any

import pytest
from tests.e2e.roles import RARE
from tests.house.source_tree import ROOT
from tests.unit.projection.platform_sample import ACCOUNT, CI, platform

from goldenpath.model.settings import NamingSettings, RotatorSettings, Settings
from goldenpath.projection.evaluator import Call, evaluate
from goldenpath.projection.role_lint import QUESTIONS, check_role, check_roles, role_table
from goldenpath.projection.roles import AWS_PROVIDERS, GRANTS, render_role_policies, role_policy

# columns as QUESTIONS: read value, write value, change policy or tags, delete, read all below a path. A allowed, D denied, i not mentioned
TABLE = {
    ("ci", "aws-secrets-manager"): "D D A i D",
    ("ci", "aws-parameter-store"): "D D A D D",
    ("seed", "aws-secrets-manager"): "D A D D D",
    ("inject", "aws-parameter-store"): "A A A A D",
    ("reader", "aws-secrets-manager"): "A i i i i",
    ("reader", "aws-parameter-store"): "A i i i D",
    ("operator", "aws-secrets-manager"): "D D i i D",
    ("operator", "aws-parameter-store"): "D i i i D",
    ("external-secrets", "aws-secrets-manager"): "A i i i i",
    ("external-secrets", "aws-parameter-store"): "A i i i i",
}
LETTERS = {"allowed": "A", "denied": "D", "not-mentioned": "i"}


def test_what_each_role_may_do_with_a_value_of_its_environment() -> None:
    rows = role_table("dev", settings=platform())
    assert {(row.role, row.provider): " ".join(LETTERS[answer] for _, answer in row.answers) for row in rows} == TABLE
    assert all([label for label, _ in row.answers] == list(QUESTIONS) for row in rows)
    assert role_table("dev", settings=Settings()) == ()


@pytest.mark.parametrize("region", ["us-east-1", "cn-north-1", "us-gov-west-1"])
@pytest.mark.parametrize("kms_key", ["", "alias/platform", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234"])
def test_what_we_generate_passes_its_own_lint(region: str, kms_key: str) -> None:
    assert check_roles("dev", settings=platform(region=region, kms_key=kms_key)) == ()
    assert check_roles("dev", settings=Settings()) == ()


def test_roles_are_files_for_the_providers_in_use() -> None:
    only = {provider: sorted(render_role_policies("dev", settings=platform(), providers=[provider])) for provider in AWS_PROVIDERS}
    assert only == {
        "aws-secrets-manager": [f"iam/{role}-role.json" for role in ("ci", "external-secrets", "operator", "reader", "seed")],
        "aws-parameter-store": [f"iam/{role}-role.json" for role in ("ci", "external-secrets", "inject", "operator", "reader")],
    }
    assert render_role_policies("dev", settings=platform(), providers=["openbao"]) == {}


@pytest.mark.parametrize("role", GRANTS)
def test_each_statement_has_a_name_of_its_own_and_the_text_fits(role: str) -> None:
    """IAM wants unique Sids of letters and digits, and 6,144 characters at most in a managed policy."""
    names = [
        statement["Sid"] for statement in json.loads(role_policy(role, "dev", settings=platform(kms_key="alias/platform")))["Statement"]
    ]
    assert len(set(names)) == len(names)
    assert all(name.isascii() and name.isalnum() for name in names)
    longest = platform(kms_key="alias/" + "k" * 200)
    assert len(role_policy(role, "dev", settings=longest)) <= 6_144


def _statement(policy: dict[str, Any], sid: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in policy["Statement"] if each["Sid"] == sid)
    return found


def _add(**statement: Any) -> Callable[[dict[str, Any]], None]:
    return lambda policy: policy["Statement"].append({"Sid": "Added", "Effect": "Allow", **statement})


def _drop(sid: str) -> Callable[[dict[str, Any]], None]:
    return lambda policy: policy["Statement"].remove(_statement(policy, sid))


def _without_condition(sid: str) -> Callable[[dict[str, Any]], None]:
    return lambda policy: _statement(policy, sid).pop("Condition")


ARN = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:"
SPOILED: list[tuple[str, Callable[[dict[str, Any]], None], str]] = [
    ("ci", _add(Action=["secretsmanager:*"], Resource=[ARN + "goldenpath/*/dev/*-??????"]), "role-too-wide"),
    ("ci", _add(Action=["*"], Resource=[ARN + "goldenpath/*/dev/*-??????"]), "role-too-wide"),
    ("ci", _add(Action=["secretsmanager:UpdateSecret"], Resource=["*"]), "role-too-wide"),
    ("ci", _add(Action=["secretsmanager:UpdateSecret"], Resource=[ARN + "goldenpath/*/prod/*-??????"]), "role-too-wide"),
    ("ci", _add(Action=["secretsmanager:UpdateSecret"], Resource=[ARN + "goldenpath/*/dev/*"]), "role-too-wide"),
    ("ci", _add(Action=["secretsmanager:UpdateSecret"], Resource=[ARN + "goldenpath/*/dev/*-*"]), "role-too-wide"),
    ("ci", _add(Action=["secretsmanager:UpdateSecret"], Resource=[(ARN + "goldenpath/*/dev/*-??????").replace(ACCOUNT, "*")]), "role-too-wide"),
    ("ci", _add(Action=["secretsmanager:UpdateSecret"], NotResource=[ARN + "x"]), "role-too-wide"),
    ("ci", _without_condition("CreateContainers"), "role-too-wide"),
    ("ci", _drop("NeverValues"), "role-exceeds"),
    ("ci", _drop("KeepContainers"), "role-exceeds"),
    ("seed", _add(Action=["secretsmanager:PutResourcePolicy"], Resource=[ARN + "goldenpath/*/dev/*-??????"]), ""),
    ("seed", _drop("GiveValues"), "role-exceeds"),
    ("reader", _drop("ReadValues"), "role-exceeds"),
    ("reader", _add(Action=["secretsmanager:PutSecretValue"], Resource=[ARN + "goldenpath/*/dev/*-??????"]), "role-exceeds"),
    ("external-secrets", _add(Action=["secretsmanager:GetSecretValue"], Resource=["*"]), "role-exceeds"),
]  # fmt: skip


@pytest.mark.parametrize(("role", "spoil", "expected"), SPOILED)
def test_a_policy_that_gives_more_or_less_is_found(role: str, spoil: Callable[[dict[str, Any]], None], expected: str) -> None:
    """A permission for which an explicit deny stands is none, so it is not reported as exceeding."""
    policy = json.loads(role_policy(role, "dev", settings=platform(), providers=["aws-secrets-manager"]))
    spoil(policy)
    found = check_role(role, json.dumps(policy), "dev", settings=platform(), providers=["aws-secrets-manager"])
    assert (f"projection.{expected}" in {finding.rule for finding in found}) is bool(expected)
    assert {finding.level for finding in found} <= {"block"}


def test_the_pipeline_may_make_copies_with_their_keys_and_nothing_else() -> None:
    key = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1a2b3c4d"
    settings = platform(replica_regions=("eu-west-1", "us-west-2"), replica_keys={"eu-west-1": key})
    assert check_roles("dev", settings=settings) == ()
    policy = json.loads(role_policy("ci", "dev", settings=settings, providers=["aws-secrets-manager"]))
    use = _statement(policy, "UseKeysOfReplicas")
    assert (use["Resource"], use["Action"]) == ([key], ["kms:Encrypt", "kms:GenerateDataKey"])
    assert use["Condition"] == {"StringEquals": {"kms:ViaService": ["secretsmanager.eu-west-1.amazonaws.com"]}}
    assert "aws:RequestTag/goldenpath:environment" in _statement(policy, "ReplicateNewOnes")["Condition"]["StringEquals"]
    plain = json.loads(role_policy("ci", "dev", settings=platform(), providers=["aws-secrets-manager"]))
    assert not {"ReplicateNewOnes", "UseKeysOfReplicas"} & {each["Sid"] for each in plain["Statement"]}


ROTATORS = {
    name: RotatorSettings(
        lambda_arn=f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}",
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/{name}",
        secret_types=("database-credentials",),
    )
    for name in ("postgres", "mysql")
}
NAMED = [f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}" for name in ("mysql", "postgres")]


def test_the_pipeline_may_set_rotation_by_the_declared_functions_and_start_none() -> None:
    settings = platform(rotators=ROTATORS)
    assert check_roles("dev", settings=settings) == ()
    text = role_policy("ci", "dev", settings=settings, providers=["aws-secrets-manager"])
    assert _statement(json.loads(text), "CallRotators")["Resource"] == NAMED

    def may(function: str, *, is_now: str = "false", environment: str = "dev") -> str:
        context = {
            "aws:ResourceTag/goldenpath:environment": environment,
            "secretsmanager:RotationLambdaARN": function,
            "secretsmanager:RotateImmediately": is_now,
        }
        resource = f"{ARN}goldenpath/payments/{environment}/db-AbCdEf"
        return evaluate(text, Call(principal=CI, action="secretsmanager:RotateSecret", resource=resource, context=context))

    assert may(NAMED[0]) == "allowed"
    assert may(NAMED[0] + "-x") == "not-mentioned"
    assert may(NAMED[0], is_now="true") == "not-mentioned"
    assert may(NAMED[0], environment="prod") == "not-mentioned"
    plain = json.loads(role_policy("ci", "dev", settings=platform(), providers=["aws-secrets-manager"]))
    assert not {"SetRotation", "StopRotation", "CallRotators"} & {each["Sid"] for each in plain["Statement"]}
    others = [role_policy(role, "dev", settings=settings) for role in GRANTS if role != "ci"]
    allowed = [each for other in others for each in json.loads(other)["Statement"] if each["Effect"] == "Allow"]
    assert not [each for each in allowed if any("Rotate" in action or "lambda" in action for action in each["Action"])]


@pytest.mark.parametrize("resource", ["*", "arn:aws:lambda:us-east-1:*:function:*", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:other"])
def test_a_function_that_nobody_declared_is_found_by_the_lint(resource: str) -> None:
    settings = platform(rotators=ROTATORS)
    policy = json.loads(role_policy("ci", "dev", settings=settings, providers=["aws-secrets-manager"]))
    _statement(policy, "CallRotators")["Resource"] = [resource]
    found = check_role("ci", json.dumps(policy), "dev", settings=settings, providers=["aws-secrets-manager"])
    assert {finding.rule for finding in found} == {"projection.role-too-wide"}


def test_the_page_lists_what_rotators_add() -> None:
    section = PAGE.partition("### `ci` with rotators\n")[2].partition("\n#")[0]
    listed = set(re.findall(r"^\| `([a-z]+:[A-Za-z]+)` \|", section, re.MULTILINE))
    with_them, without = (
        {action for each in json.loads(role_policy("ci", "dev", settings=each))["Statement"] for action in each["Action"]}
        for each in (platform(rotators=ROTATORS), platform())
    )
    assert listed == with_them - without


def test_patterns_follow_the_prefixes_of_the_settings() -> None:
    sample = platform()
    settings = Settings(environments=sample.environments, naming=NamingSettings(prefix="acme", parameter_prefix="acme-p"))
    assert check_roles("dev", settings=settings) == ()
    policy = json.loads(role_policy("ci", "dev", settings=settings))
    named = chain.from_iterable([*each.get("Resource", []), *each.get("NotResource", [])] for each in policy["Statement"])
    assert all("acme" in resource for resource in named if resource != "*")


PAGE = (ROOT / "docs/reference/aws-permissions.md").read_text("utf-8")
TITLES = {"aws-secrets-manager": ("Secrets Manager", "secretsmanager"), "aws-parameter-store": ("Parameter Store", "ssm")}


def _listed(role: str, provider: str) -> dict[str, str]:
    """Return action → reason as the page lists them."""
    title, service = TITLES[provider]
    section = PAGE.partition(f"### `{role}` in {title}\n")[2].partition("\n#")[0]
    return {f"{service}:{action}": why for action, why in re.findall(r"^\| `([A-Za-z]+)` \|[^|]+\| ([^|]+) \|$", section, re.MULTILINE)}


@pytest.mark.parametrize(("role", "provider"), [(role, provider) for role, granted in GRANTS.items() for provider in granted])
def test_the_page_lists_what_is_granted_and_says_what_is_rare(role: str, provider: str) -> None:
    listed = _listed(role, provider)
    text = role_policy(role, "dev", settings=platform(), providers=[provider])
    allowed = {action for each in json.loads(text)["Statement"] if each["Effect"] == "Allow" for action in each["Action"]}
    assert listed.keys() == allowed
    rare = {action for action, why in listed.items() if why.startswith("rare: ")}
    assert rare == {action for owner, action in RARE if owner == role and action in allowed}


def test_the_page_lists_the_uses_of_keys() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| ([^|]*) ?\| ([^|]*) ?\|$", PAGE.partition("## Keys")[2].partition("## Who")[0], re.MULTILINE)
    stated = {
        (role, provider): re.findall(r"`([A-Za-z]+)`", cell)
        for role, *cells in rows
        for provider, cell in zip(AWS_PROVIDERS, cells, strict=True)
        if cell.strip()
    }
    made: dict[tuple[str, str], list[str]] = {}
    for role, provider in ((role, provider) for role, granted in GRANTS.items() for provider in granted):
        text = role_policy(role, "dev", settings=platform(kms_key="alias/x"), providers=[provider])
        actions = [action for each in json.loads(text)["Statement"] if each["Sid"].startswith("UseKey") for action in each["Action"]]
        if actions:
            made[role, provider] = [action.removeprefix("kms:") for action in actions]
    assert stated == made
