"""``goldenpath audit``: what a person and a program see, and the exit code that CI goes by."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.canary import hits_in, new_canary
from tests.gitrepo import GitRepo

from goldenpath.app.services import Services
from goldenpath.audit.trail import AuditTrail
from goldenpath.bootstrap import open_platform
from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.root import run
from goldenpath.model.audit import AuditDecision, Target

Capture = pytest.CaptureFixture[str]
SETTINGS = "apiVersion: goldenpath.io/v1\nkind: Platform\naudit:\n  checkpointMirror: ../mirror\n"
HOSTILE = '\x1b[31m\n::error::x\n{"seq":1}\u2028=cmd()'


@pytest.fixture
def platform(tmp_path: Path) -> Path:
    repo = GitRepo(tmp_path / "platform")
    repo.write("goldenpath.yaml", SETTINGS)
    repo.git("add", ".")
    repo.git(
        "commit",
        "-q",
        "-m",
        "Start",
        env={"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"},
    )
    return repo.path


def act(platform: Path, count: int = 3, *, reason: str = "") -> Services:
    services = open_platform(platform)
    trail = AuditTrail(services.audit(), services.clock, services.entropy, actor=services.actor, source=services.source)
    for number in range(count):
        target = Target(intent_id=f"SEC-000{number}", environment="dev")
        with trail.operation("secret.read", target=target, decision=AuditDecision(reason=reason)):
            pass
    trail.denied("change.approve", error_type="approval.own-change", target=Target(intent_id="SEC-0007"))
    services.close()
    return services


def goldenpath(platform: Path, capsys: Capture, *arguments: str) -> tuple[int, str, str]:
    code = run(["-C", str(platform), "audit", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def document(platform: Path, capsys: Capture, *arguments: str) -> dict[str, Any]:
    _, out, _ = goldenpath(platform, capsys, *arguments, "-o", "json")
    found: dict[str, Any] = json.loads(out)
    assert found["schema_version"] == 1
    return found


def segment_of(platform: Path) -> Path:
    return platform / ".goldenpath" / "audit" / "segment-00000001.ndjson"


def test_an_intact_log_is_proven(platform: Path, capsys: Capture) -> None:
    act(platform)
    code, out, _ = goldenpath(platform, capsys, "verify")
    assert code == Exit.DONE
    assert "Audit log intact: 9 records in 1 segment," in out
    assert "up to record 9 of 9, and in a mirror" in out
    found = document(platform, capsys, "verify")
    assert (found["kind"], found["is_intact"], found["records"], found["first_bad_seq"], found["problems"]) == (
        "AuditVerification",
        True,
        9,
        0,
        [],
    )


def test_verifying_leaves_the_log_as_it_is(platform: Path, capsys: Capture) -> None:
    act(platform)
    before = {path: path.read_bytes() for path in (platform / ".goldenpath" / "audit").iterdir()}
    goldenpath(platform, capsys, "verify")
    goldenpath(platform, capsys, "tail")
    goldenpath(platform, capsys, "export")
    assert {path: path.read_bytes() for path in (platform / ".goldenpath" / "audit").iterdir()} == before


def test_a_broken_log_is_a_finding_with_its_first_bad_record(platform: Path, capsys: Capture) -> None:
    act(platform)
    path = segment_of(platform)
    path.write_bytes(path.read_bytes().replace(b'"intent_id":"SEC-0001"', b'"intent_id":"SEC-0009"', 1))
    code, out, _ = goldenpath(platform, capsys, "verify")
    assert code == Exit.FINDINGS
    assert "Audit log BROKEN" in out
    assert "First bad record: 4." in out
    assert "audit.record-edited" in out
    found = document(platform, capsys, "verify")
    assert (found["is_intact"], found["first_bad_seq"], found["problem_count"]) == (False, 4, 1)
    assert found["problems"][0] == {
        "code": "audit.record-edited", "message": "record 4 does not prove itself", "seq": 4, "segment": 1, "line": 4,
    }  # fmt: skip


def test_a_rollback_is_seen_by_the_configured_mirror_and_by_a_named_one(platform: Path, capsys: Capture, tmp_path: Path) -> None:
    act(platform)
    folder = platform / ".goldenpath" / "audit"
    older = {path.name: path.read_bytes() for path in folder.iterdir()}
    act(platform)
    for path in folder.iterdir():
        path.write_bytes(older[path.name])
    assert goldenpath(platform, capsys, "verify")[0] == Exit.FINDINGS
    (tmp_path / "mirror").rename(tmp_path / "kept")
    code, out, _ = goldenpath(platform, capsys, "verify", "--mirror", str(tmp_path / "kept"))
    assert code == Exit.FINDINGS
    assert "audit.log-rolled-back" in out
    assert "First bad record: 10." in out


def test_a_missing_log_is_not_found(platform: Path, capsys: Capture) -> None:
    code, _, err = goldenpath(platform, capsys, "verify")
    assert code == Exit.CONFLICT
    assert "audit.log-missing" in err


def test_an_auditor_verifies_with_the_public_key(platform: Path, capsys: Capture, tmp_path: Path) -> None:
    act(platform)
    key = tmp_path / "auditor.pem"
    code, out, _ = goldenpath(platform, capsys, "checkpoint", "--export-public-key", str(key))
    assert code == Exit.DONE
    assert "Record 9 of chain" in out
    assert key.read_text().startswith("-----BEGIN PUBLIC KEY-----")
    assert goldenpath(platform, capsys, "verify", "--public-key", str(key))[0] == Exit.DONE
    assert goldenpath(platform, capsys, "verify", "--public-key", str(tmp_path / "none.pem"))[0] == Exit.USAGE
    key.write_text("nothing")
    code, _, err = goldenpath(platform, capsys, "verify", "--public-key", str(key))
    assert code == Exit.USAGE
    assert "audit.public-key-invalid" in err


def test_a_public_key_is_not_written_through_a_link(platform: Path, capsys: Capture, tmp_path: Path) -> None:
    act(platform)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    code, _, err = goldenpath(platform, capsys, "checkpoint", "--export-public-key", str(tmp_path / "link"))
    assert code == Exit.UNAVAILABLE
    assert "audit.unwritable-export" in err
    assert not (tmp_path / "elsewhere").exists()


def test_a_checkpoint_of_nothing_says_so(platform: Path, capsys: Capture) -> None:
    code, out, _ = goldenpath(platform, capsys, "checkpoint")
    assert code == Exit.DONE
    assert "no records" in out


def test_tail_shows_the_newest_last(platform: Path, capsys: Capture) -> None:
    act(platform)
    _, out, _ = goldenpath(platform, capsys, "tail", "-n", "4")
    rows = out.splitlines()
    assert rows[0].split() == ["TIME", "SEQ", "PHASE", "ACTION", "OUTCOME", "ACTOR", "TARGET", "REASON"]
    assert [row.split()[1] for row in rows[1:]] == ["6", "7", "8", "9"]
    assert "denied approval.own-change" in rows[-1]
    found = document(platform, capsys, "tail", "-n", "2")
    assert [record["seq"] for record in found["records"]] == [8, 9]


@pytest.mark.parametrize(
    ("arguments", "seqs"),
    [
        (["--action", "change.*"], [8, 9]),
        (["--action", "secret.read", "-n", "1"], [7]),
        (["--target", "SEC-0001"], [4, 5]),
        (["--target", "dev", "--since", "1h"], [2, 3, 4, 5, 6, 7]),
        (["--since", "2999-01-01T00:00:00Z"], []),
        (["--since", "2020-01-01"], [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (["--actor", "nobody"], []),
    ],
)
def test_tail_filters(platform: Path, capsys: Capture, arguments: list[str], seqs: list[int]) -> None:
    act(platform)
    assert [record["seq"] for record in document(platform, capsys, "tail", *arguments)["records"]] == seqs


@pytest.mark.parametrize("when", ["yesterday", "7", "1y", "-1h", "2026-13-01"])
def test_a_time_that_is_none_is_a_usage_error(platform: Path, capsys: Capture, when: str) -> None:
    act(platform)
    assert goldenpath(platform, capsys, "tail", f"--since={when}")[0] == Exit.USAGE


def test_hostile_text_cannot_leave_its_cell(platform: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    act(platform, 1, reason=HOSTILE)
    _, table, _ = goldenpath(platform, capsys, "tail")
    assert len(table.splitlines()) == 6
    assert "\x1b" not in table
    assert "\u2028" not in table
    _, lines, _ = goldenpath(platform, capsys, "tail", "-o", "ndjson")
    assert [json.loads(line)["seq"] for line in lines.split("\n")[:-1]] == [1, 2, 3, 4, 5]
    _, table, _ = goldenpath(platform, capsys, "export", "--format", "csv")
    reasons = [row["decision.reason"] for row in csv.DictReader(io.StringIO(table))]
    assert HOSTILE in reasons


def test_exports_go_to_stdout_and_counts_to_stderr(platform: Path, capsys: Capture) -> None:
    act(platform)
    for form, expected in (("jsonl", 9), ("ocsf", 9), ("csv", 10)):
        code, out, err = goldenpath(platform, capsys, "export", "--format", form)
        assert code == Exit.DONE
        assert len(out.splitlines()) == expected
        assert "9 records exported" in err
    _, out, _ = goldenpath(platform, capsys, "export", "--format", "ocsf", "--target", "SEC-0007")
    assert [json.loads(line)["status"] for line in out.splitlines()] == ["Unknown", "Failure"]


def test_an_export_tells_of_lines_that_are_no_records(platform: Path, capsys: Capture) -> None:
    act(platform)
    with segment_of(platform).open("ab") as file:
        file.write(b"half")
    code, out, err = goldenpath(platform, capsys, "export")
    assert code == Exit.DONE
    assert len(out.splitlines()) == 9
    assert "1 lines are no records" in err


def test_following_shows_new_records_until_interrupted(platform: Path) -> None:
    act(platform, 1)
    command = [sys.executable, "-m", "goldenpath", "-C", str(platform), "audit", "tail", "-n", "1", "-f", "-o", "ndjson"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        assert json.loads(following.stdout.readline())["seq"] == 5
        act(platform, 1)
        assert [json.loads(following.stdout.readline())["seq"] for _ in range(4)] == [6, 7, 8, 9]
        time.sleep(0.1)
        following.send_signal(signal.SIGINT)
        assert following.wait(10) == Exit.INTERRUPTED


def test_a_loose_log_stops_the_platform(platform: Path, capsys: Capture) -> None:
    act(platform)
    os.chmod(platform / ".goldenpath" / "audit", 0o755)  # noqa: PTH101, S103 - the fault that is tested
    code, _, err = goldenpath(platform, capsys, "checkpoint")
    assert code == Exit.UNAVAILABLE
    assert "audit.file-unsafe" in err


def test_what_was_hashed_is_nowhere(platform: Path, capsys: Capture) -> None:
    canary = new_canary()
    services = open_platform(platform)
    log = services.audit()
    trail = AuditTrail(log, services.clock, services.entropy, actor=services.actor)
    with trail.operation("secret.put-version", details={"value": log.keyed_hash(canary.encode())}) as operation:
        operation.set_version("1", fingerprint=log.keyed_hash(canary.encode()))
    services.close()
    shown = "".join(
        part
        for verb in (
            ["tail"],
            ["tail", "-o", "json"],
            ["export"],
            ["export", "--format", "csv"],
            ["export", "--format", "ocsf"],
            ["verify"],
        )
        for part in goldenpath(platform, capsys, *verb)[1:]
    )
    assert hits_in(shown.encode(), [canary]) == []
