"""What the structs alone cannot say about the platform's own files, so that a slip there never opens the gate.

Environment names are canonical after loading (D2): a floor written for ``production`` must hold for ``prod``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeVar

import msgspec

from goldenpath.intent.checks import Fault, PartCheck, check_date
from goldenpath.model.container import REPLICATED_PROVIDER
from goldenpath.model.drift import DriftIgnores
from goldenpath.model.environment import ALIASES, ENVIRONMENTS, canonical_environment
from goldenpath.model.lifecycle import STATES
from goldenpath.model.policy import Policy
from goldenpath.model.risk import TIERS
from goldenpath.model.rotation import HOURS_OF_A_DAY
from goldenpath.model.rotators import ROTATING_PROVIDER
from goldenpath.model.settings import EnvironmentSettings, RotatorSettings, Settings
from goldenpath.model.tombstones import Tombstones

Tree = dict[str, Any]


def check_environment(word: str) -> Iterator[Fault]:
    """Yield a fault when ``word`` is neither an environment nor an alias of one."""
    if canonical_environment(word) is None:
        yield Fault("intent.enum", (), "no environment or alias", expected="one of " + ", ".join((*ENVIRONMENTS, *sorted(ALIASES))))


def _check_tier(word: str) -> Iterator[Fault]:
    if word not in TIERS:
        yield Fault("intent.enum", (), "no risk tier", expected="one of " + ", ".join(TIERS))


def _at(path: tuple[str | int, ...], faults: Iterable[Fault]) -> Iterator[Fault]:
    for fault in faults:
        yield fault._replace(path=(*path, *fault.path))


def _each(check: Callable[[str], Iterator[Fault]]) -> Callable[[Iterable[str]], Iterator[Fault]]:
    """Return a check of every word of a list."""

    def run(words: Iterable[str]) -> Iterator[Fault]:
        for index, word in enumerate(words):
            yield from _at((index,), check(word))

    return run


def _each_name(check: Callable[[str], Iterator[Fault]]) -> Callable[[dict[str, Any]], Iterator[Fault]]:
    """Return a check of every key of a mapping."""

    def run(mapping: dict[str, Any]) -> Iterator[Fault]:
        for name in mapping:
            yield from _at((name,), check(name))

    return run


def _environment_names(mapping: dict[str, Any]) -> Iterator[Fault]:
    yield from _each_name(check_environment)(mapping)
    seen: dict[str, str] = {}
    for name in mapping:
        canonical = canonical_environment(name) or name
        first = seen.setdefault(canonical, name)
        if first != name:
            message = f"the same environment as {first}: both mean {canonical}"
            yield Fault("intent.duplicate-environment", (name,), message, expected="each environment once")


def _folders(mapping: dict[str, Any]) -> Iterator[Fault]:
    """Yield a fault for each overlay folder whose word means another environment, or none: nobody could tell what lies in it."""
    yield from _environment_names(mapping)
    for name, word in mapping.items():
        meant = canonical_environment(name)
        if isinstance(word, str) and meant is not None and canonical_environment(word) != meant:
            expected = "one of " + ", ".join([meant, *sorted(alias for alias, known in ALIASES.items() if known == meant)])
            yield Fault("intent.enum", (name,), f"no word for {meant}", expected=expected)


def _replicas(mapping: dict[str, Any]) -> Iterator[Fault]:
    """Yield a fault for each region and key of an environment that could not be had."""
    for name, tree in mapping.items():
        if _is(EnvironmentSettings, tree):
            yield from _at((name,), _replica_faults(msgspec.convert(tree, EnvironmentSettings)))


def _replica_faults(place: EnvironmentSettings) -> Iterator[Fault]:
    yield from _at(("replicaRegions",), _unique_words(place.replica_regions))
    home = place.store(REPLICATED_PROVIDER).region or place.region
    for index, region in enumerate(place.replica_regions):
        if region == home:
            yield Fault("intent.replica-region", ("replicaRegions", index), f"{region} is the home region", expected="another region")
    for region, key in place.replica_keys.items():
        at = ("replicaKeys", region)
        if region not in place.replica_regions:
            yield Fault("intent.replica-region", at, "a key for a region without replica", expected="one of replicaRegions")
        elif key.split(":")[2:4] != ["kms", region]:
            yield Fault("intent.replica-region", at, "no KMS key of this region", expected=f"arn:aws:kms:{region}:<account>:key/<id>")


def _rotators(mapping: dict[str, Any]) -> Iterator[Fault]:
    """Yield a fault for each rotator of an environment that could not work there."""
    for name, tree in mapping.items():
        if _is(EnvironmentSettings, tree):
            place = msgspec.convert(tree, EnvironmentSettings)
            for rotator, declared in place.rotators.items():
                yield from _at((name, "rotators", rotator), _rotator_faults(place, declared))


def _rotator_faults(place: EnvironmentSettings, rotator: RotatorSettings) -> Iterator[Fault]:
    yield from _at(("secretTypes",), _unique_words(rotator.secret_types))
    yield from _at(("options",), _unique_words(rotator.options))
    accounts = [account for account in (place.account, *place.allowed_accounts) if account]
    region, account = rotator.lambda_arn.split(":")[3:5]
    home = place.store(ROTATING_PROVIDER).region or place.region
    if region != home:
        yield Fault(
            "intent.rotator", ("lambdaArn",), f"a function in {region}, the records are in {home}", expected=f"a function in {home}"
        )
    for field, owner in (("lambdaArn", account), ("roleArn", rotator.role_arn.split(":")[4])):
        if owner not in accounts:
            expected = "an account of the environment: " + (", ".join(accounts) or "none is configured")
            yield Fault("intent.rotator", (field,), f"account {owner} is not allowed here", expected=expected)
    if rotator.window is not None and rotator.window.opens_at + rotator.window.hours > HOURS_OF_A_DAY:
        yield Fault("intent.rotator", ("window", "hours"), "the window goes on into the next day", expected="an end by 24:00 UTC")


def _is(kind: Any, node: Any) -> bool:
    """Say whether a plain tree has a type; where it has not, the schema tells so and a check of its content would stumble."""
    try:
        msgspec.convert(node, kind)
    except msgspec.ValidationError:
        return False
    return True


def _field(name: str, check: Callable[[Any], Iterator[Fault]], *, kind: Any = str) -> Callable[[Iterable[Tree]], Iterator[Fault]]:
    """Return a check of one field in every entry of a list, where it is given and of its type."""

    def run(entries: Iterable[Tree]) -> Iterator[Fault]:
        for index, entry in enumerate(entries):
            if name in entry and _is(kind, entry[name]):
                yield from _at((index, name), check(entry[name]))

    return run


def _unique_words(words: Iterable[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, word in enumerate(words):
        if word in seen:
            yield Fault("intent.duplicate-entry", (index,), "this word is listed twice", expected="each word once")
        seen.add(word)


def _unique(name: str, spell: Callable[[str], str]) -> Callable[[Iterable[Tree]], Iterator[Fault]]:
    """Return a check that no two entries share the field ``name``, or one word of it, spelled as ``spell`` says."""

    def run(entries: Iterable[Tree]) -> Iterator[Fault]:
        seen: dict[str, int] = {}
        for index, entry in enumerate(entries):
            given = entry.get(name, ())
            words = (given,) if isinstance(given, str) else given if _is(_Words, given) else ()
            for word in words:
                first = seen.setdefault(spell(word), index)
                if first != index:
                    yield Fault("intent.duplicate-entry", (index, name), f"entry [{first}] has the same", expected="each only once")

    return run


def _key_material(line: str) -> str:
    """Return type and material of an SSH public key line; the comment after them names nobody."""
    return " ".join(line.split()[:2])


def _closed(known: tuple[str, ...], what: str) -> Callable[[str], Iterator[Fault]]:
    def check(word: str) -> Iterator[Fault]:
        if word not in known:
            message = f"the program knows no such {what}, so it could not be obeyed"
            yield Fault("intent.enum", (), message, expected="one of " + ", ".join(known))

    return check


def _ignore_scopes(entries: Iterable[Tree]) -> Iterator[Fault]:
    """Yield a fault for an entry that says for nobody, or twice, where it counts."""
    for index, entry in enumerate(entries):
        wide = sorted({"service", "environment"} & entry.keys())
        if "request" in entry and wide:
            message = "a request already says its service and environment"
            yield Fault("intent.ignore-scope", (index, wide[0]), message, expected="request alone, or service and environment")
        elif "request" not in entry and not wide:
            message = "it would be ignored everywhere"
            yield Fault("intent.ignore-scope", (index,), message, expected="one of request, service, environment")


_Entries = tuple[Tree, ...]
_Words = tuple[str, ...]

ENUM_CHECKS: Final = (
    PartCheck(("environments",), _Words, _each(check_environment)),
    PartCheck(("security", "risk_tiers", "values"), _Words, _each(_closed(TIERS, "tier"))),
    PartCheck(("security", "lifecycle_status", "values"), _Words, _each(_closed(STATES, "state"))),
    *(PartCheck((name,), _Words, _unique_words) for name in ("owners", "environments")),
    *(
        PartCheck(("security", name, "values"), _Words, _unique_words)
        for name in ("secret_types", "risk_tiers", "rotation_classes", "lifecycle_status")
    ),
)
SETTINGS_CHECKS: Final = (
    PartCheck(("environments",), Tree, _environment_names),
    PartCheck(("environments",), Tree, _replicas),
    PartCheck(("environments",), Tree, _rotators),
    PartCheck(("projection", "folders"), Tree, _folders),
    *(PartCheck(("access", name), Tree, _environment_names) for name in ("platformPrincipals", "readerPrincipals", "metadataPrincipals")),
    PartCheck(("rollout", "windows"), Tree, _environment_names),
)
POLICY_CHECKS: Final = (
    *(PartCheck((name,), Tree, _each_name(_check_tier)) for name in ("tiers", "requireAdr", "dwellDays", "ttlMaxDays")),
    PartCheck(("floors",), _Entries, _field("tier", _check_tier)),
    PartCheck(("floors",), _Entries, _field("environments", _each(check_environment), kind=_Words)),
    PartCheck(("namespaces", "mapped"), _Entries, _field("environments", _each(check_environment), kind=_Words)),
    PartCheck(("waivers",), _Entries, _field("expiresOn", check_date)),
)
APPROVER_CHECKS: Final = (
    PartCheck(("people",), _Entries, _unique("id", str.casefold)),
    PartCheck(("people",), _Entries, _unique("emails", lambda address: address.strip().casefold())),
    PartCheck(("people",), _Entries, _unique("keys", _key_material)),
)
TOMBSTONE_CHECKS: Final = (
    PartCheck(("tombstones",), _Entries, _unique("id", str)),
    PartCheck(("tombstones",), _Entries, _field("decommissionedOn", check_date)),
    PartCheck(("tombstones",), _Entries, _field("environment", check_environment)),
)
DRIFT_IGNORE_CHECKS: Final = (
    PartCheck(("ignores",), _Entries, _ignore_scopes),
    PartCheck(("ignores",), _Entries, _field("environment", check_environment)),
    PartCheck(("ignores",), _Entries, _field("expiresOn", check_date)),
)


T = TypeVar("T")


def _name(word: str) -> str:
    return ALIASES.get(word, word)


def _names(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_name(word) for word in words)


def _with_names(mapping: dict[str, T]) -> dict[str, T]:
    return {_name(word): value for word, value in mapping.items()}


def canonical_settings(settings: Settings) -> Settings:
    """Return the settings with canonical environment names."""
    access = msgspec.structs.replace(
        settings.access,
        platform_principals=_with_names(settings.access.platform_principals),
        reader_principals=_with_names(settings.access.reader_principals),
        metadata_principals=_with_names(settings.access.metadata_principals),
    )
    projection = msgspec.structs.replace(settings.projection, folders=_with_names(settings.projection.folders))
    rollout = msgspec.structs.replace(settings.rollout, windows=_with_names(settings.rollout.windows))
    environments = _with_names(settings.environments)
    return msgspec.structs.replace(settings, environments=environments, access=access, projection=projection, rollout=rollout)


def canonical_policy(policy: Policy) -> Policy:
    """Return the policy with canonical environment names."""
    mapped = tuple(msgspec.structs.replace(rule, environments=_names(rule.environments)) for rule in policy.namespaces.mapped)
    return msgspec.structs.replace(
        policy,
        floors=tuple(msgspec.structs.replace(floor, environments=_names(floor.environments)) for floor in policy.floors),
        namespaces=msgspec.structs.replace(policy.namespaces, mapped=mapped),
    )


def canonical_tombstones(tombstones: Tombstones) -> Tombstones:
    """Return the tombstones with canonical environment names."""
    return msgspec.structs.replace(
        tombstones,
        tombstones=tuple(
            stone if stone.environment is None else msgspec.structs.replace(stone, environment=_name(stone.environment))
            for stone in tombstones.tombstones
        ),
    )


def canonical_drift_ignores(ignores: DriftIgnores) -> DriftIgnores:
    """Return the entries with canonical environment names."""
    return msgspec.structs.replace(
        ignores,
        ignores=tuple(
            entry if entry.environment is None else msgspec.structs.replace(entry, environment=_name(entry.environment))
            for entry in ignores.ignores
        ),
    )
