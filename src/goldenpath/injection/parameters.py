"""Which parameters a batch of values means, and everything that speaks against writing them (R29, section 2 of the standard). Pure.

All faults of all keys are found before the first write. A finding names keys, parameters and rules, never a value or a part of one.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from goldenpath.injection.check import check_value, shown_key
from goldenpath.model.container import container_tags
from goldenpath.model.finding import Finding
from goldenpath.model.naming import parameter_path
from goldenpath.model.parameter import (
    SECURE,
    DesiredParameter,
    ParameterInfo,
    ParameterTier,
    declared_in,
    folded_key,
    is_same_key,
    key_fault,
    key_note,
    name_faults,
    normalised_key,
)
from goldenpath.model.request import KeySpec, SecretRequest
from goldenpath.model.secret import SecretValue
from goldenpath.model.settings import Settings
from goldenpath.ports.parameters import ParameterValue

_SHOWN_MAX: Final = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredKey:
    """A key that a reviewed request declares, and the parameter that it becomes."""

    request: SecretRequest
    spec: KeySpec
    desired: DesiredParameter


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A declared key with the value that was given for it under the name ``given_as``."""

    declared: DeclaredKey
    given_as: str
    value: SecretValue = field(repr=False)

    @property
    def name(self) -> str:
        """The parameter's name."""
        return self.declared.desired.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A parameter to write; ``expected_version`` is the one that was seen, 0 for none."""

    assignment: Assignment
    desired: DesiredParameter
    expected_version: int


def declared_keys(requests: Iterable[SecretRequest], *, settings: Settings, tier: ParameterTier) -> tuple[DeclaredKey, ...]:
    """Return every declared key of ``requests`` with its parameter, by name."""
    found = (
        DeclaredKey(request=request, spec=spec, desired=_desired(request, spec, settings, tier))
        for request in requests
        for spec in request.spec.keys
    )
    return tuple(sorted(found, key=lambda declared: (declared.desired.name, declared.request.id)))


def match_values(
    declared: Sequence[DeclaredKey], values: Mapping[str, SecretValue], *, settings: Settings, is_empty_allowed: bool = False
) -> tuple[tuple[Assignment, ...], tuple[Finding, ...]]:
    """Return the values by declared key, and everything that speaks against the batch; with a finding, nothing may be written."""
    findings = [*_judge_batch(values, is_empty_allowed=is_empty_allowed), *_judge_declarations(declared, settings)]
    by_key = {folded_key(each.spec.name): each for each in declared}
    assignments = []
    for given, value in sorted(values.items()):
        fault = key_fault(given)
        found = by_key.get(folded_key(given))
        if fault:
            findings.append(_finding("parameter.key-invalid", f"the key {shown_key(given)} {fault}", key=given, hint=_KEY_HINT))
        elif found is None:
            findings.append(_undeclared(given))
        else:
            assignments.append(Assignment(declared=found, given_as=given, value=value))
            findings += check_value(found.request, found.spec, given, value, tier=found.desired.tier)
    return tuple(assignments), _sorted(findings)


def judge_observed(assignments: Sequence[Assignment], observed: Mapping[str, ParameterInfo]) -> tuple[Finding, ...]:
    """Return a finding for each parameter that is there and not ours to write: another type, another owner, another spelling."""
    spellings: dict[str, list[str]] = {}
    for name in observed:
        spellings.setdefault(folded_key(name), []).append(name)
    return _sorted(finding for each in assignments for finding in _judge_one(each, observed, spellings.get(folded_key(each.name), [])))


def changes_of(
    assignments: Sequence[Assignment], observed: Mapping[str, ParameterInfo], current: Mapping[str, ParameterValue]
) -> tuple[Change, ...]:
    """Return what must be written: values, compared in constant time, and keys that differ; nothing for what is as it should be."""
    return tuple(
        Change(assignment=each, desired=_kept_tier(each.declared.desired, info), expected_version=found.version if found else 0)
        for each in assignments
        if not _is_as_desired(each, info := observed.get(each.name), found := current.get(each.name))
    )


def prunable(declared: Sequence[DeclaredKey], requests: Iterable[SecretRequest], observed: Mapping[str, ParameterInfo]) -> tuple[str, ...]:
    """Return the parameters that an injection wrote for one of ``requests`` and no request declares any more.

    What belongs to a request that is gone from the catalog stays: deleting a file is no decommission (R13). A tag alone is quickly
    copied, and a deletion is for good, so the note that an injection leaves must name the same request (R20).
    """
    wanted = {each.desired.name for each in declared}
    owners = {request.id for request in requests}
    return tuple(sorted(info.name for info in observed.values() if info.name not in wanted and _is_injected(info, owners)))


def _is_injected(info: ParameterInfo, owners: Collection[str]) -> bool:
    key, noted = declared_in(info.description)
    is_noted = noted == info.owner_id and info.name.rpartition("/")[2] == normalised_key(key)
    return info.owner_id in owners and info.type == SECURE and is_noted


_KEY_HINT: Final = "keys are letters, digits and underscores, such as DATABASE_URL; nothing was written"


def _desired(request: SecretRequest, spec: KeySpec, settings: Settings, tier: ParameterTier) -> DesiredParameter:
    return DesiredParameter(
        name=parameter_path(request, spec.name, prefix=settings.naming.parameter_prefix),
        request_id=request.id,
        description=key_note(spec.name, request.id),
        kms_key=settings.environment(request.environment).kms_key,
        tier=tier,
        tags=tuple(sorted(container_tags(request).items())),
    )


def _judge_batch(values: Mapping[str, SecretValue], *, is_empty_allowed: bool) -> Iterator[Finding]:
    if not values and not is_empty_allowed:
        yield _finding("parameter.batch-empty", "no key was given", hint="--allow-empty, if that is what you mean")
    spellings: dict[str, list[str]] = {}
    for given in sorted(values):
        spellings.setdefault(folded_key(given), []).append(given)
    for names in spellings.values():
        if len(names) > 1:
            pair = " and ".join(shown_key(name) for name in names)
            yield _finding(
                "parameter.key-collision", f"{pair} become one parameter", key=names[0], hint="give the key once; nothing was written"
            )


def _judge_declarations(declared: Sequence[DeclaredKey], settings: Settings) -> Iterator[Finding]:
    seen: dict[str, DeclaredKey] = {}
    for each in declared:
        subject, name = each.request.id, each.desired.name
        first = seen.setdefault(folded_key(name), each)
        if first is not each:
            message = f"{first.request.id} and {subject} both declare {name}"
            yield _finding("parameter.key-collision", message, key=each.spec.name, subject=subject, hint="one of them must give the key up")
        fault = key_fault(each.spec.name)
        if fault:
            message = f"{subject} declares the key {shown_key(each.spec.name)}, which {fault}"
            yield _finding("parameter.key-invalid", message, key=each.spec.name, subject=subject, hint="declare it under another name")
        environment = settings.environment(each.request.environment)
        for fault in name_faults(name, region=environment.region, account=environment.account or ""):
            hint = "shorten the service's name, or choose another naming.parameterPrefix in goldenpath.yaml"
            yield _finding("parameter.name-invalid", f"the name {name} {fault}", key=each.spec.name, subject=subject, hint=hint)


def _undeclared(given: str) -> Finding:
    return _finding(
        "parameter.key-undeclared",
        f"no request of the service declares the key {shown_key(given)} for this environment",
        key=given,
        hint="add it to spec.keys of a request with provider aws-parameter-store and have that reviewed, or leave it out",
    )


def _judge_one(each: Assignment, observed: Mapping[str, ParameterInfo], spellings: Sequence[str]) -> Iterator[Finding]:
    subject = each.declared.request.id
    others = sorted(set(spellings) - {each.name})
    if others:
        message = f"{each.name} and {', '.join(others)}, which is there already, are one key"
        hint = "find out who wrote that parameter and reads it, and have it removed"
        yield _finding("parameter.key-collision", message, key=each.given_as, subject=subject, hint=hint)
    info = observed.get(each.name)
    if info is None:
        return
    if info.type != SECURE:
        message = f"{info.name} is there as a {info.type}; a type cannot be changed in place, and is not"
        hint = f"move its readers, delete it (aws ssm delete-parameter --name {info.name}), wait 30 seconds, and inject again"
        yield _finding("parameter.wrong-type", message, key=each.given_as, subject=subject, hint=hint)
    elif info.owner_id != subject:
        owner = info.owner_id or "nobody known here"
        message = f"{info.name} is there and belongs to {owner}: its tag goldenpath:id does not name {subject}"
        hint = "if it is this request's, have somebody with the right to do so tag it, and inject again; it was not touched"
        yield _finding("parameter.foreign", message, key=each.given_as, subject=subject, hint=hint)


def _is_as_desired(each: Assignment, info: ParameterInfo | None, current: ParameterValue | None) -> bool:
    if info is None or current is None or not is_same_key(info.kms_key, each.declared.desired.kms_key):
        return False
    return hmac.compare_digest(current.value.reveal(), each.value.reveal())


def _kept_tier(desired: DesiredParameter, info: ParameterInfo | None) -> DesiredParameter:
    """Return the parameter with the tier that it has when that is the higher one: there is no way back (section 2)."""
    if info is None or info.tier != "advanced" or desired.tier == "advanced":
        return desired
    return DesiredParameter(
        name=desired.name,
        request_id=desired.request_id,
        description=desired.description,
        kms_key=desired.kms_key,
        tier="advanced",
        tags=desired.tags,
    )


def _finding(rule: str, message: str, *, key: str = "", subject: str = "", hint: str = "") -> Finding:
    field_name = f"spec.keys.{key}" if key and len(key) <= _SHOWN_MAX else "spec.keys"
    return Finding(rule=rule, level="block", message=message, subject=subject, field=field_name, hint=hint)


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    unique = {(finding.field, finding.rule, finding.message): finding for finding in findings}
    return tuple(unique[key] for key in sorted(unique))
