"""The form of a portal says what the contract says, and has no field for a value."""

from __future__ import annotations

from typing import Any

import jsonschema
import msgspec
import pytest
from tests.unit.intent.samples import shipped_enums

from goldenpath.intent.contract import load
from goldenpath.intent.enums import DEFAULT_ENUMS, load_enums
from goldenpath.intent.portal_file import file_template
from goldenpath.intent.portal_form import FIELDS, FIXED, LEFT_OUT, contract_paths, form_schema
from goldenpath.intent.schema import schema_of
from goldenpath.model.request import SecretRequest

FORM = form_schema(shipped_enums(), defaults={"tier": "medium", "ttlDays": 365}, unrotated=["high"])
GOOD: dict[str, Any] = {
    "service": "payments",
    "name": "db",
    "environment": "dev",
    "owner": "app-team",
    "secretType": "api-key",
    "tier": "medium",
    "rotationClass": "none",
    "provider": "local",
    "ttlDays": 30,
}


def is_accepted(form: dict[str, Any]) -> bool:
    return bool(jsonschema.Draft7Validator(FORM).is_valid(form))


def test_every_field_of_the_contract_is_asked_for_fixed_or_left_out_for_a_reason() -> None:
    asked = {field.path for field in FIELDS}
    assert asked | set(FIXED) | set(LEFT_OUT) == set(contract_paths())
    assert len(asked) + len(FIXED) + len(LEFT_OUT) == len(contract_paths())
    assert all(reason for reason in LEFT_OUT.values())


def test_limits_and_patterns_are_the_contracts_own() -> None:
    contract = schema_of(SecretRequest)["$defs"]
    metadata, access = contract["Metadata"]["properties"], contract["Access"]["properties"]
    shown = FORM["properties"]
    for name in ("service", "name"):
        assert {key: shown[name][key] for key in ("pattern", "maxLength", "minLength")} == {
            key: metadata[name][key] for key in ("pattern", "maxLength", "minLength")
        }
    assert shown["k8sSecretName"]["pattern"] == access["k8sSecretName"]["pattern"]
    assert (shown["ttlDays"]["minimum"], shown["ttlDays"]["maximum"]) == (1, 3650)
    assert shown["keys"]["items"]["properties"]["format"]["enum"] == contract["KeySpec"]["properties"]["format"]["enum"]


def test_words_are_the_platforms_own() -> None:
    enums = load_enums(DEFAULT_ENUMS.replace(b"  - app-team\n", b"  - cards-team\n").replace(b"  - staging\n", b"")).value
    assert enums is not None
    shown = form_schema(enums, defaults={})["properties"]
    assert "cards-team" in shown["owner"]["enum"]
    assert "app-team" not in shown["owner"]["enum"]
    assert shown["environment"]["enum"] == ["dev", "test", "prod", "ephemeral"]
    assert shown["tier"]["enum"] == ["low", "medium", "high"]
    assert "default" not in shown["tier"]


def test_no_field_could_hold_a_value() -> None:
    """Every text is a word of a list, a name, or a sentence of short words; there is no field beside those of the form."""
    assert FORM["additionalProperties"] is False
    assert FORM["properties"]["keys"]["items"]["additionalProperties"] is False
    texts = {name: each for name, each in FORM["properties"].items() if each["type"] == "string"}
    assert [name for name, each in texts.items() if "enum" not in each and not ("pattern" in each and "maxLength" in each)] == []
    forbidden = ("value", "password", "secret", "token", "data", "content")
    assert [name for name in FORM["properties"] if name.lower() in forbidden] == []
    assert not is_accepted(GOOD | {"value": "x"})
    for value in ("9f8b2a" * 6, "AKIA" + "X" * 32, "-----BEGIN PRIVATE KEY-----", "p@ss w0rd!", 'a"b', "line\nline"):
        assert not is_accepted(GOOD | {"description": value}), value


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"description": "Key of the Café (old), asked by 2 teams"}, True),
        ({"keys": [{"name": "API_KEY", "format": "url"}]}, True),
        ({"tier": "high", "rotationClass": "standard"}, True),
        ({"tier": "high"}, False),
        ({"environment": "prd"}, False),
        ({"name": "x" * 59}, False),
        ({"name": "db\n"}, False),
        ({"description": "trailing\n"}, False),
        ({"description": "${{ x }}"}, False),
        ({"ttlDays": True}, False),
        ({"keys": [{"name": "a", "generator": {}}]}, False),
    ],
    ids=str,
)
def test_what_the_form_accepts(change: dict[str, Any], expected: bool) -> None:
    assert is_accepted(GOOD | change) == expected


def test_what_the_form_accepts_fits_the_contract() -> None:
    tree: dict[str, Any] = {}
    paths = {**FIXED, ("metadata", "id"): "SEC-0001", **{field.path: GOOD[field.name] for field in FIELDS if field.name in GOOD}}
    paths[("spec", "access", "namespace")] = paths[("spec", "access", "k8sSecretName")] = "payments"
    for path, word in paths.items():
        node = tree
        for name in path[:-1]:
            node = node.setdefault(name, {})
        node[path[-1]] = word
    assert load(msgspec.json.encode(tree), SecretRequest, file="f", enums=shipped_enums()).findings == ()


def test_the_file_template_states_every_field_and_nothing_of_the_sample() -> None:
    text = file_template(header="# first")
    assert text.splitlines()[1] == "# first"
    assert "mark-" not in text
    assert "3333" not in text
    for field in FIELDS:
        assert f"values.{field.name}" in text, field.name
    names = [line.strip().split(":")[0] for line in text.splitlines() if line.endswith("}}") and ": " in line]
    assert names[:5] == ["id", "name", "owner", "service", "environment"]
