"""Requests against their contract: every fault with file, line, column, field, got, expected and a hint (CASES group 1)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.intent.samples import SEED_001, SEED_002, codes, sample, shipped_enums

from goldenpath.intent.contract import load, locate
from goldenpath.intent.words import STORE_PROVIDERS
from goldenpath.model.environment import ALIASES, ENVIRONMENTS
from goldenpath.model.finding import Finding
from goldenpath.model.naming import parameter_path, store_path
from goldenpath.model.request import SecretRequest

ENUMS = shipped_enums()
MANDATORY = (
    "apiVersion", "kind", "id", "name", "owner", "service", "environment", "provider", "secretType", "tier", "rotationClass", "status",
    "namespace", "k8sSecretName", "ttlDays",
)  # fmt: skip
PATHS = {
    **dict.fromkeys(("apiVersion", "kind"), ""),
    **dict.fromkeys(("id", "name", "owner", "service", "environment"), "metadata."),
    **dict.fromkeys(("provider", "secretType", "ttlDays"), "spec."),
    "tier": "spec.risk.",
    "rotationClass": "spec.rotation.",
    "status": "spec.lifecycle.",
    **dict.fromkeys(("namespace", "k8sSecretName"), "spec.access."),
}


def check(text: str) -> tuple[Finding, ...]:
    loaded = load(text.encode(), SecretRequest, file="f.yaml", enums=ENUMS)
    assert (loaded.value is None) == bool(loaded.findings)
    assert all(finding.file == "f.yaml" and finding.line > 0 and finding.column > 0 for finding in loaded.findings)
    return loaded.findings


def without(text: str, *names: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if line.split(":")[0].strip() not in names)


def test_the_examples_of_the_seeds_load_as_they_stand() -> None:
    second = load(SEED_002.encode(), SecretRequest, file="f.yaml", enums=ENUMS).value
    assert second is not None
    assert (second.id, second.metadata.owner, second.spec.ttl_days) == ("SEC-0007", "app-team", 30)
    assert second.spec.access.break_glass_principals == ("arn:aws:iam::593517239005:role/platform-admin",)
    assert codes(check(SEED_001)) == ["intent.enum"], "its owner is not among the shipped words"
    assert load(SEED_001.encode(), SecretRequest, file="f.yaml").value is not None, "without a platform's words the form decides"


@pytest.mark.parametrize("name", MANDATORY)
def test_each_mandatory_field_is_missed_by_name(name: str) -> None:
    findings = check(without(SEED_002, name))
    assert f"{PATHS[name]}{name}" in {finding.field for finding in findings} or PATHS[name].rstrip(".") in {f.field for f in findings}


@pytest.mark.parametrize(
    ("first", "second"), [pair for pair in itertools.combinations(MANDATORY, 2) if "spec." not in "".join(map(str, pair))][::7]
)
def test_two_faults_are_named_in_one_run(first: str, second: str) -> None:
    text = without(SEED_002, first)
    findings = check(
        "\n".join(f"{line.partition(':')[0]}: 7.5" if line.strip().startswith(f"{second}:") else line for line in text.splitlines())
    )
    assert len(findings) >= 2


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("owner", "no", "intent.type"),
        ("id", "0007", "intent.type"),
        ("ttlDays", "true", "intent.type"),
        ("ttlDays", '"30"', "intent.type"),
        ("ttlDays", "1e2", "intent.type"),
        ("ttlDays", "30.0", "intent.type"),
        ("ttlDays", "30.5", "intent.type"),
        ("ttlDays", "", "intent.type"),
        ("ttlDays", "[30]", "intent.type"),
        ("environment", "[dev]", "intent.type"),
        ("environment", "{dev: dev}", "intent.type"),
        ("metadata", "[]", "intent.syntax"),
        ("owner", "7", "intent.type"),
        ("name", "7", "intent.type"),
        ("name", "true", "intent.type"),
        ("readPrincipals", "x", "intent.type"),
        ("readPrincipals", "[1]", "intent.type"),
        ("kind", "7", "intent.type"),
        ("ttlDays", "0", "intent.range"),
        ("ttlDays", "-1", "intent.range"),
        ("ttlDays", "3651", "intent.range"),
        ("ttlDays", "100000", "intent.range"),
        ("ttlDays", "999999999999999999", "intent.range"),
        ("ttlDays", "9999999999999999999999", "intent.type"),
        ("tier", "High", "intent.enum"),
        ("tier", "HIGH", "intent.enum"),
        ("tier", '" high"', "intent.enum"),
        ("tier", "hi gh", "intent.enum"),
        ("tier", "critical", "intent.enum"),
        ("tier", '""', "intent.enum"),
        ("environment", "Dev", "intent.enum"),
        ("environment", "PROD", "intent.enum"),
        ("environment", "qa", "intent.enum"),
        ("provider", "dotenv", "intent.enum"),
        ("provider", "AWS-Secrets-Manager", "intent.enum"),
        ("kind", "secretrequest", "intent.enum"),
        ("apiVersion", "goldenpath.io/v2", "intent.enum"),
        ("id", "SEC-1/../../etc", "intent.pattern"),
        ("id", "SEC-007", "intent.pattern"),
        ("id", "sec-0007", "intent.pattern"),
        ("id", "SEC-" + "1" * 13, "intent.pattern"),
        ("id", "SEC-\u0660\u0660\u0660\u0667", "intent.pattern"),
        ("service", '".."', "intent.pattern"),
        ("service", "PAYMENTS", "intent.pattern"),
        ("service", "p\u0430yments", "intent.pattern"),
        ("service", "-a", "intent.pattern"),
        ("service", "a-", "intent.pattern"),
        ("name", "a/../../x", "intent.pattern"),
        ("name", "a_b", "intent.pattern"),
        ("k8sSecretName", "../x", "intent.pattern"),
        ("k8sSecretName", "a..b", "intent.pattern"),
        ("k8sSecretName", "a.", "intent.pattern"),
        ("k8sSecretName", "a_b", "intent.pattern"),
        ("namespace", "a.b", "intent.pattern"),
        ("namespace", "Ab", "intent.pattern"),
    ],
)
def test_wrong_values_are_named_by_kind_of_fault(name: str, value: str, rule: str) -> None:
    findings = check(sample(**{name: value}))
    assert rule in codes(findings)
    if rule != "intent.syntax":
        hit = next(finding for finding in findings if finding.rule == rule)
        assert hit.field.split(".")[-1].split("[")[0] == name
        assert SEED_002.splitlines()[hit.line - 1].split(":")[0].strip() == name


def test_a_type_error_says_what_was_expected() -> None:
    found = {finding.field: finding.expected for finding in check(sample(ttlDays="1e2", namespace="no", kind="~", tier="on"))}
    assert found == {
        "spec.ttlDays": "a whole number",
        "spec.access.namespace": "a string",
        "kind": "one of SecretRequest",
        "spec.risk.tier": "one of high, low, medium",
    }


@pytest.mark.parametrize("days", [1, 3650])
def test_the_ends_of_the_range_are_accepted(days: int) -> None:
    assert check(sample(ttlDays=str(days))) == ()


@pytest.mark.parametrize(
    ("name", "longest", "limit"),
    [("name", 58, "label of 63"), ("service", 63, "63"), ("namespace", 63, "63"), ("k8sSecretName", 253, "253")],
)
def test_lengths_end_at_the_derived_limit(name: str, longest: int, limit: str) -> None:
    assert check(sample(**{name: "a" * longest})) == ()
    (finding,) = check(sample(**{name: "a" * (longest + 1)}))
    assert finding.rule == "intent.length"
    assert f"{longest + 1} characters, at most {longest} because" in finding.message
    assert limit in finding.message


def test_the_longest_legal_names_fit_every_store() -> None:
    text = sample(service="a" * 63, name="b" * 58, environment="ephemeral") + f"  keys:\n  - name: {'k' * 253}\n"
    request = load(text.encode(), SecretRequest, file="f").value
    assert request is not None
    assert len(store_path(request, prefix="p" * 63)) <= 512
    arn = f"arn:aws:ssm:ap-southeast-1:123456789012:parameter{parameter_path(request, 'k' * 253, prefix='p' * 63)}"
    assert len(arn) <= 1011


@pytest.mark.parametrize(("word", "meant"), [("Medum", "medium"), ("HIGH", "high"), ("lo", "low")])
def test_an_enum_fault_names_the_nearest_word(word: str, meant: str) -> None:
    (finding,) = check(sample(tier=word))
    assert (finding.got, finding.hint) == (f"'{word}'", f"did you mean {meant}?")
    assert finding.expected == "one of high, low, medium"


def test_an_unknown_field_names_the_nearest_one() -> None:
    (finding,) = check(SEED_002 + "  ttlDay: 30\n")
    assert (finding.rule, finding.field, finding.hint) == ("intent.unknown-field", "spec.ttlDay", "did you mean ttlDays?")
    assert (finding.line, finding.column) == (26, 3)


@pytest.mark.parametrize(
    "extra", ["template: {}", "type: kubernetes.io/service-account-token", "annotations: {a: b}", "value: x", "password: x"]
)
@pytest.mark.parametrize("indent", ["", "  ", "    "])
def test_unknown_fields_are_refused_at_every_level(extra: str, indent: str) -> None:
    parent = {"": "", "  ": "spec", "    ": "access"}[indent]
    text = SEED_002.replace(f"{parent}:\n", f"{parent}:\n{indent}{extra}\n") if parent else SEED_002 + extra + "\n"
    assert "intent.unknown-field" in codes(check(text))


def test_structure_and_cross_field_faults_come_together() -> None:
    text = without(SEED_002, "owner") + '  renewedOn: "2026-02-30"\n  keys:\n  - name: API-KEY\n  - name: api_key\n'
    assert codes(check(text)) == ["intent.missing-field", "intent.date", "intent.duplicate-declared-key"]


@pytest.mark.parametrize("day", ["2026-02-30", "2025-02-29", "2026-13-01", "2026-00-10", "0000-01-01"])
def test_a_day_that_does_not_exist_is_refused(day: str) -> None:
    assert codes(check(SEED_002 + f"  renewedOn: {day}\n")) == ["intent.date"]


@pytest.mark.parametrize("day", ["2024-02-29", '"2026-01-01"'])
def test_a_real_day_is_accepted_with_or_without_quotes(day: str) -> None:
    assert check(SEED_002 + f"  renewedOn: {day}\n") == ()


@pytest.mark.parametrize(
    ("keys", "rules"),
    [
        (["{name: a}", "{name: A}"], ["intent.duplicate-declared-key"]),
        (["{name: a.b}", "{name: a-b}", "{name: a_b}"], ["intent.duplicate-declared-key"] * 2),
        (["{name: a, generator: {}}"], []),
        (["{name: a, format: hex, generator: {alphabet: hex}}"], []),
        (["{name: a, format: hex, generator: {prefix: ff}}"], []),
        (["{name: a, format: integer, generator: {prefix: '-'}}"], []),
        (["{name: a, format: uuid, generator: {}}", "{name: b, format: base64, generator: {}}"], []),
        (["{name: a, format: uuid, generator: {prefix: a}}"], ["intent.generator-format"]),
        (["{name: a, format: hex, generator: {alphabet: hex, prefix: gp_}}"], ["intent.generator-format"]),
        (["{name: a, format: integer, generator: {prefix: no1}}"], ["intent.generator-format"]),
        (["{name: a, format: pem, generator: {}}"], ["intent.generator-format"]),
        (["{name: a, format: url, generator: {}}"], ["intent.generator-format"]),
        (["{name: a b}"], ["intent.pattern"]),
        (["{name: a, format: jwt}"], ["intent.enum"]),
        (["{name: a, generator: {length: 7}}"], ["intent.range"]),
        (["{format: text}"], ["intent.missing-field"]),
    ],
)
def test_declared_keys(keys: list[str], rules: list[str]) -> None:
    assert codes(check(SEED_002 + "  keys:\n" + "".join(f"  - {key}\n" for key in keys))) == rules


@pytest.mark.parametrize("alias", [*ALIASES, *ENVIRONMENTS])
def test_aliases_are_replaced(alias: str) -> None:
    request = load(sample(environment=alias).encode(), SecretRequest, file="f", enums=ENUMS).value
    assert request is not None
    assert request.environment == ALIASES.get(alias, alias)


def test_every_store_is_a_provider_and_no_source_is() -> None:
    for provider in STORE_PROVIDERS:
        assert check(sample(provider=provider)) == ()
    (finding,) = check(sample(provider="environment"))
    assert "read-only source" in finding.hint


def test_locate_finds_fields_lists_and_the_nearest_parent() -> None:
    data = SEED_002.encode()
    assert locate(data, "spec.access.readPrincipals[0]") == (22, 22)
    assert locate(data, "spec.risk.tier") == (13, 11)
    assert locate(data, "spec.nothing.here") == (10, 3)
    assert locate(b"\xff", "spec") == (1, 1)


@given(
    st.sampled_from(["metadata", "spec", "risk", "access", "rotation", "lifecycle"]),
    st.sampled_from(["", "[]", "x", "3", "{}", "[{}]", "~"]),
)
def test_any_part_may_be_of_any_type(part: str, value: str) -> None:
    lines, skipping, indent = [], False, ""
    for line in SEED_002.splitlines():
        own = line[: len(line) - len(line.lstrip())]
        if skipping and len(own) > len(indent):
            continue
        skipping = line.strip() == f"{part}:"
        indent = own
        lines.append(f"{own}{part}: {value}" if skipping else line)
    assert check("\n".join(lines) + "\n") != ()
