"""A new namespace or Secret name (R13): the old object will be taken away, so readers must know."""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.change import RequestChange
from goldenpath.model.finding import Finding
from goldenpath.policy.context import GateContext
from goldenpath.policy.rule import RequestRule, finding_on

CODE = "policy.target-moved"


def check(change: RequestChange, context: GateContext) -> Iterable[Finding]:
    """Tell from where to where the projection moves."""
    if change.before is None or change.after is None:
        return ()
    old, new = change.before.spec.access, change.after.spec.access
    if (old.namespace, old.k8s_secret_name) == (new.namespace, new.k8s_secret_name):
        return ()
    return (
        finding_on(
            change,
            context,
            CODE,
            "warn",
            f"the Kubernetes Secret moves from {old.namespace}/{old.k8s_secret_name} to {new.namespace}/{new.k8s_secret_name}; "
            "applications that read the old one lose it",
            field="spec.access.namespace" if old.namespace != new.namespace else "spec.access.k8sSecretName",
            got=f"{new.namespace}/{new.k8s_secret_name}",
            expected=f"{old.namespace}/{old.k8s_secret_name}",
            hint="move the readers first, or make a second request for the new place",
        ),
    )


RULE = RequestRule(
    code=CODE,
    level="warn",
    check=check,
    checks="whether the namespace or the Kubernetes Secret name changes; the change is approved at the stricter tier of both sides.",
)
