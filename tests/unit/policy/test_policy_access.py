"""Principals, namespaces and targets (R16, R26, R27; CASES 17, 31, 59, 60)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.policy.policy_desk import DEV, PROD, SETTINGS, context, edit, levels, new, request, verdict_on

from goldenpath.model.settings import Settings
from goldenpath.policy.principals import principal_findings

ROLE = f"arn:aws:iam::{DEV}:role/reader"

REFUSED_FORMS = [
    "*",
    "arn:aws:iam::*:role/x",
    f"arn:aws:iam::{DEV}:role/*",
    f"arn:aws:iam::{DEV}:role/app-?",
    f"arn:aws:iam::{DEV}:root",
    f"arn:aws:iam::{DEV}:ROOT",
    "arn:aws:iam::...:role/x",
    f"arn:aws:iam::{DEV}:role/...",
    "arn:aws:iam::…:role/x",
    DEV,
    "x",
    f"arn:aws:iam::{DEV}:role/",
    f"arn:aws:iam::{DEV}:role/a//b",
    f"arn:aws:iam::{DEV}:group/admins",
    f"arn:aws:iam::{DEV}:policy/x",
    f"arn:aws:sts::{DEV}:assumed-role/reader/session",
    f"arn:aws:iam:us-east-1:{DEV}:role/x",
    "arn:aws:iam::59351723900:role/x",
    "arn:aws:iam::5935172390055:role/x",
    f"ARN:AWS:IAM::{DEV}:role/x",
    f" {ROLE}",
    f"{ROLE} ",
    f"{ROLE},arn:aws:iam::{DEV}:role/y",
    f"arn:aws:iam::{DEV}:role/naïve",
    f"arn:aws:iam::{DEV}:role/" + "a" * 65,
    f"arn:evil:iam::{DEV}:role/x",
    ROLE.replace("5", "\N{ARABIC-INDIC DIGIT FIVE}"),
    "${aws:PrincipalArn}",
    "ec2.amazonaws.com",
]


@pytest.mark.parametrize("text", REFUSED_FORMS)
@pytest.mark.parametrize(("kind", "field"), [("read", "readPrincipals"), ("write", "writePrincipals"), ("glass", "breakGlassPrincipals")])
def test_principal_that_is_not_one_identity(text: str, kind: str, field: str) -> None:
    (finding,) = verdict_on(new(**{kind: [ROLE, text]})).findings
    assert (finding.rule, finding.level, finding.field) == ("policy.principal-invalid", "block", f"spec.access.{field}[1]")


@pytest.mark.parametrize(
    "text",
    [
        ROLE,
        f"arn:aws:iam::{DEV}:user/alice",
        f"arn:aws:iam::{DEV}:role/team/sub/deployer",
        f"arn:aws:iam::{DEV}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef",
        f"arn:aws-us-gov:iam::{DEV}:role/x",
        "arn:aws:iam::111122223333:role/partner",
        f"arn:aws:iam::{DEV}:role/name+=,.@-_",
    ],
)
def test_full_arn_of_an_allowed_account(text: str) -> None:
    assert levels(verdict_on(new(read=[text]))) == {}


ACCOUNTS = [
    ("dev", PROD, "block"),
    ("dev", "999999999999", "block"),
    ("dev", "111122223333", None),
    ("prod", PROD, None),
    ("prod", DEV, "block"),
    ("test", DEV, "block"),  # no account is configured there, so none is allowed
]


@pytest.mark.parametrize(("environment", "account", "level"), ACCOUNTS)
def test_account_is_allowed_in_the_environment(environment: str, account: str, level: str | None) -> None:
    verdict = verdict_on(new(tier="high", environment=environment, write=[f"arn:aws:iam::{account}:role/x"]))
    assert levels(verdict) == ({"principal-account": level} if level else {})


def test_where_no_account_is_named_anywhere_the_gate_warns_and_does_not_guess() -> None:
    asked = new(read=[f"arn:aws:iam::{DEV}:role/x", f"arn:aws:iam::{PROD}:role/y"]).current
    findings = principal_findings(asked, Settings(), file="f.yaml")
    assert [(finding.rule, finding.level) for finding in findings] == [("policy.principal-account", "warn")]


OVERLAPS = [
    ({"read": [ROLE], "write": [ROLE]}, "spec.access.writePrincipals[0]"),
    ({"read": [ROLE], "glass": [ROLE]}, "spec.access.breakGlassPrincipals[0]"),
    ({"write": [ROLE], "glass": [f"arn:aws:iam::{DEV}:role/x", ROLE]}, "spec.access.breakGlassPrincipals[1]"),
    ({"read": [ROLE, ROLE]}, "spec.access.readPrincipals[1]"),
    ({"read": [ROLE], "write": [ROLE.replace("reader", "Reader")]}, "spec.access.writePrincipals[0]"),
]


@pytest.mark.parametrize(("lists", "field"), OVERLAPS)
def test_lists_are_disjoint(lists: dict[str, Any], field: str) -> None:
    (finding,) = verdict_on(new(**lists)).findings
    assert (finding.rule, finding.level, finding.field) == ("policy.principal-overlap", "block", field)


def test_every_bad_entry_is_listed_at_once() -> None:
    verdict = verdict_on(new(read=["*", ROLE, f"arn:aws:iam::{PROD}:role/x"], write=[ROLE]))
    assert sorted((finding.rule, finding.field) for finding in verdict.findings) == [
        ("policy.principal-account", "spec.access.readPrincipals[2]"),
        ("policy.principal-invalid", "spec.access.readPrincipals[0]"),
        ("policy.principal-overlap", "spec.access.writePrincipals[0]"),
    ]


def test_wider_principals_are_named() -> None:
    (finding,) = verdict_on(edit({"read": [ROLE]}, {"read": [ROLE, f"arn:aws:iam::{DEV}:role/new"]})).findings
    assert (finding.rule, finding.level, finding.got) == ("policy.access-widened", "info", f"arn:aws:iam::{DEV}:role/new")


def test_moving_a_principal_between_lists_is_wider_access() -> None:
    found = levels(verdict_on(edit({"read": [ROLE]}, {"read": [], "write": [ROLE]})))
    assert found == {"access-widened": "info"}


def test_fewer_principals_are_nothing_to_tell() -> None:
    assert levels(verdict_on(edit({"read": [ROLE]}, {"read": []}))) == {}


SYSTEM = [
    "kube-system", "kube-public", "kube-node-lease", "kube-anything", "default", "argocd", "argo-cd", "external-secrets",
    "flux-system", "cert-manager", "istio-system", "openshift-config", "vault", "openbao",
]  # fmt: skip


@pytest.mark.parametrize("namespace", SYSTEM)
@pytest.mark.parametrize("is_mapped", [True, False])
def test_system_namespaces_stay_refused_even_for_a_service_of_that_name(namespace: str, *, is_mapped: bool) -> None:
    mapping = {"namespaces": {"mapped": [{"namespace": namespace, "service": namespace}]}} if is_mapped else None
    verdict = verdict_on(new(namespace=namespace, service=namespace), using=context(mapping))
    assert levels(verdict) == {"namespace-reserved": "block"}


MAPPED = {"namespaces": {"mapped": [
    {"namespace": "shared", "service": "payments", "environments": ["dev"]},
    {"namespace": "search", "service": "search", "environments": ["prod"]},
]}}  # fmt: skip

NAMESPACES = [
    # service    namespace    environment  refused
    ("payments", "payments", "dev", False),
    ("payments", "shared", "dev", False),
    ("payments", "shared", "staging", True),
    ("search", "shared", "dev", True),
    ("search", "payments", "dev", True),
    ("payments", "search", "dev", True),
    ("search", "search", "prod", False),
    ("search", "search", "dev", True),  # a mapping that names both decides before the same-name default
    ("payments", "payment", "dev", True),
    ("payments", "payments-dev", "dev", True),
]


@pytest.mark.parametrize(("service", "namespace", "environment", "is_refused"), NAMESPACES)
def test_namespace_belongs_to_service_and_environment(service: str, namespace: str, environment: str, *, is_refused: bool) -> None:
    change = new(service=service, namespace=namespace, environment=environment, tier="high")
    assert levels(verdict_on(change, using=context(MAPPED))) == ({"namespace-unmapped": "block"} if is_refused else {})


def test_same_name_can_be_switched_off() -> None:
    using = context({"namespaces": {"sameAsService": False}})
    assert levels(verdict_on(new(), using=using)) == {"namespace-unmapped": "block"}


def test_reserved_by_the_platform() -> None:
    using = context({"namespaces": {"reserved": ["payments"]}})
    assert levels(verdict_on(new(), using=using)) == {"namespace-reserved": "block"}


OWN_TARGETS = {"reservedTargets": [{"name": "root-ca"}, {"name": "payments-tls", "namespace": "payments"}]}
TARGETS = [
    ("argocd-secret", None, True),
    ("argocd-initial-admin-secret", None, True),
    ("sh.helm.release.v1.payments.v3", None, True),
    ("default-token-x7k2p", None, True),
    ("bootstrap-token-abcdef", None, True),
    ("root-ca", OWN_TARGETS, True),
    ("payments-tls", OWN_TARGETS, True),
    ("payments-tls", None, False),
    ("argocd-secrets", None, False),
    ("payments-db-creds", OWN_TARGETS, False),
]


@pytest.mark.parametrize(("target", "policy", "is_refused"), TARGETS)
def test_reserved_targets(target: str, policy: dict[str, Any] | None, *, is_refused: bool) -> None:
    assert levels(verdict_on(new(target=target), using=context(policy))) == ({"target-reserved": "block"} if is_refused else {})


def test_shipped_targets_stay_reserved_when_the_file_lists_others() -> None:
    using = context({"reservedTargets": [{"name": "root-ca"}]})
    assert levels(verdict_on(new(target="argocd-secret"), using=using)) == {"target-reserved": "block"}


def test_moved_target_is_seen() -> None:
    assert levels(verdict_on(edit({}, {"target": "elsewhere"}))) == {"target-moved": "warn"}
    assert levels(verdict_on(edit({}, {"namespace": "search"}))) == {"target-moved": "warn", "namespace-unmapped": "block"}


def test_validate_can_ask_about_principals_without_a_base() -> None:
    asked = request(read=["*", ROLE], write=[ROLE, f"arn:aws:iam::{PROD}:role/x"])
    found = principal_findings(asked, SETTINGS, file="SEC-0007.yaml")
    assert [(finding.rule, finding.field, finding.file) for finding in found] == [
        ("policy.principal-invalid", "spec.access.readPrincipals[0]", "SEC-0007.yaml"),
        ("policy.principal-account", "spec.access.writePrincipals[1]", "SEC-0007.yaml"),
        ("policy.principal-overlap", "spec.access.writePrincipals[0]", "SEC-0007.yaml"),
    ]
    assert principal_findings(request(), SETTINGS, file="SEC-0007.yaml") == ()
