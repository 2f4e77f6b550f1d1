"""Says everything that is wrong with a file: reads it with positions, then checks structure, words and fields together."""

from __future__ import annotations

from typing import Any

from goldenpath.intent.positions import read_with_positions
from goldenpath.intent.reading import Reading
from goldenpath.intent.rules import rules_for
from goldenpath.intent.schema_faults import add_schema_faults
from goldenpath.intent.words import words_by_field
from goldenpath.model.enums import Enums
from goldenpath.model.finding import Finding


def explain(data: bytes, kind: type[Any], *, file: str, enums: Enums | None) -> tuple[Finding, ...]:
    """Return every fault of ``data`` as one ``kind``, in order of position; at least one, for it is called when the fast path said no."""
    rules = rules_for(kind)
    reading = read_with_positions(data, file=file, limits=rules.limits)
    if reading.is_complete:
        add_schema_faults(reading, kind, words_by_field(rules.words, enums))
        for check in rules.checks:
            for fault in check.faults_in(reading.tree):
                path = fault.path
                if path not in reading.faulted:
                    reading.fault(
                        fault.rule, path, reading.place(path), fault.message, got=fault.got, expected=fault.expected, hint=fault.hint
                    )
    if not reading.faults:
        _refuse_unexplained(reading)
    return tuple(sorted(reading.faults, key=lambda finding: finding.sort_key))


def _refuse_unexplained(reading: Reading) -> None:
    """Keep the file refused when the two readings disagree; a doubt is never a pass (R15)."""
    reading.fault(
        "intent.contract",
        (),
        (1, 1),
        "the file does not fit its contract, and the checks cannot say where",
        hint="compare it with: goldenpath schema",
    )
