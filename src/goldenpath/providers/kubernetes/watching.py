"""The stream of a watch, line by line, as changes. It ends with the connection, with the server's own time limit, or with ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, Literal

from goldenpath.errors import ProviderRefused, ProviderUnavailable
from goldenpath.model.cluster import ObjectChange
from goldenpath.providers.kubernetes.failures import Errand, failure
from goldenpath.providers.kubernetes.objects import object_of
from goldenpath.providers.kubernetes.transport import Reply

EVENT_MAX_BYTES: Final = 16 * 1024 * 1024
_KINDS: Final[dict[str, Literal["added", "modified", "deleted"]]] = {"ADDED": "added", "MODIFIED": "modified", "DELETED": "deleted"}


def changes(pieces: Iterator[bytes], errand: Errand) -> Iterator[ObjectChange]:
    """Yield the changes of a stream; a connection that is lost, or an event that is cut off, ends it.

    Raises:
        Conflict: ``cluster.watch-expired``.
        GoldenpathError: what another error in the stream means.
    """
    for line in _lines(_until_lost(pieces)):
        event = _event(line)
        if event is None:
            return
        word, tree = event.get("type"), event.get("object")
        if word == "ERROR":
            code = tree.get("code") if isinstance(tree, dict) else None
            raise failure(Reply(status=code if isinstance(code, int) else 500, headers={}, body=json.dumps(tree).encode()), errand)
        kind = _KINDS.get(str(word))
        if kind is not None:
            yield ObjectChange(kind=kind, object=object_of(tree, errand.kind))


def _until_lost(pieces: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from pieces
    except ProviderUnavailable:
        return


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = bytearray()
    for piece in pieces:
        rest += piece
        *whole, last = rest.split(b"\n")
        yield from (bytes(line) for line in whole if line.strip())
        rest = last
        if len(rest) > EVENT_MAX_BYTES:
            raise ProviderRefused(
                "cluster.refused",
                f"an event of the watch is larger than {EVENT_MAX_BYTES // (1024 * 1024)} MiB",
                hint="is this the address of an API server?",
            )


def _event(line: bytes) -> dict[str, Any] | None:
    """Return an event; None for what is none: the other side is no API server any more, or was cut off."""
    try:
        tree = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return tree if isinstance(tree, dict) else None
