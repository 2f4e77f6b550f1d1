"""What each kind of file asks for beyond its struct: size limits, allowed words, checks across fields, canonical names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from goldenpath.intent.checks import REQUEST_CHECKS, PartCheck, check_date, check_keys
from goldenpath.intent.excerpt import Path
from goldenpath.intent.governance_checks import (
    APPROVER_CHECKS,
    DRIFT_IGNORE_CHECKS,
    ENUM_CHECKS,
    POLICY_CHECKS,
    SETTINGS_CHECKS,
    TOMBSTONE_CHECKS,
    canonical_drift_ignores,
    canonical_policy,
    canonical_settings,
    canonical_tombstones,
)
from goldenpath.intent.reader import GOVERNANCE_LIMITS, REQUEST_LIMITS, Limits
from goldenpath.intent.words import REQUEST_FIELDS, SIDECAR_FIELDS, allowed_words
from goldenpath.model.approval import Approvers
from goldenpath.model.drift import DriftIgnores
from goldenpath.model.enums import Enums
from goldenpath.model.environment import ALIASES
from goldenpath.model.policy import Policy
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.model.sidecar import Sidecar
from goldenpath.model.tombstones import Tombstones

T = TypeVar("T")


class Rules(NamedTuple):
    """``is_clean`` is the quick yes or no over ``checks`` and ``words``; ``canonical`` replaces environment aliases (D2)."""

    limits: Limits
    is_clean: Callable[[Any, Enums | None], bool]
    canonical: Callable[[Any], Any]
    checks: tuple[PartCheck, ...] = ()
    words: Mapping[Path, str] = {}


def rules_for(kind: type[Any]) -> Rules:
    """Return the rules of a kind of file; a kind without any has only limits."""
    return _RULES.get(kind, _PLAIN)


def _request_is_clean(request: SecretRequest, enums: Enums | None) -> bool:
    words = allowed_words(enums)
    meta, spec = request.metadata, request.spec
    return (
        meta.owner in words.owners
        and meta.environment in words.environments
        and spec.provider in words.providers
        and spec.secret_type in words.secret_types
        and spec.risk.tier in words.risk_tiers
        and spec.rotation.rotation_class in words.rotation_classes
        and spec.lifecycle.status in words.lifecycle_status
        and not (spec.keys and any(check_keys(spec.keys)))
        and not (spec.renewed_on and any(check_date(spec.renewed_on)))
    )


def _sidecar_is_clean(sidecar: Sidecar, enums: Enums | None) -> bool:
    words = allowed_words(enums)
    meta, risk = sidecar.metadata, sidecar.spec.risk
    return (
        (meta.owner is None or meta.owner in words.owners)
        and (meta.environment is None or meta.environment in words.environments)
        and (risk is None or risk.tier in words.risk_tiers)
    )


def _with_canonical_environment(value: T) -> T:
    """Return a request or sidecar whose environment is no alias."""
    metadata = value.metadata  # type: ignore[attr-defined]
    name = ALIASES.get(metadata.environment)
    if name is None:
        return value
    return msgspec.structs.replace(value, metadata=msgspec.structs.replace(metadata, environment=name))  # type: ignore[type-var]


def _passes(checks: tuple[PartCheck, ...]) -> Callable[[Any, Enums | None], bool]:
    def is_clean(value: Any, _enums: Enums | None) -> bool:
        tree = msgspec.to_builtins(value)
        return not any(fault for check in checks for fault in check.faults_in(tree))

    return is_clean


def _governance(checks: tuple[PartCheck, ...], canonical: Callable[[Any], Any] = lambda value: value) -> Rules:
    return Rules(GOVERNANCE_LIMITS, _passes(checks), canonical, checks)


_PLAIN: Final = _governance(())
_RULES: Final[dict[type[Any], Rules]] = {
    SecretRequest: Rules(REQUEST_LIMITS, _request_is_clean, _with_canonical_environment, REQUEST_CHECKS, REQUEST_FIELDS),
    Sidecar: Rules(REQUEST_LIMITS, _sidecar_is_clean, _with_canonical_environment, (), SIDECAR_FIELDS),
    Settings: _governance(SETTINGS_CHECKS, canonical_settings),
    Enums: _governance(ENUM_CHECKS),
    Policy: _governance(POLICY_CHECKS, canonical_policy),
    Approvers: _governance(APPROVER_CHECKS),
    Tombstones: _governance(TOMBSTONE_CHECKS, canonical_tombstones),
    DriftIgnores: _governance(DRIFT_IGNORE_CHECKS, canonical_drift_ignores),
}
