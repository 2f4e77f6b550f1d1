"""Buckets that all processes of a machine share through one small file of the state folder.

What is in it is worth nothing a second later, so it is neither durable nor precious: a file that cannot be understood starts anew.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from goldenpath.providers.local.files import create_private_file, private_file, private_folder, unusable
from goldenpath.providers.pacing import Bucket

PACE_FILE = "pace.json"
_MAX_BYTES = 1 << 20


class SharedBuckets:
    """Buckets by name in ``pace.json`` of a state folder; each change locks the file for its moment.

    Raises:
        Misconfigured: ``state.not-private``, ``state.unusable``.
        ProviderUnavailable: ``state.unavailable``.
    """

    def __init__(self, folder: Path) -> None:
        self._path = private_folder(folder) / PACE_FILE
        self._lock = threading.Lock()
        if not private_file(self._path):
            create_private_file(self._path)

    def change(self, name: str, how: Callable[[Bucket], Bucket]) -> Bucket:
        """Replace a bucket; return what it was before."""
        try:
            with self._lock, self._locked() as descriptor:
                buckets = _parse(os.pread(descriptor, _MAX_BYTES, 0))
                before = buckets.get(name, Bucket())
                buckets[name] = how(before)
                if buckets[name] != before:
                    content = msgspec.json.encode(buckets)
                    os.ftruncate(descriptor, os.pwrite(descriptor, content, 0))
                return before
        except OSError as error:
            raise unusable(self._path, error) from error

    @contextmanager
    def _locked(self) -> Iterator[int]:
        # opened each time: a lock belongs to what was opened, and a forked child shares what its parent opened
        descriptor = os.open(self._path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)


def _parse(content: bytes) -> dict[str, Bucket]:
    try:
        return msgspec.json.decode(content, type=dict[str, Bucket]) if content else {}
    except msgspec.DecodeError:
        return {}
