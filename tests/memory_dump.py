"""Runs the command and, as its last act, writes its own memory to the file that ``MEMORY_DUMP`` names: what a test then searches.

Started as a program: ``python memory_dump.py ARGUMENTS...``. Holds no needle itself, or it would find its own.
"""

from __future__ import annotations

import os
import re
import runpy
from pathlib import Path

REGION = re.compile(rb"([0-9a-f]+)-([0-9a-f]+) rw")


def dump(place: Path) -> None:
    """Write every region that can be written: heap, stacks, buffers."""
    with Path("/proc/self/maps").open("rb") as maps:
        regions = [tuple(int(each, 16) for each in found.groups()) for line in maps if (found := REGION.match(line))]
    with Path("/proc/self/mem").open("rb", buffering=0) as memory, place.open("ab") as out:
        for start, end in regions:
            memory.seek(start)
            out.write(memory.read(end - start))


def main() -> None:
    """Run the command; however it ends, its memory is as it was at work."""
    place = Path(os.environ.pop("MEMORY_DUMP"))
    try:
        runpy.run_module("goldenpath", run_name="__main__")
    finally:
        dump(place)


if __name__ == "__main__":
    main()
