"""What was not there in the middle of an apply is told apart from what a person must decide: 4 may simply be run again (CASES 51, 179)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.e2e.world import World

from goldenpath.errors import AccessDenied, GoldenpathError, ProviderUnavailable
from goldenpath.ports.journal import JournalEntry
from goldenpath.providers.local.journal import LocalJournal


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World.make(tmp_path / "world")
    world.approved_request()
    return world


@pytest.mark.parametrize(
    ("error", "code", "is_retryable"),
    [
        (ProviderUnavailable("journal.unwritable", "the database did not take the call (SQLITE_FULL)"), 4, True),
        (ProviderUnavailable("provision.deadline", "the time for this run is used up"), 4, True),
        (AccessDenied("store.access-denied", "no"), 1, False),
    ],
    ids=lambda value: value.code if isinstance(value, GoldenpathError) else "",
)
def test_an_apply_that_only_lacked_something_ends_with_4(
    error: GoldenpathError, code: int, is_retryable: bool, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_journal: LocalJournal, _entry: JournalEntry) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(LocalJournal, "record", fail)
        run = world.cli("pat", "apply", "--environment", "dev", "--yes", "-o", "json")
    document = json.loads(run.out)
    steps = [step for receipt in document["receipts"] for step in receipt["receipt"]["steps"]]
    assert run.code == code
    assert not document["is_complete"]
    assert [(step["code"], step["is_retryable"]) for step in steps] == [(error.code, is_retryable)]
    assert world.cli("pat", "apply", "--environment", "dev", "--yes").code == 0
