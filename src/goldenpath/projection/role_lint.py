"""Lint over the identity policies that we generate, before anything is applied: written apart from the generator, so that both must agree.

Two looks. The text: every action named, every resource in the environment's own account and below its own names. The effect: each role is
asked, with our evaluator, for what it must have and what it must never have.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from goldenpath.model.base import Record
from goldenpath.model.finding import Finding
from goldenpath.model.naming import platform_record_path
from goldenpath.model.settings import Settings
from goldenpath.model.store import TAG_ENVIRONMENT
from goldenpath.projection.evaluator import Answer, Call, evaluate
from goldenpath.projection.principals import partition
from goldenpath.projection.roles import AWS_PROVIDERS, GRANTS, role_policy
from goldenpath.projection.stores import PARAMETER_STORE, SECRETS_MANAGER

QUESTIONS: Final = {
    "read value": {SECRETS_MANAGER: "secretsmanager:GetSecretValue", PARAMETER_STORE: "ssm:GetParameters"},
    "write value": {SECRETS_MANAGER: "secretsmanager:PutSecretValue", PARAMETER_STORE: "ssm:PutParameter"},
    "change policy or tags": {SECRETS_MANAGER: "secretsmanager:PutResourcePolicy", PARAMETER_STORE: "ssm:AddTagsToResource"},
    "delete": {SECRETS_MANAGER: "secretsmanager:DeleteSecret", PARAMETER_STORE: "ssm:DeleteParameters"},
    "read all below a path": {SECRETS_MANAGER: "secretsmanager:BatchGetSecretValue", PARAMETER_STORE: "ssm:GetParametersByPath"},
}
"""What a reader of the table asks about a value of the environment → the action that answers it."""

_MAY: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("ci", SECRETS_MANAGER): frozenset({"change policy or tags"}),
    ("ci", PARAMETER_STORE): frozenset({"change policy or tags"}),
    ("seed", SECRETS_MANAGER): frozenset({"write value"}),
    ("inject", PARAMETER_STORE): frozenset({"read value", "write value", "change policy or tags", "delete"}),
    **{(role, provider): frozenset({"read value"}) for role in ("reader", "external-secrets") for provider in AWS_PROVIDERS},
}
"""What each role is for; everything else must not be allowed, and nothing at all outside of its environment."""

_NEVER: Final[Mapping[str, frozenset[str]]] = {
    "ci": frozenset({"read value", "write value", "read all below a path"}),
    "seed": frozenset({"read value", "read all below a path"}),
    "operator": frozenset({"read value", "read all below a path"}),
}
"""What must be denied in so many words, so that no other policy on the same role can give it."""

_WITHOUT_RESOURCE: Final = frozenset({"secretsmanager:CreateSecret", "secretsmanager:ListSecrets", "ssm:DescribeParameters"})
"""Actions that AWS authorises on no resource of ours; a creation is limited by its name and tags instead."""
_SEES_NAMES: Final = frozenset({"secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy", "secretsmanager:TagResource"})
"""Actions that are asked for names that are still free, which have no six characters at their end."""
_ACTION: Final = re.compile(r"(?:secretsmanager|ssm|kms|lambda):[A-Za-z]+")
_KEY: Final = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(?:key|alias)/[A-Za-z0-9/_-]+")
"""One key, in whatever region or account the settings name it."""
_OTHER: Final = "another-environment"


class RoleRow(Record, frozen=True, kw_only=True):
    """One role and one provider. ``answers`` holds (question, answer) in the order of ``QUESTIONS``, from the role's own policy alone."""

    role: str
    provider: str
    answers: tuple[tuple[str, Answer], ...]


def role_table(environment: str, *, settings: Settings, providers: Collection[str] = AWS_PROVIDERS) -> tuple[RoleRow, ...]:
    """Return what each role may do with a value of the environment; empty where the environment names no account."""
    if settings.environment(environment).account is None:
        return ()
    rows = []
    for role, granted in GRANTS.items():
        for provider in (provider for provider in granted if provider in providers):
            text = role_policy(role, environment, settings=settings, providers=[provider])
            asked = ((label, _ask(text, actions[provider], provider, environment, settings)) for label, actions in QUESTIONS.items())
            rows.append(RoleRow(role=role, provider=provider, answers=tuple(asked)))
    return tuple(rows)


def check_roles(environment: str, *, settings: Settings, providers: Collection[str] = AWS_PROVIDERS) -> tuple[Finding, ...]:
    """Return a finding for each way in which a role of the environment could do more than it is for; none without an account."""
    if settings.environment(environment).account is None:
        return ()
    texts = {role: role_policy(role, environment, settings=settings, providers=providers) for role in GRANTS}
    return tuple(
        finding
        for role, text in texts.items()
        if text
        for finding in check_role(role, text, environment, settings=settings, providers=providers)
    )


def check_role(
    role: str, text: str, environment: str, *, settings: Settings, providers: Collection[str] = AWS_PROVIDERS
) -> tuple[Finding, ...]:
    """Return what is wrong with the text of one role's policy."""
    statements = json.loads(text)["Statement"]
    allows = [statement for statement in statements if statement["Effect"] == "Allow"]
    wide = [
        _finding("projection.role-too-wide", role, environment, fault) for each in allows for fault in _wide(each, environment, settings)
    ]
    effects = [
        _finding("projection.role-exceeds", role, environment, fault)
        for provider in GRANTS[role]
        if provider in providers
        for fault in _exceeding(role, text, provider, environment, settings)
    ]
    return (*wide, *effects)


def _wide(statement: Mapping[str, Any], environment: str, settings: Settings) -> Iterator[str]:
    for action in statement["Action"]:
        if not _ACTION.fullmatch(action):
            yield f"{statement['Sid']} allows {action!r}, which is no single action"
    if "Resource" not in statement:
        yield f"{statement['Sid']} allows everything but what it lists"
        return
    for resource in statement["Resource"]:
        if not _is_limited(resource, statement, environment, settings):
            yield f"{statement['Sid']} allows {', '.join(statement['Action'])} on {resource!r}"


def _is_limited(resource: str, statement: Mapping[str, Any], environment: str, settings: Settings) -> bool:
    actions, place = set(statement["Action"]), settings.environment(environment)
    if resource == "*":
        return actions <= _WITHOUT_RESOURCE and ("secretsmanager:CreateSecret" not in actions or "Condition" in statement)
    if any(action.startswith("lambda:") for action in actions):
        return actions == {"lambda:InvokeFunction"} and resource in {each.lambda_arn for each in place.rotators.values()}
    start = f"arn:{partition(place.region)}:"
    where = f":{place.region}:{place.account}:"
    if _KEY.fullmatch(resource) or resource.startswith(f"{start}kms{where}key/"):
        return "kms:ViaService" in statement.get("Condition", {}).get("StringEquals", {})
    if resource.startswith(f"{start}ssm{where}parameter/{settings.naming.parameter_prefix}/{environment}/"):
        return True
    prefix = settings.naming.prefix
    names = (f"{prefix}/*/{environment}/*", platform_record_path(environment, prefix=prefix))
    ours = {f"{start}secretsmanager{where}secret:{name}" for name in names}
    return resource in {f"{name}-??????" for name in ours} or (resource in ours and actions <= _SEES_NAMES)


def _exceeding(role: str, text: str, provider: str, environment: str, settings: Settings) -> Iterator[str]:
    may = _MAY.get((role, provider), frozenset())
    for label, actions in QUESTIONS.items():
        own = _ask(text, actions[provider], provider, environment, settings)
        if (own == "allowed") is not (label in may):
            yield f"{label}: {own}, though it is {'for that' if label in may else 'not for that'}"
        if own == "not-mentioned" and label in _NEVER.get(role, frozenset()):
            yield f"{label}: not denied, so another policy could allow it"
        other = _ask(text, actions[provider], provider, environment, settings, lies_in=_OTHER)
        if other == "allowed":
            yield f"{label}: allowed in another environment"


def _ask(text: str, action: str, provider: str, environment: str, settings: Settings, *, lies_in: str = "") -> Answer:
    place, there = settings.environment(environment), lies_in or environment
    service = "ssm" if provider == PARAMETER_STORE else "secretsmanager"
    what = (
        f"parameter/{settings.naming.parameter_prefix}/{there}/service/key"
        if provider == PARAMETER_STORE
        else f"secret:{settings.naming.prefix}/service/{there}/name-a1B2c3"
    )
    resource = f"arn:{partition(place.region)}:{service}:{place.region}:{place.account}:{what}"
    context = {f"aws:ResourceTag/{TAG_ENVIRONMENT}": there}
    return evaluate(text, Call(principal=f"arn:aws:iam::{place.account}:role/asked", action=action, resource=resource, context=context))


def _finding(rule: str, role: str, environment: str, message: str) -> Finding:
    return Finding(rule=rule, level="block", message=f"role {role}: {message}", subject=environment, field=f"iam/{role}-role.json")
