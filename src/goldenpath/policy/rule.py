"""What a rule is: a stable code, how strict it is by default, and a pure check. Meaning, reason and remedy stand in the codes catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from goldenpath.model.change import Change, RequestChange
from goldenpath.model.codes import CodeDoc
from goldenpath.model.codes.policy import CODES
from goldenpath.model.finding import Finding, Level
from goldenpath.model.naming import request_file
from goldenpath.policy.context import GateContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as people see it. ``checks`` is one sentence; ``is_waivable`` False means that no waiver ever covers it."""

    code: str
    level: Level
    checks: str
    is_waivable: bool = True

    @property
    def name(self) -> str:
        """The code without its area, e.g. ``rotation-required``."""
        return self.code.removeprefix("policy.")

    @property
    def doc(self) -> CodeDoc:
        """What the catalogue says about the code."""
        return CODES[self.code]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRule(Rule):
    """A rule about one request. ``is_standing`` rules need no before and are also judged over the whole catalog at apply."""

    check: Callable[[RequestChange, GateContext], Iterable[Finding]]
    is_standing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRule(Rule):
    """A rule about the change as a whole."""

    check: Callable[[Change, GateContext], Iterable[Finding]]


def finding_on(
    change: RequestChange,
    context: GateContext,
    rule: str,
    level: Level,
    message: str,
    *,
    field: str = "",
    got: str = "",
    expected: str = "",
    hint: str = "",
    related: tuple[str, ...] = (),
) -> Finding:
    """Return a finding about one request, at its file."""
    return Finding(
        rule=rule,
        level=level,
        message=message,
        subject=change.id,
        file=file_of(change, context),
        field=field,
        got=got,
        expected=expected,
        hint=hint,
        related=related,
    )


def file_of(change: RequestChange, context: GateContext) -> str:
    """Return the file that a change is about: the new path, else the old one, else where the request belongs."""
    return change.path_after or change.path_before or request_file(change.current, root=context.settings.catalog.root)
