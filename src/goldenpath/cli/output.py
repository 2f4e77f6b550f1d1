"""Data on stdout, everything else on stderr, in the format that was asked for.

Text that came from a repository is data: control characters are escaped, and on GitHub's runner nothing in it can become a workflow
command (CASES 33). Machine formats are UTF-8 whatever the locale says. This module must not know a verb.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

import msgspec

from goldenpath.cli.streams import accept_any_text, write_or_drop
from goldenpath.errors import InvalidIntent

if TYPE_CHECKING:
    from goldenpath.cli.progress import Progress
    from goldenpath.cli.state import CliState

SCHEMA_VERSION = 1
MACHINE_FORMATS = frozenset({"json", "yaml", "ndjson", "sarif", "junit"})
_PLAIN_SIGNS = {ord(sign): plain for sign, plain in {"✓": "+", "✗": "x", "…": ".", "·": "-"}.items()}
_COLORS = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "cyan": 36, "bold": 1, "dim": 2}


class Written:
    """Whether a whole document already went to stdout; a later error must not add a second one."""

    has_document = False


WRITTEN = Written()


class _Place(NamedTuple):
    format: str
    is_quiet: bool
    is_verbose: bool
    has_color: bool
    stdout: TextIO
    stderr: TextIO
    environment: Mapping[str, str] = os.environ


class Output(_Place):
    """The one writer of a command."""

    @staticmethod
    def create(state: CliState) -> Output:
        """Choose format and colour from flags, environment and terminal."""
        chosen = state.output_format or "table"
        accept_any_text(sys.stdout, is_machine_readable=chosen in MACHINE_FORMATS)
        accept_any_text(sys.stderr)
        return Output(
            format=chosen,
            is_quiet=state.is_quiet,
            is_verbose=state.is_verbose,
            has_color=wants_color(os.environ, is_off=state.no_color, is_terminal=sys.stdout.isatty()),
            stdout=sys.stdout,
            stderr=sys.stderr,
        )

    def data(self, kind: str, payload: dict[str, Any], *, text: str, is_markdown: bool = False) -> None:
        """Write one result: ``payload`` (with ``schema_version`` and ``kind``) for machines, ``text`` for people.

        Where Markdown is asked for and ``text`` is none, it goes into a code block, where no character of it means anything.

        Raises:
            InvalidIntent: ``cli.format-unsupported`` for a findings format, which only findings have.
        """
        if self.format in ("sarif", "junit", "github"):
            raise unsupported_format(self.format)
        self.close()  # a result is no part of the last step, and must not fold under it
        if self.format in MACHINE_FORMATS:
            document = {"schema_version": SCHEMA_VERSION, "kind": kind, **payload}
            self.document(encode_document(self.format, document, is_on_github=self._is_on_github))
        else:
            shown = _fenced(text) if self.format == "markdown" and not is_markdown else _in_reach(text, self.stdout)
            self.write(self._neutral(shown if shown.endswith("\n") else shown + "\n"))

    def document(self, text: str) -> None:
        """Write a finished machine-readable document to stdout; no error adds a second one."""
        WRITTEN.has_document = True
        self.write(text)

    def write(self, text: str) -> None:
        """Write finished text to stdout. When the reader went away the work goes on: the exit code still has something to say."""
        write_or_drop(self.stdout, text)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        """Return an aligned text table that fits the terminal (``COLUMNS``); control characters in cells are escaped."""
        from goldenpath.cli.table import render_table

        ellipsis = "…" if _can_encode(self.stdout, "…") else "..."
        header = self.paint if self.has_color else None
        return render_table(columns, rows, width=self._width(), ellipsis=ellipsis, paint_header=header)

    def paint(self, text: str, color: str = "bold") -> str:
        """Return ``text`` in a colour (red, green, yellow, blue, cyan, bold, dim), or as it is where there is no colour."""
        return f"\x1b[{_COLORS[color]}m{text}\x1b[0m" if self.has_color else text

    def progress(self, message: str) -> None:
        """Tell what is being done, on stderr, unless quiet."""
        if not self.is_quiet:
            self.steps.step(printable(message))

    def detail(self, message: str) -> None:
        """Say more, on stderr, when ``-v`` asks for it."""
        if self.is_verbose:
            self.steps.note(printable(message))

    def waiting(self, what: str, seconds_left: float) -> None:
        """Tell what a wait waits for and how long it still may, on stderr, unless quiet."""
        if not self.is_quiet:
            self.steps.beat(printable(what), seconds_left)

    def warn(self, message: str) -> None:
        """Say something that must be seen even when quiet."""
        self.steps.note("warning: " + printable(message))

    def close(self) -> None:
        """End the steps of the run, if any were told: no half line, no open group."""
        if "steps" in vars(self):
            self.steps.close()

    @cached_property
    def steps(self) -> Progress:
        """The steps of this run on stderr."""
        from goldenpath.cli.progress import open_progress

        return open_progress(self.stderr, self.environment)

    @property
    def _is_on_github(self) -> bool:
        return bool(self.environment.get("GITHUB_ACTIONS"))

    def _neutral(self, text: str) -> str:
        return neutralise(text) if self._is_on_github and self.format != "github" else text

    def _width(self) -> int | None:
        columns = self.environment.get("COLUMNS", "")
        if columns.isascii() and columns.isdigit() and int(columns) > 0:
            return int(columns)
        if not self.stdout.isatty():
            return None
        import shutil

        return shutil.get_terminal_size().columns


def wants_color(environment: Mapping[str, str], *, is_off: bool, is_terminal: bool) -> bool:
    """Decide on colour: ``--no-color`` and ``NO_COLOR`` win, then ``FORCE_COLOR``, then a terminal that is not dumb."""
    if is_off or environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR", "0") != "0":
        return True
    return is_terminal and environment.get("TERM") != "dumb"


def encode_document(format_name: str, document: dict[str, Any], *, is_on_github: bool = False) -> str:
    """Return a document as json, ndjson or yaml text with sorted keys; names with broken encoding are escaped, not refused."""
    try:
        encoded = msgspec.json.encode(document, order="deterministic")
    except UnicodeEncodeError:
        encoded = msgspec.json.encode(_without_surrogates(msgspec.to_builtins(document)), order="deterministic")
    if format_name == "yaml":
        import yaml

        text = yaml.dump(msgspec.json.decode(encoded), Dumper=yaml.CSafeDumper, sort_keys=True, allow_unicode=True)
        if not is_on_github or neutralise(text) == text:
            return text
        # text stands on lines of its own there; JSON is YAML too, and keeps it within one line
    if format_name in {"json", "yaml"}:
        encoded = msgspec.json.format(encoded, indent=2)
    text = encoded.decode() + "\n"
    return text.replace("##[", "#\\u0023[") if is_on_github else text


def unsupported_format(format_name: str) -> InvalidIntent:
    """Return the refusal of a format that a verb does not have."""
    return InvalidIntent(
        "cli.format-unsupported",
        f"this verb has no {format_name} output",
        hint="use -o table, json, yaml or ndjson",
    )


def printable(text: str) -> str:
    """Return ``text`` with control and other unprintable characters escaped, so that no terminal or log line is forged."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode() for char in text)


def neutralise(text: str) -> str:
    """Return ``text`` in which no line is a GitHub workflow command, in neither the ``::`` nor the old ``##[`` form."""
    lines = []
    for line in text.split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        rest = line[len(indent) :]
        lines.append((indent + ("\\" + rest if rest.startswith("::") else rest)).replace("##[", "#\\#["))
    return "\n".join(lines)


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value


def _fenced(text: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}text\n{text.rstrip()}\n{fence}\n"


def _in_reach(text: str, stream: TextIO) -> str:
    """Return ``text`` with our own signs in ASCII where the terminal knows no others."""
    return text if text.isascii() or _can_encode(stream, "".join(map(chr, _PLAIN_SIGNS))) else text.translate(_PLAIN_SIGNS)


def _can_encode(stream: TextIO, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
