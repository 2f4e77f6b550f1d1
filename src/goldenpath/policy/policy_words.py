"""Words in a policy file that no rule will ever meet: typing errors which would quietly protect nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from goldenpath.model.codes.policy import CODES
from goldenpath.model.enums import Enums
from goldenpath.model.environment import ALIASES, ENVIRONMENTS
from goldenpath.model.policy import Policy
from goldenpath.model.risk import TIERS
from goldenpath.policy.days import parse_day

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

_ENVIRONMENT_WORDS = frozenset(ENVIRONMENTS) | frozenset(ALIASES)

Word = tuple[str, str, str]
"""Field of the policy file, the word that stands there, and what could stand there."""


def full_code(word: str) -> str:
    """Return the rule code behind ``rotation-required`` or ``policy.rotation-required``."""
    return word if word.startswith("policy.") else f"policy.{word}"


def unknown_words(policy: Policy, enums: Enums | None) -> tuple[Word, ...]:
    """Return every word of the policy that means nothing. Without enums, secret types are not checked."""
    return (*_tiers(policy), *_environments(policy), *_secret_types(policy, enums), *_codes(policy), *_dates(policy))


def _tiers(policy: Policy) -> Iterator[Word]:
    tables: dict[str, Iterable[str]] = {
        "tiers": policy.tiers,
        "requireAdr": policy.require_adr,
        "dwellDays": policy.dwell_days,
        "ttlMaxDays": policy.ttl_max_days,
    }
    for name, words in tables.items():
        yield from _unknown(((f"{name}.{tier}", tier) for tier in words), TIERS)
    yield from _unknown(((f"floors[{index}].tier", floor.tier) for index, floor in enumerate(policy.floors)), TIERS)


def _environments(policy: Policy) -> Iterator[Word]:
    lists = [(f"floors[{index}].environments", floor.environments) for index, floor in enumerate(policy.floors)]
    lists += [(f"namespaces.mapped[{index}].environments", rule.environments) for index, rule in enumerate(policy.namespaces.mapped)]
    for field, words in lists:
        yield from _unknown(((f"{field}[{index}]", word) for index, word in enumerate(words)), _ENVIRONMENT_WORDS)


def _secret_types(policy: Policy, enums: Enums | None) -> Iterator[Word]:
    if enums is None:
        return
    known = SECRET_TYPES | set(enums.security.secret_types.values)
    for number, floor in enumerate(policy.floors):
        yield from _unknown(((f"floors[{number}].secretTypes[{index}]", word) for index, word in enumerate(floor.secret_types)), known)


def _codes(policy: Policy) -> Iterator[Word]:
    named = [(f"waivers[{index}].rule", waiver.rule) for index, waiver in enumerate(policy.waivers)]
    named += [(f"unwaivable[{index}]", code) for index, code in enumerate(policy.unwaivable)]
    for field, word in named:
        if full_code(word) not in CODES:
            yield field, word, "a rule of: goldenpath policy explain"


def _dates(policy: Policy) -> Iterator[Word]:
    for index, waiver in enumerate(policy.waivers):
        if parse_day(waiver.expires_on) is None:
            yield f"waivers[{index}].expiresOn", waiver.expires_on, "a day of the calendar, YYYY-MM-DD"


def _unknown(words: Iterable[tuple[str, str]], known: Iterable[str]) -> Iterator[Word]:
    allowed = frozenset(known)
    for field, word in words:
        if word not in allowed:
            yield field, word, ", ".join(sorted(allowed))
