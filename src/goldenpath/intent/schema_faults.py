"""Every way in which a tree differs from its contract, by JSON Schema, in words (R5). Imported only after a fault."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Any, cast

import jsonschema_rs
import msgspec

from goldenpath.intent.excerpt import Path, describe_type, dotted, excerpt
from goldenpath.intent.reading import Reading
from goldenpath.intent.schema import schema_of
from goldenpath.intent.spelling import LENGTH_REASONS, PATTERNS, first_odd_character, length_reason
from goldenpath.intent.words import READ_ONLY_SOURCES, nearest
from goldenpath.model.request import LABEL_PATTERN, SUBDOMAIN_PATTERN

_TYPE_WORDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
_LIMIT_WORDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} characters",
    "minItems": "at least {} entries",
    "maxItems": "at most {} entries",
    "minProperties": "at least {} fields",
    "maxProperties": "at most {} fields",
}


def add_schema_faults(reading: Reading, struct: type[Any], words: Mapping[Path, tuple[str, ...]]) -> None:
    """Add every fault of ``reading.tree`` against ``struct`` and the allowed ``words`` per field."""
    schema = _schema(cast("Hashable", struct), tuple(words.items()))
    seen: set[tuple[Path, str]] = set()
    for error in _validator(cast("Hashable", struct), tuple(words.items())).iter_errors(_for_checking(reading.tree)):
        path: Path = tuple(error.instance_path)
        name = error.kind.name
        if _is_known_bad(reading, path):
            _say_what_was_expected(reading, path, name, error)
            continue
        if name == "pattern" and ((path, "enum") in seen or _word_list(schema, path)):
            continue
        seen.add((path, name))
        _explain(reading, schema, path, name, error)


def _is_known_bad(reading: Reading, path: Path) -> bool:
    return any(path[:end] in reading.faulted for end in range(len(path) + 1))


def _say_what_was_expected(reading: Reading, path: Path, name: str, error: Any) -> None:
    """Complete a type error that the reader found without knowing the contract."""
    if name not in {"type", "enum"}:
        return
    detail = error.kind.as_dict()
    expected = " or ".join(_TYPE_WORDS[kind] for kind in detail["types"]) if name == "type" else "one of " + ", ".join(detail["options"])
    for number, fault in enumerate(reading.faults):
        if fault.rule == "intent.type" and fault.field == dotted(path) and (name == "enum" or not fault.expected):
            reading.faults[number] = msgspec.structs.replace(fault, expected=expected)


def _explain(reading: Reading, schema: Any, path: Path, name: str, error: Any) -> None:
    detail = error.kind.as_dict()
    value = error.instance
    if name == "required":
        _missing(reading, schema, path, detail["property"])
    elif name == "additionalProperties":
        for field in detail["unexpected"]:
            _unknown(reading, schema, path, field)
    elif name == "propertyNames":
        _bad_name(reading, path, value, detail["error"])
    elif name == "enum":
        _not_a_word(reading, path, value, [option for option in detail["options"] if isinstance(option, str)])
    elif name == "type":
        expected = " or ".join(_TYPE_WORDS[kind] for kind in detail["types"])
        _wrong_type(reading, path, value, expected)
    elif name == "pattern":
        _wrong_form(reading, path, value, detail["pattern"])
    elif name == "maxLength":
        _too_long(reading, path, value, detail["limit"])
    else:
        _out_of_range(reading, path, value, _LIMIT_WORDS[name].format(_plain(detail["limit"])))


def _missing(reading: Reading, schema: Any, path: Path, field: str) -> None:
    node = _descend(schema, path)["properties"][field]
    meaning = _resolve(schema, node).get("description", "")
    at = (*path, field)
    reading.fault("intent.missing-field", at, reading.key_place(path), "mandatory field is missing", expected=meaning, hint=f"add {field}:")


def _unknown(reading: Reading, schema: Any, path: Path, field: str) -> None:
    known = list(_descend(schema, path).get("properties", {}))
    guess = nearest(field, known)
    reading.fault(
        "intent.unknown-field",
        (*path, field),
        reading.key_place((*path, field)),
        "unknown field",
        expected="one of " + ", ".join(known),
        hint=f"did you mean {guess}?" if guess else "delete it; no file in Git ever holds a value",
    )


def _bad_name(reading: Reading, path: Path, value: Any, error: Any) -> None:
    rule = PATTERNS.get(error.kind.as_dict().get("pattern", ""), "at most 63 characters")
    for field in value:
        if field == error.instance:
            at = (*path, field)
            reading.fault("intent.pattern", at, reading.key_place(at), "the field's name has the wrong form", expected=rule)


def _not_a_word(reading: Reading, path: Path, value: Any, options: list[str]) -> None:
    expected = "one of " + ", ".join(options)
    if not isinstance(value, str):
        _wrong_type(reading, path, value, f"a string, {expected}")
        return
    guess = nearest(value, options)
    hint = f"did you mean {guess}?" if guess else ""
    if path == ("spec", "provider") and value in READ_ONLY_SOURCES:
        hint = "that is a read-only source at run time; a request names the store that keeps the value"
    # so near to an allowed word that it can be nothing else; anything farther is shown only when it is a plain word
    got = f"'{value}'" if guess and value.isprintable() else excerpt(value)
    reading.fault("intent.enum", path, reading.place(path), f"{got} is not an allowed word", got=got, expected=expected, hint=hint)


def _wrong_type(reading: Reading, path: Path, value: Any, expected: str) -> None:
    got = describe_type(value)
    hint = "put it in quotes" if expected.startswith("a string") and isinstance(value, bool | int | float) else ""
    if expected == "a whole number" and isinstance(value, str):
        hint = "write the number without quotes"
    reading.fault(
        "intent.type", path, reading.place(path), f"type error: expected {expected}, got {got}", got=got, expected=expected, hint=hint
    )


def _wrong_form(reading: Reading, path: Path, value: str, pattern: str) -> None:
    rule = PATTERNS.get(pattern, "another form")
    odd = first_odd_character(value) if pattern in {LABEL_PATTERN, SUBDOMAIN_PATTERN} else ""
    message = f"wrong form, {odd}" if odd else "wrong form"
    reading.fault("intent.pattern", path, reading.place(path), message, got=excerpt(value), expected=rule)


def _too_long(reading: Reading, path: Path, value: str, limit: int) -> None:
    reason = length_reason(path)
    because = f" because {reason}" if reason else ""
    # the length of an identifier is no secret; of free text, where a value may have been pasted, it is not told
    length = f"{len(value)} characters" if _is_identifier(path) else "too long"
    reading.fault("intent.length", path, reading.place(path), f"{length}, at most {limit}{because}", expected=f"at most {limit} characters")


def _is_identifier(path: Path) -> bool:
    return tuple(part for part in path if isinstance(part, str)) in LENGTH_REASONS


def _out_of_range(reading: Reading, path: Path, value: Any, expected: str) -> None:
    got = excerpt(value)
    reading.fault("intent.range", path, reading.place(path), f"{got} is out of range, expected {expected}", got=got, expected=expected)


def _plain(limit: Any) -> str:
    return str(int(limit)) if isinstance(limit, float) and limit.is_integer() else str(limit)


def _for_checking(tree: Any) -> Any:
    """Return the tree with integral floats made fractional: JSON Schema counts 30.0 as an integer, the contract does not."""
    if isinstance(tree, dict):
        return {name: _for_checking(value) for name, value in tree.items()}
    if isinstance(tree, list):
        return [_for_checking(value) for value in tree]
    return tree + 0.5 if isinstance(tree, float) and tree.is_integer() else tree


@lru_cache(maxsize=16)
def _schema(struct: Hashable, words: tuple[tuple[Path, tuple[str, ...]], ...]) -> Any:
    schema = schema_of(cast("type[Any]", struct))
    for path, allowed in words:
        node = _descend(schema, path[:-1])["properties"]
        node[path[-1]] = {**node[path[-1]], "enum": list(allowed)}
    return schema


@lru_cache(maxsize=16)
def _validator(struct: Hashable, words: tuple[tuple[Path, tuple[str, ...]], ...]) -> Any:
    return jsonschema_rs.Draft202012Validator(_schema(struct, words))


def _resolve(schema: Any, node: Any) -> Any:
    reference = node.get("$ref")
    return node if reference is None else schema["$defs"][reference.rpartition("/")[2]]


def _descend(schema: Any, path: Path) -> Any:
    """Return the schema of the value at ``path``; an empty one where any value would do."""
    node = _resolve(schema, schema)
    for part in path:
        if isinstance(part, int):
            node = node.get("items", {})
        else:
            node = node.get("properties", {}).get(part) or node.get("additionalProperties") or {}
        node = _resolve(schema, node)
    return node


def _word_list(schema: Any, path: Path) -> bool:
    return "enum" in _descend(schema, path)
