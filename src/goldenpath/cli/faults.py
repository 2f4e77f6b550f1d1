"""Internal faults: what may be said about an exception that nobody expected.

Frames (file, line, function) and type names only. Messages, locals and source lines may hold a value, so they never leave (R1, R58).
The report id is taken over the frames: the same fault has the same id on every machine.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import PurePath
from types import TracebackType

from goldenpath import __version__
from goldenpath.errors import AccessDenied, GoldenpathError, ProviderUnavailable

_ID_CHARACTERS = 12


def internal_fault(error: BaseException) -> GoldenpathError:
    """Return an unexpected exception as an error that can be shown."""
    frames = list(frames_of(error))
    where = f" at {frames[-1]}" if frames else ""
    return GoldenpathError(
        "cli.internal",
        f"internal fault {report_id(error)}: {type(error).__name__}{where}",
        hint="run again with --debug and report the id with the frames; they hold no value",
    )


def system_refusal(error: OSError) -> GoldenpathError:
    """Return what the operating system said: its own words for the number, and the path."""
    kind = AccessDenied if isinstance(error, PermissionError) else ProviderUnavailable
    said = os.strerror(error.errno) if error.errno else type(error).__name__
    path = error.filename if isinstance(error.filename, str) else ""
    return kind(
        "cli.operating-system", f"the operating system says: {said}", subject=path, hint="goldenpath doctor checks the surroundings"
    )


def report_id(error: BaseException) -> str:
    """Return the id of a fault: the same for the same version, exception types and frames."""
    text = "\n".join([__version__, *fault_lines(error)])
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_CHARACTERS]


def fault_lines(error: BaseException) -> Iterator[str]:
    """Yield the exception, its causes and their frames, outermost first, without one word of their messages."""
    current: BaseException | None = error
    seen: set[int] = set()
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield type(current).__name__
        yield from (f"  {frame}" for frame in frames_of(current))
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def frames_of(error: BaseException) -> Iterator[str]:
    """Yield ``file:line function`` of each frame, outermost first; files are named from their package on."""
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        yield f"{_short(code.co_filename)}:{trace.tb_lineno} {code.co_name}"
        trace = trace.tb_next


def _short(filename: str) -> str:
    parts = PurePath(filename).parts
    for anchor in ("site-packages", "src"):
        if anchor in parts:
            return "/".join(parts[len(parts) - parts[::-1].index(anchor) :])
    return "/".join(parts[-2:])
