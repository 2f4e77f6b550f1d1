"""System namespaces (R26): nobody projects into what runs the cluster or the platform."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.namespace-reserved"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse reserved namespaces, mapped or not."""
    namespace = change.current.spec.access.namespace
    if not context.compiled.is_reserved_namespace(namespace):
        return ()
    return (
        finding_on(
            change,
            context,
            CODE,
            "block",
            f"namespace {namespace} belongs to the cluster or the platform",
            field="spec.access.namespace",
            got=namespace,
            expected="a namespace of the service",
            hint="use the service's own namespace",
        ),
    )


RULE = RequestRule(
    code=CODE,
    level="block",
    is_standing=True,
    is_waivable=False,
    check=check,
    checks="that spec.access.namespace is no system namespace (kube-*, default, argocd, external-secrets, ...) nor a reserved one.",
)
