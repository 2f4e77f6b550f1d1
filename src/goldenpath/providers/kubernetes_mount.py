"""Reads a Secret that the kubelet mounted into a pod (``kubernetes-mount``, seed 004 flow 4): a file for each key, changed by a swap.

The kubelet writes a new hidden folder, points the link ``..data`` at it in one rename, and removes the old folder. So ``..data`` is
resolved once, everything is read below the folder that was opened, and the link must not have moved meanwhile: old and new values are
never mixed. Nothing is followed out of the mount, and nothing but plain files is read.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from goldenpath.errors import AccessDenied, GoldenpathError, NotFound, ProviderRefused, ProviderUnavailable
from goldenpath.model.secret import SecretValue
from goldenpath.ports.source import FileFacts, SourceReading

DATA: Final = "..data"
VOLUME_MAX_BYTES: Final = 4 * 1024 * 1024
"""A Secret holds 1 MiB; a projected volume joins several."""
FILES_MAX: Final = 1024
ATTEMPTS: Final = 5
"""A swap takes the kubelet about a minute to repeat: a mount that moves this often under one reading is broken."""
RETRY_SECONDS: Final = 1.0

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Not blocking: opening a pipe that nobody writes to would wait for ever."""


class KubernetesMount:
    """One mounted volume.

    Args:
        folder: Where it is mounted.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self) -> SourceReading:
        """Return the files of one moment.

        Raises:
            NotFound: ``mount.missing``, ``mount.empty``.
            AccessDenied: ``mount.unreadable``.
            ProviderRefused: ``mount.not-a-volume``, ``mount.link-escapes``, ``mount.not-a-file``, ``mount.too-large``.
            ProviderUnavailable: ``mount.unsettled``, ``mount.unavailable``.
        """
        for _attempt in range(ATTEMPTS):
            try:
                reading = self._read_once()
            except FileNotFoundError:
                continue  # the kubelet removed the folder that was current a moment ago
            if reading is not None:
                return reading
        raise ProviderUnavailable(
            "mount.unsettled",
            f"the mount moved during each of {ATTEMPTS} readings",
            subject=str(self._folder),
            hint="is something else than the kubelet writing there? then run again",
            retry_after_seconds=RETRY_SECONDS,
        )

    def version(self) -> str:
        """Return the folder that ``..data`` points at, with what tells it from another of the same name; empty when there is none."""
        try:
            with self._opened(self._folder) as mount, self._current(mount) as (target, data):
                return _marker(target, data)
        except (FileNotFoundError, NotFound):
            return ""

    def _read_once(self) -> SourceReading | None:
        """Return one reading; None when the mount moved meanwhile."""
        with self._opened(self._folder) as mount, self._current(mount) as (target, data):
            version = _marker(target, data)
            values, facts = self._files(data)
            is_same = os.readlink(DATA, dir_fd=mount) == target
        if not is_same:
            return None
        if not values:
            raise NotFound(
                "mount.empty",
                "the mount holds no key",
                subject=str(self._folder),
                hint="is the Secret there, and mounted without optional: true? A missing value is no empty one",
            )
        return SourceReading(version=version, values=values, facts=facts)

    @contextmanager
    def _current(self, mount: int) -> Iterator[tuple[str, int]]:
        """Open the folder that ``..data`` points at, and yield its name and descriptor."""
        try:
            target = os.readlink(DATA, dir_fd=mount)
        except FileNotFoundError:
            raise self._without_data(mount) from None
        except OSError as error:
            raise self._failure(error, DATA) from None
        if target == ".." or not target.startswith("..") or "/" in target:
            raise self._escape(DATA)
        with self._opened(target, within=mount) as data:
            yield target, data

    @contextmanager
    def _opened(self, path: str | Path, *, within: int | None = None) -> Iterator[int]:
        """Open a folder for the length of the block. One below the mount that is gone is ``FileNotFoundError``."""
        try:
            descriptor = os.open(path, _FOLDER | (os.O_NOFOLLOW if within is not None else 0), dir_fd=within)
        except FileNotFoundError:
            if within is not None:
                raise
            hint = "name the folder of the volumeMount, as in: --from-mount /etc/secrets/payments"
            raise NotFound("mount.missing", "there is no such folder", subject=str(self._folder), hint=hint) from None
        except OSError as error:
            raise self._failure(error, str(path)) from None
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _files(self, data: int) -> tuple[dict[str, SecretValue], tuple[FileFacts, ...]]:
        names = sorted(name for name in os.listdir(data) if not name.startswith(".."))
        if len(names) > FILES_MAX:
            raise self._too_large(f"{len(names)} files; at most {FILES_MAX} are read")
        left = VOLUME_MAX_BYTES
        values: dict[str, SecretValue] = {}
        facts: list[FileFacts] = []
        for name in names:
            raw, found = self._file(data, name, left)
            left -= len(raw)
            values[name] = SecretValue(raw)
            facts.append(FileFacts(name=name, mode=stat.S_IMODE(found.st_mode), uid=found.st_uid, gid=found.st_gid))
        return values, tuple(facts)

    def _file(self, data: int, name: str, limit: int) -> tuple[bytes, os.stat_result]:
        try:
            descriptor = os.open(name, _FILE, dir_fd=data)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise self._failure(error, name) from None
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise ProviderRefused(
                    "mount.not-a-file",
                    f"{name!a} is no plain file",
                    subject=str(self._folder),
                    hint="only keys at the top of a Secret are read; a Secret's items with a path of several steps are not",
                )
            raw = _up_to(descriptor, limit + 1)
        except OSError as error:
            raise self._failure(error, name) from None
        finally:
            os.close(descriptor)
        if len(raw) > limit:
            raise self._too_large(f"more than {VOLUME_MAX_BYTES} bytes")
        return raw, found

    def _without_data(self, mount: int) -> GoldenpathError:
        if not os.listdir(mount):
            return NotFound("mount.empty", "the folder is empty", subject=str(self._folder), hint="is the Secret mounted there?")
        return ProviderRefused(
            "mount.not-a-volume",
            f"there is no {DATA} in it, so nothing says which files belong together",
            subject=str(self._folder),
            hint="name the folder where a Secret is mounted whole; a subPath is no volume, and the kubelet never changes it",
        )

    def _failure(self, error: OSError, name: str) -> GoldenpathError:
        if error.errno == errno.ELOOP or (error.errno == errno.ENOTDIR and name.startswith("..")):
            return self._escape(name)
        if error.errno in {errno.EACCES, errno.EPERM}:
            hint = "set fsGroup or defaultMode of the volume so that the user of this process may read it"
            return AccessDenied("mount.unreadable", f"{name!a} may not be read by this user", subject=str(self._folder), hint=hint)
        if error.errno in {errno.ENOTDIR, errno.EINVAL, errno.ENXIO}:
            what = f"{name!a} is not what the kubelet makes there"
            return ProviderRefused("mount.not-a-volume", what, subject=str(self._folder), hint="name the folder where a Secret is mounted")
        return ProviderUnavailable(
            "mount.unavailable",
            f"{name!a} could not be read (errno {error.errno})",
            subject=str(self._folder),
            retry_after_seconds=RETRY_SECONDS,
        )

    def _escape(self, name: str) -> ProviderRefused:
        return ProviderRefused(
            "mount.link-escapes",
            f"{name!a} is a link that does not stay in the mount",
            subject=str(self._folder),
            hint="the kubelet makes no such link: somebody else did; nothing was read through it",
        )

    def _too_large(self, what: str) -> ProviderRefused:
        return ProviderRefused("mount.too-large", f"the mount holds {what}", subject=str(self._folder), hint="a Secret is at most 1 MiB")


def _up_to(descriptor: int, limit: int) -> bytes:
    """Return what is left of a file, ``limit`` bytes at most."""
    parts: list[bytes] = []
    while limit > 0 and (part := os.read(descriptor, limit)):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)


def _marker(target: str, data: int) -> str:
    found = os.fstat(data)
    return f"{target}:{found.st_dev}:{found.st_ino}:{found.st_mtime_ns}"
