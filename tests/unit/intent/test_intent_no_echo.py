"""A value pasted into a request is never repeated by a finding, wherever it stands (R1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.canary import hits_in, new_canary
from tests.unit.intent.samples import SEED_002, shipped_enums

from goldenpath.intent.contract import load
from goldenpath.intent.excerpt import dotted, excerpt, shown_key
from goldenpath.intent.schema import KINDS, json_schema
from goldenpath.model.request import SecretRequest

ENUMS = shipped_enums()
FORMS = ("{}", '"{}"', "'{}'", "|\n      {}", "[{}]", "{{a: {}}}", "!t {}", "&a {}", "no # {}", "{}: {}", "*{}", '"{}')
SECRETS = (
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "hunter22",
    "Tr0ub4dor&3",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "postgres://u:s3cr3tpassw0rd@db/x",
    "-----BEGIN RSA PRIVATE KEY-----",
    "0123456789abcdef0123456789abcdef",
    "correct horse battery staple is long enough to be cut",
    "98765432109876",
)


def everything_said(text: str) -> bytes:
    loaded = load(text.encode("utf-8", "surrogatepass"), SecretRequest, file="f.yaml", enums=ENUMS)
    return repr(loaded.findings).encode()


@pytest.mark.parametrize(
    "field", ["owner", "tier", "ttlDays", "id", "name", "environment", "k8sSecretName", "readPrincipals", "provider", "kind"]
)
@pytest.mark.parametrize("form", FORMS)
def test_no_field_echoes_a_pasted_value(field: str, form: str) -> None:
    for secret in (*SECRETS, new_canary()):
        pasted = form.replace("{}", secret)
        lines = [f"{line.partition(':')[0]}: {pasted}" if line.strip().startswith(f"{field}:") else line for line in SEED_002.splitlines()]
        said = everything_said("\n".join(lines) + "\n")
        assert hits_in(said, [secret]) == []


@pytest.mark.parametrize("secret", SECRETS)
def test_no_field_name_and_no_unknown_field_echoes(secret: str) -> None:
    for text in (f"{secret}: x\n", f"password: {secret}\n", f'"{secret}": x\n"{secret}": x\n', f"? {secret}\n: x\n", f"- {secret}\n"):
        assert hits_in(everything_said(SEED_002 + text), [secret]) == []
        assert hits_in(everything_said(text), [secret]) == []


@given(st.text("abcdefABCDEF0123456789+/=", min_size=21, max_size=60))
def test_nothing_that_looks_random_is_shown(text: str) -> None:
    assert text not in excerpt(text)
    assert text not in shown_key(text + "1a2b")


@pytest.mark.parametrize("word", ["high", " high", "Medium", "app-team", "hi gh", "SEC-12", "sec-0007"])
def test_words_of_an_enums_kind_are_shown(word: str) -> None:
    assert excerpt(word) == f"'{word}'"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "true"),
        (0, "0"),
        (-1, "-1"),
        (123456789, "an integer"),
        (1.5, "a number with a fraction"),
        (None, "nothing"),
        ([], "a list"),
        ({}, "a mapping"),
        ("", "an empty string"),
    ],
)
def test_other_types_are_named(value: object, shown: str) -> None:
    assert excerpt(value) == shown


def test_every_field_of_every_contract_can_be_named() -> None:
    names = {name for kind in KINDS for node in _objects(json_schema(kind)) for name in node.get("properties", {})}
    assert [name for name in names if shown_key(name) != name] == []


def test_paths_are_dotted() -> None:
    assert dotted(("spec", "access", "readPrincipals", 2)) == "spec.access.readPrincipals[2]"
    assert dotted(("spec", "x y", 0)) == "spec.(unreadable name)[0]"


def _objects(node: object) -> list[dict[str, dict[str, object]]]:
    if isinstance(node, dict):
        return [node, *(found for value in node.values() for found in _objects(value))]
    return [found for value in node for found in _objects(value)] if isinstance(node, list) else []
