"""Every rule of the gate, in the order in which people read them. A new rule is one file here and one line below."""

from __future__ import annotations

from goldenpath.policy.rule import ChangeRule, RequestRule, Rule
from goldenpath.policy.rules import (
    access_widened,
    adr_required,
    file_deletion,
    governance_change,
    governance_deleted,
    governance_weakened,
    id_reuse,
    identity_changed,
    lifecycle_dwell,
    lifecycle_start,
    lifecycle_step,
    lifecycle_with_tier,
    mixed_environments,
    namespace_reserved,
    namespace_unmapped,
    owner_changed,
    policy_word_unknown,
    principal_account,
    principal_invalid,
    principal_overlap,
    provider_unknown,
    recovery_window,
    renewal_invalid,
    retirement_frozen,
    rotation_required,
    rotation_weakened,
    rotator_unusable,
    target_moved,
    target_reserved,
    tier_floor,
    tier_lowered,
    tombstone_removed,
    ttl_expired,
    ttl_expiring,
    ttl_too_long,
    value_unknown,
)

RULES: tuple[Rule, ...] = tuple(
    module.RULE
    for module in (
        value_unknown,
        tier_floor,
        tier_lowered,
        rotation_required,
        rotation_weakened,
        rotator_unusable,
        adr_required,
        identity_changed,
        owner_changed,
        id_reuse,
        file_deletion,
        lifecycle_start,
        lifecycle_step,
        lifecycle_dwell,
        lifecycle_with_tier,
        retirement_frozen,
        recovery_window,
        ttl_expired,
        ttl_expiring,
        ttl_too_long,
        renewal_invalid,
        provider_unknown,
        namespace_unmapped,
        namespace_reserved,
        target_reserved,
        target_moved,
        principal_invalid,
        principal_account,
        principal_overlap,
        access_widened,
        mixed_environments,
        governance_change,
        governance_deleted,
        governance_weakened,
        tombstone_removed,
        policy_word_unknown,
    )
)

STANDING_RULES = tuple(rule for rule in RULES if isinstance(rule, RequestRule) and rule.is_standing)
STEP_RULES = tuple(rule for rule in RULES if isinstance(rule, RequestRule) and not rule.is_standing)
CHANGE_RULES = tuple(rule for rule in RULES if isinstance(rule, ChangeRule))
UNWAIVABLE = frozenset(rule.code for rule in RULES if not rule.is_waivable)
BY_NAME = {rule.name: rule for rule in RULES}
