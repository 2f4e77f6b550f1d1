"""Answers "may this principal do this?" for the subset of IAM's language that we generate.

It is the lint over our own output and the source of the access table in the preview, so it must fail on an element that it does not know
instead of guessing. Where IAM asks several policies, this asks one: ``not-mentioned`` means that another policy decides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from goldenpath.errors import Misconfigured

Answer = Literal["allowed", "denied", "not-mentioned"]

_ELEMENTS = frozenset({"Sid", "Effect", "Principal", "NotPrincipal", "Action", "Resource", "NotResource", "Condition"})
_ACCOUNT_FIELD = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to the store. ``context`` holds condition keys beyond the two that follow from the principal's ARN.

    A key with several values (``aws:TagKeys``) is a tuple.
    """

    principal: str
    action: str
    resource: str = "*"
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)

    @property
    def account(self) -> str:
        """The principal's account."""
        return self.principal.split(":")[_ACCOUNT_FIELD]

    def values_of(self, key: str) -> tuple[str, ...]:
        """Return a condition key's values; empty when the call does not carry it."""
        known = {"aws:PrincipalArn": self.principal, "aws:PrincipalAccount": self.account}
        found = known.get(key, self.context.get(key, ()))
        return (found,) if isinstance(found, str) else found


def evaluate(policy: str, call: Call) -> Answer:
    """Return what one policy document says about ``call``. An explicit deny wins over every allow.

    Raises:
        Misconfigured: ``projection.policy-not-understood`` for an element or operator outside the subset.
    """
    effects = {statement["Effect"] for statement in _statements(policy) if _applies(statement, call)}
    if "Deny" in effects:
        return "denied"
    return "allowed" if "Allow" in effects else "not-mentioned"


def _statements(policy: str) -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = json.loads(policy)["Statement"] if policy else []
    for statement in statements:
        unknown = sorted(set(statement) - _ELEMENTS)
        if unknown:
            raise _not_understood(f"element {unknown[0]}")
    return statements


def _applies(statement: Mapping[str, Any], call: Call) -> bool:
    return (
        _principal_matches(statement, call)
        and any(_like(pattern.lower(), call.action.lower()) for pattern in _listed(statement["Action"]))
        and _resource_matches(statement, call)
        and all(_holds(operator, keys, call) for operator, keys in statement.get("Condition", {}).items())
    )


def _resource_matches(statement: Mapping[str, Any], call: Call) -> bool:
    if "NotResource" in statement:
        return not any(_like(pattern, call.resource) for pattern in _listed(statement["NotResource"]))
    # a trust policy names no resource: it speaks of the role that it is attached to
    return any(_like(pattern, call.resource) for pattern in _listed(statement.get("Resource", "*")))


def _principal_matches(statement: Mapping[str, Any], call: Call) -> bool:
    if "NotPrincipal" in statement:
        return not _names(statement["NotPrincipal"], call)
    # an identity policy names no principal: it speaks of whoever it is attached to
    return "Principal" not in statement or _names(statement["Principal"], call)


def _names(principal: Any, call: Call) -> bool:
    if principal == "*":
        return True
    if set(principal) == {"Federated"}:
        return call.principal in _listed(principal["Federated"])
    if set(principal) != {"AWS"}:
        raise _not_understood(f"principal kind {min(principal)}")
    whole_account = {call.account, call.principal.rpartition(":")[0] + ":root"}
    return any(name in ("*", call.principal) or name in whole_account for name in _listed(principal["AWS"]))


def _holds(operator: str, keys: Mapping[str, Any], call: Call) -> bool:
    test = _OPERATORS.get(operator)
    if test is None:
        raise _not_understood(f"condition operator {operator}")
    return all(test(_listed(wanted), call.values_of(key)) for key, wanted in keys.items())


_Test = Callable[[list[str], tuple[str, ...]], bool]


def _equals(wanted: list[str], values: tuple[str, ...]) -> bool:
    return any(value in wanted for value in values)


def _resembles(wanted: list[str], values: tuple[str, ...]) -> bool:
    return any(_like(pattern, value) for pattern in wanted for value in values)


def _negated(test: _Test) -> _Test:
    # IAM: a negated operator is also true when the key is absent
    return lambda wanted, values: not test(wanted, values)


def _all_equal(wanted: list[str], values: tuple[str, ...]) -> bool:
    # IAM: true for a call without the key as well
    return all(value in wanted for value in values)


def _any_differs(wanted: list[str], values: tuple[str, ...]) -> bool:
    return any(value not in wanted for value in values)


def _is_absent(wanted: list[str], values: tuple[str, ...]) -> bool:
    return (wanted == ["true"]) is not bool(values)


_OPERATORS: dict[str, _Test] = {
    "StringEquals": _equals,
    "StringNotEquals": _negated(_equals),
    "StringLike": _resembles,
    "ForAllValues:StringEquals": _all_equal,
    "ForAnyValue:StringEquals": _equals,
    "ForAnyValue:StringNotEquals": _any_differs,
    "Bool": _equals,
    "ArnEquals": _resembles,
    "ArnNotEquals": _negated(_resembles),
    "Null": _is_absent,
}


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _like(pattern: str, text: str) -> bool:
    return pattern == "*" or _pattern(pattern).fullmatch(text) is not None


@lru_cache(maxsize=512)
def _pattern(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(char, re.escape(char)) for char in pattern), re.DOTALL)


def _not_understood(what: str) -> Misconfigured:
    return Misconfigured(
        "projection.policy-not-understood",
        f"an access policy holds the {what}, which this check does not know",
        hint="generated policies use a small subset of IAM on purpose; extend the evaluator together with the generator",
    )
