"""Changes a file in the lines that change: comments, order, quotes and line ends of the rest stay as a person left them.

The file is one that the strict reader accepts, so it holds no anchors, tags or repeated keys. Whatever comes out is read again: a layout
that cannot be edited by line is refused, never written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
import yaml

from goldenpath.errors import InvalidIntent
from goldenpath.intent.authoring import item_lines, mapping_lines, scalar_text
from goldenpath.intent.contract import load
from goldenpath.intent.reader import BYTE_ORDER_MARK

T = TypeVar("T", bound=msgspec.Struct)

_BLOCK_TEXTS: Final = ("|", ">")


class _Change(NamedTuple):
    """One field that differs. ``old`` or ``new`` is None where it is not stated; ``order`` names the fields of its parent in order."""

    path: tuple[str, ...]
    old: Any
    new: Any
    order: tuple[str, ...]


def edit(data: bytes, before: T, after: T, *, file: str) -> bytes:
    """Return the file with ``after`` in the place of ``before``, which it states now; equal objects give the same bytes.

    Raises:
        InvalidIntent: ``intent.not-editable`` when the layout does not allow it: the file is left to the person.
    """
    mark = BYTE_ORDER_MARK if data.startswith(BYTE_ORDER_MARK) else b""
    text = data.removeprefix(mark).decode("utf-8")
    for change in _changes(msgspec.to_builtins(before), msgspec.to_builtins(after), ()):
        try:
            text = _edited(text, change)
        except (LookupError, yaml.YAMLError):
            raise _not_editable(file) from None
    edited = mark + text.encode("utf-8")
    if load(edited, type(after), file=file).value != after:
        raise _not_editable(file)
    return edited


def _not_editable(file: str) -> InvalidIntent:
    return InvalidIntent(
        "intent.not-editable",
        "the layout of this file does not allow to change single lines of it",
        subject=file,
        hint="edit the file by hand, or bring it into the layout of: goldenpath request show ID",
    )


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[_Change]:
    """Yield what differs, field by field; a mapping that comes or goes is one change."""
    order = (*after, *(name for name in before if name not in after))
    for name in order:
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _changes(old, new, (*path, name))
        else:
            yield _Change((*path, name), old, new, order)


def _edited(text: str, change: _Change) -> str:
    """Return the text after one change. Raises ``LookupError`` where the layout has no place for it."""
    *way, name = change.path
    parent = _root(text)
    for step in way:
        parent = _child(parent, step)
    page = _Page(text)
    entry = next((pair for pair in parent.value if pair[0].value == name), None)
    if change.new is None:
        return text if entry is None else page.without_entry(parent, entry)
    if entry is None:
        return page.with_entry(parent, name, change.new, change.order)
    if isinstance(change.new, list | tuple):
        return page.with_list(entry, change.old or (), change.new)
    return page.with_scalar(entry[1], change.new)


def _no_place(what: str) -> LookupError:
    return LookupError(what)


def _root(text: str) -> yaml.MappingNode:
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    if not isinstance(node, yaml.MappingNode):
        raise _no_place("mapping")
    return node


def _child(node: yaml.MappingNode, name: str) -> yaml.MappingNode:
    found = next((value for key, value in node.value if key.value == name), None)
    if not isinstance(found, yaml.MappingNode):
        raise _no_place(name)
    return found


class _Page:
    """The text with the operations on it. Positions are counted in characters, as the parser does."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._newline = "\r\n" if "\r\n" in text else "\n"

    def with_scalar(self, node: yaml.Node, value: Any) -> str:
        """Put a word in the place of another."""
        if not isinstance(node, yaml.ScalarNode):
            raise _no_place("scalar")
        return self._spliced(node.start_mark.index, self._end(node), scalar_text(value))

    def with_entry(self, parent: yaml.MappingNode, name: str, value: Any, order: Sequence[str]) -> str:
        """Add a field behind the nearest one that the contract puts before it."""
        known = [pair for pair in parent.value if pair[0].value in order]
        earlier = [pair for pair in known if order.index(pair[0].value) < order.index(name)]
        if parent.flow_style:
            end = self._end(parent.value[-1][1])
            return self._spliced(end, end, f", {scalar_text(name)}: {_flow(value)}")
        lines = mapping_lines({name: value}, " " * parent.value[0][0].start_mark.column)
        if earlier:
            return self._with_lines(self._line_end(self._end(earlier[-1][1])), lines)
        return self._with_lines(self._line_start(parent.value[0][0].start_mark.index), lines)

    def without_entry(self, parent: yaml.MappingNode, entry: tuple[yaml.Node, yaml.Node]) -> str:
        """Take a field away, with the comment on its line."""
        number = parent.value.index(entry)
        if parent.flow_style:
            return self._without_flow_part([pair[0] for pair in parent.value], [pair[1] for pair in parent.value], number)
        return self._spliced(self._line_start(entry[0].start_mark.index), self._line_end(self._end(entry[1])), "")

    def with_list(self, entry: tuple[yaml.Node, yaml.Node], old: Sequence[Any], new: Sequence[Any]) -> str:
        """Keep the items that stay, take away the others, add new ones at the end."""
        node = entry[1]
        if not isinstance(node, yaml.SequenceNode) or len(node.value) != len(old):
            raise _no_place("list")
        kept = [number for number, item in enumerate(old) if item in new]
        if [old[number] for number in kept] != list(new[: len(kept)]):
            kept = []
        added = list(new[len(kept) :])
        if node.flow_style:
            words = [self._text[node.value[number].start_mark.index : self._end(node.value[number])] for number in kept]
            return self._spliced(node.start_mark.index, node.end_mark.index, f"[{', '.join([*words, *map(_flow, added)])}]")
        return self._with_block_items(node, kept, added)

    def _with_block_items(self, node: yaml.SequenceNode, kept: Sequence[int], added: Sequence[Any]) -> str:
        page = self
        if added:
            lines = item_lines(added, " " * node.start_mark.column)
            page = _Page(self._with_lines(self._line_end(self._end(node)), lines))
        for number in reversed(range(len(node.value))):
            if number not in kept:
                item = node.value[number]
                page = _Page(page._spliced(page._line_start(item.start_mark.index), page._line_end(self._end(item)), ""))
        return page._text

    def _without_flow_part(self, starts: Sequence[yaml.Node], ends: Sequence[yaml.Node], number: int) -> str:
        if number:
            return self._spliced(self._end(ends[number - 1]), self._end(ends[number]), "")
        if len(starts) == 1:
            raise _no_place("the only field")
        return self._spliced(starts[0].start_mark.index, starts[1].start_mark.index, "")

    def _end(self, node: yaml.Node) -> int:
        """Return where what is written of a node ends; the parser lets block collections reach to whatever comes next."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style:
            last = node.value[-1]
            return self._end(last[1] if isinstance(last, tuple) else last)
        if isinstance(node, yaml.ScalarNode) and node.style in _BLOCK_TEXTS:
            return node.start_mark.index + len(self._text[node.start_mark.index : node.end_mark.index].rstrip())
        return int(node.end_mark.index)

    def _line_start(self, index: int) -> int:
        return self._text.rfind("\n", 0, index) + 1

    def _line_end(self, index: int) -> int:
        """Return the start of the next line; the end of the text where there is none."""
        found = self._text.find("\n", index)
        return len(self._text) if found < 0 else found + 1

    def _with_lines(self, index: int, lines: Iterator[str]) -> str:
        """Put whole lines before the one that starts at ``index``."""
        added = "".join(line + self._newline for line in lines)
        is_open = index > 0 and self._text[index - 1] != "\n"
        return self._spliced(index, index, self._newline + added if is_open else added)

    def _spliced(self, start: int, end: int, words: str) -> str:
        return self._text[:start] + words + self._text[end:]


def _flow(value: Any) -> str:
    """Return a value as it stands between brackets: JSON, which is YAML there."""
    return scalar_text(value) if isinstance(value, str) and ":" not in value else msgspec.json.encode(value).decode("utf-8")
