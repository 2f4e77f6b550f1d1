"""Is the holder of a lease still alive? On one machine the kernel knows: a file lock ends with its process, however it dies.

So a killed run does not block the next one until its lease ends. The lock only shortens waiting; what keeps an old writer out is the
generation that the store checks with each write.
"""

from __future__ import annotations

import fcntl
import os
import weakref
from pathlib import Path
from urllib.parse import quote

from goldenpath.providers.local.files import create_private_file, private_file, unusable


class LivenessLocks:
    """One advisory lock per environment, beside the database at ``path``. Not shared between objects, even in one process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: dict[str, int] = {}
        self._finalizer = weakref.finalize(self, _close_all, self._held)

    def holds(self, environment: str) -> bool:
        """Say whether this object holds the environment's lock."""
        return environment in self._held

    def claim(self, environment: str) -> bool:
        """Take the lock if nobody alive has it; say whether this object holds it now.

        Raises:
            Misconfigured: ``state.not-private`` or ``state.unusable`` for the lock file.
        """
        if environment in self._held:
            return True
        path = self._path.with_name(f"{self._path.name}.{quote(environment, safe='')}.lock")
        if not private_file(path):
            create_private_file(path)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise unusable(path, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._held[environment] = descriptor
        return True

    def give_up(self, environment: str) -> None:
        """Release the lock, if this object holds it."""
        descriptor = self._held.pop(environment, None)
        if descriptor is not None:
            os.close(descriptor)

    def close(self) -> None:
        """Release every lock."""
        self._finalizer()


def _close_all(held: dict[str, int]) -> None:
    while held:
        os.close(held.popitem()[1])
