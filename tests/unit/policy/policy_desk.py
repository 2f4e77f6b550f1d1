"""What the gate's tests share: the shipped policy, a platform's settings, and short ways to say "this changed into that"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
from tests.builders import deep_merge, make_request

from goldenpath.intent.contract import load
from goldenpath.model.change import Change, CommitInfo, RequestChange
from goldenpath.model.finding import Verdict
from goldenpath.model.naming import request_file
from goldenpath.model.policy import Policy
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.policy.context import GateContext
from goldenpath.policy.defaults import DEFAULT_POLICY
from goldenpath.policy.gate import judge

TODAY = date(2026, 6, 15)
HEAD, BASE = "b" * 40, "a" * 40
DEV, PROD = "593517239005", "593517239006"

SETTINGS = msgspec.convert(
    {
        "environments": {
            "dev": {"account": DEV, "allowedAccounts": ["111122223333"]},
            "staging": {"account": DEV},
            "prod": {"account": PROD},
        }
    },
    Settings,
)


def shipped_policy(over: Mapping[str, Any] | None = None) -> Policy:
    """The shipped policy with changes merged in (camelCase, as in YAML)."""
    loaded = load(DEFAULT_POLICY, Policy, file="governance/policy.yaml")
    assert loaded.value is not None, loaded.findings
    tree = msgspec.to_builtins(loaded.value)
    return msgspec.convert(deep_merge(tree, over or {}), Policy)


def context(policy: Mapping[str, Any] | None = None, **facts: Any) -> GateContext:
    """A context over the shipped policy; ``facts`` are members of the context."""
    return replace(GateContext(policy=shipped_policy(policy), settings=SETTINGS, today=TODAY), **facts)


def tree(**fields: Any) -> dict[str, Any]:
    """Overrides by short name: ``tree(tier="high", rotation="none", environment="prod", type="api-key")``."""
    places: dict[str, tuple[str, ...]] = {
        "tier": ("spec", "risk", "tier"),
        "rotation": ("spec", "rotation", "rotationClass"),
        "rotator": ("spec", "rotation", "rotator"),
        "options": ("spec", "rotation", "options"),
        "status": ("spec", "lifecycle", "status"),
        "window": ("spec", "lifecycle", "recoveryWindowInDays"),
        "type": ("spec", "secretType"),
        "provider": ("spec", "provider"),
        "ttl": ("spec", "ttlDays"),
        "renewed": ("spec", "renewedOn"),
        "namespace": ("spec", "access", "namespace"),
        "target": ("spec", "access", "k8sSecretName"),
        "read": ("spec", "access", "readPrincipals"),
        "write": ("spec", "access", "writePrincipals"),
        "glass": ("spec", "access", "breakGlassPrincipals"),
    }
    over: dict[str, Any] = {}
    for name, value in fields.items():
        path = places.get(name, ("metadata", name))
        nested: Any = value
        for part in reversed(path):
            nested = {part: nested}
        over = deep_merge(over, nested)
    return over


def request(**fields: Any) -> SecretRequest:
    return make_request(tree(**fields))


def new(**fields: Any) -> RequestChange:
    after = request(**fields)
    return RequestChange(id=after.id, path_after=request_file(after, root="catalogs/secrets"), after=after)


def deleted(**fields: Any) -> RequestChange:
    before = request(**fields)
    return RequestChange(id=before.id, path_before=request_file(before, root="catalogs/secrets"), before=before)


def edit(before: Mapping[str, Any], after: Mapping[str, Any]) -> RequestChange:
    """A change from SEC-0007 with ``before`` to the same with ``before`` and ``after``."""
    old, young = request(**before), request(**{**before, **after})
    return RequestChange(
        id=young.id,
        path_before=request_file(old, root="catalogs/secrets"),
        path_after=request_file(young, root="catalogs/secrets"),
        before=old,
        after=young,
    )


def commit(name: str = "Dana Developer", email: str = "dana@example.com", **fields: Any) -> CommitInfo:
    details = {"committer_name": name, "committer_email": email, "oid": HEAD, "parents": (BASE,), **fields}
    return CommitInfo(author_name=name, author_email=email, **details)


def change_of(*requests: RequestChange, **fields: Any) -> Change:
    return Change(merge_base=BASE, head=HEAD, requests=requests, **{"commits": (commit(),), **fields})


def verdict_on(*requests: RequestChange, using: GateContext | None = None, **fields: Any) -> Verdict:
    return judge(change_of(*requests, **fields), using or context())


def levels(verdict: Verdict) -> dict[str, str]:
    """Rule (without area) to shown level; the strictest where a rule speaks twice."""
    order = ("info", "waived", "warn", "block")
    found: dict[str, str] = {}
    for finding in verdict.findings:
        name, level = finding.rule.removeprefix("policy."), "waived" if finding.waived_by else finding.level
        found[name] = max(found.get(name, "info"), level, key=order.index)
    return found


def needs_of(verdict: Verdict) -> list[str]:
    return [f"{need.role} {need.owner}".strip() for need in verdict.needs]
