"""Where in its file a finding points: rules judge values and know fields; people look for lines."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from goldenpath.errors import InvalidIntent
from goldenpath.intent.contract import locate
from goldenpath.model.finding import Finding
from goldenpath.ports.repository import RepositoryReader


def with_places(reader: RepositoryReader, head: str, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings with line and column filled in from the files at ``head``, in stable order.

    One that already has a place, has no file, or whose file is not there at ``head`` stays as it is.
    """
    texts: dict[str, bytes | None] = {}
    placed = []
    for finding in findings:
        if finding.file and not finding.line and finding.file not in texts:
            texts[finding.file] = _text(reader, head, finding.file)
        data = None if finding.line else texts.get(finding.file)
        placed.append(finding if data is None else _placed(finding, data))
    return tuple(sorted(placed, key=lambda finding: finding.sort_key))


def _text(reader: RepositoryReader, head: str, path: str) -> bytes | None:
    try:
        return reader.read_file(head, path)
    except InvalidIntent:  # a link or submodule: reported as such by the reader, and without lines
        return None


def _placed(finding: Finding, data: bytes) -> Finding:
    line, column = locate(data, finding.field)
    return msgspec.structs.replace(finding, line=line, column=column)
