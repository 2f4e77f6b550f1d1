"""Why the bytes of a file are not plain UTF-8 text, with the place. Used by the second reading only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from goldenpath.intent.reader import BYTE_ORDER_MARK, unprintable

_FOREIGN_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_MOST_FAULTS = 20


class EncodingFault(NamedTuple):
    """Place (line and column from 1; the column counts bytes) and reason."""

    place: tuple[int, int]
    message: str
    hint: str


def encoding_fault(data: bytes) -> EncodingFault | None:
    """Return why ``data`` cannot be decoded, or None when it can."""
    for mark, name in _FOREIGN_MARKS:
        if data.startswith(mark):
            return EncodingFault((1, 1), f"the file is {name}", "save it as UTF-8")
    body = data.removeprefix(BYTE_ORDER_MARK)
    zero = body.find(b"\x00")
    if zero >= 0:
        return EncodingFault(_place(body, zero), "the file holds a zero byte", "save it as UTF-8 text")
    lone = _lone_carriage_return(body)
    if lone >= 0:
        message = "a carriage return stands alone, which some readers take for a line end"
        return EncodingFault(_place(body, lone), message, "end lines with LF or CR LF")
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return EncodingFault(_place(body, error.start), "the file is not UTF-8", "save it as UTF-8")
    return None


def unprintable_faults(text: str) -> Iterator[tuple[tuple[int, int], str]]:
    """Yield place and message of control, invisible and direction-changing characters, the first twenty."""
    for count, match in enumerate(unprintable().finditer(text)):
        if count == _MOST_FAULTS:
            return
        start = match.start()
        line = text.count("\n", 0, start) + 1
        column = start - (text.rfind("\n", 0, start) + 1) + 1
        yield (line, column), f"the character U+{ord(match.group()):04X} is not accepted, not even in a comment"


def _lone_carriage_return(data: bytes) -> int:
    position = data.find(b"\r")
    while position >= 0 and data[position + 1 : position + 2] == b"\n":
        position = data.find(b"\r", position + 1)
    return position


def _place(data: bytes, offset: int) -> tuple[int, int]:
    return data.count(b"\n", 0, offset) + 1, offset - (data.rfind(b"\n", 0, offset) + 1) + 1
