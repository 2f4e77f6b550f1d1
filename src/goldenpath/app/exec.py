"""What a program gets when it is run with a secret: exactly the declared keys, read on record (R50), or the keys of a mounted Secret."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from goldenpath.app.refusals import refusals_recorded
from goldenpath.app.reveal import look, reveal
from goldenpath.app.services import Services
from goldenpath.injection.exec_env import ChildEnvironment, build_environment
from goldenpath.model.audit import Target
from goldenpath.model.payload import encode_payload
from goldenpath.model.secret import SecretValue
from goldenpath.ports.source import RuntimeSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which keys, under which names. Empty ``only`` means every declared key."""

    only: tuple[str, ...] = ()
    prefix: str = ""
    is_pristine: bool = False
    allow_missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """The child's environment and the values that were chosen, by key."""

    version_id: str
    environment: ChildEnvironment
    chosen: Mapping[str, SecretValue] = field(repr=False)

    @property
    def values(self) -> tuple[SecretValue, ...]:
        """The values in the environment, for redaction."""
        return tuple(self.chosen.values())

    @property
    def document(self) -> SecretValue:
        """The same values as one JSON object, for a mount. Raises ``InvalidIntent`` ``value.not-text``."""
        return encode_payload(self.chosen)


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
    return Injection(version_id=version.id, environment=environment, chosen=_chosen(values, wanted.only or declared))


def injection_from(
    source: RuntimeSource, wanted: Wanted, *, parent: Mapping[str, str], tell: Callable[[str], None] = lambda _detail: None
) -> Injection:
    """Read a source that is there already, such as a mounted Secret, and build what the child gets.

    There is no record of this read: whoever can start the program can read the files. ``tell`` hears who may do what with them.

    Raises:
        NotFound: ``exec.key-missing``, and what the source raises when nothing is there.
        InvalidIntent: ``exec.*``.
    """
    reading = source.read()
    for each in reading.facts:
        tell(f"{each.name}: mode {each.mode:04o}, owner {each.uid}, group {each.gid}")
    environment = build_environment(
        reading.values,
        parent,
        declared=wanted.only or reading.values,
        prefix=wanted.prefix,
        is_pristine=wanted.is_pristine,
        allow_missing=wanted.allow_missing,
    )
    return Injection(version_id=reading.version, environment=environment, chosen=_chosen(reading.values, wanted.only))


def _chosen(values: Mapping[str, SecretValue], keys: Iterable[str]) -> dict[str, SecretValue]:
    """Return the values of ``keys``, in their order; all of them when none is named."""
    return {key: values[key] for key in (tuple(keys) or values) if key in values}


def current_version(services: Services, request_id: str) -> str:
    """Return the id of the current version; empty when there is none. Reads no value."""
    current = look(services, request_id).current
    return current.id if current else ""
