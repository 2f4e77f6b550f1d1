"""What a program gets when it is run with a secret: exactly the declared keys, read on record (R50)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from goldenpath.app.refusals import refusals_recorded
from goldenpath.app.reveal import look, reveal
from goldenpath.app.services import Services
from goldenpath.injection.exec_env import ChildEnvironment, build_environment
from goldenpath.model.audit import Target
from goldenpath.model.payload import encode_payload
from goldenpath.model.secret import SecretValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which keys, under which names. Empty ``only`` means every declared key."""

    only: tuple[str, ...] = ()
    prefix: str = ""
    is_pristine: bool = False
    allow_missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """The child's environment, the values in it (for redaction), and the same values as one JSON object (for a mount)."""

    version_id: str
    environment: ChildEnvironment
    values: tuple[SecretValue, ...] = field(repr=False)
    document: SecretValue


def injection_for(services: Services, request_id: str, wanted: Wanted, *, parent: Mapping[str, str], reason: str = "") -> Injection:
    """Read the secret and build what the child gets.

    Raises:
        NotFound: ``value.awaiting``, ``exec.key-missing``.
        InvalidIntent: ``exec.key-unknown`` and the other ``exec.*`` codes.
    """
    with refusals_recorded(services, "secret.read", target=Target(intent_id=request_id)):
        declared = [spec.name for spec in look(services, request_id).request.spec.keys]
    values, version = reveal(services, request_id, reason=reason)
    environment = build_environment(
        values,
        parent,
        declared=declared,
        only=wanted.only,
        prefix=wanted.prefix,
        is_pristine=wanted.is_pristine,
        allow_missing=wanted.allow_missing,
    )
    chosen = {key: values[key] for key in (wanted.only or declared or values) if key in values}
    return Injection(version_id=version.id, environment=environment, values=tuple(chosen.values()), document=encode_payload(chosen))


def current_version(services: Services, request_id: str) -> str:
    """Return the id of the current version; empty when there is none. Reads no value."""
    current = look(services, request_id).current
    return current.id if current else ""
