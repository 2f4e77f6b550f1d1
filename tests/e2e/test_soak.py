"""Random fault schedules over whole applies and seeds: whatever fails, running again ends as a clean run does (R18, R22; CASES 51, 185).

Every schedule follows from one number, shown as the test's id and in each failure. ``make soak SOAK=1000`` runs so many of them;
``pytest tests/e2e/test_soak.py --soak-seed 4711`` replays one. Checked after each are the invariants of section 5.3 of the standard that
apply and seed can break: (a) no value anywhere, (b) one current version, written once, (c) a record for each request and no other,
(d) each change of a store or of the manifests recorded before and after, (f) the end of a clean run, (g) nothing of somebody else's
changed. (e) is about grants.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from tests.builders import FakeClock, SeededEntropy
from tests.canary import hits_in, new_canary, scan_tree
from tests.e2e.world import SEC_0007, World, person
from tests.faults import MUTATING, Fault, FaultyJournal, FaultyStore, Schedule
from tests.gitops import ELSEWHERE, MemoryGitOps, Remembered
from tests.stores import bookkeeping, make_desired, token

from goldenpath.app.apply import apply
from goldenpath.app.audit_log import verify_audit
from goldenpath.app.seed import seed_secret
from goldenpath.app.services import Services
from goldenpath.bootstrap import _Wiring, open_platform
from goldenpath.errors import AuditUnavailable, GoldenpathError
from goldenpath.model.audit import AuditEvent
from goldenpath.model.secret import SecretValue
from goldenpath.model.store import BOOKKEEPING_TAGS, StoreRecord
from goldenpath.ports.audit import AuditSink
from goldenpath.ports.clock import Clock, Entropy
from goldenpath.ports.journal import Journal
from goldenpath.ports.repository import ApprovalNotes, RepositoryReader
from goldenpath.ports.store import Store
from goldenpath.providers.registry import StoreOptions, open_store

CALLS = 120
"""Up to this call some fail; after it none does: a world in which nothing ever works proves nothing."""
SHARES = (0.05, 0.15, 0.3, 0.3, 0.5)
"""How many of the first calls fail; 0.3 is CASE 51."""
ATTEMPTS = 120
FAULTS: tuple[Fault, ...] = ("drop-before", "drop-after", "throttle", "throttle", "refuse", "refuse-after", "half")
IDS = ("SEC-0007", "SEC-0501", "SEC-0502")
FOREIGN = "elsewhere/db"
ENVIRONMENTS = ("dev", "prod")
PROVIDER = "aws-secrets-manager"
WITH_GIT = (1, 2)
"""Seeds that also run on real repositories; the others keep their manifests in memory."""


class FaultySink:
    """An audit log that cannot take an event, or took it and cannot say so. ``may_stay_open`` counts the intents that this leaves alone."""

    def __init__(self, inner: AuditSink, schedule: Schedule) -> None:
        self.inner = inner
        self.schedule = schedule
        self.may_stay_open = 0

    def append(self, event: AuditEvent) -> str:
        fault = self.schedule.next("audit")
        if fault in {"drop-before", "refuse"}:
            self.may_stay_open += event.phase == "outcome"
            raise AuditUnavailable("audit.unwritable", "not durable")
        record = self.inner.append(event)
        if fault == "drop-after":
            self.may_stay_open += event.phase == "intent"
            raise AuditUnavailable("audit.unwritable", "perhaps durable")
        return record

    def keyed_hash(self, text: bytes) -> str:
        return self.inner.keyed_hash(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One schedule's own state: folders, stores, journal, audit log and manifests behind it. ``plain`` sees them without faults."""

    folder: Path
    services: Services
    plain: Services
    sink: FaultySink
    schedule: Schedule
    gitops: MemoryGitOps | None

    @property
    def manifests(self) -> dict[str, bytes]:
        """What the GitOps repository holds, but for what others put there meanwhile."""
        tree = self.plain.manifests().read_tree(self.plain.settings.delivery.directory)
        return {path: content for path, content in tree.items() if not path.startswith(ELSEWHERE)}


def set_stage(wired: Services, folder: Path, schedule: Schedule, *, seed: int, has_git: bool) -> Stage:
    """Wire the platform with state of its own in ``folder``; only what is called from outside stands behind the schedule."""
    state = msgspec.structs.replace(wired.settings.state, directory=str(folder / "state"))
    audit = msgspec.structs.replace(wired.settings.audit, checkpoint_mirror=str(folder / "mirror"))
    settings = msgspec.structs.replace(wired.settings, state=state, audit=audit)
    clock, entropy = FakeClock(datetime.now(UTC)), SeededEntropy(seed)
    wiring = _Wiring(wired.root, settings)
    wiring.clock, wiring.entropy = clock, entropy  # type: ignore[assignment]
    stores = {name: _open_store(folder, name, clock, entropy) for name in ENVIRONMENTS}
    journal, sink = wiring.journal(), FaultySink(wiring.audit(), schedule)
    gitops = None if has_git else MemoryGitOps(schedule)

    def services(own: Schedule, log: AuditSink) -> Services:
        opened = replace(
            wired,
            settings=settings,
            clock=clock,
            entropy=entropy,
            store=lambda environment, _provider: FaultyStore(stores[environment], own),
            journal=lambda: cast("Journal", FaultyJournal(journal, own)),
            audit=lambda: log,
            audit_folder=wiring.audit_folder,
            close=wiring.close,
        )
        if gitops is None:
            return opened
        manifests = gitops.twin(own)
        return replace(opened, manifests=lambda: manifests, manifest_reader=lambda: cast("RepositoryReader", manifests))

    return Stage(
        folder=folder,
        services=services(schedule, sink),
        plain=services(Schedule(), wiring.audit()),
        sink=sink,
        schedule=schedule,
        gitops=gitops,
    )


def _open_store(folder: Path, environment: str, clock: Clock, entropy: Entropy) -> Store:
    options = StoreOptions(directory=folder / "state", key_source="file", clock=clock, entropy=entropy, name=f"{PROVIDER}-{environment}")
    return open_store("local", options)


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


def play(stage: Stage, values: dict[str, str], hint: str) -> dict[str, Any]:
    """Apply and seed everything; return what the world looks like then."""
    foreign = {name: plant_foreign(stage.plain, name) for name in ENVIRONMENTS}
    secret = {name: SecretValue(text.encode()) for name, text in values.items()}
    try:
        insist(lambda: apply(stage.services).is_complete, hint)
        for each in IDS:
            insist(lambda each=each: bool(seed_secret(stage.services, each, secret).version_id), hint)  # type: ignore[misc]
        insist(lambda: apply(stage.services).is_complete, hint)
        calls = stage.schedule.mutating_calls
        assert apply(stage.plain).is_complete
        assert stage.schedule.mutating_calls == calls, "one more run changes nothing"
    finally:
        stage.services.close()
    found = {str(record.ref): record for record in records_of(stage.plain)}
    assert {str(record.ref): record for record in foreign.values()}.items() <= found.items(), f"{hint}: (g) a foreign record changed"
    assert_all_is_recorded(stage, hint)
    manifests = b"\n".join(content for _, content in sorted(stage.manifests.items()))
    assert scan_tree(stage.folder, list(values.values())) + hits_in(manifests, list(values.values())) == [], f"{hint}: (a) a value leaked"
    return state_of(stage)


def plant_foreign(services: Services, environment: str) -> StoreRecord:
    """Put a record that nobody's request owns into a store."""
    store = services.store(environment, PROVIDER)
    fence = store.acquire(environment, holder="somebody", lease_seconds=60)
    desired = make_desired("", path=FOREIGN, environment=environment)
    record = store.create(desired, bookkeeping=bookkeeping(desired), token=token("foreign"), fence=fence)
    store.release(fence)
    return record


def records_of(services: Services) -> list[StoreRecord]:
    return [record for name in ENVIRONMENTS for record in services.store(name, PROVIDER).list_records(name)]


def state_of(stage: Stage) -> dict[str, Any]:
    """Records without their book-keeping, how often each value was written, the manifests, open ends."""
    records = records_of(stage.plain)
    return {
        "records": {
            str(record.ref): (record.description, record.policy, tuple(tag for tag in record.tags if tag[0] not in BOOKKEEPING_TAGS))
            for record in records
        },
        "ids": sorted(record.request_id for record in records if record.request_id),
        "versions": {str(record.ref): [version.stages for version in record.versions] for record in records},
        "open": [entry.token for name in ENVIRONMENTS for entry in stage.plain.journal().unfinished(name)],
        "manifests": stage.manifests,
    }


def assert_all_is_recorded(stage: Stage, hint: str) -> None:
    """(d): the log is whole, each call that could change something has an intent, and only an audit log that failed leaves one open."""
    report = verify_audit(stage.plain)
    lines = [line for path in sorted(stage.plain.audit_folder().glob("segment-*")) for line in path.read_text("utf-8").splitlines()]
    intents = [each["action"] for each in map(json.loads, lines) if each["phase"] == "intent"]
    attempts = stage.plain.settings.delivery.attempts
    effects = sum(is_effect(action) for action in intents)
    assert report.is_intact, hint
    assert report.open_intent_count <= stage.sink.may_stay_open, f"{hint}: (d) an intent without an outcome"
    assert effects >= stage.schedule.mutating_calls, f"{hint}: (d) a change without a record"
    if stage.gitops is not None:
        assert intents.count("manifests.commit") * attempts >= stage.schedule.count("commit") > 0, f"{hint}: (d) a commit without a record"


def is_effect(action: str) -> bool:
    family, _, name = action.partition(".")
    return family == "secret" and name.replace("-", "_") in MUTATING


def requests_in(platform: Path) -> list[str]:
    return sorted(path.stem for path in (platform / "catalogs").rglob("SEC-*.yaml") if not path.stem.endswith(".metadata"))


def schedule_of(number: int) -> Schedule:
    chance = random.Random(number)  # noqa: S311 - a replayable schedule
    share = chance.choice(SHARES)
    return Schedule({call: chance.choice(FAULTS) for call in range(1, CALLS + 1) if chance.random() < share})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "soak_seed" in metafunc.fixturenames:
        only, count = metafunc.config.getoption("--soak-seed"), metafunc.config.getoption("--soak")
        metafunc.parametrize("soak_seed", range(count) if only is None else [only])


@pytest.fixture
def soak_folder() -> Iterator[Path]:
    """A folder in memory where there is one: that bytes reach the disk is not what is tested here, and waiting for it is most of a run."""
    with tempfile.TemporaryDirectory(prefix="soak-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as folder:
        yield Path(folder)


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


@pytest.fixture(scope="module")
def wired(template: World) -> Services:
    """The platform on a repository that does not change any more."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, text in person("pat").environment(template.root).items():
            monkeypatch.setenv(name, text)
        services = open_platform(template.platform)
    reader, notes = Remembered(services.repository()), Remembered(services.notes())
    return replace(services, repository=lambda: cast("RepositoryReader", reader), notes=lambda: cast("ApprovalNotes", notes))


@pytest.fixture(scope="module")
def clean(wired: Services, tmp_path_factory: pytest.TempPathFactory, values: dict[str, str]) -> dict[str, Any]:
    stage = set_stage(wired, tmp_path_factory.mktemp("clean"), Schedule(), seed=0, has_git=False)
    return play(stage, values, "no faults")


def assert_ends_as_clean(stage: Stage, clean: dict[str, Any], values: dict[str, str], number: int) -> None:
    hint = f"schedule {number} {stage.schedule.faults}"
    ended = play(stage, values, hint)
    assert ended == clean, f"{hint}: (f)"
    assert ended["ids"] == requests_in(stage.services.root), f"{hint}: (c)"
    assert all(stages == [("current",)] for stages in ended["versions"].values() if stages), f"{hint}: (b) one value, once"
    assert sum(map(bool, ended["versions"].values())) == len(IDS)
    assert ended["open"] == []


def test_any_schedule_of_faults_ends_as_a_clean_run(
    wired: Services, clean: dict[str, Any], soak_folder: Path, values: dict[str, str], soak_seed: int
) -> None:
    stage = set_stage(wired, soak_folder, schedule_of(soak_seed), seed=soak_seed, has_git=False)
    assert_ends_as_clean(stage, clean, values, soak_seed)


@pytest.mark.slow
@pytest.mark.parametrize("number", WITH_GIT)
def test_real_repositories_end_the_same(  # noqa: PLR0917 - fixtures
    template: World, clean: dict[str, Any], tmp_path: Path, values: dict[str, str], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    world = template.copy(tmp_path / "world")
    for name, text in person("pat").environment(world.root).items():
        monkeypatch.setenv(name, text)
    stage = set_stage(open_platform(world.platform), tmp_path / "own", schedule_of(number), seed=number, has_git=True)
    ended = play(stage, values, f"schedule {number}")
    assert {**ended, "manifests": None} == {**clean, "manifests": None}
    assert ended["manifests"].keys() == clean["manifests"].keys()
    assert world.git("pat", "status", "--porcelain", where=world.gitops) == ""
    assert scan_tree(world.root, list(values.values())) == []
