"""The request file as a template of Backstage's (Nunjucks with ``${{ }}``), laid out by the code that writes request files.

A sample request is written, and its words are exchanged for expressions: order, indentation and what is left out cannot differ from
what ``request new`` writes. Quotes are put by the same rule, spelled in the portal's language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from goldenpath.intent.authoring import PLAIN_PATTERN, mapping_lines
from goldenpath.intent.portal_form import FIELDS, FIXED, FormField
from goldenpath.intent.scalars import AMBIGUOUS_WORDS
from goldenpath.model.request import SecretRequest

_NUMBER: Final = 3333
_OPTIONAL: Final = ("description", "adr", "requester")


def file_template(*, header: str = "") -> str:
    """Return the template; ``header`` is a first line. It reads ``values`` with the names of the form, and ``id`` and ``requester``."""
    sample = msgspec.convert(_sample(), SecretRequest)
    lines = [f"{line}\n" for line in ([header] if header else [])]
    rest = list(mapping_lines(msgspec.to_builtins(sample), ""))
    start = rest.index("  keys:")
    lines += [_line(line) for line in rest[:start]]
    return _MACRO + "".join(lines) + _keys(rest[start : start + 3])


def next_id_template(*, listing: str, folder: str, floor: int) -> str:
    """Return the expression of the next free id: one above the highest that a file of the catalog states, and above ``floor`` (D6).

    Args:
        listing: Expression of a list of files with ``name`` and ``path``.
        folder: What the path of each file of the catalog begins with, a closing slash included.
        floor: The highest id that no file tells of.
    """
    return (
        f"{{%- set top = {floor} -%}}{{%- for file in {listing} -%}}"
        f"{{%- if file.path.startsWith('{folder}') and r/^SEC-[0-9]{{4,12}}(\\.metadata)?\\.yaml$/.test(file.name) -%}}"
        "{%- set number = file.name.slice(4).split('.')[0] | int -%}{%- if number > top -%}{%- set top = number -%}{%- endif -%}"
        "{%- endif -%}{%- endfor -%}{%- set digits = (top + 1) | string -%}"
        "SEC-{%- if digits.length < 4 -%}${{ ('0000' + digits).slice(digits.length) }}{%- else -%}${{ digits }}{%- endif -%}"
    )


_MACRO: Final = (
    "{%- macro word(text) -%}"
    f"{{%- if r/^{PLAIN_PATTERN.replace('/', chr(92) + '/')}$/.test(text) and text.toLowerCase() not in "
    f"{sorted({each.lower() for each in AMBIGUOUS_WORDS if each.isalpha()})} -%}}"
    "${{ text }}{%- else -%}${{ text | dump }}{%- endif -%}{%- endmacro -%}\n"
)


def _sample() -> dict[str, Any]:
    """Return a request in which every field of the form, and those that the portal adds, hold a mark of their own."""
    tree: dict[str, Any] = {}
    for path, word in FIXED.items():
        _put(tree, path, word)
    _put(tree, ("metadata", "id"), "SEC-0000")
    _put(tree, ("metadata", "requester"), "mark-requester")
    for field in FIELDS:
        _put(tree, field.path, _mark(field))
    return tree


def _mark(field: FormField) -> Any:
    special: Mapping[str, Any] = {"ttlDays": _NUMBER, "keys": [{"name": "mark-key", "format": "uuid"}]}
    return special.get(field.name, f"mark-{field.name.lower()}")


def _put(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = value


_EXPRESSIONS: Final = {
    "SEC-0000": "${{ word(values.id) }}",
    str(_NUMBER): "${{ values.ttlDays }}",
    "mark-requester": "${{ word(values.requester) }}",
    **{
        f"mark-{field.name.lower()}": f"${{{{ word(values.{field.name}{f' or values.{field.fallback}' if field.fallback else ''}) }}}}"
        for field in FIELDS
        if field.name not in {"ttlDays", "keys"}
    },
}


def _line(line: str) -> str:
    name, _, word = line.strip().partition(": ")
    shown = re.sub(r": .*", lambda _: f": {_EXPRESSIONS[word]}", line) if word in _EXPRESSIONS else line
    return f"{{% if values.{name} %}}{shown}\n{{% endif %}}" if name in _OPTIONAL else f"{shown}\n"


def _keys(lines: list[str]) -> str:
    head, name, kind = lines
    return (
        f"{{% if values.keys and values.keys.length %}}{head}\n{{% for key in values.keys %}}"
        f"{name.replace('mark-key', '${{ word(key.name) }}')}\n"
        f'{{% if key.format and key.format != "text" %}}{kind.replace("uuid", "${{ word(key.format) }}")}\n'
        "{% endif %}{% endfor %}{% endif %}"
    )
