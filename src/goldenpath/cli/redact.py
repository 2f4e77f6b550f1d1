"""``goldenpath redact``: a pipe that hides managed values and known tokens. The second net: what holds no value needs none (R1)."""

from __future__ import annotations

import sys

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.state import CliState, pass_state

_LINE_BYTES_MAX = 1_048_576
"""A longer line is taken in pieces; what stands across the cut is not found."""


@click.command()
@click.option("--require-index", is_flag=True, help="Fail where this machine has no fingerprints of managed values.")
@example("cat app.log | goldenpath redact", "printf 'a log line' | goldenpath redact --require-index")
@pass_state
def redact(state: CliState, *, require_index: bool) -> int:
    """Copy stdin to stdout with managed values, known kinds of tokens and private keys replaced by a mask of constant width.

    Works offline and line by line, so a growing log can be piped through. Managed values are known by this machine's index (goldenpath
    scan --update-index). Nothing passes before the index is open.
    """
    from goldenpath.app.scan import known_for_scan
    from goldenpath.leaks.redact import LineRedactor

    known = known_for_scan(state.services, requires_index=require_index)
    if not known.is_there:
        state.output.warn("no index of managed values here: only known kinds of tokens are hidden (goldenpath scan --update-index)")
    redactor = LineRedactor(known.index)
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while line := source.readline(_LINE_BYTES_MAX):
        target.write(redactor.redact(line))
        target.flush()
    return Exit.DONE
