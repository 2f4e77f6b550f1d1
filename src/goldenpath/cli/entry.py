"""The process entry: a fast path for ``--version``, then the command tree. Nothing heavy is imported before it is needed (P4)."""

from __future__ import annotations

import sys

COMPLETION_VARIABLE = "_GOLDENPATH_COMPLETE"
_SIGNALLED = 128
"""Exit codes above this one tell of a signal."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from goldenpath.cli.streams import open_missing_descriptors

    open_missing_descriptors()
    tighten_umask()
    relax_collector()
    try:
        code = _dispatch(sys.argv[1:])
        if code > _SIGNALLED:
            _leave(code)
        sys.exit(code)
    except KeyboardInterrupt:  # before or after the guard: while modules load
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    finally:
        rest_collector()


def _leave(code: int) -> None:
    """End with exactly this code: once an interruption passed through ``eval``, Python itself would end by SIGINT whatever the code."""
    import os
    from contextlib import suppress

    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)


def tighten_umask() -> None:
    """Take write permission for group and others away from every file to come, whatever the caller's umask allows."""
    import os

    os.umask(os.umask(0o022) | 0o022)


def relax_collector() -> None:
    """Let garbage wait: a command's objects live until it ends, so looking through them early costs time and frees nothing."""
    import gc

    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def rest_collector() -> None:
    """Spare the interpreter a last look through everything: the process ends, and the system takes it all back (P4)."""
    import gc

    gc.freeze()


def _dispatch(arguments: list[str]) -> int:
    import os

    if arguments == ["--version"]:
        return _print_version()
    if "--version" in arguments[:1]:
        arguments = ["version", *arguments[1:]]
    if COMPLETION_VARIABLE in os.environ:
        from goldenpath.cli.completion import answer_shell

        return answer_shell(os.environ[COMPLETION_VARIABLE])
    from goldenpath.cli.root import run

    return run(arguments)


def _print_version() -> int:
    from goldenpath import __version__
    from goldenpath.cli.streams import write_or_drop

    write_or_drop(sys.stdout, f"goldenpath {__version__}\n")
    return 0
