"""Findings as SARIF 2.1.0, for code scanning: stable rule ids and fingerprints, help from the catalogue of codes."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any
from urllib.parse import quote

import msgspec

from goldenpath import __version__
from goldenpath.cli.formats import Report, facts_of
from goldenpath.model.codes import CodeDoc, all_codes
from goldenpath.model.finding import Finding

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"block": "error", "warn": "warning", "info": "note"}
_FINGERPRINT = "goldenpath/v1"


def render(report: Report) -> str:
    """Return the log: one run, one rule per code that occurs, one result per finding; a waived finding is suppressed, not hidden."""
    rules = sorted({finding.rule for finding in report.findings})
    seen: Counter[str] = Counter()
    driver = {
        "name": "goldenpath",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(code, all_codes().get(code)) for code in rules],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, rules.index(finding.rule), seen) for finding in report.findings],
        "properties": {"summary": report.summary, **report.counts},
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _rule(code: str, doc: CodeDoc | None) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": code, "name": "".join(part.capitalize() for part in code.replace(".", "-").split("-"))}
    if doc is None:
        return rule
    standard = f"\n\nStandard: {doc.rule}" if doc.rule else ""
    return rule | {
        "shortDescription": {"text": doc.title},
        "fullDescription": {"text": doc.why},
        "help": {"text": f"{doc.why}\n\nFix: {doc.fix}{standard}"},
        "properties": {"tags": ["security", "policy"]},
    }


def _result(finding: Finding, rule_index: int, seen: Counter[str]) -> dict[str, Any]:
    facts = "".join(f"\n{label}: {text}" for label, text in facts_of(finding))
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": _LEVELS[finding.level],
        "message": {"text": _plain(finding.message + facts)},
        "locations": [location for location in (_location(finding),) if location],
        "partialFingerprints": {_FINGERPRINT: _fingerprint(finding, seen)},
    }
    if finding.related:
        result["relatedLocations"] = [_related(number, path) for number, path in enumerate(finding.related, start=1)]
    if finding.waived_by:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": finding.waived_by}]
    return result


def _location(finding: Finding) -> dict[str, Any]:
    logical = [{"fullyQualifiedName": name} for name in ("/".join(filter(None, (finding.subject, finding.field))),) if name]
    location: dict[str, Any] = {"logicalLocations": logical} if logical else {}
    if finding.file:
        region = {"startLine": max(finding.line, 1), "startColumn": max(finding.column, 1)}
        location["physicalLocation"] = {"artifactLocation": _artifact(finding.file), "region": region}
    return location


def _related(number: int, path: str) -> dict[str, Any]:
    return {"id": number, "physicalLocation": {"artifactLocation": _artifact(path)}, "message": {"text": _plain(path)}}


def _artifact(path: str) -> dict[str, str]:
    return {"uri": quote(path, safe="/"), "uriBaseId": "%SRCROOT%"}


def _plain(text: str) -> str:
    """SARIF viewers turn ``[text](target)`` in a plain message into a link; a space between the two keeps it text."""
    return text.replace("](", "] (")


def _fingerprint(finding: Finding, seen: Counter[str]) -> str:
    """Identify a finding across runs and moved lines; equal ones in one run are numbered."""
    parts = (finding.rule, finding.subject, finding.file, finding.field, finding.got)
    mark = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    seen[mark] += 1
    return f"{mark}:{seen[mark]}"
