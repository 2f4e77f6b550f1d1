"""What the structs alone cannot say about a request: dates that exist, keys that differ, generators that fit their format.

Each check looks at one part of the tree, so that it also runs on a file whose other parts are at fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec

from goldenpath.intent.excerpt import Path
from goldenpath.model.request import KeySpec


class Fault(NamedTuple):
    """One thing wrong at a path below the checked part; ``got`` never holds a value."""

    rule: str
    path: Path
    message: str
    got: str = ""
    expected: str = ""
    hint: str = ""


class PartCheck(NamedTuple):
    """A check of the part at ``path``, which is of type ``part``."""

    path: Path
    part: Any
    run: Callable[[Any], Iterator[Fault]]

    def faults_in(self, tree: Any) -> Iterator[Fault]:
        """Yield the faults of the part in a plain tree, with full paths; none where the part is absent or not of its type."""
        node = tree
        for name in self.path:
            node = node.get(name) if isinstance(node, dict) else None
        if node is None:
            return
        try:
            part = msgspec.convert(node, self.part)
        except msgspec.ValidationError:
            return
        for fault in self.run(part):
            yield fault._replace(path=(*self.path, *fault.path))


def check_date(text: str) -> Iterator[Fault]:
    """Yield a fault when the date is not in the calendar."""
    try:
        date.fromisoformat(text)
    except ValueError:
        yield Fault("intent.date", (), "there is no such day in the calendar", expected="a date as YYYY-MM-DD")


def check_keys(keys: tuple[KeySpec, ...]) -> Iterator[Fault]:
    """Yield faults of the declared keys.

    Two keys that differ only in case, or in ``.``, ``-`` and ``_``, would be one variable in an environment and one parameter in
    Parameter Store.
    """
    seen: dict[str, int] = {}
    for index, key in enumerate(keys):
        folded = key.name.lower().replace("-", "_").replace(".", "_")
        first = seen.setdefault(folded, index)
        if first != index:
            yield Fault(
                "intent.duplicate-declared-key",
                (index, "name"),
                f"the same key as keys[{first}] once it becomes an environment variable or a parameter, where case and . - _ do not count",
                expected="names that differ in more than case and punctuation",
            )
        yield from _check_generator(key, index)


_GENERATED: Final[dict[str, tuple[str, ...]]] = {
    "text": ("alphanumeric", "letters", "digits", "hex", "base64url", "printable"),
    "hex": ("hex", "digits"),
    "integer": ("digits",),
    "base64": ("alphanumeric", "letters", "digits", "hex"),
}
"""Format → alphabets whose every draw has that format."""


def _check_generator(key: KeySpec, index: int) -> Iterator[Fault]:
    generator = key.generator
    if generator is None:
        return
    alphabets = _GENERATED.get(key.format)
    rule = "intent.generator-format"
    if alphabets is None:
        hint = f"delete the generator and bring the value, or declare one of the formats {', '.join(_GENERATED)}"
        yield Fault(rule, (index, "generator"), f"no generator makes a value of format {key.format}", hint=hint)
        return
    if generator.alphabet not in alphabets:
        expected = "one of " + ", ".join(alphabets)
        message = f"alphabet {generator.alphabet} does not make a value of format {key.format}"
        yield Fault(rule, (index, "generator", "alphabet"), message, got=generator.alphabet, expected=expected)
    if generator.prefix and key.format != "text":
        yield Fault(rule, (index, "generator", "prefix"), f"a prefix breaks format {key.format}", expected="no prefix")
    unit = {"hex": 2, "base64": 4}.get(key.format, 1)
    if generator.length % unit:
        expected = f"a multiple of {unit}"
        yield Fault(
            rule, (index, "generator", "length"), f"format {key.format} needs {expected} characters", str(generator.length), expected
        )


REQUEST_CHECKS: Final = (
    PartCheck(("spec", "renewedOn"), str, check_date),
    PartCheck(("spec", "keys"), tuple[KeySpec, ...], check_keys),
)
