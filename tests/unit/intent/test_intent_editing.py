"""Edits change the lines that change and no other, whatever layout a person chose."""

from __future__ import annotations

import difflib
import random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.builders import ROLE, make_request
from tests.unit.intent.samples import SEED_001, SEED_002
from tests.unit.intent.strategies import requests

from goldenpath.errors import InvalidIntent
from goldenpath.intent.authoring import write_request
from goldenpath.intent.contract import load
from goldenpath.intent.editing import edit
from goldenpath.model.request import SecretRequest
from goldenpath.model.sidecar import Sidecar


def read(text: str | bytes) -> SecretRequest:
    request = load(text.encode() if isinstance(text, str) else text, SecretRequest, file="f").value
    assert request is not None
    return request


def changed(request: SecretRequest, over: dict[str, Any]) -> SecretRequest:
    """The request with fields of its tree replaced; None takes one away."""
    tree = msgspec.to_builtins(request)
    for path, value in over.items():
        *way, name = path.split(".")
        node = tree
        for step in way:
            node = node.setdefault(step, {})
        if value is None:
            node.pop(name, None)
        else:
            node[name] = value
    return msgspec.convert(tree, SecretRequest)


def lines_of_change(old: str, new: str) -> list[str]:
    return [line for line in difflib.ndiff(old.splitlines(), new.splitlines()) if line[0] in "+-"]


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({"spec.risk.tier": "high"}, ["-     tier: medium", "+     tier: high"]),
        ({"spec.lifecycle.status": "deprecated"}, ["-     status: active", "+     status: deprecated"]),
        ({"spec.renewedOn": "2026-01-15"}, ['+   renewedOn: "2026-01-15"']),
        ({"metadata.description": "Key: of 0007"}, ['+   description: "Key: of 0007"']),
        ({"spec.lifecycle.recoveryWindowInDays": 30}, ["+     recoveryWindowInDays: 30"]),
        ({"spec.keys": [{"name": "user"}, {"name": "no", "format": "url"}]}, ["+   keys:", "+     - name: user", '+     - name: "no"', "+       format: url"]),
        (
            {"spec.access.readPrincipals": None},
            ['-     readPrincipals: ["arn:aws:iam::593517239005:role/goldenpath-idp-eso-role"]'],
        ),
        (
            {"spec.access.readPrincipals": [ROLE.format("goldenpath-idp-eso-role"), ROLE.format("b")]},
            [
                '-     readPrincipals: ["arn:aws:iam::593517239005:role/goldenpath-idp-eso-role"]',
                f'+     readPrincipals: ["arn:aws:iam::593517239005:role/goldenpath-idp-eso-role", "{ROLE.format("b")}"]',
            ],
        ),
    ],
)  # fmt: skip
def test_only_the_lines_that_change_do(over: dict[str, Any], expected: list[str]) -> None:
    before = read(SEED_002)
    new = edit(SEED_002.encode(), before, changed(before, over), file="f").decode()
    assert lines_of_change(SEED_002, new) == expected


def test_comments_and_alignment_stay() -> None:
    before = read(SEED_001)
    new = edit(SEED_001.encode(), before, changed(before, {"metadata.owner": "app-team", "spec.ttlDays": 90}), file="f").decode()
    assert new == SEED_001.replace("owner: team-payments   ", "owner: app-team   ").replace("ttlDays: 30 ", "ttlDays: 90 ")


def test_a_new_field_stands_where_the_contract_puts_it() -> None:
    before = read(SEED_001)
    new = edit(SEED_001.encode(), before, changed(before, {"spec.renewedOn": "2026-01-15", "metadata.adr": "ADR-0143"}), file="f").decode()
    lines = new.splitlines()
    assert lines[lines.index("  environment: dev                  # Mandatory: Environment") + 1] == "  adr: ADR-0143"
    assert lines[-1] == '  renewedOn: "2026-01-15"'


def test_a_list_loses_and_gains_items_in_its_own_place() -> None:
    text = SEED_002 + "  keys:\n  # who\n  - name: user   # the login\n  - name: url\n    format: url\n  # last\n  - {name: old}\n"
    before = read(text)
    keys = [{"name": "user"}, {"name": "old"}, {"name": "new"}]
    new = edit(text.encode(), before, changed(before, {"spec.keys": keys}), file="f").decode()
    assert new == SEED_002 + "  keys:\n  # who\n  - name: user   # the login\n  # last\n  - {name: old}\n  - name: new\n"


def test_line_ends_byte_order_mark_and_a_missing_last_line_end_stay() -> None:
    text = "\ufeff" + SEED_002.replace("\n", "\r\n").removesuffix("\r\n")
    before = read(text)
    new = edit(text.encode(), before, changed(before, {"spec.renewedOn": "2026-01-15", "spec.risk.tier": "low"}), file="f").decode()
    assert new == text.replace("tier: medium", "tier: low") + '\r\n  renewedOn: "2026-01-15"\r\n'


def test_flow_mappings_take_and_lose_fields() -> None:
    text = SEED_002.replace("lifecycle:\n    status: active", "lifecycle: {status: active, recoveryWindowInDays: 7} # life")
    before = read(text)
    new = edit(text.encode(), before, changed(before, {"spec.lifecycle.recoveryWindowInDays": None}), file="f").decode()
    assert "lifecycle: {status: active} # life" in new
    again = edit(new.encode(), read(new), before, file="f").decode()
    assert again == text


def test_a_text_over_several_lines_is_replaced_whole() -> None:
    text = SEED_002.replace(
        "  environment: dev\n", "  environment: dev\n  description: >-\n    one\n    two\n\n  # kept\n  adr: a\n    b\n"
    )
    before = read(text)
    assert (before.metadata.description, before.metadata.adr) == ("one two", "a b")
    new = edit(text.encode(), before, changed(before, {"metadata.description": "three", "metadata.adr": "c"}), file="f").decode()
    assert new == SEED_002.replace("  environment: dev\n", "  environment: dev\n  description: three\n\n  # kept\n  adr: c\n")


def test_a_file_in_one_line_is_edited_too() -> None:
    text = msgspec.json.encode(msgspec.to_builtins(make_request())).decode()
    before = read(text)
    after = changed(before, {"spec.renewedOn": "2026-01-15", "spec.risk.tier": "high", "spec.keys": [{"name": "a", "format": "url"}]})
    assert read(edit(text.encode(), before, after, file="f")) == after


def test_a_sidecar_is_edited_the_same() -> None:
    text = (
        "apiVersion: goldenpath.io/v1\nkind: SecretRequestMetadata\nmetadata: {id: SEC-0007, owner: app-team}\n"
        "spec:\n  risk:\n    tier: low # for now\n"
    )
    before = load(text.encode(), Sidecar, file="f").value
    after = load(text.replace("app-team", "sre-team").replace("low", "high").encode(), Sidecar, file="f").value
    assert before is not None
    assert after is not None
    assert edit(text.encode(), before, after, file="f").decode() == text.replace("app-team", "sre-team").replace("low", "high")


def test_a_layout_without_a_place_for_the_change_is_refused() -> None:
    text = SEED_002.replace("  lifecycle:\n", "  ? lifecycle\n  :\n").replace("  risk:\n    tier: medium", "  risk: {\n      tier: medium}")
    before = read(text)
    with pytest.raises(InvalidIntent) as caught:
        edit(text.replace("lifecycle", "life").encode(), before, changed(before, {"spec.lifecycle.status": "deprecated"}), file="f")
    assert caught.value.code == "intent.not-editable"
    assert caught.value.subject == "f"


# --- any layout -------------------------------------------------------------------------------------------------------------------


class Scribe:
    """Writes a tree the way some person might: styles, quotes, indents, comments and blank lines by chance."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - layouts to repeat, not secrets
        self.comments = 0
        self._step = self._random.choice((2, 2, 3, 4))
        self._newline = self._random.choice(("\n", "\n", "\r\n"))

    def write(self, tree: dict[str, Any]) -> str:
        lines = self._random.choice(([], ["---"], ["# yaml-language-server: $schema=x.json", ""]))
        return self._newline.join([*lines, *self._mapping(tree, 0)]) + self._random.choice(("", self._newline))

    def _mapping(self, tree: dict[str, Any], depth: int) -> list[str]:
        names = list(tree)
        if self._random.random() < 0.2:
            self._random.shuffle(names)
        lines = []
        for name in names:
            lines += self._above(depth)
            lines += self._field(name, tree[name], depth)
        return lines

    def _field(self, name: str, value: Any, depth: int) -> list[str]:
        pad = " " * depth
        if isinstance(value, dict | list) and value and self._random.random() < 0.75:
            inner = self._step if isinstance(value, dict) else self._random.choice((0, self._step))
            below = self._mapping(value, depth + inner) if isinstance(value, dict) else self._items(value, depth + inner)
            return [f"{pad}{self._key(name)}:{self._behind()}", *below]
        return [f"{pad}{self._key(name)}: {self._inline(value)}{self._behind()}"]

    def _items(self, values: list[Any], depth: int) -> list[str]:
        lines = []
        for value in values:
            lines += self._above(depth)
            if isinstance(value, dict) and self._random.random() < 0.7:
                first, *rest = [line for line in self._mapping(value, depth + 2) if line.strip() and not line.strip().startswith("#")]
                lines += [f"{' ' * depth}- {first.lstrip()}", *rest]
            else:
                lines.append(f"{' ' * depth}- {self._inline(value)}{self._behind()}")
        return lines

    def _inline(self, value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{self._key(name)}: {self._inline(each)}" for name, each in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(self._inline(each) for each in value) + "]"
        if isinstance(value, str) and self._random.random() < 0.3:
            return "'" + value.replace("'", "''") + "'"
        return msgspec.json.encode(value).decode()

    def _key(self, name: str) -> str:
        return msgspec.json.encode(name).decode() if name in {"no", "true", "0007"} or self._random.random() < 0.1 else f'"{name}"'

    def _above(self, depth: int) -> list[str]:
        if self._random.random() < 0.15:
            self.comments += 1
            return [" " * depth + f"# comment-{self.comments}-é"]
        return [""] if self._random.random() < 0.05 else []

    def _behind(self) -> str:
        if self._random.random() < 0.15:
            self.comments += 1
            return f"   # comment-{self.comments}-#"
        return ""


@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(requests(), requests(), st.integers(0, 2**32))
def test_any_layout_is_edited_to_any_other_request(before: SecretRequest, after: SecretRequest, seed: int) -> None:
    scribe = Scribe(seed)
    text = scribe.write(msgspec.to_builtins(before))
    stated = read(text)
    assert stated == before
    new = edit(text.encode(), before, after, file="f")
    assert read(new) == after
    assert edit(text.encode(), before, before, file="f").decode() == text


@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(requests(), st.integers(0, 2**32))
def test_one_field_changes_one_line(before: SecretRequest, seed: int) -> None:
    text = Scribe(seed).write(msgspec.to_builtins(before))
    after = changed(before, {"spec.lifecycle.status": "deprecated", "spec.ttlDays": 7 + before.spec.ttl_days % 3000})
    new = edit(text.encode(), before, after, file="f").decode()
    old_lines, new_lines = text.split("\n"), new.split("\n")
    assert len(old_lines) == len(new_lines)
    assert all("status" in line or "ttlDays" in line for line, other in zip(new_lines, old_lines, strict=True) if line != other)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(requests(), requests())
def test_what_we_write_is_edited_to_what_we_would_write(before: SecretRequest, after: SecretRequest) -> None:
    assert edit(write_request(before), before, after, file="f") == write_request(after)
