"""The process entry: a fast path for ``--version``, then the command tree. Nothing heavy is imported before it is needed (P4)."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    if sys.argv[1:] in (["--version"], ["version"]):
        from goldenpath import __version__

        sys.stdout.write(f"goldenpath {__version__}\n")
        return
    from goldenpath.cli.root import run

    sys.exit(run(sys.argv[1:]))
