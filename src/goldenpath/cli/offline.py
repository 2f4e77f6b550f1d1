"""``--offline``: which verbs need a store or a remote, and their refusal before anything is done.

``bootstrap`` refuses to open either as well; here it is said at once, before a verb asks, confirms or records anything.
"""

from __future__ import annotations

import functools
from typing import Any

import click

from goldenpath.cli.state import CliState

NEED_STORES = frozenset(
    {
        *("apply", "adopt", "restore", "seed", "inject", "materialize", "get", "exec", "sync", "consumers", "rollout"),
        *("status", "trace", "drift", "orphans", "report", "diff", "demo", "pr"),
    }
)
"""Verbs whose answer would be a guess without looking at a store or a forge. The others work from Git and this machine's files alone."""


def refuse_offline(command: click.Command) -> click.Command:
    """Make a verb refuse to run while ``--offline`` is set; once. Raises ``InvalidIntent`` ``cli.offline`` when it is called."""
    inner = command.callback
    if inner is None or getattr(inner, "needs_stores", False):
        return command

    @functools.wraps(inner)
    def online(*arguments: Any, **options: Any) -> Any:
        state = click.get_current_context().obj
        if isinstance(state, CliState) and state.is_offline:
            from goldenpath.bootstrap import offline_refusal

            raise offline_refusal()
        return inner(*arguments, **options)

    online.needs_stores = True  # type: ignore[attr-defined]
    command.callback = online
    return command
