"""Findings in every format: complete, stable, and deaf to what hostile text would like to be (R11; CASES 19, 33, 173)."""

from __future__ import annotations

import io
import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from goldenpath.cli.findings import render_findings
from goldenpath.cli.formats import TEXT_MAX, Section, clean
from goldenpath.cli.formats.markdown import escape
from goldenpath.cli.output import Output
from goldenpath.model.finding import Finding

FORMATS = ("table", "json", "yaml", "ndjson", "sarif", "junit", "github", "markdown")
HOSTILE = (
    "x\n::add-mask::secret\r\n::set-output name=a::b ##[set-env name=P]v ##vso[task.setvariable]x\x1b[31mred\x1b[0m\x9b31m\u202e\u2028"
    "]](http://evil.example) <img src=x onerror=alert(1)> | `code` @everyone #1 www.evil.example %0A::error::y $(touch pwned) \udcff\x00"
)


def finding(**fields: Any) -> Finding:
    base: dict[str, Any] = {
        "rule": "policy.rotation-required",
        "level": "block",
        "message": "risk tier high needs a rotation class",
        "subject": "SEC-0100",
        "file": "catalogs/secrets/payments/prod/SEC-0100.yaml",
        "line": 14,
        "column": 21,
        "field": "spec.rotation.rotationClass",
        "got": "none",
        "expected": "high, standard",
        "hint": "choose one",
    }
    return Finding(**(base | fields))


FINDINGS = (
    finding(subject="SEC-0200", file="b.yaml", level="warn", rule="policy.tier-lowered"),
    finding(file="c.yaml", rule="policy.mixed-environments", level="info", line=0, column=0),
    finding(file="d.yaml", waived_by="PLAT-1, owner app-team, until 2026-06-24 (10 days left): vendor"),
    finding(related=("catalogs/secrets/search/dev/SEC-0100.yaml",)),
)


def render(format_name: str, *findings: Finding, **extra: Any) -> str:
    stream = io.StringIO()
    output = Output(format_name, is_quiet=False, is_verbose=False, has_color=False, stdout=stream, stderr=io.StringIO(), environment={})
    render_findings(output, findings, **({"summary": "change abc is blocked"} | extra))
    return stream.getvalue()


def parse_xml(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own output


@pytest.mark.parametrize("format_name", FORMATS)
def test_order_of_findings_does_not_matter(format_name: str) -> None:
    assert render(format_name, *FINDINGS) == render(format_name, *reversed(FINDINGS))


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_format_says_everything_that_is_needed_to_act(format_name: str) -> None:
    text = render(format_name, *FINDINGS)
    for word in (
        "policy.rotation-required",
        "SEC-0100",
        "risk tier high needs a rotation class",
        "high, standard",
        "choose one",
        "10 days left",
    ):
        assert word in text


def test_json_document() -> None:
    document = json.loads(render("json", *FINDINGS, kind="Verdict", details={"base": "abc", "needs": FINDINGS[:1]}))
    assert document["schema_version"] == 1
    assert document["kind"] == "Verdict"
    assert document["counts"] == {"block": 1, "warn": 1, "info": 1, "waived": 1}
    assert document["base"] == "abc"
    assert document["needs"][0]["subject"] == "SEC-0200"
    assert [entry["shown_level"] for entry in document["findings"]] == ["warn", "info", "block", "waived"]
    assert [entry["is_blocking"] for entry in document["findings"]] == [False, False, True, False]


def test_yaml_says_the_same_as_json() -> None:
    assert yaml.safe_load(render("yaml", *FINDINGS)) == json.loads(render("json", *FINDINGS))


def test_ndjson_is_one_finding_a_line_and_the_totals_last() -> None:
    lines = [json.loads(line) for line in render("ndjson", *FINDINGS).splitlines()]
    assert [line["kind"] for line in lines] == ["Finding"] * 4 + ["Findings"]
    assert lines[-1]["summary"] == "change abc is blocked"


def test_table_ends_with_verdict_and_counts() -> None:
    text = render("table", *FINDINGS, sections=[Section(title="Approvals", columns=("NEEDED", "STATE"), rows=(("security", "missing"),))])
    assert text.endswith("change abc is blocked\n1 blocking, 1 warning, 1 note, 1 waived\n")
    assert "block   catalogs/secrets/payments/prod/SEC-0100.yaml:14:21  [policy.rotation-required]" in text
    assert "Approvals:\n  NEEDED    STATE\n  security  missing" in text


def test_clean_run_says_so_in_every_format() -> None:
    for format_name in FORMATS:
        text = render(format_name)
        assert text.endswith("\n")
        assert "change abc is blocked" in text
    assert parse_xml(render("junit")).get("tests") == "1"
    assert json.loads(render("sarif"))["runs"][0]["results"] == []


def test_sarif_log() -> None:
    log = json.loads(render("sarif", *FINDINGS))
    (run,) = log["runs"]
    rules, results = run["tool"]["driver"]["rules"], run["results"]
    assert (log["version"], log["$schema"]) == ("2.1.0", "https://json.schemastore.org/sarif-2.1.0.json")
    assert [rule["id"] for rule in rules] == sorted({each.rule for each in FINDINGS})
    assert all(rule["shortDescription"]["text"] and "Fix: " in rule["help"]["text"] for rule in rules)
    assert [rules[result["ruleIndex"]]["id"] for result in results] == [result["ruleId"] for result in results]
    assert [result["level"] for result in results] == ["warning", "note", "error", "error"]
    place = results[2]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "catalogs/secrets/payments/prod/SEC-0100.yaml"
    assert place["region"] == {"startLine": 14, "startColumn": 21}
    assert results[2]["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "catalogs/secrets/search/dev/SEC-0100.yaml"
    assert results[3]["suppressions"][0]["status"] == "accepted"


def fingerprints(*findings: Finding) -> list[str]:
    return [result["partialFingerprints"]["goldenpath/v1"] for result in json.loads(render("sarif", *findings))["runs"][0]["results"]]


def test_sarif_fingerprint_survives_moved_lines_and_new_words() -> None:
    assert fingerprints(finding()) == fingerprints(finding(line=99, column=1, message="said differently", hint="x"))
    assert len({*fingerprints(finding(), finding(subject="SEC-0101"), finding(field="x"), finding(got="y"), finding(file="z"))}) == 5


def test_sarif_fingerprints_of_equal_findings_differ() -> None:
    assert len(set(fingerprints(finding(line=1), finding(line=2)))) == 2


def test_sarif_keeps_odd_file_names_as_uris() -> None:
    (result,) = json.loads(render("sarif", finding(file="a b/ü#?%.yaml")))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b/%C3%BC%23%3F%25.yaml"


def test_junit_report() -> None:
    root = parse_xml(render("junit", *FINDINGS))
    assert (root.get("tests"), root.get("failures"), root.get("skipped"), root.get("errors")) == ("4", "1", "1", "0")
    (failure,) = root.iter("failure")
    assert failure.get("type") == "policy.rotation-required"
    assert "SEC-0100.yaml:14:21" in (failure.text or "")
    assert len(list(root.iter("skipped"))) == 1


def test_github_annotations() -> None:
    lines = render("github", *FINDINGS).splitlines()
    assert [line.partition(" ")[0] for line in lines[:4]] == ["::warning", "::notice", "::error", "::notice"]
    assert lines[2].startswith(
        "::error file=catalogs/secrets/payments/prod/SEC-0100.yaml,line=14,col=21,title=block policy.rotation-required SEC-0100::risk tier high"
    )
    assert "%0Agot: none%0Aexpected: high, standard%0Afix: choose one" in lines[2]


@pytest.mark.parametrize("name", ["a,b:c%.yaml", "x,line=1::pwned.yaml"])
def test_github_properties_are_escaped(name: str) -> None:
    (line, *_) = render("github", finding(file=name)).splitlines()
    properties = line.removeprefix("::error ").partition("::")[0]
    assert len(properties.split(",")) == 4
    file = properties.split(",")[0].removeprefix("file=")
    assert file.replace("%3A", ":").replace("%2C", ",").replace("%25", "%") == clean(name)


def hostile_report(format_name: str) -> str:
    one = finding(
        message=HOSTILE, subject=HOSTILE, file=HOSTILE, field=HOSTILE, got=HOSTILE, expected=HOSTILE, hint=HOSTILE,
        related=(HOSTILE,), rule="policy.x",
    )  # fmt: skip
    two = msgspec.structs.replace(one, waived_by=HOSTILE, line=0)
    sections = [Section(title=HOSTILE, columns=(HOSTILE, "b"), rows=((HOSTILE, HOSTILE),))]
    return render(format_name, one, two, summary=HOSTILE, details={"title": HOSTILE, HOSTILE: [HOSTILE]}, sections=sections)


COMMAND = re.compile(r"^\s*::|##\[|##vso\[")


@pytest.mark.parametrize("format_name", FORMATS)
def test_hostile_text_moves_no_cursor_and_gives_no_command(format_name: str) -> None:
    text = hostile_report(format_name)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\u200b-\u200f\udc00-\udfff]", text)
    own = ("::error ", "::warning ", "::notice ") if format_name == "github" else ()
    assert [line for line in text.split("\n") if COMMAND.search(line) and not line.startswith(own or ("\0",))] == []
    assert "::add-mask::" not in text
    text.encode("utf-8")


def test_hostile_text_leaves_machine_formats_readable() -> None:
    assert json.loads(hostile_report("json"))["counts"]["block"] == 1
    assert len(yaml.safe_load(hostile_report("yaml"))["findings"]) == 2
    assert len(hostile_report("ndjson").splitlines()) == 3
    assert parse_xml(hostile_report("junit")).get("failures") == "1"
    assert len(json.loads(hostile_report("sarif"))["runs"][0]["results"]) == 2
    assert len(hostile_report("github").splitlines()) == 4


def test_sarif_messages_hold_no_link() -> None:
    assert "](" not in json.loads(hostile_report("sarif"))["runs"][0]["results"][0]["message"]["text"]


def test_hostile_text_stays_inside_its_markdown_cell() -> None:
    text = hostile_report("markdown")
    assert "<img" not in text
    assert not re.search(r"\]\(|https?://|(?<!&)@\w|`", text)
    assert "www.evil" not in text
    findings_table = [line for line in text.splitlines() if line.startswith("| **")]
    assert [line.count("|") for line in findings_table] == [5, 5]
    assert set(re.findall(r"<[^>]*>", text)) == {"<br>"}


@settings(max_examples=200)
@given(st.text())
def test_markdown_escape_leaves_nothing_to_obey(text: str) -> None:
    escaped = escape(clean(text))
    assert not re.search(r"[<>`*_\[\](){}|\\~\"'$!+^=]", escaped)
    assert "\n" not in escaped
    assert not re.search(r"[@#](?!&#8288;)", escaped.replace("&#", "\0"))


@settings(max_examples=200)
@given(st.text())
def test_clean_text_is_one_printable_line_without_commands(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.isprintable() or not cleaned
    assert not COMMAND.search(cleaned)
    assert clean(cleaned) == cleaned


def test_long_text_is_cut_and_says_so() -> None:
    assert clean("x" * 1_000_000) == "x" * TEXT_MAX + " (cut)"


def test_ordinary_text_stays_as_it_is() -> None:
    arn = "arn:aws:iam::593517239005:role/reader"
    assert clean(arn) == arn
    assert clean("a: b :: c#1 ##") == "a: b \\x3a: c#1 ##"
    assert escape("plain words, 3.5 a-b/c") == "plain words, 3.5 a-b/c"
