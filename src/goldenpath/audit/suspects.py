"""Lines that prove nothing, kept until a good record tells what they are. Bounded memory; decides nothing."""

from __future__ import annotations

from goldenpath.audit.chain import torn_mac
from goldenpath.audit.report import LISTED_MAX
from goldenpath.audit.tail import TORN_BYTES_MAX


class Suspects:
    """Lines since the last good record that prove nothing, in bounded memory."""

    def __init__(self) -> None:
        self.count = 0
        self.codes: list[tuple[str, int, int]] = []
        self._bytes: bytearray | None = None

    def add(self, text: bytes, code: str, segment: int, line: int) -> None:
        """Take one line, why it proves nothing, and where it stands."""
        if self.count == 0:
            self._bytes = bytearray(text)
        elif self._bytes is not None:
            self._bytes += b"\n" + text
        if self._bytes is not None and len(self._bytes) > TORN_BYTES_MAX:
            self._bytes = None
        self.count += 1
        if len(self.codes) < LISTED_MAX:
            self.codes.append((code, segment, line))

    def are_torn_as(self, details: dict[str, str], chain_key: bytes) -> bool:
        """Say whether a recovery record names exactly these bytes."""
        found = self._bytes
        return (
            self.count > 0
            and found is not None
            and details["torn_bytes"] == str(len(found))
            and details.get("torn_mac") == torn_mac(chain_key, bytes(found))
        )
