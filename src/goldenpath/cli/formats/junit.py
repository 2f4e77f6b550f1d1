"""Findings as JUnit XML, for GitLab and every other tool that shows test reports. A clean run is one passing case."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from goldenpath.cli.formats import Report, facts_of, level_of, place_of
from goldenpath.model.finding import Finding


def render(report: Report) -> str:
    """Return the document: blocking findings fail, waived ones are skipped, the rest pass with their text as output."""
    counts = report.counts
    numbers = {
        "tests": str(max(len(report.findings), 1)),
        "failures": str(counts["block"]),
        "errors": "0",
        "skipped": str(counts["waived"]),
    }
    root = ET.Element("testsuites", {"name": "goldenpath", **numbers})
    suite = ET.SubElement(root, "testsuite", {"name": report.kind, **numbers})
    for finding in report.findings:
        _case(suite, finding)
    if not report.findings:
        ET.SubElement(suite, "testcase", {"classname": "goldenpath", "name": report.summary})
    ET.SubElement(suite, "system-out").text = f"{report.summary}\n{report.counts_line}"
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(suite: ET.Element, finding: Finding) -> None:
    name = " ".join(filter(None, (finding.rule, finding.subject, finding.field)))
    case = ET.SubElement(suite, "testcase", {"classname": finding.file or finding.subject or "goldenpath", "name": name})
    if finding.file:
        case.set("file", finding.file)
    if finding.line:
        case.set("line", str(finding.line))
    body = "\n".join([f"{place_of(finding)}: {finding.message}", *(f"{label}: {text}" for label, text in facts_of(finding))])
    level = level_of(finding)
    if level == "block":
        ET.SubElement(case, "failure", {"type": finding.rule, "message": finding.message}).text = body
    elif level == "waived":
        ET.SubElement(case, "skipped", {"message": f"waived by {finding.waived_by}"})
    else:
        ET.SubElement(case, "system-out").text = f"{level}: {body}"
