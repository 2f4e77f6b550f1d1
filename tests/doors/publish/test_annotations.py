"""Annotations of a pull request: whatever stands in it, each finding is one command of ours, and nothing else is a command (CASES 33)."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pull_hostile import HOSTILE

from goldenpath.cli.formats import make_report
from goldenpath.cli.formats.github import render
from goldenpath.cli.formats.sarif import render as render_sarif
from goldenpath.model.finding import Finding, Level

TEXT = st.text(max_size=80) | st.text("::%0Ad\r\n#[]=,;errowanigdmask \u202e\u2066\u200b\x1b|@", max_size=60)
LEVELS: st.SearchStrategy[Level] = st.sampled_from(("block", "warn", "info"))
OUR_COMMAND = re.compile(r"::(?:error|warning|notice) (?:file=[^,]*,line=\d+,col=\d+,)?(?:file=[^,]*,)?title=[^,]*?::")


def finding(level: Level, foreign: str, *, line: int) -> Finding:
    return Finding(
        rule="policy.rotation-required", level=level,
        message=foreign, subject=foreign, file=foreign, line=line, column=line, field=foreign,
        got=foreign, expected=foreign, hint=foreign, related=(foreign,), waived_by="",
    )  # fmt: skip


def expect_only_our_commands(text: str, findings: int) -> None:
    lines = text.split("\n")
    commands = [line for line in lines if line.lstrip().startswith("::") or "##[" in line]
    assert len(commands) == findings
    for line in commands:
        head = OUR_COMMAND.match(line)
        assert head, line
        assert not re.search(r"(?:^|\s)::", line[head.end() :])
    assert all(char.isprintable() or char == "\n" for char in text)


@settings(max_examples=200, deadline=None)
@given(found=st.lists(st.tuples(LEVELS, TEXT, st.integers(0, 3)), max_size=4), summary=TEXT)
def test_any_text_makes_annotations_and_no_other_command(found: list[tuple[Level, str, int]], summary: str) -> None:
    findings = [finding(level, foreign, line=line) for level, foreign, line in found]
    expect_only_our_commands(render(make_report(findings, kind="Verdict", summary=summary)), len(findings))


def test_the_worst_text_we_know_makes_one_annotation() -> None:
    report = make_report([finding("block", HOSTILE, line=1)], kind="Verdict", summary=HOSTILE)
    expect_only_our_commands(render(report), 1)


@settings(max_examples=100, deadline=None)
@given(foreign=TEXT)
def test_the_same_finding_has_the_same_fingerprint_wherever_its_line_moves(foreign: str) -> None:
    pages = [render_sarif(make_report([finding("block", foreign, line=line)], kind="Verdict", summary="x")) for line in (1, 7)]
    marks = [re.findall(r'"goldenpath/v1": "([^"]+)"', page) for page in pages]
    assert marks[0] == marks[1] != []
