"""Which files of an environment's folder are ours: a listing beside them that ``sha256sum -c`` can check. Pure.

The listing is data that anybody with access to the repository may have written, so it is read strictly and
can never name a file outside its own folder.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from goldenpath.errors import Conflict

LISTING = ".goldenpath/generated.sha256"
"""Path inside the environment's folder. No YAML or JSON: a controller that applies whole folders must not take it for a manifest."""

_LINE = re.compile(
    r"(?P<sum>[0-9a-f]{64})  (?P<path>(?!/)(?!(?:.*/)?\.{1,2}(?:/|\Z))(?!.*//)[A-Za-z0-9._@+=/-]*[A-Za-z0-9._@+=-])", re.ASCII
)


def checksum(content: bytes) -> str:
    """Return the SHA-256 of a file, in hex."""
    return hashlib.sha256(content).hexdigest()


def write_listing(files: Mapping[str, bytes]) -> bytes:
    """Return the listing of ``files``, sorted by path."""
    return "".join(f"{checksum(files[path])}  {path}\n" for path in sorted(files)).encode("ascii")


def read_listing(content: bytes | None, *, subject: str) -> dict[str, str]:
    """Return {path: checksum}; empty when there is no listing yet.

    Raises:
        Conflict: ``delivery.listing-invalid`` for anything but whole, distinct, relative lines.
    """
    lines = content.decode("utf-8", "replace").split("\n") if content else [""]
    matches = [_LINE.fullmatch(line) for line in lines[:-1]]
    found = {match["path"]: match["sum"] for match in matches if match}
    if lines[-1] or len(found) != len(matches):
        raise Conflict(
            "delivery.listing-invalid",
            "the listing of generated files cannot be read, so nobody can say which files are ours",
            subject=subject,
            hint="restore it from the history of the repository",
        )
    return found
