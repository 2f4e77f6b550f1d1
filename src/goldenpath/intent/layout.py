"""Where files lie below the catalog root, and what a path promises about the content (R6, R7). Pure: names only, no reading.

``<root>/<service>/<environment>/<id>.yaml`` and beside it at most ``<id>.metadata.yaml``. Everything else is refused by name.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from goldenpath.model.environment import canonical_environment
from goldenpath.model.request import LABEL_MAX

WELL_KNOWN_ROOTS: Final = ("catalogs/secrets", "docs/catalogs/secrets")
"""Where people look for requests (D1); one below the root that is not in use is refused."""

SCHEMA_FILE: Final = "schemas/goldenpath/request.json"
"""Where a platform repository keeps the JSON Schema of a request, for editors: ``goldenpath schema request --platform``."""

SUFFIX: Final = ".yaml"
SIDECAR_SUFFIX: Final = ".metadata.yaml"
_DEPTH = 3
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_ID = re.compile(r"SEC-[0-9]{4,12}")
_LIKE_A_REQUEST = re.compile(r"\.ya?ml|^sec-?[0-9]", re.IGNORECASE)


class Place(NamedTuple):
    """A file that stands where it may: the words of its path. ``environment`` is canonical (D2)."""

    path: str
    kind: Literal["request", "sidecar"]
    service: str
    environment: str
    id: str

    @property
    def stem(self) -> str:
        """The path up to the id: what a request and its sidecar share."""
        return self.path.removesuffix(SIDECAR_SUFFIX if self.kind == "sidecar" else SUFFIX)


class Stray(NamedTuple):
    """A name that may not be there: code and reason."""

    path: str
    rule: str
    message: str
    expected: str = ""


def classify(path: str, root: str) -> Place | Stray:
    """Say what the file at ``path`` below ``root`` is by its name alone."""
    parts = path.removeprefix(root + "/").split("/")
    if not path.isascii() or not path.isprintable():
        return Stray(path, "intent.path-name", "the name holds characters that are not printable ASCII", "letters, digits, '-' and '.'")
    if len(parts) != _DEPTH:
        return Stray(path, "intent.path-depth", f"the file stands {len(parts)} levels below {root}, not {_DEPTH}", _expected(root))
    service, environment, name = parts
    canonical = canonical_environment(environment)
    if not _LABEL.fullmatch(service) or len(service) > LABEL_MAX:
        return Stray(path, "intent.path-name", "the service's folder is no lower-case DNS-1123 label of at most 63", _expected(root))
    if canonical is None:
        return Stray(path, "intent.path-name", "the second folder is no environment or alias, in lower case", _expected(root))
    return _classify_name(path, service, canonical, name)


def is_request_like(name: str) -> bool:
    """Say whether a file name looks as if somebody meant it as a request."""
    return bool(_LIKE_A_REQUEST.search(name))


def other_roots(root: str) -> tuple[str, ...]:
    """Return the well-known roots that are not in use."""
    return tuple(other for other in WELL_KNOWN_ROOTS if other != root)


def is_below(path: str, folder: str) -> bool:
    """Say whether ``path`` is ``folder`` or something in it."""
    return path == folder or path.startswith(f"{folder}/")


def safe_name(path: str) -> str:
    """Return a path fit for a message: unprintable characters and bytes that are not UTF-8 are escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode("ascii") for char in path)


def _classify_name(path: str, service: str, environment: str, name: str) -> Place | Stray:
    if name.endswith(SIDECAR_SUFFIX) and _ID.fullmatch(name.removesuffix(SIDECAR_SUFFIX)):
        return Place(path, "sidecar", service, environment, name.removesuffix(SIDECAR_SUFFIX))
    if not name.endswith(SUFFIX):
        return Stray(path, "intent.path-suffix", f"only {SUFFIX} files may stand in the catalog", f"<id>{SUFFIX} or <id>{SIDECAR_SUFFIX}")
    if not _ID.fullmatch(name.removesuffix(SUFFIX)):
        return Stray(
            path, "intent.path-name", "the file's name is no request id", f"<id>{SUFFIX} or <id>{SIDECAR_SUFFIX}, such as SEC-0007{SUFFIX}"
        )
    return Place(path, "request", service, environment, name.removesuffix(SUFFIX))


def _expected(root: str) -> str:
    return f"{root}/<service>/<environment>/<id>{SUFFIX}"
