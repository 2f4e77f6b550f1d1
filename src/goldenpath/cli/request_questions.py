"""What ``goldenpath request new`` asks on a terminal: each answer is checked at once, with the platform's own words to choose from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from goldenpath.cli.state import CliState

if TYPE_CHECKING:
    from goldenpath.app.author import Author

NEEDED = ("service", "name", "environment", "owner")
_TRIES = 3


class _Question(NamedTuple):
    option: str
    name: str
    choices: tuple[str, ...] = ()
    default: str = ""


def complete(state: CliState, author: Author, given: dict[str, Any]) -> dict[str, Any]:
    """Return the answers: those given, the platform's defaults, and what a person adds where something is missing.

    Raises:
        InvalidIntent: ``cli.missing-argument`` naming the options, where nobody can be asked or nothing usable was answered.
    """
    from goldenpath.app.author import default_words
    from goldenpath.cli.confirm import is_interactive

    defaults = default_words(author)
    answers = {**defaults, **given}
    missing = [name for name in NEEDED if not answers.get(name)]
    if not missing:
        return answers
    if not is_interactive():
        raise _missing(missing, "needed, and nobody can be asked here")
    asked = [question for question in _questions(author, defaults) if question.option not in given]
    return {**answers, **{question.option: _answer(state, question) for question in asked}}


def _questions(author: Author, defaults: dict[str, str]) -> tuple[_Question, ...]:
    enums = author.enums
    return (
        _Question("service", "service that the secret belongs to"),
        _Question("name", "name of the secret"),
        _Question("environment", "environment", enums.environments),
        _Question("owner", "owner", enums.owners, defaults.get("owner", "")),
        _Question("secret_type", "type", enums.security.secret_types.values, defaults["secret_type"]),
        _Question("tier", "risk tier", enums.security.risk_tiers.values, defaults["tier"]),
        _Question("rotation_class", "rotation class", enums.security.rotation_classes.values, defaults["rotation_class"]),
    )


def _answer(state: CliState, question: _Question) -> str:
    from goldenpath.cli.confirm import ask

    choices = f" ({', '.join(question.choices)})" if question.choices else ""
    default = f" [{question.default}]" if question.default else ""
    for _ in range(_TRIES):
        answer = ask(state.output, f"{question.name}{choices}{default}: ").strip() or question.default
        fault = _fault(question, answer)
        if not fault:
            return answer
        state.output.warn(fault)
    raise _missing([question.option], "no usable answer")


def _fault(question: _Question, answer: str) -> str:
    """Say what is wrong with an answer, without repeating it."""
    from goldenpath.model.environment import canonical_environment
    from goldenpath.model.request import LABEL_PATTERN

    if question.option == "environment":
        answer = canonical_environment(answer) or ""
    if question.choices:
        return "" if answer in question.choices else f"expected one of {', '.join(question.choices)}"
    return "" if re.search(LABEL_PATTERN, answer) else "expected lower-case letters, digits and '-', beginning and ending with no '-'"


def _missing(options: list[str], why: str) -> Exception:
    from goldenpath.errors import InvalidIntent

    words = {"secret_type": "type", "rotation_class": "rotation"}
    flags = ", ".join(f"--{words.get(name, name)}" for name in options)
    return InvalidIntent("cli.missing-argument", f"{flags}: {why}", hint=f"pass {flags}")
