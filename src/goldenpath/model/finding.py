"""One shape for everything a reader, a rule or a check has to say, and the verdict that gathers them."""

from __future__ import annotations

from typing import Literal

from goldenpath.model.base import Record

Level = Literal["block", "warn", "info"]


class Finding(Record, frozen=True, kw_only=True):
    """One rule's result at one place. Never holds a value; ``got`` is what the reviewed file says, never a secret.

    ``rule`` is the stable dotted code (``policy.rotation-required``); ``field`` a JSON pointer-like dotted path
    (``spec.risk.tier``); ``line`` and ``column`` count from 1, 0 when unknown; ``related`` names other files involved.
    """

    rule: str
    level: Level
    message: str
    subject: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    field: str = ""
    got: str = ""
    expected: str = ""
    hint: str = ""
    related: tuple[str, ...] = ()
    waived_by: str = ""

    @property
    def is_blocking(self) -> bool:
        """True for an unwaived ``block``."""
        return self.level == "block" and not self.waived_by

    @property
    def sort_key(self) -> tuple[str, int, int, str, str, str]:
        """Stable order: by file, position, rule, then text."""
        return (self.file, self.line, self.column, self.rule, self.subject, self.message)


class ApprovalNeed(Record, frozen=True, kw_only=True):
    """One approval that a change needs: a role, and for the owner side the team; ``because`` names requests and tiers."""

    role: str
    owner: str = ""
    because: tuple[str, ...] = ()


class Verdict(Record, frozen=True, kw_only=True):
    """All findings of one run, sorted, and the approvals that the change needs."""

    findings: tuple[Finding, ...] = ()
    needs: tuple[ApprovalNeed, ...] = ()

    @property
    def is_blocked(self) -> bool:
        """True when at least one unwaived finding blocks."""
        return any(finding.is_blocking for finding in self.findings)

    def of_level(self, level: Level) -> tuple[Finding, ...]:
        """Return the findings of one level, waived ones included."""
        return tuple(finding for finding in self.findings if finding.level == level)
