"""Turns click's usage errors into ours without repeating what was typed: an argument may be a pasted secret (CASES 180).

click's own messages quote the text that was given, so none of them is used. Messages of our own verbs are kept: they name
parameters, not texts; a second net masks anything in them that was typed.
"""

from __future__ import annotations

from collections.abc import Sequence

import click
from click.exceptions import NoSuchCommand

from goldenpath.errors import GoldenpathError, InvalidIntent
from goldenpath.model.secret import MASK

_SHORTEST_MASKED = 4
_TAKING_VALUES = frozenset({"seed", "new"})
_VALUE_HINT = "values are never given on the command line: pipe them to stdin, or name a 0600 file or a file descriptor"


def usage_error(error: click.ClickException, arguments: Sequence[str]) -> GoldenpathError:
    """Return ``error`` as an error of the family, with a stable code and nothing that was typed."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    code, message, hint = _describe(error, context, arguments)
    return InvalidIntent(code, message, subject=context.command_path if context else "", hint=hint or _help_hint(context))


def _describe(error: click.ClickException, context: click.Context | None, arguments: Sequence[str]) -> tuple[str, str, str]:
    if isinstance(error, click.MissingParameter):
        return "cli.missing-argument", f"{_label(error, context)} is missing{_choices(error.param)}", ""
    if isinstance(error, NoSuchCommand):
        return "cli.unknown-command", "no such verb" + _suggestion(error.possibilities), ""
    if isinstance(error, click.NoSuchOption):
        return (
            "cli.unknown-option",
            "no such option" + _suggestion(error.possibilities),
            "" if error.possibilities else _value_hint(context),
        )
    return _describe_clicks_own(error, context) if _is_from_click(error) else _own(error, context, arguments)


def _describe_clicks_own(error: click.ClickException, context: click.Context | None) -> tuple[str, str, str]:
    if isinstance(error, click.BadParameter):
        return "cli.invalid-value", f"{_label(error, context)} has a value that it cannot take{_expected(error.param)}", ""
    if isinstance(error, click.BadOptionUsage):
        return "cli.usage", f"option {error.option_name} is used wrongly: it needs a value, or takes none", ""
    if _has_extra_arguments(error):
        return "cli.unexpected-argument", "more arguments than the verb takes", _value_hint(context)
    return "cli.usage", "the command line is not understood", ""


def _value_hint(context: click.Context | None) -> str:
    """Return where values go, for verbs that somebody might give one to; elsewhere the verb's help is the better answer."""
    return _VALUE_HINT if context is not None and context.command.name in _TAKING_VALUES else ""


def _own(error: click.ClickException, context: click.Context | None, arguments: Sequence[str]) -> tuple[str, str, str]:
    message = error.message
    for text in sorted({part for argument in arguments for part in (argument, argument.partition("=")[2])}, key=len, reverse=True):
        if len(text) >= _SHORTEST_MASKED and not _is_a_known_word(text, context):
            message = message.replace(text, MASK)
    if isinstance(error, click.BadParameter):
        return "cli.invalid-value", f"{_label(error, context)}: {message}", ""
    return "cli.usage", message, ""


def _is_a_known_word(text: str, context: click.Context | None) -> bool:
    while context is not None:
        names = {name for param in context.command.params for name in (*param.opts, *param.secondary_opts)}
        if text in names or text == context.command.name:
            return True
        context = context.parent
    return False


def _is_from_click(error: click.ClickException) -> bool:
    """True when click raised the error by itself: the innermost frame of its traceback is click's."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return frame is None or str(frame.tb_frame.f_globals.get("__name__", "")).startswith("click.")


def _has_extra_arguments(error: click.ClickException) -> bool:
    """True when parsing ended with arguments left over: click raises that from the command's own ``parse_args``."""
    frame = error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_name == "parse_args" and frame.tb_frame.f_locals.get("args"):
            return isinstance(error, click.UsageError) and type(error) is click.UsageError
        frame = frame.tb_next
    return False


def _label(error: click.BadParameter, context: click.Context | None) -> str:
    if error.param is None:
        return "an argument"
    if isinstance(error.param, click.Option):
        return "option " + " / ".join(error.param.opts)
    return "argument " + (error.param.make_metavar(context) if context else str(error.param.name))


def _choices(param: click.Parameter | None) -> str:
    return _expected(param) if param is not None and isinstance(param.type, click.Choice) else ""


def _expected(param: click.Parameter | None) -> str:
    if param is None:
        return ""
    kind = param.type
    if isinstance(kind, click.Choice):
        return "; expected one of " + ", ".join(str(choice) for choice in kind.choices)
    described = getattr(kind, "expectation", "")
    if described:
        return f"; expected {described}"
    if isinstance(kind, click.IntRange | click.FloatRange):
        return f"; expected a number {_range(kind)}"
    return f"; expected {kind.name}"


def _range(kind: click.IntRange | click.FloatRange) -> str:
    low = "" if kind.min is None else f"{'above' if kind.min_open else 'from'} {kind.min}"
    high = "" if kind.max is None else f"{'below' if kind.max_open else 'to'} {kind.max}"
    return " ".join(part for part in (low, high) if part)


def _suggestion(possibilities: Sequence[str] | None) -> str:
    return "; did you mean " + " or ".join(possibilities) + "?" if possibilities else ""


def _help_hint(context: click.Context | None) -> str:
    return f"{context.command_path if context else 'goldenpath'} --help shows its options, with examples"
