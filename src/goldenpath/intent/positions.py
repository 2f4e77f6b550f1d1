"""The second, slower reading of a file that is at fault: every fault with line and column, and where each field stands.

Runs only after :mod:`goldenpath.intent.reader` or the contract said no. Goes on after a fault wherever the rest can still be
understood, so that one run lists them all; what a fault made unusable is left out of the tree (``None``), never guessed.
"""

from __future__ import annotations

from goldenpath.intent.encoding import encoding_fault, unprintable_faults
from goldenpath.intent.reader import BYTE_ORDER_MARK, REQUEST_LIMITS, Limits
from goldenpath.intent.reading import Reading
from goldenpath.intent.walk import Walk


def read_with_positions(data: bytes, *, file: str, limits: Limits = REQUEST_LIMITS) -> Reading:
    """Return everything that can be said about ``data``. Never raises for anything that a file can hold."""
    reading = Reading(file=file)
    if len(data) > limits.max_bytes:
        expected = f"at most {limits.max_bytes} bytes"
        reading.stop("intent.too-large", (1, 1), f"the file is larger than {limits.max_bytes} bytes", expected=expected)
        return reading
    fault = encoding_fault(data)
    if fault is not None:
        reading.stop("intent.encoding", fault.place, fault.message, expected="UTF-8 text", hint=fault.hint)
        return reading
    text = data.removeprefix(BYTE_ORDER_MARK).replace(b"\r\n", b"\n").decode("utf-8")
    for place, message in unprintable_faults(text):
        reading.stop("intent.control-character", place, message, expected="printable text", hint="delete the character")
    if reading.is_complete:
        Walk(reading, limits).run(text)
    return reading
