"""Whether a value looks like what its key declares. Pure; says yes or no and nothing about the value."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from goldenpath.model.request import KeyFormat

EXPECTATIONS: Final[dict[KeyFormat, str]] = {
    "text": "UTF-8 text",
    "url": "an absolute URL with scheme and host, without spaces",
    "json": "one JSON document without duplicate names",
    "pem": "one or more whole PEM blocks",
    "base64": "standard or URL-safe base64 on one line, padded or unpadded",
    "hex": "hexadecimal digits only",
    "uuid": "a UUID such as 123e4567-e89b-42d3-a456-426614174000",
    "email": "one e-mail address",
    "integer": "decimal digits, with an optional minus sign",
    "hostname": "a DNS host name of at most 253 characters",
}

_HOSTNAME_MAX = 253
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_LOCAL_PART = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_STANDARD = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_URL_SAFE = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_PEM_MARK = re.compile(r"^-----(BEGIN|END) ([A-Z0-9][A-Z0-9 .#-]*)-----[ \t\r]*$", re.MULTILINE)
_PEM_HEADER = re.compile(r"[A-Za-z0-9-]+: .*")


def fits_format(text: str, form: KeyFormat) -> bool:
    """Say whether ``text`` is what ``form`` promises."""
    return _CHECKS[form](text)


def _is_url(text: str) -> bool:
    if not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return False
    return bool(parts.scheme) and (bool(parts.hostname) or (parts.scheme == "file" and bool(parts.path)))


def _is_json(text: str) -> bool:
    try:
        json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate name")
    return found


def _refuse(_name: str) -> None:
    raise ValueError("not JSON")


def _is_pem(text: str) -> bool:
    marks = list(_PEM_MARK.finditer(text))
    pairs = list(zip(marks[::2], marks[1::2], strict=False))
    if not pairs or len(marks) % 2:
        return False
    return all(
        begin.group(1) == "BEGIN"
        and end.group(1) == "END"
        and begin.group(2) == end.group(2)
        and _is_pem_body(text[begin.end() : end.start()])
        for begin, end in pairs
    )


def _is_pem_body(text: str) -> bool:
    lines = [line.strip() for line in text.strip().splitlines()]
    while lines and (_PEM_HEADER.fullmatch(lines[0]) or not lines[0]):
        lines.pop(0)
    body = "".join(lines)
    return bool(body) and _decodes(body, _STANDARD)


def _is_base64(text: str) -> bool:
    return _decodes(text, _STANDARD) or _decodes(text.replace("-", "+").replace("_", "/") if _URL_SAFE.fullmatch(text) else "", _STANDARD)


def _decodes(text: str, pattern: re.Pattern[str]) -> bool:
    if not pattern.fullmatch(text):
        return False
    padded = text if "=" in text else text + "=" * (-len(text) % 4)
    try:
        base64.b64decode(padded, validate=True)
    except binascii.Error:
        return False
    return True


def _is_hostname(text: str) -> bool:
    return len(text) <= _HOSTNAME_MAX and all(_LABEL.fullmatch(label) for label in text.split("."))


def _is_email(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    dots = local.startswith(".") or local.endswith(".") or ".." in local
    return bool(_LOCAL_PART.fullmatch(local)) and not dots and _is_hostname(domain)


_CHECKS: Final[dict[KeyFormat, Callable[[str], bool]]] = {
    "text": lambda _text: True,
    "url": _is_url,
    "json": _is_json,
    "pem": _is_pem,
    "base64": _is_base64,
    "hex": lambda text: re.fullmatch(r"[0-9a-fA-F]+", text) is not None,
    "uuid": lambda text: _UUID.fullmatch(text) is not None,
    "email": _is_email,
    "integer": lambda text: re.fullmatch(r"-?[0-9]+", text) is not None,
    "hostname": _is_hostname,
}
