"""Which words each enum-valued field may hold (D3, D4, D8), and the nearest of them for a hint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from goldenpath.intent.excerpt import Path
from goldenpath.model.enums import Enums
from goldenpath.model.environment import ALIASES, ENVIRONMENTS, canonical_environment

STORE_PROVIDERS: Final = ("aws-secrets-manager", "aws-parameter-store", "openbao", "local")
"""Stores that a request may name."""
READ_ONLY_SOURCES: Final = ("kubernetes-mount", "dotenv", "environment")
"""Sources of the runtime only (D8): nothing can be provisioned there."""


class Words(NamedTuple):
    """Allowed words per field. ``environments`` holds the aliases of allowed environments too."""

    owners: frozenset[str]
    environments: frozenset[str]
    providers: frozenset[str]
    secret_types: frozenset[str]
    risk_tiers: frozenset[str]
    rotation_classes: frozenset[str]
    lifecycle_status: frozenset[str]


REQUEST_FIELDS: Final[dict[Path, str]] = {
    ("metadata", "owner"): "owners",
    ("metadata", "environment"): "environments",
    ("spec", "provider"): "providers",
    ("spec", "secretType"): "secret_types",
    ("spec", "risk", "tier"): "risk_tiers",
    ("spec", "rotation", "rotationClass"): "rotation_classes",
    ("spec", "lifecycle", "status"): "lifecycle_status",
}
"""Field of a request → attribute of :class:`Words`."""
SIDECAR_FIELDS: Final[dict[Path, str]] = {
    path: REQUEST_FIELDS[path] for path in (("metadata", "owner"), ("metadata", "environment"), ("spec", "risk", "tier"))
}
"""Field of a sidecar → attribute of :class:`Words`."""


class _AnyWord(frozenset[str]):
    """Holds every word: the platform's list is not at hand, so only the form is checked."""

    def __contains__(self, word: object) -> bool:
        return True


@lru_cache(maxsize=8)
def allowed_words(enums: Enums | None) -> Words:
    """Return the words that ``enums`` allows; without it only what is closed by nature (environments, providers) is limited."""
    if enums is None:
        every = frozenset((*ENVIRONMENTS, *ALIASES))
        any_word = _AnyWord()
        return Words(any_word, every, frozenset(STORE_PROVIDERS), any_word, any_word, any_word, any_word)
    environments = {name for name in map(canonical_environment, enums.environments) if name is not None}
    aliases = {alias for alias, name in ALIASES.items() if name in environments}
    return Words(
        owners=frozenset(enums.owners),
        environments=frozenset(environments | aliases),
        providers=frozenset(STORE_PROVIDERS),
        secret_types=frozenset(enums.security.secret_types.values),
        risk_tiers=frozenset(enums.security.risk_tiers.values),
        rotation_classes=frozenset(enums.security.rotation_classes.values),
        lifecycle_status=frozenset(enums.security.lifecycle_status.values),
    )


def words_by_field(fields: Mapping[Path, str], enums: Enums | None) -> dict[Path, tuple[str, ...]]:
    """Return field → sorted allowed words, for those of ``fields`` that are limited at all."""
    words = allowed_words(enums)._asdict()
    return {path: tuple(sorted(words[name])) for path, name in fields.items() if not isinstance(words[name], _AnyWord)}


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that ``word`` most likely means, or an empty string."""
    import difflib  # noqa: PLC0415 - only after a fault

    candidates = sorted(known)
    folded = {candidate.casefold(): candidate for candidate in candidates}
    key = word.strip().casefold().replace(" ", "-")
    found = difflib.get_close_matches(key, folded, n=1, cutoff=0.6)
    if found:
        return folded[found[0]]
    starting = [name for fold, name in folded.items() if len(key) > 1 and fold.startswith(key)]
    return starting[0] if len(starting) == 1 else ""
