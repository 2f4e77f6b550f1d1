"""goldenpath.yaml: defaults, faults all at once, the closed list of variables, and where each setting came from (R15, CASES 183)."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.errors import Misconfigured
from goldenpath.model.settings import Settings
from goldenpath.settings import OVERRIDES, explain_settings, load_settings

HEAD = "apiVersion: goldenpath.io/v1\nkind: Platform\n"


def refused(text: str | None, variables: dict[str, str] | None = None) -> Misconfigured:
    with pytest.raises(Misconfigured) as caught:
        load_settings(None if text is None else text.encode(), variables=variables)
    return caught.value


def test_no_file_means_every_default() -> None:
    assert load_settings(None) == Settings()
    assert load_settings(HEAD.encode()) == Settings()


def test_environments_are_canonical() -> None:
    text = (
        HEAD
        + "environments:\n  production: {cluster: main}\n  stg: {}\naccess:\n  platformPrincipals: {prd: [arn:aws:iam::593517239005:role/x]}\n"
    )
    settings = load_settings(text.encode())
    assert set(settings.environments) == {"prod", "staging"}
    assert settings.cluster("prod") == "main"
    assert settings.cluster("dev") == "dev"
    assert set(settings.access.platform_principals) == {"prod"}


ROTATOR = {
    "lambdaArn": "arn:aws:lambda:us-east-1:593517239005:function:x",
    "roleArn": "arn:aws:iam::593517239005:role/x",
    "secretTypes": "[api-key]",
}


def rotator(changed: str = "") -> str:
    """Settings with one rotator of dev, one field of which is as ``changed`` says."""
    name, _, text = changed.partition(": ")
    fields = {**ROTATOR, **({name: text} if changed else {})}
    said = ", ".join(f"{key}: {value if value[0] in '[{' else repr(value)}" for key, value in fields.items())
    return f"environments: {{dev: {{account: '593517239005', rotators: {{postgres: {{{said}}}}}}}}}\n"


def test_a_rotator_that_can_work_is_taken() -> None:
    for window in ("", "window: {opensAt: 2, hours: 22}", "window: {opensAt: 0, hours: 24, weekday: SUN}"):
        found = load_settings((HEAD + rotator(window)).encode()).environment("dev").rotators["postgres"]
        assert (found.lambda_arn, found.secret_types) == (ROTATOR["lambdaArn"], ("api-key",))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("environments: {prod: {}, production: {}}\n", ["intent.duplicate-environment"]),
        ("environments: {live: {}}\n", ["intent.enum"]),
        ("environments: {Prod: {}}\n", ["intent.pattern"]),
        ("environments: {prod: {account: 593517239005}}\n", ["type error", "account"]),
        ("environments: {prod: {account: 012345678901}}\n", ["type error", "account"]),
        ("environments: {prod: {replicaRegions: [us-east-1]}}\n", ["prod.replicaRegions[0]", "home region", "intent.replica-region"]),
        (
            "environments: {prod: {replicaRegions: [eu-west-1], stores: {aws-secrets-manager: {region: eu-west-1}}}}\n",
            ["intent.replica-region"],
        ),
        ("environments: {prod: {replicaRegions: [eu-west-1, eu-west-1]}}\n", ["prod.replicaRegions[1]", "intent.duplicate-entry"]),
        ("environments: {prod: {replicaKeys: {eu-west-1: 'arn:aws:kms:eu-west-1:1:key/a'}}}\n", ["intent.replica-region"]),
        (
            "environments: {prod: {replicaRegions: [eu-west-1], replicaKeys: {eu-west-1: 'arn:aws:kms:us-east-1:1:key/a'}}}\n",
            ["prod.replicaKeys.", "no KMS key of this region"],
        ),
        (rotator("lambdaArn: arn:aws:lambda:us-east-1:593517239005:function:*"), ["lambdaArn", "intent.pattern"]),
        (
            rotator("lambdaArn: arn:aws:lambda:eu-west-1:593517239005:function:x"),
            ["lambdaArn", "a function in eu-west-1", "intent.rotator"],
        ),
        (rotator("lambdaArn: arn:aws:lambda:us-east-1:999999999999:function:x"), ["lambdaArn", "999999999999", "intent.rotator"]),
        (rotator("roleArn: arn:aws:iam::593517239005:root"), ["roleArn", "intent.pattern"]),
        (rotator("roleArn: arn:aws:iam::999999999999:role/x"), ["roleArn", "intent.rotator"]),
        (rotator("secretTypes: []"), ["secretTypes"]),
        (rotator("secretTypes: [api-key, api-key]"), ["secretTypes[1]", "intent.duplicate-entry"]),
        (rotator("window: {opensAt: 22, hours: 3}"), ["window.hours", "goes on into the next day"]),
        (rotator("window: {opensAt: 24, hours: 1}"), ["window.opensAt"]),
        (rotator("window: {opensAt: 0, hours: 0}"), ["window.hours"]),
        (rotator("window: {opensAt: 0, hours: 1, weekday: sunday}"), ["window.weekday"]),
        ("catalog: {root: ../elsewhere}\n", ["catalog.root"]),
        ("catalog: {root: /abs}\n", ["catalog.root"]),
        ("catalog: {root: a/../b}\n", ["catalog.root"]),
        ("audit: {enabled: false}\n", ["audit.enabled", "unknown field"]),
        ("gate: off\n", ["gate", "unknown field"]),
        ("apply: {leaseSeconds: 0}\n", ["apply.leaseSeconds", "at least 5"]),
        ("kind: Platform\n", ["given twice"]),
        ("foo: 1\nbar: 2\n", ["foo", "bar", "2 faults"]),
    ],
)
def test_faults_are_listed_together(text: str, parts: list[str]) -> None:
    error = refused(HEAD + text)
    assert error.code == "settings.invalid"
    assert error.subject.startswith("goldenpath.yaml:")
    assert error.hint
    assert [part for part in parts if part not in error.message] == []


def test_variables_move_what_belongs_to_the_machine() -> None:
    variables = {
        "GOLDENPATH_STATE_DIRECTORY": "/var/lib/gp",
        "GOLDENPATH_STATE_KEY_SOURCE": "keyring",
        "GOLDENPATH_DELIVERY_REPOSITORY": "../other",
    }
    settings = load_settings(HEAD.encode(), variables={**variables, "HOME": "/root", "GOLDENPATH_OUTPUT": "json"})
    assert (settings.state.directory, settings.state.key_source, settings.delivery.repository) == ("/var/lib/gp", "keyring", "../other")
    assert variables.keys() == OVERRIDES.keys()


@pytest.mark.parametrize(
    "name",
    [
        "GOLDENPATH_AUDIT_DIRECTORY",
        "GOLDENPATH_AUDIT_CHECKPOINT_MIRROR",
        "GOLDENPATH_GOVERNANCE_POLICY",
        "GOLDENPATH_GOVERNANCE_PROTECTED_BRANCH",
        "GOLDENPATH_GOVERNANCE_APPROVERS",
        "GOLDENPATH_APPROVALS_SOURCE",
        "GOLDENPATH_FORGE_URL",
        "GOLDENPATH_FORGE_REPOSITORY",
        "GOLDENPATH_CATALOG_ROOT",
        "GOLDENPATH_ENVIRONMENTS",
        "GOLDENPATH_NAMING_PREFIX",
        "GOLDENPATH_CONFIG",
    ],
)
def test_no_variable_reaches_the_gate_or_the_audit_log(name: str) -> None:
    error = refused(None, {name: "/dev/null"})
    assert error.code == "settings.variable"
    assert name in error.message
    assert "/dev/null" not in error.message
    assert load_settings(None) == Settings(), "a revision in Git does not look at variables at all"


@pytest.mark.parametrize(
    ("name", "value"), [("GOLDENPATH_STATE_DIRECTORY", ""), ("GOLDENPATH_STATE_DIRECTORY", "a\nb"), ("GOLDENPATH_STATE_KEY_SOURCE", "none")]
)
def test_a_variable_must_fit_its_setting(name: str, value: str) -> None:
    error = refused(None, {name: value})
    assert (error.code, error.subject) == ("settings.variable", name)


def test_every_setting_says_where_it_came_from() -> None:
    text = HEAD + "catalog:\n  root: docs/catalogs/secrets\nenvironments:\n  production:\n    cluster: main\n"
    lines = {line.name: line for line in explain_settings(text.encode(), variables={"GOLDENPATH_STATE_DIRECTORY": "/x"})}
    assert lines["catalog.root"][1:] == ('"docs/catalogs/secrets"', "goldenpath.yaml:4")
    assert lines["environments.prod.cluster"][1:] == ('"main"', "goldenpath.yaml:7")
    assert lines["state.directory"][1:] == ('"/x"', "GOLDENPATH_STATE_DIRECTORY")
    assert lines["apply.leaseSeconds"].source == "default"
    assert len(explain_settings(None)) > 20


def test_the_example_platform_is_valid() -> None:
    file = Path(__file__).parents[2] / "examples" / "platform" / "goldenpath.yaml"
    assert load_settings(file.read_bytes()).catalog.root == "catalogs/secrets"


FOLDERS = [
    ("{prod: production, staging: stg}", ""),
    ("{production: prd}", ""),
    ("{prod: staging}", "no word for prod"),
    ("{prod: live}", "no word for prod"),
    ("{live: prod}", "no environment or alias"),
    ("{prod: prd, production: prod}", "the same environment as prod"),
]


@pytest.mark.parametrize(("folders", "fault"), FOLDERS)
def test_an_overlays_folder_has_a_word_of_its_environment(folders: str, fault: str) -> None:
    text = f"apiVersion: goldenpath.io/v1\nkind: Platform\nprojection:\n  folders: {folders}\n".encode()
    if not fault:
        assert load_settings(text).projection.folder("prod") in {"production", "prd"}
        return
    with pytest.raises(Misconfigured, match=fault):
        load_settings(text)


@pytest.mark.parametrize("label", ["'UPPER.example/x': a", "x/y/z: a", "'-x': a", "x: 'a b'", "x: '" + "a" * 64 + "'"])
def test_labels_are_those_that_kubernetes_takes(label: str) -> None:
    text = f"apiVersion: goldenpath.io/v1\nkind: Platform\nexternalSecrets:\n  labels: {{{label}}}\n".encode()
    with pytest.raises(Misconfigured):
        load_settings(text)
