"""Canaries: unique values that travel through a use-case, and the search for them afterwards in every form a leak takes (R1)."""

from __future__ import annotations

import base64
import functools
import json
import os
import secrets
import subprocess
import urllib.parse
import zlib
from pathlib import Path


def new_canary(name: str = "canary") -> str:
    """A value that occurs nowhere else; long enough for base64 at three offsets to be unique."""
    return f"{name}-{secrets.token_hex(16)}/+=&<é>"


@functools.cache
def variants(value: str | bytes) -> frozenset[bytes]:
    """Every spelling that a log, a URL, a JSON file or a dump could show: raw, base64 at three offsets, hex, escaped, line by line."""
    raw = value.encode() if isinstance(value, str) else value
    found: set[bytes] = set()
    for part in {raw, *(line for line in raw.splitlines() if len(line) >= 8)}:
        found |= {part, part.hex().encode(), part.hex().upper().encode()}
        found |= _base64_forms(part)
        text = part.decode("utf-8", "replace")
        found |= {urllib.parse.quote(text).encode(), urllib.parse.quote_plus(text).encode(), urllib.parse.quote(text, safe="").encode()}
        for escaped in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
            found |= {escaped.encode(), _go_json(escaped).encode()}
        found |= {repr(part)[2:-1].encode(), repr(text)[1:-1].encode()}
    return frozenset(form for form in found if len(form) >= 8)


def _go_json(escaped: str) -> str:
    """JSON as Go writes it (Terraform, Kubernetes): the characters that matter in HTML are escaped as well."""
    return escaped.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _base64_forms(part: bytes) -> set[bytes]:
    forms: set[bytes] = set()
    for offset in range(3):
        encoded = base64.b64encode(b"\x00" * offset + part)
        # the characters at both ends mix with the neighbours: keep only those that depend on the value alone
        inner = encoded[4 if offset else 0 : (len(b"\x00" * offset + part) // 3) * 4]
        forms |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return forms


def hits_in(blob: bytes, values: list[str]) -> list[str]:
    """Return the canaries (by number) that occur in ``blob``, also inside zlib streams such as loose git objects."""
    blobs = [blob]
    try:
        blobs.append(zlib.decompress(blob))
    except zlib.error:
        blobs.append(b"")
    return [f"canary {number}" for number, value in enumerate(values) if any(form in each for form in variants(value) for each in blobs)]


def scan_tree(root: Path, values: list[str]) -> list[str]:
    """Return a line for each hit in any file below ``root``: contents and names, git's loose and packed objects included."""
    found: list[str] = []
    for folder, _dirs, files in os.walk(root):
        for name in files:
            path = Path(folder) / name
            if path.is_symlink() or not path.is_file():
                continue
            found += [f"{path}: {hit}" for hit in hits_in(path.read_bytes() + str(path).encode("utf-8", "surrogateescape"), values)]
        if folder.endswith(".git") and (Path(folder) / "objects" / "pack").is_dir():
            found += _scan_packs(Path(folder), values)
    return found


def _scan_packs(git_dir: Path, values: list[str]) -> list[str]:
    listing = subprocess.run(
        ["git", f"--git-dir={git_dir}", "cat-file", "--batch", "--batch-all-objects"], capture_output=True, check=True
    ).stdout
    return [f"{git_dir}: {hit}" for hit in hits_in(listing, values)]
