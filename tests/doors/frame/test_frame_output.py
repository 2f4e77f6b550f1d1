"""What people and machines read: formats, tables, colour, progress, questions (CONVENTIONS 1.2; CASES 33)."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.cli.confirm import confirm_change, is_interactive
from goldenpath.cli.output import Output, encode_document, neutralise, printable, wants_color
from goldenpath.cli.progress import GroupedProgress, LineProgress, LiveProgress, open_progress
from goldenpath.cli.table import render_table, shown_width
from goldenpath.errors import InvalidIntent


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def make_output(format_name: str = "table", *, stdout: io.StringIO | None = None, color: bool = False, **environment: str) -> Output:
    return Output(
        format=format_name,
        is_quiet=False,
        is_verbose=False,
        has_color=color,
        stdout=stdout or io.StringIO(),
        stderr=io.StringIO(),
        environment=environment,
    )


def written(output: Output) -> str:
    assert isinstance(output.stdout, io.StringIO)
    return output.stdout.getvalue()


def told(output: Output) -> str:
    assert isinstance(output.stderr, io.StringIO)
    return output.stderr.getvalue()


@pytest.mark.parametrize("name", ["json", "ndjson", "yaml"])
@pytest.mark.parametrize(
    "text", ["::add-mask::x", "a\n::add-mask::x", "a\r\n  ::add-mask::x", f"{'x' * 75} ::add-mask::x", "##[add-mask]x"]
)
def test_no_line_of_a_document_is_a_workflow_command_on_a_runner(name: str, text: str) -> None:
    """CASES 33: YAML writes and folds text over lines of its own, and a command may stand behind spaces."""
    shown = encode_document(name, {"files": [{"content": text}], "text": text}, is_on_github=True)
    assert [line for line in re.split(r"[\r\n]", shown) if line.lstrip().startswith("::") or "##[" in line] == []
    assert yaml.safe_load(shown) == {"files": [{"content": text}], "text": text}


@pytest.mark.parametrize(("name", "read"), [("json", json.loads), ("ndjson", json.loads), ("yaml", yaml.safe_load)])
def test_documents_carry_kind_and_version(name: str, read: Any) -> None:
    output = make_output(name)
    output.data("Thing", {"b": 1, "a": ["é"]}, text="unused")
    assert read(written(output)) == {"schema_version": 1, "kind": "Thing", "b": 1, "a": ["é"]}
    assert written(output).endswith("\n")
    assert (written(output).count("\n") == 1) == (name == "ndjson")


def test_people_get_the_text() -> None:
    output = make_output("table")
    output.data("Thing", {}, text="line")
    assert written(output) == "line\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a  b\n", "```text\na  b\n```\n"), ("```\n@all\n````", "`````text\n```\n@all\n````\n`````\n")],
)
def test_text_becomes_a_code_block_that_it_cannot_leave_in_markdown(text: str, shown: str) -> None:
    output = make_output("markdown")
    output.data("Thing", {}, text=text)
    assert written(output) == shown


def test_a_page_that_is_markdown_already_is_left_alone() -> None:
    output = make_output("markdown")
    output.data("Thing", {}, text="### done", is_markdown=True)
    assert written(output) == "### done\n"


@pytest.mark.parametrize("name", ["sarif", "junit", "github"])
def test_findings_formats_are_refused_where_there_are_no_findings(name: str) -> None:
    with pytest.raises(InvalidIntent) as refused:
        make_output(name).data("Thing", {}, text="x")
    assert refused.value.code == "cli.format-unsupported"


@given(
    st.dictionaries(
        st.text(), st.recursive(st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.tuples(inner), max_leaves=8)
    )
)
def test_any_text_becomes_valid_json(payload: dict[str, Any]) -> None:
    for name in ("json", "ndjson"):
        for is_on_github in (False, True):
            text = encode_document(name, payload, is_on_github=is_on_github)
            assert isinstance(json.loads(text.encode("utf-8")), dict)


def test_names_with_broken_encoding_are_escaped_not_refused() -> None:
    assert json.loads(encode_document("json", {"path": "a\udcff"})) == {"path": "a\\udcff"}


def test_the_same_document_has_the_same_bytes() -> None:
    assert encode_document("json", {"a": 1, "b": 2}) == encode_document("json", {"b": 2, "a": 1})


@given(st.text())
def test_printable_text_has_no_control_character(text: str) -> None:
    assert printable(text).isprintable()


@given(st.text(alphabet=":#[]a \t\n"))
def test_no_line_is_a_workflow_command(text: str) -> None:
    assert not any(line.lstrip().startswith("::") or "##[" in line for line in neutralise(text).split("\n"))


def test_on_github_text_cannot_issue_commands() -> None:
    output = make_output(GITHUB_ACTIONS="true")
    output.data("Thing", {}, text="::add-mask::x\n  ::error::y\nz ##[group]w")
    assert written(output) == "\\::add-mask::x\n  \\::error::y\nz #\\#[group]w\n"


@pytest.mark.parametrize(
    ("environment", "is_off", "is_terminal", "expected"),
    [
        ({}, False, True, True),
        ({}, False, False, False),
        ({}, True, True, False),
        ({"NO_COLOR": "1"}, False, True, False),
        ({"NO_COLOR": ""}, False, True, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, True, False),
        ({"FORCE_COLOR": "1"}, False, False, True),
        ({"FORCE_COLOR": "1"}, True, False, False),
        ({"FORCE_COLOR": "0"}, False, False, False),
        ({"TERM": "dumb"}, False, True, False),
    ],
)
def test_colour_follows_the_conventions(environment: dict[str, str], *, is_off: bool, is_terminal: bool, expected: bool) -> None:
    assert wants_color(environment, is_off=is_off, is_terminal=is_terminal) is expected


def test_paint_needs_colour() -> None:
    assert make_output(color=True).paint("x", "red") == "\x1b[31mx\x1b[0m"
    assert make_output().paint("x", "red") == "x"


def test_tables_align_and_escape() -> None:
    lines = make_output().table(("ID", "NAME"), [("SEC-0007", "a\x1b[0mb"), ("S", "日本")]).split("\n")
    assert lines == ["ID        NAME", "SEC-0007  a\\x1b[0mb", "S         日本"]


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=5), st.integers(min_value=20, max_value=80))
def test_tables_fit_the_width(rows: list[tuple[str, str]], width: int) -> None:
    lines = render_table(("FIRST", "SECOND"), rows, width=width).split("\n")
    assert len(lines) == len(rows) + 1
    assert all(shown_width(line) <= width for line in lines)


def test_the_first_column_gives_way_last() -> None:
    lines = render_table(("ID", "NAME", "OWNER"), [("SEC-0007", "n" * 30, "o" * 30)], width=32).split("\n")
    assert lines[1] == "SEC-0007  nnnnnnn...  ooooooo..."


def test_columns_limit_a_table_and_a_pipe_does_not() -> None:
    long = "x" * 200
    assert len(make_output(COLUMNS="40").table(("A",), [(long,)]).splitlines()[1]) == 40
    assert long in make_output().table(("A",), [(long,)])
    assert long in make_output(COLUMNS="none").table(("A",), [(long,)])


def test_quiet_says_nothing_but_warnings() -> None:
    output = Output(
        format="table", is_quiet=True, is_verbose=False, has_color=False, stdout=io.StringIO(), stderr=io.StringIO(), environment={}
    )
    output.progress("step")
    output.detail("more")
    output.waiting("x", 3)
    output.warn("careful\n")
    assert told(output) == "warning: careful\\n\n"
    assert written(output) == ""


def test_progress_is_on_stderr_and_data_on_stdout() -> None:
    output = make_output("json")
    output.progress("reading")
    output.data("Thing", {}, text="")
    assert told(output) == "reading\n"
    assert json.loads(written(output))


def test_a_log_has_one_line_per_step_and_a_heartbeat() -> None:
    stream = io.StringIO()
    steps = LineProgress(stream)
    steps.step("apply")
    for left in (30, 29, 20, 19, 10, 1):
        steps.beat("the lease of dev", left)
    steps.close()
    assert stream.getvalue().splitlines() == [
        "apply",
        "waiting for the lease of dev (30 s left)",
        "waiting for the lease of dev (20 s left)",
        "waiting for the lease of dev (10 s left)",
    ]


def test_github_folds_steps_and_closes_the_last() -> None:
    stream = io.StringIO()
    steps = GroupedProgress(stream)
    for name in ("one", "::stop-commands::x"):
        steps.step(name)
    steps.note("::error::forged")
    steps.close()
    steps.close()
    assert stream.getvalue().splitlines() == [
        "::group::one",
        "::endgroup::",
        "::group::\\::stop-commands::x",
        "\\::error::forged",
        "::endgroup::",
    ]


def test_a_terminal_keeps_one_live_line_that_is_gone_at_the_end() -> None:
    stream = Terminal()
    steps = LiveProgress(stream)
    steps.step("one")
    steps.note("stays")
    steps.close()
    assert "stays\n" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[2K")


@pytest.mark.parametrize(
    ("stream", "environment", "expected"),
    [
        (io.StringIO(), {}, LineProgress),
        (Terminal(), {}, LiveProgress),
        (Terminal(), {"CI": "true"}, LineProgress),
        (Terminal(), {"TERM": "dumb"}, LineProgress),
        (Terminal(), {"GITHUB_ACTIONS": "true"}, GroupedProgress),
    ],
)
def test_progress_fits_the_place(stream: io.StringIO, environment: dict[str, str], expected: type) -> None:
    assert type(open_progress(stream, environment)) is expected


class TestConfirmation:
    @pytest.fixture
    def person(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        def answer(text: str, **environment: str) -> None:
            keyboard = Terminal(text)
            monkeypatch.setattr("sys.stdin", keyboard)
            monkeypatch.setattr("sys.stderr", Terminal())
            for name, value in environment.items():
                monkeypatch.setenv(name, value)

        return answer

    @pytest.mark.parametrize(
        ("environment", "typed", "is_agreed"),
        [
            ("prod", "prod\n", True),
            ("prod", "y\n", False),
            ("prod", "PROD\n", False),
            ("prod", "", False),
            ("dev", "y\n", True),
            ("dev", "yes\n", True),
            ("dev", "\n", False),
            ("dev", "dev\n", False),
        ],
    )
    def test_prod_needs_its_name_typed(self, person: Any, environment: str, typed: str, *, is_agreed: bool) -> None:
        person(typed)
        output = make_output()
        if is_agreed:
            confirm_change(output, environment=environment, action="apply 2 steps", is_confirmed=False)
        else:
            with pytest.raises(InvalidIntent) as refused:
                confirm_change(output, environment=environment, action="apply 2 steps", is_confirmed=False)
            assert refused.value.code == "cli.declined"
        assert environment in told(output)

    def test_the_flag_answers(self) -> None:
        output = make_output()
        confirm_change(output, environment="prod", action="apply", is_confirmed=True)
        assert told(output) == ""

    def test_nobody_there_is_refused_with_the_flag(self) -> None:
        with pytest.raises(InvalidIntent) as refused:
            confirm_change(make_output(), environment="prod", action="apply", is_confirmed=False)
        assert refused.value.code == "cli.confirmation-needed"
        assert "--yes" in refused.value.hint

    def test_ci_is_never_asked(self, person: Any) -> None:
        person("prod\n", CI="true")
        assert not is_interactive()
        with pytest.raises(InvalidIntent):
            confirm_change(make_output(), environment="prod", action="apply", is_confirmed=False)


def test_a_path_is_text_in_json() -> None:
    assert json.loads(encode_document("json", {"path": str(Path("a"))})) == {"path": "a"}


def test_a_result_does_not_fold_under_the_last_step() -> None:
    stream = io.StringIO()
    output = make_output("table", stdout=stream, GITHUB_ACTIONS="true")._replace(stderr=stream)
    output.progress("looking")
    output.data("Thing", {}, text="done")
    assert stream.getvalue() == "::group::looking\n::endgroup::\ndone\n"
