"""Providers (D8): a request names a kind of store that exists and can be written."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.provider-unknown"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse a provider that nothing implements."""
    provider = change.current.spec.provider
    if provider in context.providers:
        return ()
    return (
        finding_on(
            change,
            context,
            CODE,
            "block",
            f"no store provider is called {provider!r}",
            field="spec.provider",
            got=provider,
            expected=", ".join(sorted(context.providers)),
            hint="choose one of the providers that the platform can write to",
        ),
    )


RULE = RequestRule(
    code=CODE,
    level="block",
    is_standing=True,
    is_waivable=False,
    check=check,
    checks="that spec.provider names a kind of store that the platform can write to.",
)
