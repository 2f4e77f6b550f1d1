"""Who may assume the platform's own roles: exactly one identity each, whatever else the cluster or the forge holds (R16)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import make_request
from tests.unit.projection.platform_sample import ACCOUNT, platform

from goldenpath.errors import InvalidIntent, Misconfigured
from goldenpath.model.settings import AccessSettings, CiSettings, EnvironmentSettings, Settings
from goldenpath.projection.evaluator import Call, evaluate
from goldenpath.projection.render import render_environment
from goldenpath.projection.trust import AUDIENCE, CI_TRUST_PATH, ESO_TRUST_PATH, ci_trust_policy, eso_trust_policy
from goldenpath.settings import load_settings

ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E"
FORGE = "token.actions.githubusercontent.com"
SERVICE_ACCOUNT = "system:serviceaccount:external-secrets:eso-irsa-sa"
PIPELINE = "repo:example/platform:ref:refs/heads/main"
SETTINGS = Settings(
    environments={"dev": EnvironmentSettings(account=ACCOUNT, oidc_provider=ISSUER)},
    access=AccessSettings(ci=CiSettings(repository="example/platform")),
)


def assume(policy: str, provider: str, *, subject: str, audience: str = AUDIENCE, account: str = ACCOUNT) -> str:
    call = Call(
        principal=f"arn:aws:iam::{account}:oidc-provider/{provider}",
        action="sts:AssumeRoleWithWebIdentity",
        context={f"{provider}:aud": audience, f"{provider}:sub": subject},
    )
    return evaluate(policy, call)


def test_the_service_account_of_external_secrets_may_and_the_pipeline_may() -> None:
    assert assume(eso_trust_policy("dev", settings=SETTINGS), ISSUER, subject=SERVICE_ACCOUNT) == "allowed"
    assert assume(ci_trust_policy("dev", settings=SETTINGS), FORGE, subject=PIPELINE) == "allowed"


@pytest.mark.parametrize(
    "subject",
    [
        "system:serviceaccount:external-secrets:default",
        "system:serviceaccount:payments:eso-irsa-sa",
        "system:serviceaccount:external-secrets:eso-irsa-sa2",
        "system:serviceaccount:external-secrets:*",
        "",
    ],
)
def test_no_other_service_account(subject: str) -> None:
    assert assume(eso_trust_policy("dev", settings=SETTINGS), ISSUER, subject=subject) == "not-mentioned"


@pytest.mark.parametrize(
    "subject",
    [
        "repo:example/other:ref:refs/heads/main",
        "repo:example/platform:ref:refs/heads/feature",
        "repo:example/platform:pull_request",
        "repo:example/platform:environment:prod",
        "repo:example/platform-fork:ref:refs/heads/main",
        "repo:evil/platform:ref:refs/heads/main",
    ],
)
def test_no_other_repository_and_no_other_ref(subject: str) -> None:
    assert assume(ci_trust_policy("dev", settings=SETTINGS), FORGE, subject=subject) == "not-mentioned"


@pytest.mark.parametrize("audience", ["", "sigstore", "https://github.com/example", "sts.amazonaws.com.evil.example"])
def test_no_other_audience(audience: str) -> None:
    assert assume(ci_trust_policy("dev", settings=SETTINGS), FORGE, subject=PIPELINE, audience=audience) == "not-mentioned"


def test_no_other_issuer_and_no_other_account() -> None:
    policy = eso_trust_policy("dev", settings=SETTINGS)
    assert assume(policy, ISSUER.replace("EXAMPLE", "OTHER"), subject=SERVICE_ACCOUNT) == "not-mentioned"
    assert assume(policy, ISSUER, subject=SERVICE_ACCOUNT, account="999999999999") == "not-mentioned"


@given(st.text(max_size=60), st.text(max_size=30))
def test_only_the_exact_words_open_it(subject: str, audience: str) -> None:
    expected = "allowed" if (subject, audience) == (PIPELINE, AUDIENCE) else "not-mentioned"
    assert assume(ci_trust_policy("dev", settings=SETTINGS), FORGE, subject=subject, audience=audience) == expected


def test_no_pattern_is_written_and_both_claims_are_compared() -> None:
    for policy in (eso_trust_policy("dev", settings=SETTINGS), ci_trust_policy("dev", settings=SETTINGS)):
        assert "*" not in policy
        (statement,) = json.loads(policy)["Statement"]
        assert set(statement["Condition"]) == {"StringEquals"}
        assert {key.rpartition(":")[2] for key in statement["Condition"]["StringEquals"]} == {"aud", "sub"}


def test_the_files_are_generated_where_the_settings_say_enough() -> None:
    request = make_request()
    assert {ESO_TRUST_PATH, CI_TRUST_PATH} <= set(render_environment([request], environment="dev", settings=SETTINGS))
    assert {ESO_TRUST_PATH, CI_TRUST_PATH}.isdisjoint(render_environment([request], environment="dev", settings=platform()))
    without_account = Settings(environments={"dev": EnvironmentSettings(oidc_provider=ISSUER)}, access=SETTINGS.access)
    assert {ESO_TRUST_PATH, CI_TRUST_PATH}.isdisjoint(render_environment([request], environment="dev", settings=without_account))


@pytest.mark.parametrize(
    "lines",
    [
        "access: {ci: {repository: 'example/*'}}",
        "access: {ci: {repository: example}}",
        "access: {ci: {repository: example/platform, ref: 'refs/heads/*'}}",
        "access: {ci: {repository: example/platform, ref: main}}",
        "environments: {dev: {oidcProvider: 'https://oidc.example.com/id/X'}}",
        "environments: {dev: {oidcProvider: 'oidc.example.com/*'}}",
        "environments: {dev: {oidcProvider: '../x'}}",
    ],
)
def test_settings_take_no_pattern(lines: str) -> None:
    with pytest.raises((Misconfigured, InvalidIntent)):
        load_settings(f"apiVersion: goldenpath.io/v1\nkind: Platform\n{lines}\n".encode(), variables={})
