"""Reserved Kubernetes Secrets (R27): a projection that owned one of them would replace another system's credentials."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.target-reserved"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Refuse target names on the reserved list, in every namespace."""
    access = change.current.spec.access
    if not context.compiled.is_reserved_target(access.namespace, access.k8s_secret_name):
        return ()
    return (
        finding_on(
            change,
            context,
            CODE,
            "block",
            f"Kubernetes Secret {access.k8s_secret_name} is reserved",
            field="spec.access.k8sSecretName",
            got=access.k8s_secret_name,
            expected="a name of the service's own",
            hint="choose another Secret name, for example <service>-<purpose>",
        ),
    )


RULE = RequestRule(
    code=CODE,
    level="block",
    is_standing=True,
    is_waivable=False,
    check=check,
    checks="that spec.access.k8sSecretName is not a Secret which another system owns (argocd-secret, Helm releases, ...).",
)
