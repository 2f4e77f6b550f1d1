"""Asking a person. Without one (CI, no terminal) a question is refused and the flag that answers it is named; it never hangs.

Questions go to stderr, answers come from the terminal. For prod the environment's name must be typed.
"""

from __future__ import annotations

import os
import sys

from goldenpath.cli.output import Output, printable
from goldenpath.errors import InvalidIntent

_TYPED_ENVIRONMENTS = frozenset({"prod"})
_YES = frozenset({"y", "yes"})


def confirm_change(output: Output, *, environment: str, action: str, is_confirmed: bool, flag: str = "--yes") -> None:
    """Return when the change may go on.

    Args:
        output: Where the question is asked.
        environment: Canonical environment that would change; prod asks for its name.
        action: What would happen, as a sentence part: ``apply 3 steps``.
        is_confirmed: The flag was given; nothing is asked.
        flag: The option that answers the question, named in the refusal.

    Raises:
        InvalidIntent: ``cli.confirmation-needed`` when nobody can answer, ``cli.declined`` when the answer is no.
    """
    if is_confirmed:
        return
    _require_person(f"{action} in {environment}", flag)
    if environment in _TYPED_ENVIRONMENTS:
        answer = ask(output, f"This will {action} in {environment}. Type {environment} to go on: ")
        is_agreed = answer.strip() == environment
    else:
        answer = ask(output, f"This will {action} in {environment}. Go on? [y/N] ")
        is_agreed = answer.strip().lower() in _YES
    if not is_agreed:
        raise InvalidIntent("cli.declined", "declined; nothing was done", subject=environment)


def ask(output: Output, question: str) -> str:
    """Ask on stderr and return the line typed; the end of input is an empty answer."""
    output.steps.close()
    output.stderr.write(printable(question))
    output.stderr.flush()
    return sys.stdin.readline().rstrip("\n")


def is_interactive() -> bool:
    """Say whether a person can be asked: stdin and stderr are terminals, and this is not CI."""
    return not os.environ.get("CI") and sys.stdin.isatty() and sys.stderr.isatty()


def _require_person(what: str, flag: str) -> None:
    if is_interactive():
        return
    raise InvalidIntent(
        "cli.confirmation-needed",
        f"to {what}, a confirmation is needed, and nobody can be asked here",
        hint=f"look first with --dry-run, then pass {flag}",
    )
