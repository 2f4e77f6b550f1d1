"""Many objects through one git process, without either side waiting for the other for ever."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from goldenpath.errors import InvalidIntent, NotFound
from goldenpath.providers.git.command import Git, no_scratch_space
from goldenpath.providers.git.objects import is_object_id

BLOB_MAX_BYTES = 16 * 1024 * 1024
"""Larger objects are refused: nothing that we read from a repository is near this size, and content is held in memory."""


def read_objects(git: Git, oids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield (id, content) of objects of any type, in the order asked.

    Raises:
        NotFound: ``git.object-missing``.
        InvalidIntent: ``git.ref-invalid`` for what is no full id; ``git.object-too-large`` above ``BLOB_MAX_BYTES``.
    """
    wanted = [_object_line(oid) for oid in oids]
    if not wanted:
        return
    with _temporary(wanted) as file, git.stream("cat-file", "--batch", "--buffer", stdin=file) as answers:
        for _oid in wanted:
            yield _next_object(answers)


def records(output: IO[bytes]) -> Iterator[bytes]:
    """Yield NUL-ended records as they arrive."""
    rest = b""
    while chunk := output.read(1 << 16):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole


def _object_line(oid: str) -> bytes:
    if not is_object_id(oid):
        raise InvalidIntent("git.ref-invalid", f"not an object id: {oid!r}", hint="pass full ids as git prints them")
    return oid.encode("ascii") + b"\n"


@contextmanager
def _temporary(lines: Iterable[bytes]) -> Iterator[IO[bytes]]:
    """Make a nameless file of ``lines``. With a pipe for the questions too, two full pipes would stop git and us for ever."""
    with ExitStack() as opened:
        try:
            file = opened.enter_context(tempfile.TemporaryFile())
            file.writelines(lines)
            file.seek(0)
        except OSError as error:
            raise no_scratch_space(error) from None
        yield file


def _next_object(answers: IO[bytes]) -> tuple[str, bytes]:
    header = answers.readline().decode("ascii", "replace").split()
    if len(header) != 3:  # noqa: PLR2004 - "<oid> <type> <size>"; otherwise "<oid> missing", or git is gone
        subject = header[0] if header else ""
        raise NotFound(
            "git.object-missing", "an object is not in this clone", subject=subject, hint="fetch without a filter, or run `git fsck`"
        )
    oid, size = header[0], int(header[2])
    if size > BLOB_MAX_BYTES:
        raise InvalidIntent(
            "git.object-too-large", f"{size} bytes, at most {BLOB_MAX_BYTES} are read", subject=oid, hint="keep large files out"
        )
    content = answers.read(size)
    answers.read(1)
    if len(content) != size:
        raise NotFound("git.object-missing", "an object could not be read whole", subject=oid, hint="run `git fsck`")
    return oid, content
