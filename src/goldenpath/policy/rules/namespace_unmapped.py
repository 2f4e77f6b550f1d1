"""Namespaces (R26): a service projects only into namespaces that the platform mapped to it and to the environment."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.namespace-unmapped"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse another service's namespace, or one of the service's own in an environment that it is not mapped for."""
    request = change.current
    namespace, service, environment = request.spec.access.namespace, request.metadata.service, request.environment
    if context.compiled.is_mapped(namespace, service, environment):
        return ()
    allowed = context.compiled.namespaces_of(service, environment)
    return (
        finding_on(
            change,
            context,
            CODE,
            "block",
            f"namespace {namespace} is not mapped to service {service} in {environment}",
            field="spec.access.namespace",
            got=namespace,
            expected=", ".join(allowed) or "a namespace mapped under namespaces.mapped in the policy file",
            hint="use the service's own namespace, or have the platform map this one",
        ),
    )


RULE = RequestRule(
    code=CODE,
    level="block",
    is_standing=True,
    check=check,
    checks="that spec.access.namespace is mapped to the request's service and environment.",
)
