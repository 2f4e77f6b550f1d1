"""What a proposed policy gives up, compared with the one that judges it (R10). Raising is silent; every lowering is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from goldenpath.model.environment import ENVIRONMENTS
from goldenpath.model.policy import Policy, Waiver
from goldenpath.model.risk import TIERS
from goldenpath.policy.compiled import RANK, CompiledPolicy
from goldenpath.policy.shipped import LEVEL_ORDER

Lowering = tuple[str, str]
"""Field of the policy file and, in words, what it gives up."""

_ANY_TYPE = "\0any"
"""Stands for every secret type that no floor names."""


def weakenings(old: CompiledPolicy, new: CompiledPolicy) -> tuple[Lowering, ...]:
    """Return every point at which ``new`` asks for less than ``old``."""
    parts: tuple[Callable[[CompiledPolicy, CompiledPolicy], Iterator[Lowering]], ...] = (
        _approvals,
        _levels,
        _days,
        _floors,
        _places,
        _waivers,
    )
    return tuple(found for part in parts for found in part(old, new))


def _approvals(old: CompiledPolicy, new: CompiledPolicy) -> Iterator[Lowering]:
    for tier in TIERS:
        lost = _lost(old.roles[tier], new.roles[tier])
        if lost:
            yield f"tiers.{tier}.approvals", f"tier {tier} no longer needs approval by {', '.join(lost)}"
    lost = _lost(old.governance_roles, new.governance_roles)
    if lost:
        yield "governanceApprovals", f"changes to the gate no longer need approval by {', '.join(lost)}"


def _lost(old: tuple[str, ...], new: tuple[str, ...]) -> list[str]:
    left = list(new)
    lost = []
    for role in old:
        if role in left:
            left.remove(role)
        else:
            lost.append(role)
    return lost


def _levels(old: CompiledPolicy, new: CompiledPolicy) -> Iterator[Lowering]:
    for tier in TIERS:
        for field, before, after in (
            (f"tiers.{tier}.rotationNone", old.rotation_none[tier], new.rotation_none[tier]),
            (f"requireAdr.{tier}", old.require_adr[tier], new.require_adr[tier]),
        ):
            if LEVEL_ORDER.index(after) < LEVEL_ORDER.index(before):
                yield field, f"{field} goes from {before} to {after}"


def _days(old: CompiledPolicy, new: CompiledPolicy) -> Iterator[Lowering]:
    for tier in TIERS:
        if new.dwell_days[tier] < old.dwell_days[tier]:
            yield f"dwellDays.{tier}", f"tier {tier} dwells {new.dwell_days[tier]} days in a state instead of {old.dwell_days[tier]}"
        before, after = old.ttl_max_days.get(tier), new.ttl_max_days.get(tier)
        if before is not None and (after is None or after > before):
            yield f"ttlMaxDays.{tier}", f"the longest term of tier {tier} goes from {before} days to {after or 'no limit'}"
    yield from _cadences(old, new)


def _cadences(old: CompiledPolicy, new: CompiledPolicy) -> Iterator[Lowering]:
    for name, days in old.cadence_days.items():
        if new.rotation_strength(name) < old.rotation_strength(name):
            yield f"rotation.{name}", f"class {name} no longer rotates every {days} days"
        sides = [policy.rotation[name].secret_types for policy in (old.policy, new.policy) if name in policy.rotation]
        for secret_type in sorted({each for side in sides for each in side}):
            if new.rotation_strength(name, secret_type) < old.rotation_strength(name, secret_type):
                yield f"rotation.{name}.secretTypes", f"{secret_type} of class {name} rotates less often"


def _floors(old: CompiledPolicy, new: CompiledPolicy) -> Iterator[Lowering]:
    types = sorted({name for policy in (old.policy, new.policy) for floor in policy.floors for name in floor.secret_types})
    for environment in ENVIRONMENTS:
        for secret_type in (_ANY_TYPE, *types):
            before, after = old.floor(environment, secret_type), new.floor(environment, secret_type)
            if RANK[after] < RANK[before]:
                what = "all other types" if secret_type == _ANY_TYPE else secret_type
                yield "floors", f"the floor for {what} in {environment} goes from {before} to {after}"


def _places(old: CompiledPolicy, new: CompiledPolicy) -> Iterator[Lowering]:
    for name in sorted(old.reserved_namespaces - new.reserved_namespaces):
        if not new.is_reserved_namespace(name):
            yield "namespaces.reserved", f"namespace {name} is no longer reserved"
    if new.policy.namespaces.same_as_service and not old.policy.namespaces.same_as_service:
        yield "namespaces.sameAsService", "every service may use the namespace of its own name"
    for rule in new.policy.namespaces.mapped:
        if rule not in old.policy.namespaces.mapped:
            where = ", ".join(rule.environments) or "every environment"
            yield "namespaces.mapped", f"service {rule.service} may use namespace {rule.namespace} in {where}"
    for name in sorted(old.reserved_names - new.reserved_names):
        yield "reservedTargets", f"Kubernetes Secret {name} is no longer reserved"
    for namespace, name in sorted(old.reserved_targets - new.reserved_targets):
        if not new.is_reserved_target(namespace, name):
            yield "reservedTargets", f"Kubernetes Secret {namespace}/{name} is no longer reserved"


def _waivers(old: CompiledPolicy, new: CompiledPolicy) -> Iterator[Lowering]:
    for code in sorted(set(old.policy.unwaivable) - set(new.policy.unwaivable)):
        yield "unwaivable", f"{code} may be waived"
    known = _latest(old.policy)
    for waiver in new.policy.waivers:
        before = known.get((waiver.rule, waiver.request))
        if before is None or before.expires_on < waiver.expires_on:
            yield "waivers", f"{waiver.rule} is waived for {waiver.request} until {waiver.expires_on}"


def _latest(policy: Policy) -> dict[tuple[str, str], Waiver]:
    found: dict[tuple[str, str], Waiver] = {}
    for waiver in sorted(policy.waivers, key=lambda each: each.expires_on):
        found[waiver.rule, waiver.request] = waiver
    return found
