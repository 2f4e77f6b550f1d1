"""What the structs alone cannot say about a request: dates that exist, keys that differ, generators that fit their format.

Each check looks at one part of the tree, so that it also runs on a file whose other parts are at fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec

from goldenpath.intent.excerpt import Path
from goldenpath.model.naming import PARAMETER_PROVIDER
from goldenpath.model.parameter import folded_key, key_fault
from goldenpath.model.request import KeySpec, Spec


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
        first = seen.setdefault(folded_key(key.name), index)
        if first != index:
            yield Fault(
                "intent.duplicate-declared-key",
                (index, "name"),
                f"the same key as keys[{first}] once it becomes an environment variable or a parameter, where case and . - _ do not count",
                expected="names that differ in more than case and punctuation",
            )
        yield from _check_generator(key, index)


_PREFIX_OF: Final = {
    "text": re.compile(r".*"),
    "hex": re.compile(r"[0-9a-fA-F]*"),
    "integer": re.compile(r"-?[0-9]*"),
    "base64": re.compile(r"(?:[A-Za-z0-9+/_-]{4})*"),
    "uuid": re.compile(r""),
}
"""Format that chance can make → the fixed text that may stand before the random part. The format chooses the characters of the rest."""


def _check_generator(key: KeySpec, index: int) -> Iterator[Fault]:
    generator = key.generator
    if generator is None:
        return
    prefix = _PREFIX_OF.get(key.format)
    if prefix is None:
        message = f"no generator makes a value of format {key.format}"
        hint = f"delete the generator and bring the value, or declare one of the formats {', '.join(_PREFIX_OF)}"
        yield Fault("intent.generator-format", (index, "generator"), message, hint=hint)
    elif not prefix.fullmatch(generator.prefix):
        message = f"the prefix does not fit a value of format {key.format}"
        yield Fault("intent.generator-format", (index, "generator", "prefix"), message, expected="a prefix of the same format, or none")


def check_parameter_keys(spec: Spec) -> Iterator[Fault]:
    """Yield a fault for each key that cannot be a parameter's name, where the keys become parameters (R29)."""
    if spec.provider != PARAMETER_PROVIDER:
        return
    for index, key in enumerate(spec.keys):
        fault = key_fault(key.name)
        if fault:
            yield Fault(
                "intent.parameter-key",
                ("keys", index, "name"),
                f"the key becomes a parameter's name, and {fault}",
                expected="letters, digits and underscores, such as DATABASE_URL",
            )


REQUEST_CHECKS: Final = (
    PartCheck(("spec",), Spec, check_parameter_keys),
    PartCheck(("spec", "renewedOn"), str, check_date),
    PartCheck(("spec", "keys"), tuple[KeySpec, ...], check_keys),
)
