"""Which rotator a request chooses, and what that means for its record: one answer for the gate, the plan, the projection and the report.

The gate refuses a request whose rotator cannot be used. The others must not guess meanwhile: such a request has no native rotation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from goldenpath.model.policy import Cadence, ClassCadence
from goldenpath.model.request import SecretRequest
from goldenpath.model.rotation import DAYS_MAX, NativeRotation, has_schedule, rotation_every
from goldenpath.model.settings import RotatorSettings, Settings

ROTATING_PROVIDER: Final = "aws-secrets-manager"
"""The provider, and the backend, whose records a function of the vendor's can rotate."""
OPTION_TAG: Final = "goldenpath:rotator-"
"""An option of the request is a tag of its record: the function reads it there, AWS hands it nothing but the record's name."""
OPTION_MAX_CHARS: Final = 256
_OPTION_TEXT: Final = re.compile(r"[A-Za-z0-9 _.:/=+@-]*")
_FIELD: Final = "spec.rotation.rotator"


class RotatorFault(NamedTuple):
    """Why the rotator of a request cannot be used."""

    field: str
    message: str
    got: str
    expected: str


def cadence_of(request: SecretRequest, cadences: Mapping[str, ClassCadence]) -> Cadence | None:
    """Return how often the request's value changes, by its class and type; None for a class without a cadence."""
    of_class = cadences.get(request.spec.rotation.rotation_class)
    return None if of_class is None else of_class.of_type(request.spec.secret_type)


def rotator_of(request: SecretRequest, settings: Settings) -> RotatorSettings | None:
    """Return the rotator that the request names, as its environment declares it; None when it names or declares none."""
    return settings.environment(request.environment).rotators.get(request.spec.rotation.rotator or "")


def rotator_faults(request: SecretRequest, settings: Settings, cadences: Mapping[str, ClassCadence]) -> Iterator[RotatorFault]:
    """Yield everything that keeps the request's rotator from being used; nothing for a request that names none."""
    rotation, rotator = request.spec.rotation, rotator_of(request, settings)
    if rotation.rotator is None:
        if rotation.options:
            yield RotatorFault(
                "spec.rotation.options", "options without a rotator", ", ".join(sorted(rotation.options)), "spec.rotation.rotator"
            )
        return
    yield from _place_faults(request, settings)
    if rotation.rotation_class == "none":
        yield RotatorFault(_FIELD, "the rotation class says that nothing rotates", rotation.rotator, "no rotator, or another class")
    if rotator is None:
        declared = ", ".join(sorted(settings.environment(request.environment).rotators)) or "none is declared"
        yield RotatorFault(_FIELD, f"no rotator of this name in {request.environment}", rotation.rotator, declared)
        return
    if request.spec.secret_type not in rotator.secret_types:
        message = f"the rotator is not for {request.spec.secret_type}"
        yield RotatorFault(_FIELD, message, rotation.rotator, f"a rotator for {request.spec.secret_type}")
    yield from _cadence_faults(request, rotator, cadences)
    yield from _option_faults(request, rotator)


def wanted_rotation(request: SecretRequest, settings: Settings, cadences: Mapping[str, ClassCadence]) -> NativeRotation | None:
    """Return the rotation settings that the request's record should have; None where no function rotates it."""
    rotator = usable_rotator(request, settings, cadences)
    cadence = cadence_of(request, cadences)
    if rotator is None or cadence is None:
        return None
    window = rotator.window
    if window is None:
        return rotation_every(cadence.every_days, function=rotator.lambda_arn)
    return rotation_every(
        cadence.every_days, function=rotator.lambda_arn, opens_at=window.opens_at, hours=window.hours, weekday=window.weekday
    )


def usable_rotator(request: SecretRequest, settings: Settings, cadences: Mapping[str, ClassCadence]) -> RotatorSettings | None:
    """Return the rotator that really rotates the request's value; None when it names none, or one that cannot be used."""
    if any(rotator_faults(request, settings, cadences)):
        return None
    return rotator_of(request, settings)


def rotator_principal(request: SecretRequest, settings: Settings) -> str:
    """Return the role under which the request's rotator works, which reads and writes the value; empty for none.

    Needs no cadence: a policy names the role also while the schedule is being mended, and whoever may read does not hang on a number.
    """
    rotator = rotator_of(request, settings)
    if rotator is None or any(_place_faults(request, settings)) or request.spec.secret_type not in rotator.secret_types:
        return ""
    return "" if request.spec.rotation.rotation_class == "none" else rotator.role_arn


def option_tags(request: SecretRequest, settings: Settings) -> dict[str, str]:
    """Return the tags that tell the rotator what the request asks of it."""
    if not rotator_principal(request, settings):
        return {}
    return {OPTION_TAG + name: text for name, text in request.spec.rotation.options.items()}


def _place_faults(request: SecretRequest, settings: Settings) -> Iterator[RotatorFault]:
    provider = request.spec.provider
    if provider != ROTATING_PROVIDER:
        yield RotatorFault(_FIELD, f"{provider} has no rotation of its own", request.spec.rotation.rotator or "", ROTATING_PROVIDER)
        return
    backend = settings.environment(request.environment).store(provider).backend
    if backend != ROTATING_PROVIDER:
        message = f"the store of {request.environment} is {backend}, which calls no function"
        yield RotatorFault(_FIELD, message, request.spec.rotation.rotator or "", f"backend {ROTATING_PROVIDER}")


def _cadence_faults(request: SecretRequest, rotator: RotatorSettings, cadences: Mapping[str, ClassCadence]) -> Iterator[RotatorFault]:
    name = request.spec.rotation.rotation_class
    cadence = cadence_of(request, cadences)
    if name == "none":
        return
    if cadence is None:
        message = "the policy file has no cadence for the class"
        yield RotatorFault("spec.rotation.rotationClass", message, name, f"rotation.{name}.everyDays")
    elif not has_schedule(cadence.every_days, weekday=rotator.window.weekday if rotator.window else None):
        message = f"AWS has no schedule for every {cadence.every_days} days in the rotator's window"
        expected = f"1 to {DAYS_MAX} days; 7 or more with a weekday"
        yield RotatorFault("spec.rotation.rotationClass", message, name, expected)


def _option_faults(request: SecretRequest, rotator: RotatorSettings) -> Iterator[RotatorFault]:
    for name, text in sorted(request.spec.rotation.options.items()):
        at = f"spec.rotation.options.{name}"
        if name not in rotator.options:
            yield RotatorFault(at, "the rotator knows no such option", name, ", ".join(sorted(rotator.options)) or "no options")
        elif len(text) > OPTION_MAX_CHARS or not _OPTION_TEXT.fullmatch(text):
            yield RotatorFault(
                at, "the option cannot be a tag at AWS", "", f"up to {OPTION_MAX_CHARS} letters, digits, spaces and _.:/=+-@"
            )
