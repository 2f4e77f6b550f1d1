"""The policy file turned into look-ups, once per run, with the shipped minimums already applied (P1).

It answers questions and reports nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from goldenpath.model.lifecycle import DWELL_DAYS, RECOVERY_WINDOW_DAYS
from goldenpath.model.policy import Floor, NamespaceRule, Policy, RuleLevel
from goldenpath.model.request import SecretRequest
from goldenpath.model.risk import TIERS
from goldenpath.model.settings import Settings
from goldenpath.policy import shipped
from goldenpath.policy.principals import accounts_of

RANK = {tier: rank for rank, tier in enumerate(TIERS)}
STRICTEST = TIERS[-1]


class CompiledPolicy:
    """Look-ups over one policy and the settings that it is used with. Unknown words are taken at their strictest meaning (R15).

    Environment names are canonical: readers replace aliases when they load the file.
    """

    def __init__(self, policy: Policy, settings: Settings) -> None:
        self.policy = policy
        self.rotation_none = {tier: _rotation_level(policy, tier) for tier in TIERS}
        self.roles = {tier: _roles(policy, tier) for tier in TIERS}
        self.governance_roles = tuple(need.role for need in policy.governance_approvals) or shipped.GOVERNANCE_ROLES
        self.dwell_days = {tier: max(DWELL_DAYS[tier], policy.dwell_days.get(tier, 0)) for tier in TIERS}
        self.recovery_window_days = dict(RECOVERY_WINDOW_DAYS)
        self.require_adr: dict[str, RuleLevel] = {tier: policy.require_adr.get(tier, "off") for tier in TIERS}
        self.ttl_max_days = dict(policy.ttl_max_days)
        self.cadence_days = shipped.CADENCE_DAYS | {name: cadence.every_days for name, cadence in policy.rotation.items()}
        self.reserved_namespaces = shipped.RESERVED_NAMESPACES | set(policy.namespaces.reserved)
        self.reserved_names = shipped.RESERVED_TARGETS | {target.name for target in policy.reserved_targets if target.namespace is None}
        self.reserved_targets = {(target.namespace, target.name) for target in policy.reserved_targets if target.namespace is not None}
        self._namespaces = _by_namespace(policy.namespaces.mapped)
        self._floors: dict[tuple[str, str], str] = {}
        self._accounts: dict[str, frozenset[str] | None] = {}
        self._settings = settings

    def floor(self, environment: str, secret_type: str) -> str:
        """Return the lowest tier that a request of this environment and type may have (R14)."""
        key = (environment, secret_type)
        floor = self._floors.get(key)
        if floor is None:
            matching = (rank_of(floor.tier) for floor in self.policy.floors if _matches(floor, environment, secret_type))
            floor = self._floors[key] = TIERS[max(matching, default=0)]
        return floor

    def floor_reasons(self, environment: str, secret_type: str) -> tuple[str, ...]:
        """Return the reasons that the policy file gives for the floor, as far as it gives any."""
        tier = self.floor(environment, secret_type)
        found = (floor.reason for floor in self.policy.floors if floor.tier == tier and _matches(floor, environment, secret_type))
        return tuple(reason for reason in found if reason)

    def effective_tier(self, request: SecretRequest) -> str:
        """Return the tier that counts: the declared one or the floor, whichever is stricter; an unknown one counts as the strictest."""
        floor = self.floor(request.metadata.environment, request.spec.secret_type)
        return TIERS[max(rank_of(request.spec.risk.tier), RANK[floor])]

    def rotation_strength(self, rotation_class: str, secret_type: str = "") -> float:
        """Return a number that grows with the pace of rotation; 0 for ``none`` and for a class without a cadence.

        ``secret_type`` may have a cadence of its own in the class.
        """
        of_type = self.policy.rotation[rotation_class].secret_types.get(secret_type) if rotation_class in self.policy.rotation else None
        days = of_type.every_days if of_type is not None else self.cadence_days.get(rotation_class)
        return 0.0 if days is None or rotation_class == "none" else 1.0 / days

    def accounts(self, environment: str) -> frozenset[str] | None:
        """Return the accounts whose principals may be named in an environment; see :func:`accounts_of`."""
        if environment not in self._accounts:
            self._accounts[environment] = accounts_of(self._settings, environment)
        return self._accounts[environment]

    def is_reserved_namespace(self, namespace: str) -> bool:
        """Say whether the namespace belongs to the cluster or the platform (R26)."""
        return namespace in self.reserved_namespaces or namespace.startswith(shipped.RESERVED_NAMESPACE_PREFIXES)

    def is_reserved_target(self, namespace: str, name: str) -> bool:
        """Say whether no request may own this Kubernetes Secret (R27)."""
        return (
            name in self.reserved_names or (namespace, name) in self.reserved_targets or name.startswith(shipped.RESERVED_TARGET_PREFIXES)
        )

    def is_mapped(self, namespace: str, service: str, environment: str) -> bool:
        """Say whether the service may project into the namespace there; rules that name both decide before the same-name default."""
        rules = [rule for rule in self._namespaces.get(namespace, ()) if rule.service == service]
        if rules:
            return any(not rule.environments or environment in rule.environments for rule in rules)
        return self.policy.namespaces.same_as_service and namespace == service

    def namespaces_of(self, service: str, environment: str) -> tuple[str, ...]:
        """Return the namespaces that the service may use there, sorted, for the reader of a finding."""
        named = {service, *self._namespaces}
        return tuple(sorted(name for name in named if self.is_mapped(name, service, environment) and not self.is_reserved_namespace(name)))


def rank_of(tier: str) -> int:
    """Return the order of a tier; an unknown one ranks with the strictest (R15)."""
    return RANK.get(tier, RANK[STRICTEST])


def _rotation_level(policy: Policy, tier: str) -> RuleLevel:
    chosen = policy.tiers.get(tier)
    return shipped.stricter_level(shipped.ROTATION_NONE[tier], chosen.rotation_none if chosen else "off")


def _roles(policy: Policy, tier: str) -> tuple[str, ...]:
    chosen = policy.tiers.get(tier)
    if chosen is None or (tier == STRICTEST and not chosen.approvals):
        return shipped.TIER_ROLES[tier]
    return tuple(need.role for need in chosen.approvals)


def _matches(floor: Floor, environment: str, secret_type: str) -> bool:
    in_environment = not floor.environments or environment in floor.environments
    return in_environment and (not floor.secret_types or secret_type in floor.secret_types)


def _by_namespace(rules: Iterable[NamespaceRule]) -> dict[str, list[NamespaceRule]]:
    found: dict[str, list[NamespaceRule]] = {}
    for rule in rules:
        found.setdefault(rule.namespace, []).append(rule)
    return found
