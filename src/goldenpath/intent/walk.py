"""Walks libyaml's events into a tree, remembering places and naming every fault of form (R5).

Iterative: the open collections are a list of frames, so nesting costs no stack. Messages name kinds of things, never their text (R1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from yaml._yaml import CParser
from yaml.error import YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from goldenpath.intent import form
from goldenpath.intent.excerpt import Path
from goldenpath.intent.reader import Limits
from goldenpath.intent.reading import Place, Reading
from goldenpath.intent.scalars import AMBIGUOUS, resolve_plain

_DETACHED = "(key)"
"""Stands in a path for something whose field has no usable name."""


@dataclass(slots=True)
class _Frame:
    """One open collection. ``key`` is the field that waits for its value."""

    container: Any
    path: Path
    first: dict[str, Place] = field(default_factory=dict)
    key: str | None = None
    has_key: bool = False


class Walk:
    """Turns the events of one text into ``reading``; the frames on ``_stack`` are the open collections."""

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
            event = parser.get_event()
            while event is not None and not isinstance(event, StreamEndEvent) and self._take(event):
                event = parser.get_event()
        except YAMLError as error:
            form.syntax(self._reading, error)
        if self._documents == 0 and not self._reading.faults:
            self._reading.stop("intent.empty", (1, 1), "the file holds no document", hint="start from: goldenpath request new --dry-run")

    def _take(self, event: Event) -> bool:
        """Handle one event; False ends the reading."""
        if isinstance(event, DocumentStartEvent):
            return self._start_document(event)
        if isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._stack.pop()
        if not isinstance(event, ScalarEvent | AliasEvent | MappingStartEvent | SequenceStartEvent):
            return True
        if self._has_too_much(event):
            return False
        if isinstance(event, ScalarEvent):
            self._scalar(event)
        elif isinstance(event, AliasEvent):
            self._alias(event)
        else:
            self._open(event)
        return True

    def _start_document(self, event: DocumentStartEvent) -> bool:
        self._documents += 1
        if self._documents > 1:
            form.second_document(self._reading, _place(event))
            return False
        if event.version or event.tags:
            form.directive(self._reading, _place(event))
        return True

    def _has_too_much(self, event: Event) -> bool:
        self._nodes += 1
        if self._nodes > self._limits.max_nodes:
            message = f"the file holds more than {self._limits.max_nodes} keys and values"
            self._reading.stop("intent.too-many-nodes", _place(event), message)
            return True
        if isinstance(event, MappingStartEvent | SequenceStartEvent) and len(self._stack) >= self._limits.max_depth:
            message = f"collections are nested deeper than {self._limits.max_depth}"
            self._reading.stop("intent.too-deep", _place(event), message)
            return True
        return False

    def _open(self, event: Any) -> None:
        container: Any = {} if isinstance(event, MappingStartEvent) else []
        if self._expects_key():
            self._take_bad_key(event, "a collection")
            path: Path = (*self._stack[-1].path, _DETACHED)
        else:
            path = self._attach(container, event)
            self._check_properties(event, path)
        self._stack.append(_Frame(container, path))

    def _scalar(self, event: Any) -> None:
        value = resolve_plain(event.value) if not event.style and event.tag is None else event.value
        if self._expects_key():
            self._name(event, value)
            return
        path = self._attach(None if value is AMBIGUOUS else value, event)
        self._check_properties(event, path)
        if value is AMBIGUOUS:
            form.ambiguous(self._reading, path, _place(event), event.value)
        elif isinstance(value, str) and not value.isprintable():
            form.unprintable(self._reading, path, _place(event), value)

    def _alias(self, event: AliasEvent) -> None:
        if self._expects_key():
            self._take_bad_key(event, "an alias")
        else:
            form.alias(self._reading, self._attach(None, event), _place(event))

    def _expects_key(self) -> bool:
        frame = self._stack[-1] if self._stack else None
        return frame is not None and isinstance(frame.container, dict) and not frame.has_key

    def _name(self, event: Any, value: Any) -> None:
        frame = self._stack[-1]
        if value is AMBIGUOUS and event.value == "<<":
            frame.has_key, frame.key = True, None
            form.merge_key(self._reading, frame.path, _place(event))
        elif not isinstance(value, str) or not value.isprintable():
            self._take_bad_key(event, "not plain text")
        else:
            self._take_key(event, frame, value)

    def _take_key(self, event: Any, frame: _Frame, name: str) -> None:
        frame.has_key, frame.key = True, name
        path = (*frame.path, name)
        first = frame.first.setdefault(name, _place(event))
        if first != _place(event):
            form.duplicate_key(self._reading, path, _place(event), first)
        self._reading.keys.setdefault(path, _place(event))
        self._check_properties(event, path)

    def _take_bad_key(self, event: Event, what: str) -> None:
        frame = self._stack[-1]
        frame.has_key, frame.key = True, None
        form.bad_key(self._reading, frame.path, _place(event), what)

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
                return (*frame.path, _DETACHED)
            path = (*frame.path, name)
            frame.container[name] = None if path in self._reading.faulted else value
        self._reading.values.setdefault(path, _place(event))
        return path

    def _check_properties(self, event: Any, path: Path) -> None:
        if event.anchor is not None:
            form.anchor(self._reading, path, _place(event))
        if event.tag is not None:
            form.tag(self._reading, path, _place(event))


def _place(event: Event) -> Place:
    mark: Any = event.start_mark
    return (mark.line + 1, mark.column + 1)
