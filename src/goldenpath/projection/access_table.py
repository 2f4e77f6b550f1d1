"""Who can do what with a record, computed from the policy text itself: shown in the preview, and checked before anything is applied."""

from __future__ import annotations

from goldenpath.model.base import Record
from goldenpath.model.finding import Finding
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings, StoreSettings
from goldenpath.projection.evaluator import Answer, Call, evaluate
from goldenpath.projection.iam import resource_policy
from goldenpath.projection.principals import AccessSets, access_sets, unsafe_principals

ACTIONS = {
    "read value": "GetSecretValue",
    "write value": "PutSecretValue",
    "see metadata": "DescribeSecret",
    "change description or key": "UpdateSecret",
    "change policy": "PutResourcePolicy",
    "delete": "DeleteSecret",
}
"""What a reader of the table asks → the store's action that answers it."""

EMBEDDED = frozenset({"local", "memory"})
"""Store backends that do not enforce access policies."""

_CLOSED: dict[str, Answer] = {"GetSecretValue": "denied", "BatchGetSecretValue": "denied"}

SAMPLE_ACCOUNT = "000000000001"
"""Stands for the environment's account where none is set, and for a stranger's account everywhere else."""


class AccessRow(Record, frozen=True, kw_only=True):
    """One principal. ``group`` is reader, writer, rotator, break-glass, platform, metadata, or a sample: same-account, other-account.

    ``answers`` holds (question, answer) in the order of ``ACTIONS``; ``not-mentioned`` leaves it to the principal's identity policy.
    """

    group: str
    principal: str
    answers: tuple[tuple[str, Answer], ...]


def access_table(request: SecretRequest, *, settings: Settings) -> tuple[AccessRow, ...]:
    """Return a row for each principal of the request and the platform, and one each for anybody else inside and outside the account.

    Empty for a provider without access policies.
    """
    policy = resource_policy(request, settings=settings)
    if not policy:
        return ()
    sets = access_sets(request, settings=settings)
    return tuple(
        AccessRow(
            group=group, principal=principal, answers=tuple((label, _ask(policy, principal, name)) for label, name in ACTIONS.items())
        )
        for group, principals in _groups(sets).items()
        for principal in principals
    )


def check_access(request: SecretRequest, *, settings: Settings) -> tuple[Finding, ...]:
    """Return a finding for each way in which the generated policy does not say what it must; none for a provider without policies."""
    policy = resource_policy(request, settings=settings)
    if not policy:
        return ()
    sets = access_sets(request, settings=settings)
    findings = [_unsafe(request, *entry) for entry in unsafe_principals(request)]
    findings += [
        _open(request, f"{group} {principal} gets {answer!r} for {action}, not {expected!r}")
        for group, principals in _groups(sets).items()
        for principal in principals
        for action, expected in _expected(group, principal, sets).items()
        if (answer := _ask(policy, principal, action)) != expected
    ]
    if _is_enforced(request, settings) and not sets.value_readers:
        findings.append(_unreadable(request) if sets.is_read_restricted else _unrestricted(request))
    return tuple(findings)


def _is_enforced(request: SecretRequest, settings: Settings) -> bool:
    # the embedded stores keep the policy and leave access to whoever holds their files
    configured = settings.environment(request.environment).stores.get(request.spec.provider, StoreSettings())
    return configured.backend not in EMBEDDED


def _expected(group: str, principal: str, sets: AccessSets) -> dict[str, Answer]:
    if group == "reader":
        return {"GetSecretValue": "allowed"}
    if group == "writer":
        return {"PutSecretValue": "allowed"}
    if group == "rotator":
        return {"GetSecretValue": "allowed", "PutSecretValue": "allowed"}
    if group == "metadata":
        return (
            {"DescribeSecret": "allowed"}
            if principal in sets.value_readers
            else {"DescribeSecret": "allowed", **(_CLOSED if sets.is_read_restricted else {})}
        )
    if group == "platform" and principal not in sets.break_glass:
        return {"PutResourcePolicy": "allowed"}
    return _expected_of_others(sets)


def _expected_of_others(sets: AccessSets) -> dict[str, Answer]:
    """Return what nobody else may do; a right for which nobody is named is left to the identity policies."""
    closed: dict[str, Answer] = dict(_CLOSED) if sets.is_read_restricted else {}
    if sets.is_write_restricted:
        closed["PutSecretValue"] = "denied"
    if sets.administrators:
        closed["UpdateSecret"] = "denied"
    return closed


def _groups(sets: AccessSets) -> dict[str, tuple[str, ...]]:
    home = sets.accounts[0] if sets.accounts else SAMPLE_ACCOUNT
    groups = {
        "reader": sets.readers,
        "writer": sets.writers,
        "rotator": sets.rotators,
        "break-glass": sets.break_glass,
        "platform": sets.platform,
        "metadata": sets.metadata,
        "same-account": (f"arn:aws:iam::{home}:role/anybody-else",),
    }
    if sets.accounts:
        groups["other-account"] = (f"arn:aws:iam::{SAMPLE_ACCOUNT}:role/anybody-else",)
    return groups


def _ask(policy: str, principal: str, action: str) -> Answer:
    return evaluate(policy, Call(principal=principal, action=f"secretsmanager:{action}"))


def _unsafe(request: SecretRequest, field: str, principal: str) -> Finding:
    return Finding(
        rule="projection.principal-unsafe",
        level="block",
        message="the principal cannot stand in an access policy",
        subject=request.id,
        field=field,
        got=principal,
        expected="the full ARN of one role or user, without wildcard",
    )


def _open(request: SecretRequest, message: str) -> Finding:
    return Finding(rule="projection.policy-open", level="block", message=message, subject=request.id, field="spec.access")


def _unrestricted(request: SecretRequest) -> Finding:
    return Finding(
        rule="projection.read-unrestricted",
        level="warn",
        message="nobody is named as reader, so whoever an identity policy of the account allows can read the value",
        subject=request.id,
        field="spec.access.readPrincipals",
        hint="list the role of External Secrets there, or for all requests under access.readerPrincipals in goldenpath.yaml",
    )


def _unreadable(request: SecretRequest) -> Finding:
    return Finding(
        rule="projection.nobody-can-read",
        level="warn",
        message="no principal can read the value, External Secrets included",
        subject=request.id,
        field="spec.access.readPrincipals",
        hint="list the role of External Secrets there, or under access.readerPrincipals in goldenpath.yaml",
    )
