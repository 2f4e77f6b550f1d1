"""The faults of form in words: what the strict reader refuses although YAML allows it (R5). Never repeats the text at fault (R1)."""

from __future__ import annotations

from yaml.error import MarkedYAMLError, YAMLError

from goldenpath.intent.excerpt import Path, shown_key
from goldenpath.intent.reading import Place, Reading
from goldenpath.intent.scalars import meaning_elsewhere


def ambiguous(reading: Reading, path: Path, place: Place, word: str) -> None:
    """Refuse an unquoted word that YAML readers disagree about."""
    kind = meaning_elsewhere(word)
    if word:
        message = f"type error: some YAML readers take this unquoted word for a {kind}"
        hint = "put it in quotes if it is meant as text; write whole numbers in plain decimal"
    else:
        message, hint = "type error: nothing is written here, which YAML reads as null", "write the value, in quotes, or delete the field"
    reading.fault("intent.type", path, place, message, got="nothing" if kind == "null" else f"an unquoted {kind}", hint=hint)


def unprintable(reading: Reading, path: Path, place: Place, text: str) -> None:
    """Refuse text with line breaks, control or invisible characters."""
    char = next(char for char in text if not char.isprintable())
    what = "a line break" if char == "\n" else f"the character U+{ord(char):04X}"
    hint = "write the text on one line, without escapes for control or invisible characters"
    reading.fault("intent.control-character", path, place, f"the text holds {what}", expected="printable text on one line", hint=hint)


def duplicate_key(reading: Reading, path: Path, place: Place, first: Place) -> None:
    """Refuse a field that is given twice."""
    message = f"'{shown_key(str(path[-1]))}' is given twice, first at line {first[0]}, column {first[1]}; neither value is used"
    reading.fault("intent.duplicate-key", path, place, message, expected="each field once", hint="delete one of the two")


def bad_key(reading: Reading, path: Path, place: Place, what: str) -> None:
    """Refuse a field whose name is not text."""
    hint = "put the name in quotes if it is meant as text"
    reading.fault("intent.key-type", path, place, f"a field's name is {what}", expected="a name as text", hint=hint, is_usable=True)


def merge_key(reading: Reading, path: Path, place: Place) -> None:
    """Refuse ``<<``."""
    reading.fault("intent.merge-key", path, place, "a merge key (<<) is not accepted", hint="write the fields out")


def alias(reading: Reading, path: Path, place: Place) -> None:
    """Refuse ``*name``."""
    reading.fault("intent.alias", path, place, "an alias (*name) is not accepted", hint="write the value out")


def anchor(reading: Reading, path: Path, place: Place) -> None:
    """Refuse ``&name``; the value itself can still be checked."""
    reading.fault("intent.anchor", path, place, "an anchor (&name) is not accepted", hint="delete the anchor", is_usable=True)


def tag(reading: Reading, path: Path, place: Place) -> None:
    """Refuse ``!name``."""
    reading.fault("intent.tag", path, place, "a tag (!name) is not accepted", hint="delete the tag")


def directive(reading: Reading, place: Place) -> None:
    """Refuse ``%YAML`` and ``%TAG``."""
    message = "YAML directives (%YAML, %TAG) are not accepted"
    reading.fault("intent.directive", (), place, message, hint="delete the line", is_usable=True)


def second_document(reading: Reading, place: Place) -> None:
    """Refuse a second document; the first is still checked."""
    message = "a second YAML document starts here"
    reading.fault("intent.several-documents", (), place, message, expected="one document per file", is_usable=True)


def syntax(reading: Reading, error: YAMLError) -> None:
    """Refuse what libyaml cannot read. Its texts are fixed strings that never repeat the file."""
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    place = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    problem = error.problem if isinstance(error, MarkedYAMLError) and error.problem else "the text cannot be read"
    reading.stop("intent.syntax", place, f"not valid YAML: {problem}", hint="check indentation, colons and quotes around this place")
