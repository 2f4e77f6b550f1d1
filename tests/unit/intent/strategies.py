"""Inputs for property tests: bytes that look like YAML, and requests that are valid."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st
from tests.builders import ROLE, request_tree

from goldenpath.intent.words import STORE_PROVIDERS
from goldenpath.model.environment import ENVIRONMENTS
from goldenpath.model.request import SecretRequest

FRAGMENTS = (
    "a", "b:", "b: ", "- ", "-", "? ", ": ", "\n", "\n  ", "\n    ", "{", "}", "[", "]", ",", "&x ", "*x", "!t ", "!!str ", "<<: ", "<<", "#c",
    "'", '"', "|", ">", "|\n  ", "%YAML 1.2\n", "---", "--- ", "...", "\t", "\r\n", "\r", "\ufeff", "\u202e", "\u2028", "\x00", "\x07", "é", "0007",
    "no", "true", "null", "~", "1e2", "30", "30.5", "12:30:45", "2026-01-01", "key", "key: v", "\\x00", '"\\x07"', '"\\u200b"', "@", "`", "=", ".inf",
)  # fmt: skip
"""What parsers trip over, to be put together at random."""

yaml_like = st.lists(st.sampled_from(FRAGMENTS), max_size=24).map("".join)
any_bytes = st.one_of(st.binary(max_size=200), yaml_like.map(str.encode), yaml_like.map(lambda text: text.encode("utf-16")))

labels = st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
_long_labels = st.one_of(labels, st.just("a" * 58), st.just("0007"), st.just("no"), st.just("1e2"), st.just("true"), st.just("0x1f"))
_texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=40).filter(str.isprintable)
_generators: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {}, optional={"length": st.integers(8, 4096), "alphabet": st.sampled_from(["alphanumeric", "hex", "printable"]), "prefix": _texts}
)
_keys = st.lists(
    st.fixed_dictionaries(
        {"name": st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True)},
        optional={"format": st.sampled_from(["text"]), "generator": _generators},
    ),
    max_size=4,
    unique_by=lambda key: str(key["name"]).lower(),
)


@st.composite
def requests(draw: st.DrawFn) -> SecretRequest:
    """Valid requests over the whole contract."""
    tree = request_tree(
        {
            "metadata": {
                "id": f"SEC-{draw(st.integers(0, 10**6)):04d}",
                "name": draw(_long_labels),
                "owner": draw(_long_labels),
                "service": draw(_long_labels),
                "environment": draw(st.sampled_from(ENVIRONMENTS)),
                **draw(st.fixed_dictionaries({}, optional={"description": _texts, "adr": _texts, "requester": _texts})),
            },
            "spec": {
                "provider": draw(st.sampled_from(STORE_PROVIDERS)),
                "rotation": draw(
                    st.fixed_dictionaries({}, optional={"rotator": labels, "options": st.dictionaries(labels, _texts, max_size=3)})
                ),
                "lifecycle": draw(st.fixed_dictionaries({}, optional={"recoveryWindowInDays": st.integers(7, 30)})),
                "access": {
                    "namespace": draw(_long_labels),
                    "readPrincipals": draw(st.lists(st.sampled_from([ROLE.format("a"), ROLE.format("b")]), max_size=2)),
                },
                "ttlDays": draw(st.integers(1, 3650)),
                **draw(st.fixed_dictionaries({}, optional={"renewedOn": st.dates().map(str), "keys": _keys})),
            },
        },
    )
    return msgspec.convert(tree, SecretRequest)
