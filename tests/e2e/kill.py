"""Arms a process to die, by SIGKILL, before or after its n-th external effect: store write, git write, audit or journal write."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable
from typing import Any

GIT_WRITES = frozenset(
    {"hash-object", "mktree", "commit-tree", "update-ref", "update-index", "read-tree", "write-tree", "push", "fetch", "mktag"}
)
STORE_WRITES = ("acquire", "release", "create", "update", "put_version", "move_stage", "adopt", "restore", "schedule_deletion")


class Countdown:
    """Counts effects; each has a moment before and a moment after. Dies at moment ``at``; 0 only counts, into ``path``."""

    def __init__(self, at: int, path: str = "") -> None:
        self.at = at
        self.path = path
        self.moment = 0

    def pass_moment(self) -> None:
        self.moment += 1
        if self.path:
            with open(self.path, "w", encoding="ascii") as file:  # noqa: PTH123 - the child may have no more than this
                file.write(str(self.moment))
        if self.moment == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, function: Callable[..., Any], *, counts: Callable[[tuple[Any, ...]], bool] = lambda _args: True) -> Callable[..., Any]:
        @functools.wraps(function)
        def counted(*args: Any, **kwargs: Any) -> Any:
            if not counts(args):
                return function(*args, **kwargs)
            self.pass_moment()
            result = function(*args, **kwargs)
            self.pass_moment()
            return result

        return counted


def arm(at: int, path: str = "") -> Callable[[], None]:
    """Return what the child runs first."""

    def install() -> None:
        from goldenpath.audit.file_log import FileAuditLog
        from goldenpath.providers.git.command import Git
        from goldenpath.providers.local.journal import LocalJournal
        from goldenpath.providers.local.store import LocalStore

        countdown = Countdown(at, path)
        for name in STORE_WRITES:
            setattr(LocalStore, name, countdown.around(getattr(LocalStore, name)))
        for name in ("record", "remember"):
            setattr(LocalJournal, name, countdown.around(getattr(LocalJournal, name)))
        FileAuditLog.append = countdown.around(FileAuditLog.append)  # type: ignore[method-assign]
        Git.run = countdown.around(Git.run, counts=lambda args: len(args) > 1 and args[1] in GIT_WRITES)  # type: ignore[method-assign]

    return install
