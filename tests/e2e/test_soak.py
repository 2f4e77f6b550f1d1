"""Random fault schedules over whole applies and seeds: whatever fails, running again ends as a clean run does (R18, R22; CASES 51, 185).

Every schedule follows from one number, shown as the test's id and in each failure, so a failure replays.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.canary import new_canary, scan_tree
from tests.e2e.world import SEC_0007, World, person
from tests.faults import MUTATING, Fault, FaultyJournal, FaultyStore, Schedule
from tests.stores import bookkeeping, make_desired, token

from goldenpath.app.apply import apply
from goldenpath.app.audit_log import verify_audit
from goldenpath.app.seed import seed_secret
from goldenpath.app.services import Services
from goldenpath.bootstrap import open_platform
from goldenpath.errors import GoldenpathError
from goldenpath.model.secret import SecretValue
from goldenpath.model.store import BOOKKEEPING_TAGS
from goldenpath.providers.registry import StoreOptions, open_store

SEEDS = range(30)
SHARE = 0.3
"""So many of the first calls fail (CASE 51) ..."""
CALLS = 80
"""... and after these, none does: a world in which nothing ever works proves nothing."""
ATTEMPTS = 60
FAULTS: tuple[Fault, ...] = ("drop-before", "drop-after", "throttle", "throttle", "refuse", "refuse-after", "half")
IDS = ("SEC-0007", "SEC-0501", "SEC-0502")
FOREIGN = "elsewhere/db"
ENVIRONMENTS = ("dev", "prod")
PROVIDER = "aws-secrets-manager"


class HastyClock:
    """The machine's time, but sleeping is only counted."""

    def __init__(self) -> None:
        self.slept = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.slept)

    def monotonic(self) -> float:
        return time.monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def services_of(world: World, schedule: Schedule, clock: HastyClock) -> Services:
    """The real platform; only its stores and its journal stand behind the schedule, below the audit records."""
    wired = open_platform(world.platform)

    def store(environment: str, provider: str) -> FaultyStore:
        folder = world.platform / ".goldenpath"
        options = StoreOptions(directory=folder, key_source="file", clock=clock, entropy=wired.entropy, name=f"{provider}-{environment}")
        return FaultyStore(open_store("local", options), schedule)

    return replace(wired, clock=clock, store=store, journal=lambda: FaultyJournal(wired.journal(), schedule))


def insist(act: Callable[[], bool], hint: str) -> None:
    """Run again until it is done, as a person or a pipeline would; only errors of our own family may stop a run."""
    stops: list[str] = []
    for _ in range(ATTEMPTS):
        try:
            if act():
                return
            stops.append("incomplete")
        except GoldenpathError as error:
            stops.append(error.code)
    pytest.fail(f"{hint}: never done: {stops}")


@pytest.fixture(scope="module")
def values() -> dict[str, str]:
    return {"username": new_canary("user"), "password": new_canary("password")}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World.make(tmp_path_factory.mktemp("template") / "world")
    low = SEC_0007.replace("tier: medium", "tier: low").replace("standard", "none")
    world.propose(
        "more",
        {
            f"catalogs/secrets/payments/dev/{each}.yaml": (SEC_0007 if each == IDS[0] else low)
            .replace(IDS[0], each)
            .replace("payments-db", f"db-{number}")
            for number, each in enumerate(IDS)
        },
    )
    assert world.cli("pat", "approve", "--head", "more").code == 0
    world.merge("more")
    return world


def run(world: World, schedule: Schedule, values: dict[str, str], monkeypatch: pytest.MonkeyPatch, hint: str) -> dict[str, Any]:
    """Apply and seed everything; return what the world looks like then."""
    for name, text in person("pat").environment(world.root).items():
        monkeypatch.setenv(name, text)
    clock = HastyClock()
    plain = services_of(world, Schedule(), clock)
    plant_foreign(plain)
    services = services_of(world, schedule, clock)
    secret = {name: SecretValue(text.encode()) for name, text in values.items()}
    try:
        insist(lambda: apply(services).is_complete, hint)
        for each in IDS:
            insist(lambda each=each: bool(seed_secret(services, each, secret).version_id), hint)  # type: ignore[misc]
        insist(lambda: apply(services).is_complete, hint)
        services.close()
        return {**state_of(world, plain), "audit": audit_of(services, schedule)}
    finally:
        plain.close()


def plant_foreign(services: Services) -> None:
    """Put a record that nobody's request owns into each store."""
    for environment in ENVIRONMENTS:
        store = services.store(environment, PROVIDER)
        fence = store.acquire(environment, holder="somebody", lease_seconds=60)
        desired = make_desired("", path=FOREIGN, environment=environment)
        store.create(desired, bookkeeping=bookkeeping(desired), token=token("foreign"), fence=fence)
        store.release(fence)


def state_of(world: World, services: Services) -> dict[str, Any]:
    """Records without their book-keeping, how often each value was written, the GitOps tree, open ends."""
    records = [record for name in ENVIRONMENTS for record in services.store(name, PROVIDER).list_records(name)]
    return {
        "records": {
            str(record.ref): (record.description, record.policy, tuple(tag for tag in record.tags if tag[0] not in BOOKKEEPING_TAGS))
            for record in records
        },
        "versions": {str(record.ref): [version.stages for version in record.versions] for record in records},
        "open": [entry.token for name in ENVIRONMENTS for entry in services.journal().unfinished(name)],
        "tree": world.git("pat", "ls-tree", "-r", "main", where=world.gitops),
        "dirty": world.git("pat", "status", "--porcelain", where=world.gitops),
    }


def audit_of(services: Services, schedule: Schedule) -> dict[str, Any]:
    """Whether the log is whole, and whether each effect on a store was written down before and after."""
    report = verify_audit(services)
    records = [
        json.loads(line) for path in sorted(services.audit_folder().glob("segment-*")) for line in path.read_text("utf-8").splitlines()
    ]
    return {
        "is_intact": report.is_intact,
        "open": report.open_intent_count,
        "unrecorded": schedule.mutating_calls - sum(1 for each in records if each["phase"] == "intent" and is_effect(each["action"])),
    }


def is_effect(action: str) -> bool:
    family, _, name = action.partition(".")
    return family == "secret" and name.replace("-", "_") in MUTATING


@pytest.fixture(scope="module")
def clean(template: World, tmp_path_factory: pytest.TempPathFactory, values: dict[str, str]) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        return run(template.copy(tmp_path_factory.mktemp("clean") / "world"), Schedule(), values, monkeypatch, "no faults")


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", SEEDS)
def test_any_schedule_of_faults_ends_as_a_clean_run(  # noqa: PLR0917 - fixtures
    template: World, clean: dict[str, Any], tmp_path: Path, values: dict[str, str], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    chance = random.Random(number)  # noqa: S311 - a replayable schedule
    faults = {call: chance.choice(FAULTS) for call in range(1, CALLS + 1) if chance.random() < SHARE}
    schedule = Schedule(faults)
    world = template.copy(tmp_path / "world")
    ended = run(world, schedule, values, monkeypatch, f"schedule {number}")
    assert len(schedule.calls) > CALLS / 2, "the schedule was met"
    assert ended == clean, f"schedule {number}: {faults}"
    assert all(stages == [("current",)] for stages in ended["versions"].values() if stages), "one value, once"
    assert ended["audit"] == {"is_intact": True, "open": 0, "unrecorded": 0}
    assert scan_tree(world.root, list(values.values())) == []
