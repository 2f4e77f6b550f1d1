"""What the second reading found: the tree as far as it can be understood, where each field stands, and every fault so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from goldenpath.intent.excerpt import Path, dotted
from goldenpath.model.finding import Finding

Place = tuple[int, int]
"""Line and column, both from 1."""


@dataclass(slots=True)
class Reading:
    """A file read with positions.

    ``tree`` holds ``None`` wherever ``faulted`` has the path. ``is_complete`` is false when the rest of the file could not be read,
    so nothing can be said about fields that seem to be missing.
    """

    file: str
    tree: Any = None
    faults: list[Finding] = field(default_factory=list)
    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)
    faulted: set[Path] = field(default_factory=set)
    is_complete: bool = True

    def place(self, path: Path) -> Place:
        """Return where the value at ``path`` stands, or else the nearest field around it; (1, 1) for an empty file."""
        for end in range(len(path), -1, -1):
            found = self.values.get(path[:end])
            if found is not None:
                return found
        return (1, 1)

    def key_place(self, path: Path) -> Place:
        """Return where the name of the field at ``path`` stands, or else where its value would."""
        return self.keys.get(path) or self.place(path)

    def fault(
        self,
        rule: str,
        path: Path,
        place: Place,
        message: str,
        *,
        got: str = "",
        expected: str = "",
        hint: str = "",
        is_usable: bool = False,
    ) -> None:
        """Remember one fault; unless it ``is_usable`` all the same, the value at ``path`` is not looked at again."""
        if not is_usable:
            self.faulted.add(path)
        self.faults.append(
            Finding(
                rule=rule,
                level="block",
                message=f"{dotted(path)}: {message}" if path else message,
                file=self.file,
                line=place[0],
                column=place[1],
                field=dotted(path),
                got=got,
                expected=expected,
                hint=hint,
            ),
        )

    def stop(self, rule: str, place: Place, message: str, *, expected: str = "", hint: str = "") -> None:
        """Remember a fault after which the rest of the file cannot be understood."""
        self.is_complete = False
        self.fault(rule, (), place, message, expected=expected, hint=hint)
