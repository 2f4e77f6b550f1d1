"""ValidateResourcePolicy, which moto does not have, and the same checks where PutResourcePolicy makes them."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from tests.standins import secret_limits
from tests.standins.wire import AwsAnswer, AwsRefusal, AwsRequest, json_answer

_PRINCIPAL = re.compile(r"\*|\d{12}|arn:aws:(iam|sts)::\d{12}:(root|(user|role|assumed-role|federated-user)/[\w+=,.@/-]+)")
_NARROWING = frozenset(
    {"aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:sourceaccount", "aws:sourcearn", "aws:sourcevpc"}
)


def validate(request: AwsRequest, missing_principals: Collection[str]) -> AwsAnswer:
    """Answer ValidateResourcePolicy. Raises ``AwsRefusal`` for text that is no policy at all."""
    policy = request.text("ResourcePolicy")
    secret_limits.check_policy_syntax(policy)
    faults = [*_unknown_principals(policy, missing_principals), *_public(policy)]
    errors = [{"CheckName": check, "ErrorMessage": message} for check, message in faults]
    return json_answer({"PolicyValidationPassed": not errors, "ValidationErrors": errors})


def check_put(request: AwsRequest, missing_principals: Collection[str]) -> None:
    """Refuse a PutResourcePolicy as AWS does. Raises ``AwsRefusal``."""
    policy = request.text("ResourcePolicy")
    for _, message in _unknown_principals(policy, missing_principals):
        raise AwsRefusal("MalformedPolicyDocumentException", message)
    if request.parameters.get("BlockPublicPolicy"):
        for _, message in _public(policy):
            raise AwsRefusal("PublicPolicyException", message)


def _unknown_principals(policy: str, missing: Collection[str]) -> Iterator[tuple[str, str]]:
    for statement in json.loads(policy)["Statement"]:
        for name in _names(statement.get("Principal", statement.get("NotPrincipal"))):
            if name in missing or not _PRINCIPAL.fullmatch(name):
                yield "PRINCIPAL_EXISTS", "This resource policy contains an unsupported principal."


def _public(policy: str) -> Iterator[tuple[str, str]]:
    for statement in json.loads(policy)["Statement"]:
        keys = {key.lower() for condition in statement.get("Condition", {}).values() for key in condition}
        is_open = "NotPrincipal" in statement or "*" in _names(statement.get("Principal"))
        if statement["Effect"] == "Allow" and is_open and not keys & _NARROWING:
            yield "BLOCK_PUBLIC_POLICY", "This resource policy grants broad access to the secret."


def _names(principal: Any) -> list[str]:
    """Return the AWS principals of a statement; services are taken as they are."""
    if isinstance(principal, str):
        return [principal]
    named = (principal or {}).get("AWS", [])
    return [named] if isinstance(named, str) else named
