"""Words in a policy file that no rule will ever meet: typing errors which would quietly protect nobody.

Environments and dates are checked when the file is read; here are the words that only tiers, enums and rules can tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from goldenpath.model.codes.policy import CODES
from goldenpath.model.enums import Enums
from goldenpath.model.policy import Policy
from goldenpath.model.risk import TIERS
from goldenpath.policy.shipped import CADENCE_DAYS

SECRET_TYPES = frozenset(
    {
        "api-key",
        "container-registry-credential",
        "database-credentials",
        "encryption-key",
        "generic",
        "oauth-client",
        "signing-key",
        "third-party-token",
        "tls-private-key",
        "webhook-secret",
    },
)
"""The shipped types (D4): a platform that took one out of its enums may keep a floor for it."""

Word = tuple[str, str, str]
"""Field of the policy file, the word that stands there, and what could stand there."""


def full_code(word: str) -> str:
    """Return the rule code behind ``rotation-required`` or ``policy.rotation-required``."""
    return word if word.startswith("policy.") else f"policy.{word}"


def unknown_words(policy: Policy, enums: Enums | None) -> tuple[Word, ...]:
    """Return every word of the policy that means nothing. Without enums, secret types and rotation classes are not checked."""
    return (*_tiers(policy), *_secret_types(policy, enums), *_rotation_classes(policy, enums), *_codes(policy))


def _tiers(policy: Policy) -> Iterator[Word]:
    tables: tuple[tuple[str, Iterable[str]], ...] = (
        ("tiers", policy.tiers),
        ("requireAdr", policy.require_adr),
        ("dwellDays", policy.dwell_days),
        ("ttlMaxDays", policy.ttl_max_days),
    )
    for name, tiers in tables:
        for tier in tiers:
            if tier not in TIERS:
                yield f"{name}.{tier}", tier, ", ".join(TIERS)


def _secret_types(policy: Policy, enums: Enums | None) -> Iterator[Word]:
    known = SECRET_TYPES | set(enums.security.secret_types.values) if enums else frozenset()
    for number, floor in enumerate(policy.floors):
        for index, word in enumerate(floor.secret_types):
            if known and word not in known:
                yield f"floors[{number}].secretTypes[{index}]", word, ", ".join(sorted(known))


def _rotation_classes(policy: Policy, enums: Enums | None) -> Iterator[Word]:
    known = set(CADENCE_DAYS) | set(enums.security.rotation_classes.values) if enums else frozenset()
    for name in policy.rotation:
        if known and name not in known:
            yield f"rotation.{name}", name, ", ".join(sorted(known))


def _codes(policy: Policy) -> Iterator[Word]:
    named = [(f"waivers[{index}].rule", waiver.rule) for index, waiver in enumerate(policy.waivers)]
    named += [(f"unwaivable[{index}]", code) for index, code in enumerate(policy.unwaivable)]
    for field, word in named:
        if full_code(word) not in CODES:
            yield field, word, "a rule of: goldenpath policy explain"
