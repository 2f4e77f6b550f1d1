"""Data on stdout, everything else on stderr, in the format that was asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

if TYPE_CHECKING:
    from goldenpath.cli.state import CliState

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Output:
    """The one writer of a command."""

    format: str
    is_quiet: bool
    is_verbose: bool
    has_color: bool
    stdout: TextIO
    stderr: TextIO

    @staticmethod
    def create(state: CliState) -> Output:
        """Choose format and colour from flags, environment and terminal."""
        is_terminal = sys.stdout.isatty()
        color = not state.no_color and "NO_COLOR" not in os.environ and (is_terminal or bool(os.environ.get("FORCE_COLOR")))
        return Output(
            format=state.output_format or "table",
            is_quiet=state.is_quiet,
            is_verbose=state.is_verbose,
            has_color=color,
            stdout=sys.stdout,
            stderr=sys.stderr,
        )

    def data(self, kind: str, payload: dict[str, Any], *, text: str) -> None:
        """Write one result: ``payload`` (with ``schema_version`` and ``kind``) for machines, ``text`` for people."""
        document = {"schema_version": SCHEMA_VERSION, "kind": kind, **msgspec.to_builtins(payload)}
        if self.format == "json":
            self.stdout.write(msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=2).decode() + "\n")
        elif self.format == "ndjson":
            self.stdout.write(msgspec.json.encode(document, order="deterministic").decode() + "\n")
        elif self.format == "yaml":
            import yaml

            self.stdout.write(yaml.safe_dump(document, sort_keys=True, allow_unicode=True))
        else:
            self.stdout.write(text if text.endswith("\n") else text + "\n")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        """Return an aligned text table; control characters in cells are escaped."""
        cells = [[printable(cell) for cell in row] for row in rows]
        widths = [max([len(name), *(len(row[index]) for row in cells)]) for index, name in enumerate(columns)]
        lines = ["  ".join(name.ljust(width) for name, width in zip(columns, widths, strict=True)).rstrip()]
        lines += ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
        return "\n".join(lines)

    def progress(self, message: str) -> None:
        """Tell what is being done, on stderr, unless quiet."""
        if not self.is_quiet:
            self.stderr.write(printable(message) + "\n")

    def warn(self, message: str) -> None:
        """Say something that must be seen even when quiet."""
        self.stderr.write("warning: " + printable(message) + "\n")


def printable(text: str) -> str:
    """Return ``text`` with control and other unprintable characters escaped, so that no terminal or log line is forged."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode() for char in text)
