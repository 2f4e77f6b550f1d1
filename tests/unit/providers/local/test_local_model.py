"""The embedded store and the memory store against one small model of their own, over random histories with restarts between."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.builders import FakeClock, FakeEntropy
from tests.stores import bookkeeping, make_desired, make_ref, token

from goldenpath.errors import GoldenpathError
from goldenpath.model.secret import SecretValue
from goldenpath.model.store import Fence, Stage, StoreRecord
from goldenpath.ports.store import Store
from goldenpath.providers.local.memory import MemoryStore
from goldenpath.providers.local.opening import open_local_store

PATHS = st.sampled_from(["a", "b/c"])
OWNERS = st.sampled_from(["", "SEC-0001", "SEC-0002"])
VALUES = st.sampled_from([b"one", b"two", b"\x00\xff"])
TOKENS = st.sampled_from(["t1", "t2", "t3", "t4"])
STAGES: st.SearchStrategy[Stage] = st.sampled_from(["current", "pending"])


@dataclass
class ModelRecord:
    """What a record is, said as simply as possible and without any of the stores' code."""

    owner: str
    description: str
    made_by: tuple[str, str, str]
    values: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    stages: dict[str, str] = field(default_factory=dict)
    ends: datetime | None = None


class StoreHistory(RuleBasedStateMachine):
    """Every rule does the same to both stores and to the model, and compares the three answers."""

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="store-model-"))
        self.clock = FakeClock()
        self.entropy = FakeEntropy()
        self.memory = MemoryStore(clock=self.clock, entropy=FakeEntropy(10_000))
        self.model: dict[str, ModelRecord] = {}
        self.open_local()
        self.take_fence()

    def open_local(self) -> None:
        self.local = open_local_store(self.folder / "state", "file", name="store", clock=self.clock, entropy=self.entropy)

    def take_fence(self) -> None:
        self.fences: list[tuple[Store, Fence]] = [
            (store, store.acquire("dev", holder="h", lease_seconds=10)) for store in (self.local, self.memory)
        ]

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.local.close()
            shutil.rmtree(self.folder)

    def outcomes(self, call: object) -> set[str]:
        found = set()
        for store, fence in self.fences:
            try:
                call(store, fence)  # type: ignore[operator]
                found.add("")
            except GoldenpathError as error:
                found.add(error.code)
        return found

    def living(self, path: str) -> ModelRecord | None:
        record = self.model.get(path)
        if record is not None and record.ends is not None and record.ends <= self.clock.now():
            del self.model[path]
            return None
        return record

    @rule()
    def restart(self) -> None:
        self.local.close()
        self.open_local()
        self.take_fence()

    @rule(days=st.sampled_from([1, 6, 8]))
    def wait(self, days: int) -> None:
        self.clock.advance(days * 24 * 3600)

    @rule(path=PATHS, owner=OWNERS, text=st.sampled_from(["x", "y"]), name=TOKENS)
    def create(self, path: str, owner: str, text: str, name: str) -> None:
        desired = make_desired(owner, path=path, description=text)
        record = self.living(path)
        if record is None:
            expected = ""
            self.model[path] = ModelRecord(owner=owner, description=text, made_by=(name, owner, text))
        elif record.ends is not None:
            expected = "store.scheduled-for-deletion"
        elif record.made_by[0] != name:
            expected = "store.record-exists"
        else:
            expected = "" if record.made_by == (name, owner, text) else "store.token-reused"
        assert self.outcomes(lambda store, fence: store.create(desired, bookkeeping={}, token=token(name), fence=fence)) == {expected}

    @rule(path=PATHS, owner=st.sampled_from(["SEC-0001", "SEC-0002"]), text=st.sampled_from(["x", "y"]), is_adoption=st.booleans())
    def change(self, path: str, owner: str, text: str, is_adoption: object) -> None:
        desired = make_desired(owner, path=path, description=text)
        record = self.living(path)
        expected = self.refusal(record)
        if not expected and record is not None:
            if record.owner == ("" if is_adoption else owner):
                record.owner, record.description = owner, text
            else:
                expected = "store.foreign-record"

        def call(store: Store, fence: Fence) -> StoreRecord:
            method = store.adopt if is_adoption else store.update
            return method(desired, bookkeeping=bookkeeping(desired), fence=fence)

        assert self.outcomes(call) == {expected}

    @rule(path=PATHS, value=VALUES, name=TOKENS, stage=STAGES, is_checked=st.booleans())
    def put(self, path: str, value: bytes, name: str, stage: Stage, is_checked: object) -> None:
        record = self.living(path)
        expected = self.refusal(record, owned=True)
        current = record.stages.get("current", "") if record else ""
        wanted = "" if is_checked else None
        if not expected and record is not None:
            if name in record.values:
                expected = "" if record.values[name] == (value, stage) else "store.token-reused"
            elif is_checked and current:
                expected = "store.version-race"
            else:
                record.values[name] = (value, stage)
                self.move(record, stage, name)

        def call(store: Store, fence: Fence) -> object:
            return store.put_version(
                make_ref(path), SecretValue(value), token=token(name), stage=stage, fence=fence, expected_current=wanted
            )

        assert self.outcomes(call) == {expected}

    @rule(path=PATHS, stage=STAGES, to=TOKENS, is_lying=st.booleans())
    def move_stage(self, path: str, stage: Stage, to: str, is_lying: object) -> None:
        record = self.living(path)
        expected = self.refusal(record, owned=True)
        found = record.stages.get(stage, "") if record else ""
        said = token("nobody") if is_lying else (token(found) if found else "")
        if not expected and record is not None:
            if to not in record.values:
                expected = "store.version-missing"
            elif is_lying:
                expected = "store.stage-moved"
            else:
                self.move(record, stage, to)

        def call(store: Store, fence: Fence) -> StoreRecord:
            return store.move_stage(make_ref(path), stage, to_version=token(to), from_version=said, fence=fence)

        assert self.outcomes(call) == {expected}

    @rule(path=PATHS)
    def schedule(self, path: str) -> None:
        record = self.living(path)
        expected = self.refusal(record, owned=True)
        if not expected and record is not None:
            record.ends = self.clock.now() + timedelta(days=7)
        assert self.outcomes(lambda s, f: s.schedule_deletion(make_ref(path), recovery_window_days=7, fence=f)) == {expected}

    @rule(path=PATHS)
    def restore(self, path: str) -> None:
        record = self.living(path)
        if record is None:
            expected = "store.record-missing"
        elif not record.owner:
            expected = "store.foreign-record"
        elif record.ends is None:
            expected = "store.not-scheduled"
        else:
            expected, record.ends = "", None
        assert self.outcomes(lambda store, fence: store.restore(make_ref(path), fence=fence)) == {expected}

    @staticmethod
    def refusal(record: ModelRecord | None, *, owned: bool = False) -> str:
        if record is None:
            return "store.record-missing"
        if record.ends is not None:
            return "store.scheduled-for-deletion"
        return "store.foreign-record" if owned and not record.owner else ""

    @staticmethod
    def move(record: ModelRecord, stage: str, to: str) -> None:
        left = record.stages.get("current")
        record.stages[stage] = to
        if stage == "current" and left and left != to:
            record.stages["previous"] = left

    @invariant()
    def all_three_hold_the_same(self) -> None:
        if not hasattr(self, "folder"):
            return
        living = {path: record for path in ("a", "b/c") if (record := self.living(path)) is not None}
        for store in (self.local, self.memory):
            found = list(store.list_records("dev"))
            assert [each.ref.path for each in found] == sorted(living)
            for each in found:
                self.compare(store, each, living[each.ref.path])

    @staticmethod
    def compare(store: Store, record: StoreRecord, model: ModelRecord) -> None:
        assert (record.request_id, record.description, bool(record.deletion_date)) == (
            model.owner,
            model.description,
            model.ends is not None,
        )
        assert {version.id for version in record.versions} == {token(name) for name in model.values}
        staged = {stage: version.id for version in record.versions for stage in version.stages}
        assert staged == {stage: token(name) for stage, name in model.stages.items()}
        assert store.describe(record.ref) == record
        if model.ends is None:
            for name, (value, _) in model.values.items():
                assert store.read(record.ref, version_id=token(name))[0].reveal() == value


StoreHistory.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestStoreHistory = StoreHistory.TestCase
