"""The second, slower reading of a file that is at fault: every fault with line and column, and where each field stands.

Runs only after :mod:`goldenpath.intent.reader` or the contract said no. Goes on after a fault wherever the rest can still be
understood, so that one run lists them all; what a fault made unusable is left out of the tree (``None``), never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from yaml._yaml import CParser
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from goldenpath.intent.encoding import encoding_fault, unprintable_faults
from goldenpath.intent.excerpt import Path, dotted, shown_key
from goldenpath.intent.reader import BYTE_ORDER_MARK, REQUEST_LIMITS, Limits
from goldenpath.intent.scalars import AMBIGUOUS, meaning_elsewhere, resolve_plain
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


def read_with_positions(data: bytes, *, file: str, limits: Limits = REQUEST_LIMITS) -> Reading:
    """Return everything that can be said about ``data``. Never raises for anything that a file can hold."""
    reading = Reading(file=file)
    if len(data) > limits.max_bytes:
        reading.is_complete = False
        reading.fault(
            "intent.too-large",
            (),
            (1, 1),
            f"the file is larger than {limits.max_bytes} bytes",
            expected=f"at most {limits.max_bytes} bytes",
        )
        return reading
    fault = encoding_fault(data)
    if fault is not None:
        reading.is_complete = False
        reading.fault("intent.encoding", (), fault.place, fault.message, expected="UTF-8 text", hint=fault.hint)
        return reading
    text = data.removeprefix(BYTE_ORDER_MARK).replace(b"\r\n", b"\n").decode("utf-8")
    for place, message in unprintable_faults(text):
        reading.is_complete = False
        reading.fault("intent.control-character", (), place, message, expected="printable text", hint="delete the character")
    if reading.is_complete:
        _Walk(reading, limits).run(text)
    return reading


@dataclass(slots=True)
class _Frame:
    """One open collection. ``key`` is the field that waits for its value."""

    container: Any
    path: Path
    first: dict[str, Place] = field(default_factory=dict)
    key: str | None = None
    has_key: bool = False


class _Walk:
    """Turns events into a tree, iteratively; the frames on ``_stack`` are the open collections."""

    def __init__(self, reading: Reading, limits: Limits) -> None:
        self._reading = reading
        self._limits = limits
        self._stack: list[_Frame] = []
        self._nodes = 0
        self._documents = 0

    def run(self, text: str) -> None:
        """Read all events, or stop where nothing more can be understood."""
        parser = CParser(text)
        try:
            while self._take(parser.get_event()):
                pass
        except YAMLError as error:
            self._syntax_fault(error)
        if self._documents == 0 and not self._reading.faults:
            self._stop("intent.empty", (1, 1), "the file holds no document", hint="start from: goldenpath request new --dry-run")

    def _take(self, event: Event) -> bool:
        """Handle one event; False ends the reading."""
        if isinstance(event, StreamEndEvent):
            return False
        if isinstance(event, StreamStartEvent | DocumentEndEvent):
            return True
        if isinstance(event, DocumentStartEvent):
            return self._start_document(event)
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            return self._open(event)
        if isinstance(event, ScalarEvent):
            return self._count(event) and self._scalar(event)
        if isinstance(event, AliasEvent):
            return self._count(event) and self._alias(event)
        self._stack.pop()
        return True

    def _start_document(self, event: DocumentStartEvent) -> bool:
        self._documents += 1
        if self._documents > 1:
            self._reading.fault(
                "intent.several-documents",
                (),
                _place(event),
                "a second YAML document starts here",
                expected="one document per file",
                is_usable=True,
            )
            return False
        if event.version or event.tags:
            message = "YAML directives (%YAML, %TAG) are not accepted"
            self._reading.fault("intent.directive", (), _place(event), message, hint="delete the line", is_usable=True)
        return True

    def _count(self, event: Event) -> bool:
        self._nodes += 1
        if self._nodes > self._limits.max_nodes:
            return self._stop("intent.too-many-nodes", _place(event), f"the file holds more than {self._limits.max_nodes} keys and values")
        return True

    def _stop(self, rule: str, place: Place, message: str, *, hint: str = "") -> bool:
        self._reading.is_complete = False
        self._reading.fault(rule, (), place, message, hint=hint)
        return False

    def _open(self, event: Any) -> bool:
        if not self._count(event):
            return False
        if len(self._stack) >= self._limits.max_depth:
            return self._stop("intent.too-deep", _place(event), f"collections are nested deeper than {self._limits.max_depth}")
        container: Any = {} if isinstance(event, MappingStartEvent) else []
        if self._expects_key():
            self._bad_key(event, "a collection")
            path: Path = (*self._stack[-1].path, "(key)")
        else:
            path = self._attach(container, event)
            self._check_properties(event, path)
        self._stack.append(_Frame(container, path))
        return True

    def _scalar(self, event: Any) -> bool:
        value = resolve_plain(event.value) if not event.style and event.tag is None else event.value
        if self._expects_key():
            self._name(event, value)
            return True
        path = self._attach(None if value is AMBIGUOUS else value, event)
        self._check_properties(event, path)
        if value is AMBIGUOUS:
            self._ambiguous(event, path)
        elif isinstance(value, str) and not value.isprintable():
            self._reading.fault(
                "intent.control-character",
                path,
                _place(event),
                f"the text holds {_first_unprintable(value)}",
                expected="printable text on one line",
                hint="write the text on one line, without escapes for control or invisible characters",
            )
        return True

    def _ambiguous(self, event: Any, path: Path) -> None:
        kind = meaning_elsewhere(event.value)
        hint = (
            "write the value, in quotes"
            if event.value == ""
            else "put it in quotes if it is meant as text; write whole numbers in plain decimal"
        )
        self._reading.fault(
            "intent.type",
            path,
            _place(event),
            "type error: nothing is written here, which YAML reads as null"
            if event.value == ""
            else f"type error: some YAML readers take this unquoted word for a {kind}",
            got="nothing" if kind == "null" else f"an unquoted {kind}",
            hint=hint,
        )

    def _alias(self, event: AliasEvent) -> bool:
        if self._expects_key():
            self._bad_key(event, "an alias")
            return True
        path = self._attach(None, event)
        self._reading.fault("intent.alias", path, _place(event), "an alias (*name) is not accepted", hint="write the value out")
        return True

    def _expects_key(self) -> bool:
        frame = self._stack[-1] if self._stack else None
        return frame is not None and isinstance(frame.container, dict) and not frame.has_key

    def _name(self, event: Any, value: Any) -> None:
        frame = self._stack[-1]
        frame.has_key = True
        if value is AMBIGUOUS and event.value == "<<":
            frame.key = None
            self._reading.fault(
                "intent.merge-key", frame.path, _place(event), "a merge key (<<) is not accepted", hint="write the fields out"
            )
        elif not isinstance(value, str) or not value.isprintable():
            self._bad_key(event, "not plain text")
        else:
            frame.key = value
            path = (*frame.path, value)
            if value in frame.first:
                line, column = frame.first[value]
                self._reading.fault(
                    "intent.duplicate-key",
                    path,
                    _place(event),
                    f"'{shown_key(value)}' is given twice, first at line {line}, column {column}; neither value is used",
                    expected="each field once",
                    hint="delete one of the two",
                )
            frame.first.setdefault(value, _place(event))
            self._reading.keys.setdefault(path, _place(event))
            if event.anchor is not None or event.tag is not None:
                self._check_properties(event, path)

    def _bad_key(self, event: Event, what: str) -> None:
        frame = self._stack[-1]
        frame.has_key = True
        frame.key = None
        self._reading.fault(
            "intent.key-type",
            frame.path,
            _place(event),
            f"a field's name is {what}",
            expected="a name as text",
            hint="put the name in quotes if it is meant as text",
            is_usable=True,
        )

    def _attach(self, value: Any, event: Event) -> Path:
        """Put a value where it belongs and return its path."""
        if not self._stack:
            self._reading.tree = value
            self._reading.values[()] = _place(event)
            return ()
        frame = self._stack[-1]
        if isinstance(frame.container, list):
            path: Path = (*frame.path, len(frame.container))
            frame.container.append(value)
        else:
            name, frame.has_key = frame.key, False
            if name is None:
                return (*frame.path, "(key)")
            path = (*frame.path, name)
            frame.container[name] = None if path in self._reading.faulted else value
        self._reading.values.setdefault(path, _place(event))
        return path

    def _check_properties(self, event: Any, path: Path) -> None:
        if event.anchor is not None:
            message = "an anchor (&name) is not accepted"
            self._reading.fault("intent.anchor", path, _place(event), message, hint="delete the anchor", is_usable=True)
        if event.tag is not None:
            self._reading.fault("intent.tag", path, _place(event), "a tag (!name) is not accepted", hint="delete the tag")

    def _syntax_fault(self, error: YAMLError) -> None:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        place = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        # libyaml's texts are fixed strings: they never repeat the file
        problem = error.problem if isinstance(error, MarkedYAMLError) and error.problem else "the text cannot be read"
        self._stop("intent.syntax", place, f"not valid YAML: {problem}", hint="check indentation, colons and quotes around this place")


def _place(event: Event) -> Place:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1)


def _first_unprintable(text: str) -> str:
    char = next(char for char in text if not char.isprintable())
    return "a line break" if char == "\n" else f"the character U+{ord(char):04X}"
