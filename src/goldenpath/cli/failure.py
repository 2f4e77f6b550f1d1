"""Every way to fail, in one place: a message on stderr (or JSON on stdout), a stable code, an exit code. Never a traceback with data."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from goldenpath.cli.exit_codes import Exit, exit_code
from goldenpath.errors import GoldenpathError


def guarded(command: click.Command, arguments: list[str]) -> int:
    """Run ``command`` and return the exit code."""
    try:
        result = command.main(args=arguments, prog_name="goldenpath", standalone_mode=False)
    except GoldenpathError as error:
        return _refuse(error, arguments)
    except click.exceptions.Abort:
        sys.stderr.write("interrupted\n")
        return Exit.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        _close_stdout()
        return Exit.DONE
    return result if isinstance(result, int) else Exit.DONE


def _refuse(error: GoldenpathError, arguments: list[str]) -> int:
    from goldenpath.cli.output import SCHEMA_VERSION, printable

    if _wants_json(arguments):
        import msgspec

        document: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "kind": "Error",
            "code": error.code,
            "error_kind": error.kind,
            "message": error.message,
            "subject": error.subject,
            "hint": error.hint,
        }
        sys.stdout.write(msgspec.json.encode(document, order="deterministic").decode() + "\n")
    sys.stderr.write("error: " + printable(str(error)) + "\n")
    if error.hint:
        sys.stderr.write("  hint: " + printable(error.hint) + "\n")
    sys.stderr.write(f"  more: goldenpath explain {error.code}\n")
    return exit_code(error)


def _wants_json(arguments: list[str]) -> bool:
    joined = " ".join(arguments)
    return "-o json" in joined or "-ojson" in joined or "--output json" in joined or "--output=json" in joined


def _close_stdout() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
