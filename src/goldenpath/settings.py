"""Reads ``goldenpath.yaml`` once into a frozen object. Nothing else in the package reads configuration files.

Environment variables may move what belongs to this machine (:data:`OVERRIDES`) and nothing else: no variable reaches the gate, the
audit log, a protocol check or an environment's stores (R15). One that tries is refused, not ignored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from goldenpath.errors import Misconfigured
from goldenpath.intent.contract import load, locate_all
from goldenpath.model.counting import counted
from goldenpath.model.environment import ALIASES
from goldenpath.model.settings import Settings

SETTINGS_FILE: Final = "goldenpath.yaml"
PREFIX: Final = "GOLDENPATH_"

OVERRIDES: Final[Mapping[str, tuple[str, str]]] = {
    "GOLDENPATH_STATE_DIRECTORY": ("state", "directory"),
    "GOLDENPATH_STATE_KEY_SOURCE": ("state", "keySource"),
    "GOLDENPATH_DELIVERY_REPOSITORY": ("delivery", "repository"),
}
"""The closed list of variables that replace a setting, and the setting that each replaces."""


class SettingLine(NamedTuple):
    """One setting as ``config show`` prints it: dotted name, value as JSON, and ``default``, ``file:line`` or the variable's name."""

    name: str
    value: str
    source: str


def load_settings(data: bytes | None, *, file: str = SETTINGS_FILE, variables: Mapping[str, str] | None = None) -> Settings:
    """Return the settings in ``data``; None means that there is no file, so every default holds.

    ``variables`` are the process's environment variables; without them the file alone decides, as it must for a revision in Git.

    Raises:
        Misconfigured: ``settings.invalid`` with every fault of the file, ``settings.variable`` for a variable that may not be used or
            does not fit.
    """
    settings = Settings() if data is None else _from_file(data, file)
    return settings if variables is None else _with_variables(settings, variables)


def explain_settings(data: bytes | None, *, file: str = SETTINGS_FILE, variables: Mapping[str, str] | None = None) -> list[SettingLine]:
    """Return every setting with its value and where it came from, in the order of the contract.

    Raises:
        Misconfigured: as :func:`load_settings`.
    """
    settings = load_settings(data, file=file, variables=variables)
    used = {".".join(path): name for name, path in OVERRIDES.items() if name in (variables or {})}
    places = _places(data, file)
    return [
        SettingLine(name, msgspec.json.encode(value).decode(), used.get(name) or places.get(name, "default"))
        for name, value in _leaves(settings, ())
    ]


def _from_file(data: bytes, file: str) -> Settings:
    loaded = load(data, Settings, file=file)
    if loaded.value is not None:
        return loaded.value
    faults = "; ".join(f"line {fault.line}, column {fault.column}: {fault.message} [{fault.rule}]" for fault in loaded.findings)
    raise Misconfigured(
        "settings.invalid",
        f"{file} cannot be used, {counted(len(loaded.findings), 'fault')}: {faults}",
        subject=f"{file}:{loaded.findings[0].line}:{loaded.findings[0].column}",
        hint=next((fault.hint for fault in loaded.findings if fault.hint), "compare it with: goldenpath schema settings"),
    )


def _with_variables(settings: Settings, variables: Mapping[str, str]) -> Settings:
    forbidden = sorted(_names_of_settings() & variables.keys() - OVERRIDES.keys())
    if forbidden:
        raise Misconfigured(
            "settings.variable",
            f"{', '.join(forbidden)}: these settings are changed by review in {SETTINGS_FILE} only",
            hint=f"unset it; variables that may be used: {', '.join(OVERRIDES)}",
        )
    for name, (section, field) in OVERRIDES.items():
        if name in variables:
            settings = _replace(settings, name, section, field, variables[name])
    return settings


def _replace(settings: Settings, variable: str, section: str, field: str, value: str) -> Settings:
    part = getattr(settings, section)
    try:
        changed = msgspec.convert({**msgspec.to_builtins(part), field: value}, type(part))
    except msgspec.ValidationError:
        raise Misconfigured(
            "settings.variable",
            f"{variable} does not fit the setting {section}.{field}",
            subject=variable,
            hint="see what the setting accepts: goldenpath schema settings",
        ) from None
    return msgspec.structs.replace(settings, **{section: changed})


def _names_of_settings() -> set[str]:
    """Return the variable names that would stand for a setting, listed or not."""
    return {PREFIX + _shout(name) for name, _ in _leaves(Settings(), ())} | {PREFIX + "CONFIG"}


def _shout(name: str) -> str:
    return "".join(f"_{char}" if char.isupper() else "_" if char == "." else char for char in name).upper()


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Yield (dotted name, value) of every setting below ``value``; a mapping is opened, an empty one is a value of its own."""
    if isinstance(value, msgspec.Struct):
        for info in msgspec.structs.fields(value):
            yield from _leaves(getattr(value, info.name), (*path, info.encode_name))
    elif isinstance(value, dict) and value:
        for name, item in sorted(value.items()):
            yield from _leaves(item, (*path, name))
    else:
        yield ".".join(path), value


def _places(data: bytes | None, file: str) -> dict[str, str]:
    """Return setting → ``file:line`` for those that the file states; environments under their canonical names."""
    if data is None:
        return {}
    return {".".join(ALIASES.get(part, part) for part in map(str, path)): f"{file}:{line}" for path, (line, _) in locate_all(data).items()}


def with_retry_limit(settings: Settings, retry_limit: int | None) -> Settings:
    """Return the settings with no more attempts at a push than ``retry_limit`` allows; what was reviewed stays the most there is."""
    if retry_limit is None or retry_limit + 1 >= settings.delivery.attempts:
        return settings
    return msgspec.structs.replace(settings, delivery=msgspec.structs.replace(settings.delivery, attempts=retry_limit + 1))
