"""A refusal leaves a record as an act does (R53): who asked for what, and the code of the answer. Never the text of the answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from goldenpath.app.services import Services
from goldenpath.app.trail import open_trail
from goldenpath.errors import AccessDenied, Conflict, InvalidIntent, NotFound, PolicyBlocked, Unauthenticated
from goldenpath.model.audit import AuditDecision, Target

_REFUSALS = (AccessDenied, Conflict, InvalidIntent, NotFound, PolicyBlocked, Unauthenticated)
"""What is an answer to the one who asked. A missing platform or a broken machine is no answer, and may have no audit log either."""

_NO_TARGET = Target()


@contextmanager
def refusals_recorded(services: Services, action: str, *, target: Target = _NO_TARGET) -> Iterator[None]:
    """Record ``action`` as refused when the block refuses it; only for what happens before the act's own records.

    Raises:
        AuditUnavailable: the refusal could not be recorded.
    """
    try:
        yield
    except _REFUSALS as refusal:
        refused = AuditDecision(allowed=False, reason=refusal.code)
        with open_trail(services).operation(action, target=target, decision=refused):
            raise
