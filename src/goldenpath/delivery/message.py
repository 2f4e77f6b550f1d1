"""The commit message of a delivery: one subject line and trailers that ``trace`` finds again. Nothing in it can make a line of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable

from goldenpath.errors import InvalidIntent
from goldenpath.model.base import Record

SUBJECT_MAX = 120
REQUEST = "Goldenpath-Request"
CHANGE_DIGEST = "Goldenpath-Change-Digest"
CORRELATION_ID = "Goldenpath-Correlation-Id"
SOURCE_COMMIT = "Goldenpath-Source-Commit"

_SHAPES = {
    REQUEST: re.compile(r"SEC-[0-9]{4,12}", re.ASCII),
    CHANGE_DIGEST: re.compile(r"sha256:[0-9a-f]{64}", re.ASCII),
    CORRELATION_ID: re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII),
    SOURCE_COMMIT: re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII),
}


class DeliveryMessage(Record, frozen=True, kw_only=True):
    """What a delivery says about itself. An empty field is left out; each value is written once, sorted."""

    subject: str
    request_ids: tuple[str, ...] = ()
    change_digests: tuple[str, ...] = ()
    correlation_ids: tuple[str, ...] = ()
    source_commit: str = ""

    @property
    def trailers(self) -> tuple[tuple[str, str], ...]:
        """The trailers in the order they are written."""
        groups = (
            (REQUEST, self.request_ids),
            (CHANGE_DIGEST, self.change_digests),
            (CORRELATION_ID, self.correlation_ids),
            (SOURCE_COMMIT, (self.source_commit,)),
        )
        return tuple((name, value) for name, values in groups for value in sorted(set(values)) if value)

    @property
    def text(self) -> str:
        """The whole message.

        Raises:
            InvalidIntent: ``delivery.trailer-invalid`` when a value does not have the shape of its trailer.
        """
        for name, value in self.trailers:
            if not _SHAPES[name].fullmatch(value):
                raise InvalidIntent(
                    "delivery.trailer-invalid", f"{value[:80]!r} is no value of the trailer {name}", hint="pass it as it was made"
                )
        return "\n\n".join(part for part in (_one_line(self.subject), _lines(self.trailers)) if part) + "\n"


def _one_line(subject: str) -> str:
    """Return the subject without control characters or line breaks of any kind, shortened."""
    words = "".join(character if character.isprintable() else " " for character in subject).split()
    text = " ".join(words).lstrip("#") or "Deliver manifests"
    return text if len(text) <= SUBJECT_MAX else text[: SUBJECT_MAX - 1].rstrip() + "…"


def _lines(trailers: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in trailers)
