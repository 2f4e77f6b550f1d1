"""Every way to fail, in one place: a message on stderr (and a document on stdout for machines), a stable code, an exit code.

Never a traceback, never a word that was typed, never a value (R58). The parts that explain a failure are imported when there is one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from typing import Any

import click

from goldenpath.cli.exit_codes import Exit, exit_code
from goldenpath.cli.interruption import interruption, raising_on_signals
from goldenpath.cli.streams import accept_any_text, drop, has_reader, tell, write_or_drop
from goldenpath.errors import GoldenpathError

_FORMAT_OPTIONS = ("-o", "--output")
_SHORT_FLAGS = "qv"


def guarded(command: click.Command, arguments: Sequence[str]) -> int:
    """Run ``command`` and return the exit code; whatever happens, it ends here."""
    from goldenpath.cli.output import WRITTEN

    WRITTEN.has_document = False
    accept_any_text(sys.stdout)
    accept_any_text(sys.stderr)
    with raising_on_signals():
        code = _run(command, arguments)
        return _delivered(code, arguments)


def _run(command: click.Command, arguments: Sequence[str]) -> int:
    try:
        return _invoke(command, arguments)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the door: nothing may leave as a traceback
        return next(end for kinds, end in _ENDINGS if isinstance(error, kinds))(error, arguments)


def _delivered(code: int, arguments: Sequence[str]) -> int:
    """Flush what was said; a result that could not be written (full disk) is a failure even when the verb was done."""
    try:
        write_or_drop(sys.stdout)
    except OSError as error:
        drop(sys.stdout)
        return code or _fault(error, arguments)
    return code


def _invoke(command: click.Command, arguments: Sequence[str]) -> int:
    try:
        with command.make_context("goldenpath", list(arguments)) as context:
            result = command.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    return result if isinstance(result, int) else Exit.DONE


def _refuse_usage(error: Any, arguments: Sequence[str]) -> int:
    from goldenpath.cli.usage import usage_error

    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        tell(sys.stderr, error.message + "\n")
        return Exit.USAGE
    return _report(usage_error(error, arguments), arguments)


def _interrupted(error: Any, arguments: Sequence[str]) -> int:
    found = error if isinstance(error, KeyboardInterrupt) else error.__cause__
    shown, code = interruption(found if isinstance(found, KeyboardInterrupt) else KeyboardInterrupt())
    _report(shown, arguments)
    return code


def _reader_left(error: Any, arguments: Sequence[str]) -> int:
    """End quietly when the reader of stdout went away (``| head``); any other broken pipe is a fault like others."""
    if has_reader(sys.stdout):
        return _fault(error, arguments)
    drop(sys.stdout)
    return Exit.DONE


def _fault(error: Any, arguments: Sequence[str]) -> int:
    from goldenpath.cli.faults import fault_lines, internal_fault, system_refusal

    shown = system_refusal(error) if isinstance(error, OSError) else internal_fault(error)
    code = _report(shown, arguments)
    if "--debug" in _own_words(arguments):
        tell(sys.stderr, "".join(f"  {line}\n" for line in fault_lines(error)))
    return code


def _report(error: Any, arguments: Sequence[str]) -> int:
    from goldenpath.cli.output import WRITTEN, neutralise, printable

    code = exit_code(error)
    wanted = requested_format(arguments)
    if wanted not in (None, "table", "markdown") and not WRITTEN.has_document:
        from goldenpath.cli.failure_document import write_failure

        write_failure(wanted or "json", error, code)
    lines = ["error: " + printable(str(error))]
    lines += ["  hint: " + printable(error.hint)] if error.hint else []
    lines += [f"  more: goldenpath explain {error.code}"]
    shown = "\n".join(lines) + "\n"
    tell(sys.stderr, neutralise(shown) if os.environ.get("GITHUB_ACTIONS") else shown)
    return code


_ENDINGS: tuple[tuple[Any, Callable[[Any, Sequence[str]], int]], ...] = (
    (GoldenpathError, _report),
    (click.ClickException, _refuse_usage),
    ((KeyboardInterrupt, click.exceptions.Abort, EOFError), _interrupted),
    (BrokenPipeError, _reader_left),
    (Exception, _fault),
)
"""Which way a run ends, by what ended it; the first row that fits counts."""


def requested_format(arguments: Sequence[str]) -> str | None:
    """Return the format that the command line or the environment asks for, also when the line as a whole is not understood."""
    wanted = os.environ.get("GOLDENPATH_OUTPUT")
    words = list(_own_words(arguments))
    for word, following in zip(words, [*words[1:], ""], strict=False):
        wanted = _format_in(word, following) or wanted
    return wanted


def _format_in(word: str, following: str) -> str | None:
    if word == "--json":
        return "json"
    if word in _FORMAT_OPTIONS:
        return following
    if word.startswith("--output="):
        return word.partition("=")[2]
    bundle = word[1:].lstrip(_SHORT_FLAGS) if word.startswith("-") and not word.startswith("--") else ""
    if bundle.startswith("o"):
        return bundle[1:].removeprefix("=") or following
    return None


def _own_words(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the arguments that are ours: after ``--`` they belong to a child program."""
    return takewhile(lambda word: word != "--", arguments)
