"""What every stable code means, for ``goldenpath explain`` and the reference pages. One module per area; each has ``CODES``."""

from __future__ import annotations

import importlib
import pkgutil

from goldenpath.model.base import Record


class CodeDoc(Record, frozen=True, kw_only=True):
    """One code: what it means, why it matters, how to fix it, and the rule of the standard behind it (``R5``), if any."""

    title: str
    why: str
    fix: str
    rule: str = ""


def all_codes() -> dict[str, CodeDoc]:
    """Return every documented code of every area, sorted. A code documented twice raises ``ValueError``."""
    merged: dict[str, CodeDoc] = {}
    for module in pkgutil.iter_modules(__path__):
        codes: dict[str, CodeDoc] = importlib.import_module(f"{__name__}.{module.name}").CODES
        for code, doc in codes.items():
            if code in merged:
                raise ValueError(f"code documented twice: {code}")
            merged[code] = doc
    return dict(sorted(merged.items()))
