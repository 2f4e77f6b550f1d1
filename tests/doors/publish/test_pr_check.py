"""``goldenpath pr check``: one comment, three statuses, and nothing green that was not judged (R10-R15; CASES group 2)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.e2e.world import SEC_0007
from tests.pull_rig import FILE, PullRig, make_rig

from goldenpath.errors import ProviderUnavailable

GREEN = {"policy": "success", "preview": "success", "approval": "success"}


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> PullRig:
    return make_rig(tmp_path / "world", monkeypatch, capfd)


def outage() -> ProviderUnavailable:
    return ProviderUnavailable("forge.unavailable", "no answer")


def test_a_change_waits_for_approval_and_turns_green_with_it(rig: PullRig) -> None:
    number = rig.propose()
    code, _, err = rig.run("pr", "check", "--number", str(number), "--publish")
    assert code == 5, err
    assert rig.states(number) == {**GREEN, "approval": "pending"}
    assert "missing" in rig.comment(number)
    rig.approve("request/sec-0007")
    code, _, err = rig.run("pr", "check", "--number", str(number), "--publish")
    assert code == 0, err
    assert rig.states(number) == GREEN
    comment = rig.comment(number)
    assert "passes and is approved" in comment
    assert "SEC-0007" in comment
    assert "Plan digest" in comment
