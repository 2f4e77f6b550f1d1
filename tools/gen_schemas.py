"""Writes the JSON Schemas that ship under ``docs/reference/schemas`` from the structs. ``--check`` only says whether they are current."""

from __future__ import annotations

import sys
from pathlib import Path

from goldenpath.intent.schema import KINDS, schema_bytes

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference" / "schemas"


def main(arguments: list[str]) -> int:
    """Write or check every schema; return the exit code."""
    stale = [kind for kind in KINDS if not _is_current(kind)]
    if "--check" in arguments:
        for kind in stale:
            print(f"not current: {_file(kind)}; run: python tools/gen_schemas.py")
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for kind in stale:
        _file(kind).write_bytes(schema_bytes(kind))
        print(f"wrote {_file(kind)}")
    return 0


def _file(kind: str) -> Path:
    return FOLDER / f"{kind}.json"


def _is_current(kind: str) -> bool:
    file = _file(kind)
    return file.is_file() and file.read_bytes() == schema_bytes(kind)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
