"""Argument types that many verbs share: they complete in the shell, and refuse without repeating what was typed.

Completion is offline and bounded: it reads folder listings and our own tables, never a store, and stops after a moment.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

REQUEST_ID = re.compile(r"SEC-[0-9]{4,12}\Z")
_FILE_NAME = re.compile(r"(SEC-[0-9]{4,12})\.yaml\Z")
_ROOTS = ("catalogs/secrets", "docs/catalogs/secrets")
_SETTINGS_FILE = "goldenpath.yaml"
_MOST_SUGGESTIONS = 500
_PATIENCE_SECONDS = 0.25


class RequestIdType(click.ParamType[str]):
    """A request's id, such as ``SEC-0007``."""

    name = "id"
    expectation: ClassVar[str] = "a request id such as SEC-0007"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the id; anything else is refused unseen."""
        if not REQUEST_ID.match(value):
            raise click.BadParameter(f"expected {self.expectation}", ctx=ctx, param=param)
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the ids of the working tree's catalog."""
        return _items(_known_ids(_directory(ctx)), incomplete)


class EnvironmentType(click.ParamType[str]):
    """An environment or one of its aliases; verbs get the canonical name."""

    name = "environment"

    @property
    def expectation(self) -> str:
        """What the verb's error names."""
        from goldenpath.model.environment import ALIASES, ENVIRONMENTS

        return f"one of {', '.join(ENVIRONMENTS)} (aliases: {', '.join(sorted(ALIASES))})"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the canonical environment; an unknown word is refused unseen."""
        from goldenpath.model.environment import canonical_environment

        name = canonical_environment(value)
        if name is None:
            raise click.BadParameter(f"expected {self.expectation}", ctx=ctx, param=param)
        return name

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the canonical names."""
        from goldenpath.model.environment import ENVIRONMENTS

        return _items(iter(ENVIRONMENTS), incomplete)


class SettingsFileType(click.ParamType[Path]):
    """The settings file at the root of a platform repository; anything else of that name would not be the one in force."""

    name = "file"
    expectation: ClassVar[str] = "the goldenpath.yaml at the root of a platform repository"

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path; what is no such file is refused unseen."""
        path = Path(value)
        is_ours = path.name == _SETTINGS_FILE and path.is_file() and not path.is_symlink()
        if not is_ours or not os.path.lexists(path.parent / ".git"):
            raise click.BadParameter(f"expected {self.expectation}", ctx=ctx, param=param)
        return path

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Leave it to the shell, which knows files."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]


class SecondsType(click.FloatRange):
    """A time span; NaN passes every comparison of a range, so it is looked at first."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds; what is no number in the range is refused unseen."""
        seconds: float = super().convert(value, param, ctx)
        if seconds != seconds:  # noqa: PLR0124 - only NaN differs from itself
            raise click.BadParameter("expected a number", ctx=ctx, param=param)
        return seconds


class CodeType(click.ParamType[str]):
    """A stable code; checked by the verb, which knows the nearest ones."""

    name = "code"
    prefix: ClassVar[str] = ""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the documented codes."""
        from goldenpath.model.codes import all_codes

        return _items((code for code in all_codes() if code.startswith(self.prefix)), incomplete)


class RuleType(CodeType):
    """The code of a policy rule."""

    name = "rule"
    prefix: ClassVar[str] = "policy."


_BY_NAME: dict[str, click.ParamType[str]] = {
    "request_id": RequestIdType(),
    "secret_id": RequestIdType(),
    "id": RequestIdType(),
    "id_": RequestIdType(),
    "environment": EnvironmentType(),
    "rule": RuleType(),
    "code": CodeType(),
}


def give_known_types(command: click.Command) -> None:
    """Give every plain text parameter with a well-known name its type; a type that the verb chose itself stays."""
    for param in command.params:
        if param.type is click.STRING and param.name in _BY_NAME:
            param.type = _BY_NAME[param.name]


def _items(words: Iterator[str], incomplete: str) -> list[CompletionItem]:
    from itertools import islice

    from click.shell_completion import CompletionItem

    return [CompletionItem(word) for word in islice((word for word in words if word.startswith(incomplete)), _MOST_SUGGESTIONS)]


def _directory(ctx: click.Context) -> Path:
    options = ctx.find_root().params
    named: Path | None = options.get("config_file")
    chosen = named.parent if named else options.get("directory") or os.environ.get("GOLDENPATH_DIRECTORY")
    return Path(chosen or ".")


def _known_ids(directory: Path) -> Iterator[str]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    for root in _ROOTS:
        for _folder, folders, files in os.walk(directory / root):
            if time.monotonic() > deadline:
                return
            folders.sort()
            yield from (found[1] for name in sorted(files) if (found := _FILE_NAME.match(name)))
