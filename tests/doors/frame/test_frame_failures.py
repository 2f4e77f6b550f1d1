"""How a run ends when it does not end well: exit codes, documents, and nothing that was typed or held (CASES 179, 180, 182)."""

from __future__ import annotations

import json
import os
import re
import signal
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable

import click
import pytest
import yaml
from tests.canary import hits_in, new_canary

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.failure import guarded, requested_format
from goldenpath.cli.root import cli, run
from goldenpath.cli.state import CliState, pass_state
from goldenpath.errors import (
    AccessDenied,
    AuditUnavailable,
    Conflict,
    GoldenpathError,
    InvalidIntent,
    Misconfigured,
    NotFound,
    PolicyBlocked,
    ProviderRefused,
    ProviderUnavailable,
    SyncTimeout,
    Unauthenticated,
)

Capture = pytest.CaptureFixture[str]


def raising(error: BaseException) -> click.Command:
    def fail() -> None:
        held_value = new_canary("local")
        assert held_value
        raise error

    return click.Command("verb", callback=fail)


def rooted(verb: click.Command, state: CliState) -> click.Group:
    @click.pass_context
    def root(ctx: click.Context) -> None:
        ctx.obj = state

    return click.Group("root", commands={verb.name or "verb": verb}, callback=root)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidIntent("a.b", "m"), 2),
        (PolicyBlocked("a.b", "m"), 1),
        (PolicyBlocked("approval.missing", "m"), 5),
        (NotFound("value.awaiting", "m"), 5),
        (Unauthenticated("a.b", "m"), 3),
        (AccessDenied("a.b", "m"), 3),
        (NotFound("a.b", "m"), 6),
        (Conflict("a.b", "m"), 6),
        (ProviderUnavailable("a.b", "m"), 4),
        (SyncTimeout("a.b", "m"), 4),
        (AuditUnavailable("a.b", "m"), 4),
        (ProviderRefused("a.b", "m"), 1),
        (Misconfigured("a.b", "m"), 2),
        (RuntimeError("m"), 70),
        (KeyboardInterrupt(), 130),
        (KeyboardInterrupt(signal.SIGTERM), 143),
        (KeyboardInterrupt(signal.SIGHUP), 129),
        (click.Abort(), 130),
        (click.UsageError("m"), 2),
        (PermissionError(13, "Permission denied", "file"), 3),
        (OSError(28, "No space left on device", "file"), 4),
        (MemoryError(), 70),
        (RecursionError(), 70),
    ],
)
def test_every_ending_has_its_exit_code(error: BaseException, code: int, capsys: Capture) -> None:
    assert guarded(raising(error), []) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: ")
    assert "Traceback" not in shown.err


@pytest.mark.parametrize("outcome", [0, 1, 5])
def test_the_number_that_a_verb_returns_is_the_exit_code(outcome: int) -> None:
    assert guarded(click.Command("verb", callback=lambda: outcome), []) == outcome


def test_an_error_says_what_where_why_and_what_next(capsys: Capture) -> None:
    guarded(raising(InvalidIntent("intent.x", "tier is missing", subject="a.yaml:3:1", hint="add spec.risk.tier")), [])
    assert capsys.readouterr().err.splitlines() == [
        "error: a.yaml:3:1: tier is missing [intent.x]",
        "  hint: add spec.risk.tier",
        "  more: goldenpath explain intent.x",
    ]


def test_an_error_cannot_forge_lines_or_move_the_cursor(capsys: Capture) -> None:
    guarded(raising(InvalidIntent("a.b", "x\nerror: forged\x1b[2J\u202e", subject="f\r\n::error::y", hint="\x07")), [])
    shown = capsys.readouterr().err
    assert len(shown.splitlines()) == 3
    assert not set(shown) & {"\x1b", "\u202e", "\r", "\x07"}


@pytest.mark.parametrize(
    "words", [["-o", "json"], ["-ojson"], ["--output=json"], ["--output", "json"], ["--json"], ["-qojson"], ["-vqo", "json"]]
)
@pytest.mark.parametrize("rest", [["no-such-verb"], ["version", "extra"], ["version", "--nope"], ["explain", "nope.nope"]])
@pytest.mark.parametrize("is_before", [True, False])
def test_stdout_is_json_on_every_error(words: list[str], rest: list[str], *, is_before: bool, capsys: Capture) -> None:
    code = run([*words, *rest] if is_before else [*rest, *words])
    document = json.loads(capsys.readouterr().out)
    assert document["kind"] == "Error"
    assert document["schema_version"] == 1
    assert document["exit_code"] == code != 0
    assert document["code"].startswith("cli.")


@pytest.mark.parametrize("error", [KeyError("x"), KeyboardInterrupt(), OSError(28, "full"), Conflict("a.b", "m", retry_after_seconds=2.5)])
def test_every_kind_of_ending_has_a_document(error: BaseException, capsys: Capture) -> None:
    guarded(raising(error), ["--help", "-o", "json"][2:])
    os.environ["GOLDENPATH_OUTPUT"] = "json"
    try:
        guarded(raising(error), [])
    finally:
        del os.environ["GOLDENPATH_OUTPUT"]
    assert json.loads(capsys.readouterr().out)["kind"] == "Error"


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("yaml", lambda text: yaml.safe_load(text)["code"]),
        ("ndjson", lambda text: json.loads(text)["code"]),
        ("sarif", lambda text: json.loads(text)["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["descriptor"]["id"]),
        ("junit", lambda text: re.findall(r'<error .*?type="([^"]+)"', ET.canonicalize(text))[0]),
        ("github", lambda text: text.split("title=")[1].split("::")[0]),
    ],
)
def test_other_machine_formats_get_an_error_of_their_own(name: str, read: Callable[[str], str], capsys: Capture) -> None:
    assert run(["-o", name, "explain", "nope.nope"]) == Exit.CONFLICT
    assert read(capsys.readouterr().out) == "cli.code-unknown"


def test_an_unknown_format_is_answered_in_json(capsys: Capture) -> None:
    assert run(["-o", "xmll", "version"]) == Exit.USAGE
    assert json.loads(capsys.readouterr().out)["code"] == "cli.invalid-value"


def test_a_second_document_is_never_added(capsys: Capture) -> None:
    @click.command()
    @pass_state
    def verb(state: CliState) -> None:
        state.output.data("Thing", {"a": 1}, text="a")
        raise Conflict("a.b", "lost")

    group = rooted(verb, CliState(output_format="json"))
    os.environ["GOLDENPATH_OUTPUT"] = "json"
    try:
        assert guarded(group, ["verb"]) == Exit.CONFLICT
    finally:
        del os.environ["GOLDENPATH_OUTPUT"]
    assert json.loads(capsys.readouterr().out)["kind"] == "Thing"


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([], None),
        (["status"], None),
        (["exec", "--", "tool", "-o", "json"], None),
        (["-o", "yaml", "exec", "--", "tool", "-o", "json"], "yaml"),
        (["--output=json", "-o", "table"], "table"),
        (["-o"], None),
        (["--no-color", "-C", "dir", "x"], None),
    ],
)
def test_the_wanted_format_is_read_from_a_broken_line_too(arguments: list[str], wanted: str | None) -> None:
    assert requested_format(arguments) == wanted


CANARY = new_canary("typed")


@pytest.mark.parametrize("debug", [[], ["--debug"], ["-o", "json"]])
@pytest.mark.parametrize(
    "arguments",
    [
        [CANARY],
        [f"--{CANARY}"],
        [f"--value={CANARY}"],
        ["--password", CANARY],
        [f"-p{CANARY}"],
        ["version", CANARY],
        ["version", f"--{CANARY}"],
        ["version", f"--value={CANARY}"],
        ["version", "--timeout", CANARY],
        ["version", "-o", CANARY],
        [f"--json={CANARY}", "version"],
        ["explain", CANARY],
        ["explain", "cli.usage", CANARY, CANARY],
        ["completion", CANARY],
        ["completion"],
        ["config", "show", CANARY],
        ["doctor", CANARY],
    ],
)
def test_nothing_typed_comes_back(arguments: list[str], debug: list[str], capsys: Capture) -> None:
    assert run([*debug, *arguments]) in (2, 6)
    shown = capsys.readouterr()
    assert hits_in((shown.out + shown.err).encode(), [CANARY]) == []
    assert CANARY[:12] not in shown.out + shown.err


def test_messages_of_our_own_verbs_are_masked_too(capsys: Capture) -> None:
    @click.command()
    @click.argument("word")
    def verb(word: str) -> None:
        raise click.BadParameter(f"{word} is not known", param_hint="word")

    assert guarded(verb, [CANARY]) == Exit.USAGE
    shown = capsys.readouterr().err
    assert hits_in(shown.encode(), [CANARY]) == []
    assert "******** is not known" in shown


@pytest.mark.parametrize("words", [[], ["--debug"]])
def test_an_internal_fault_shows_its_id_and_no_value(words: list[str], capsys: Capture) -> None:
    value = new_canary("held")

    def inner(secret: str) -> None:
        raise ValueError(f"cannot parse {secret}") from KeyError(secret)

    command = click.Command("verb", callback=lambda debug: inner(value), params=[click.Option(["--debug"], is_flag=True)])
    assert guarded(command, words) == Exit.INTERNAL
    shown = capsys.readouterr().err
    assert "internal fault " in shown
    assert "ValueError" in shown
    assert "cannot parse" not in shown
    assert hits_in(shown.encode(), [value]) == []
    assert ("inner" in shown and "KeyError" in shown) or not words


def test_the_same_fault_has_the_same_id(capsys: Capture) -> None:
    def shown() -> str:
        guarded(raising(ValueError(new_canary())), [])
        return capsys.readouterr().err

    assert len({shown() for _ in range(2)}) == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_runs_every_finally_and_tells_how_to_resume(number: signal.Signals, code: int, capsys: Capture) -> None:
    cleaned = []

    def work() -> None:
        try:
            os.kill(os.getpid(), number)
            time.sleep(5)
        finally:
            cleaned.append(True)

    before = signal.getsignal(number)
    assert guarded(click.Command("verb", callback=work), []) == code
    assert cleaned == [True]
    assert signal.getsignal(number) is before
    shown = capsys.readouterr().err
    assert number.name in shown
    assert "resume" in shown


def test_a_time_limit_ends_the_run_between_two_effects(capsys: Capture) -> None:
    cleaned = []

    @click.command()
    @pass_state
    def slow(state: CliState) -> None:
        state.start_limits()
        try:
            time.sleep(5)
        finally:
            cleaned.append(True)

    command = rooted(slow, CliState(timeout_seconds=0.05))
    started = time.monotonic()
    assert guarded(command, ["slow"]) == Exit.UNAVAILABLE
    assert time.monotonic() - started < 2
    assert cleaned == [True]
    assert "cli.timed-out" in capsys.readouterr().err
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


@pytest.mark.parametrize("place", ["message", "subject", "hint"])
def test_on_a_runner_no_failure_is_a_workflow_command(place: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """CASES 33: the runner reads stderr as well, and takes ``##[`` for a command anywhere in a line."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    words = {"message": "m", "subject": "s", "hint": "h"} | {place: "catalogs/##[add-mask]a.yaml"}
    guarded(raising(InvalidIntent("a.b", words["message"], subject=words["subject"], hint=words["hint"])), [])
    shown = capsys.readouterr().err
    assert "add-mask" in shown
    assert "##[" not in shown


def test_a_verb_without_arguments_shows_help_on_stderr(capsys: Capture) -> None:
    assert guarded(cli, []) == Exit.USAGE
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Examples:" in shown.err


def test_the_root_of_the_family_is_internal() -> None:
    assert guarded(raising(GoldenpathError("a.b", "m")), []) == Exit.INTERNAL
