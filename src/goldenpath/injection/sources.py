"""Takes values in, byte for byte, from where nobody else can read them: stdin, a descriptor, a private file, a prompt (R2, R58).

Nothing is trimmed unless the caller asks for it. A value never comes from an argument: other processes read those.
Looks at no request; whether a value is good is decided elsewhere.
"""

from __future__ import annotations

import getpass
import os
import stat
import warnings
from collections.abc import Callable, MutableMapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from goldenpath.errors import InvalidIntent
from goldenpath.injection.batch_files import parse_dotenv, parse_json
from goldenpath.model.secret import SecretValue

VALUE_BYTES_MAX: Final = 1_048_576
_LOOSE: Final = 0o077
_OUTPUTS: Final = (1, 2)
_VALUE_OPTIONS: Final = ("--value", "--secret", "--password", "--token", "--data", "--literal", "--from-literal")


def read_stream(stream: BinaryIO, *, trim_newline: bool = False) -> SecretValue:
    """Return everything in ``stream`` (standard input, opened for bytes).

    Args:
        stream: Read to its end.
        trim_newline: Take one newline (LF or CRLF) from the end, as ``echo`` and editors add it.

    Raises:
        InvalidIntent: ``value.too-large``.
    """
    raw = stream.read(VALUE_BYTES_MAX + 1)
    if len(raw) > VALUE_BYTES_MAX:
        raise InvalidIntent(
            "value.too-large", f"the input is over {VALUE_BYTES_MAX} bytes, more than any store keeps", hint="nothing was written"
        )
    return SecretValue(_trimmed(raw) if trim_newline else raw)


def read_descriptor(number: int, *, trim_newline: bool = False) -> SecretValue:
    """Return everything in an open file descriptor, which stays open.

    Raises:
        InvalidIntent: ``value.descriptor-unreadable``, ``value.too-large``.
    """
    if number < 0 or number in _OUTPUTS:
        raise _unreadable_descriptor(number)
    try:
        return _read_open(number, trim_newline=trim_newline)
    except (OSError, OverflowError) as error:
        raise _unreadable_descriptor(number) from error


def read_value_file(path: Path, *, trim_newline: bool = False) -> SecretValue:
    """Return the bytes of a private file.

    Raises:
        InvalidIntent: ``value.file-unsafe`` unless it is a regular file of the caller with mode 0600 or stricter and no link;
            ``value.file-unreadable``, ``value.too-large``.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        if path.is_symlink():
            raise _unsafe_file(path, "a symbolic link") from error
        raise _unreadable_file(path) from error
    try:
        _require_private(path, os.fstat(fd))
        return _read_open(fd, trim_newline=trim_newline)
    except OSError as error:
        raise _unreadable_file(path) from error
    finally:
        os.close(fd)


def read_batch_file(path: Path) -> dict[str, SecretValue]:
    """Return the named values of a private file: JSON when its name ends in ``.json``, dotenv otherwise.

    Raises:
        InvalidIntent: as for :func:`read_value_file`; ``value.file-syntax`` with the line.
    """
    raw = read_value_file(path).reveal()
    if path.suffix.lower() == ".json":
        return parse_json(raw, subject=str(path))
    return parse_dotenv(raw, subject=str(path))


def take_variables(environment: MutableMapping[str, str], names: Sequence[str]) -> dict[str, SecretValue]:
    """Return the values of environment variables, by exact name, and take them out of ``environment`` so that no child inherits them.

    Raises:
        InvalidIntent: ``parameter.value-unset`` with every name that is not there, ``value.key-repeated``.
    """
    for name in names:
        if names.count(name) > 1:
            raise InvalidIntent("value.key-repeated", f"the key {name!a} is given twice", subject=name, hint="neither value was used")
    unset = [name for name in names if name not in environment]
    found = {name: SecretValue(os.fsencode(environment.pop(name))) for name in names if name in environment}
    if unset:
        raise InvalidIntent(
            "parameter.value-unset",
            f"these environment variables are not set: {', '.join(ascii(name) for name in unset)}",
            subject=unset[0],
            hint="set them, or leave them out; nothing was written",
        )
    return found


def prompt_value(key: str, *, is_terminal: bool, ask: Callable[[str], str] = getpass.getpass) -> SecretValue:
    """Ask twice for a value without showing it.

    Args:
        key: Named in the prompt.
        is_terminal: Whether a person sits there; without one nothing is asked.
        ask: Reads one line without echo.

    Raises:
        InvalidIntent: ``value.no-terminal``, ``value.prompt-mismatch``.
    """
    if not is_terminal:
        raise _no_terminal(key)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)  # it would read with echo
            first, second = ask(f"Value of {key} (not shown): "), ask(f"Value of {key} again: ")
    except (getpass.GetPassWarning, EOFError):
        raise _no_terminal(key) from None
    if first != second:
        raise InvalidIntent("value.prompt-mismatch", f"the two inputs for {key} differ", subject=key, hint="nothing was written; try again")
    return SecretValue(first.encode("utf-8", "surrogateescape"))


def newline_note(key: str, value: SecretValue) -> str:
    """Return a warning when the value ends in a newline, which is kept; empty otherwise."""
    if not value.reveal().endswith(b"\n"):
        return ""
    return f"the value of {key} ends in a newline, which is part of it; --trim-newline takes one away"


def refuse_argument_values(arguments: Sequence[str]) -> None:
    """Refuse a command line that carries a value, without repeating any of it.

    Raises:
        InvalidIntent: ``value.on-command-line``.
    """
    for argument in arguments:
        name, separator, _ = argument.partition("=")
        is_pair = bool(separator) and not argument.startswith("-")
        if is_pair or name in _VALUE_OPTIONS:
            raise InvalidIntent(
                "value.on-command-line",
                "a value on the command line is visible to every process on this machine, so it was not used",
                hint="treat it as exposed: choose another value, and give it with --stdin, --fd, --from-file or at the prompt",
            )


def _read_open(fd: int, *, trim_newline: bool) -> SecretValue:
    with os.fdopen(os.dup(fd), "rb") as stream:
        return read_stream(stream, trim_newline=trim_newline)


def _trimmed(raw: bytes) -> bytes:
    if raw.endswith(b"\r\n"):
        return raw[:-2]
    return raw[:-1] if raw.endswith(b"\n") else raw


def _require_private(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise _unsafe_file(path, "not a regular file")
    if found.st_uid != os.geteuid():
        raise _unsafe_file(path, "owned by another user")
    if found.st_mode & _LOOSE:
        raise _unsafe_file(path, f"readable or writable by others (mode {stat.S_IMODE(found.st_mode):04o})")


def _unreadable_file(path: Path) -> InvalidIntent:
    return InvalidIntent("value.file-unreadable", "the value file cannot be read", subject=str(path), hint="check its path, owner and mode")


def _unsafe_file(path: Path, what: str) -> InvalidIntent:
    return InvalidIntent(
        "value.file-unsafe",
        f"the value file is {what}",
        subject=str(path),
        hint=f"use a regular file of your own with mode 0600 (chmod 600 {path.name}); for a pipe use --stdin or --fd",
    )


def _unreadable_descriptor(number: int) -> InvalidIntent:
    return InvalidIntent(
        "value.descriptor-unreadable",
        f"file descriptor {number} cannot be read",
        subject=f"fd {number}",
        hint="open it in the shell, as in: goldenpath seed SEC-0007 --fd KEY=3 3< file",
    )


def _no_terminal(key: str) -> InvalidIntent:
    return InvalidIntent(
        "value.no-terminal",
        f"there is no terminal to ask for the value of {key} without echo",
        subject=key,
        hint="use --stdin, --from-file, --fd or --generate",
    )
