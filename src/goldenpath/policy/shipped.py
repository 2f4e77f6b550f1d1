"""What the product insists on, whatever a platform's policy file says: the file can raise these, never lower them (R14, R15, R26, R27).

Defaults that a platform may change freely live in :mod:`goldenpath.policy.defaults`.
"""

from __future__ import annotations

from goldenpath.model.policy import RuleLevel

LEVEL_ORDER: tuple[RuleLevel, ...] = ("off", "info", "warn", "block")

ROTATION_NONE: dict[str, RuleLevel] = {"low": "off", "medium": "warn", "high": "block"}
"""The table of D11: what ``rotationClass: none`` means at each tier, at least."""

TIER_ROLES: dict[str, tuple[str, ...]] = {"low": (), "medium": ("platform",), "high": ("owner", "security")}
"""Approvals of a tier that the policy file does not mention; for ``high`` also when it asks for none."""

GOVERNANCE_ROLES = ("platform", "security")
"""Approvals of a change to the gate's own files where the policy file names none (R10)."""

CADENCE_DAYS = {"standard": 90, "high": 30}
"""Days between rotations of the shipped classes; the order of strength of classes is read from it (D13)."""

RESERVED_NAMESPACES = frozenset(
    {
        "argo",
        "argo-cd",
        "argocd",
        "cert-manager",
        "default",
        "external-secrets",
        "external-secrets-system",
        "flux-system",
        "gatekeeper-system",
        "goldenpath",
        "goldenpath-system",
        "istio-system",
        "kyverno",
        "openbao",
        "vault",
    },
)
RESERVED_NAMESPACE_PREFIXES = ("kube-", "openshift-")

RESERVED_TARGETS = frozenset(
    {
        "argocd-image-updater-secret",
        "argocd-initial-admin-secret",
        "argocd-notifications-secret",
        "argocd-redis",
        "argocd-secret",
        "cert-manager-webhook-ca",
        "external-secrets-webhook",
        "sealed-secrets-key",
    },
)
RESERVED_TARGET_PREFIXES = ("bootstrap-token-", "default-token-", "sh.helm.release.", "sealed-secrets-key")

PROVIDERS = frozenset({"aws-secrets-manager", "aws-parameter-store", "openbao", "local"})
"""Kinds of store that a request may name (D8)."""


def stricter_level(first: RuleLevel, second: RuleLevel) -> RuleLevel:
    """Return the stricter of two levels."""
    return max(first, second, key=LEVEL_ORDER.index)
