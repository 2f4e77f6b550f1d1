"""The schemas are generated from the structs, say the same as they do, and explain themselves."""

from __future__ import annotations

from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from tests.unit.intent.strategies import requests

from goldenpath.cli.schema import KINDS as OFFERED
from goldenpath.intent.contract import load
from goldenpath.intent.enums import DEFAULT_ENUMS
from goldenpath.intent.reader import read_plain
from goldenpath.intent.schema import DIALECT, KINDS, json_schema, schema_bytes
from goldenpath.intent.spelling import PATTERNS
from goldenpath.model.request import SecretRequest


def nodes(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        return [node, *(found for value in node.values() for found in nodes(value))]
    return [found for value in node for found in nodes(value)] if isinstance(node, list) else []


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_valid_and_says_what_it_is(kind: str) -> None:
    schema = json_schema(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == DIALECT
    assert schema["$id"].endswith(f"/{kind}.json")
    assert schema["title"]
    assert schema["description"]
    assert schema["additionalProperties"] is False
    assert msgspec.json.decode(schema_bytes(kind)) == schema


@pytest.mark.parametrize("kind", KINDS)
def test_every_object_is_closed_and_nothing_is_null(kind: str) -> None:
    for node in nodes(json_schema(kind)):
        assert node.get("type") != "null"
        assert not any(branch == {"type": "null"} for branch in node.get("anyOf", []))
        if node.get("type") == "object" and "properties" in node:
            assert node["additionalProperties"] is False


@pytest.mark.parametrize("kind", KINDS)
def test_every_pattern_has_its_rule_in_words(kind: str) -> None:
    found = {node["pattern"] for node in nodes(json_schema(kind)) if isinstance(node.get("pattern"), str)}
    assert found - PATTERNS.keys() == set()


def test_the_door_offers_every_kind() -> None:
    assert tuple(KINDS) == OFFERED


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(requests())
def test_what_the_struct_accepts_the_schema_accepts(request_: SecretRequest) -> None:
    assert jsonschema.Draft202012Validator(json_schema("request")).is_valid(msgspec.json.decode(msgspec.json.encode(request_)))


def test_the_shipped_enums_fit_their_schema() -> None:
    assert jsonschema.Draft202012Validator(json_schema("enums")).is_valid(read_plain(DEFAULT_ENUMS))


def test_a_file_that_fits_no_check_stays_refused() -> None:
    class Odd(msgspec.Struct):
        when: int

    loaded = load(b"when: 30.0\n", Odd, file="f")
    assert loaded.value is None
    assert loaded.findings
