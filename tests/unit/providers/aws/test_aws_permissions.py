"""Each use of the store needs the actions that the documentation lists, all of them and no other (ARCHITECTURE, habit 5)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.aws_rig import LEASE_PATH, machine
from tests.builders import FakeClock
from tests.house.source_tree import ROOT
from tests.standins.aws import StrictAws
from tests.stores import FUNCTION, Bench, bookkeeping, make_desired, make_ref, make_rotation, token

from goldenpath.errors import GoldenpathError
from goldenpath.model.secret import SecretValue
from goldenpath.model.store import Fence
from goldenpath.providers.aws.permissions import PERMISSIONS

Use = Callable[[Bench, Fence], None]


def observe(bench: Bench, _fence: Fence) -> None:
    bench.everything()


def apply(bench: Bench, fence: Fence) -> None:
    bench.everything()
    bench.create(make_desired("SEC-0008", path="goldenpath/svc/dev/new"), fence=fence, name="new")
    for wanted in (make_desired(description="new", tags={"a": "b"}, replicas={"eu-west-1": ""}), make_desired(policy="")):
        bench.store.update(wanted, bookkeeping=bookkeeping(wanted), fence=fence)
    rotated = make_ref("goldenpath/svc/dev/rotated")
    for rotation in (make_rotation(), None):
        wanted = make_desired("SEC-0010", path=rotated.path, rotation=rotation)
        bench.store.update(wanted, bookkeeping=bookkeeping(wanted), fence=fence)


def seed(bench: Bench, fence: Fence) -> None:
    bench.look()
    bench.put(b"two", name="v2", fence=fence)
    bench.all_records()


def read(bench: Bench, _fence: Fence) -> None:
    bench.look()
    bench.read()


def rotate(bench: Bench, fence: Fence) -> None:
    new, old = token("pending"), token("v1")
    bench.store.move_stage(make_ref(), "current", to_version=new, from_version=old, fence=fence)
    bench.store.move_stage(make_ref(), "pending", to_version="", from_version=new, fence=fence)
    with pytest.raises(GoldenpathError):
        bench.store.move_stage(make_ref(), "pending", to_version=token("nowhere"), from_version="", fence=fence)


def restore(bench: Bench, fence: Fence) -> None:
    bench.store.restore(make_ref("goldenpath/svc/dev/ending"), fence=fence)


def retire(bench: Bench, fence: Fence) -> None:
    bench.store.schedule_deletion(make_ref(), recovery_window_days=7, fence=fence)


USES: dict[str, Use] = {each.__name__: each for each in (observe, apply, seed, read, rotate, restore, retire)}


def _prepared(aws: StrictAws, folder: Path) -> None:
    """A record with a current and a pending value, and one that is being deleted, made by somebody with every right."""
    bench = machine(folder, aws).bench()
    fence = bench.fence()
    bench.create(fence=fence)
    bench.put(b"one", fence=fence)
    bench.store.put_version(
        make_ref(), SecretValue(b"next"), token=token("pending"), stage="pending", fence=fence, expected_current=token("v1")
    )
    bench.create(make_desired("SEC-0010", path="goldenpath/svc/dev/rotated"), fence=fence, name="rotated")
    bench.put(b"one", ref=make_ref("goldenpath/svc/dev/rotated"), fence=fence)
    aws.functions.add(FUNCTION)
    bench.create(make_desired("SEC-0009", path="goldenpath/svc/dev/ending"), fence=fence, name="ending")
    bench.store.schedule_deletion(make_ref("goldenpath/svc/dev/ending"), recovery_window_days=7, fence=fence)
    bench.store.release(fence)


@pytest.mark.parametrize("use", USES)
def test_a_use_makes_exactly_the_calls_that_are_listed(aws: StrictAws, tmp_path: Path, use: str) -> None:
    _prepared(aws, tmp_path / "setup")
    clock = FakeClock()
    clock.advance(600)
    bench = machine(tmp_path / "user", aws, clock=clock, holder="user").bench()
    fence = bench.fence(holder="user")
    since = len(aws.calls)
    USES[use](bench, fence)
    made = {call.operation for call in aws.calls[since:] if not call.is_console and call.resource_name != LEASE_PATH}
    assert made == PERMISSIONS[use]


def test_the_lease_makes_exactly_the_calls_that_are_listed(aws: StrictAws, tmp_path: Path) -> None:
    first, second = (machine(tmp_path / name, aws, holder=name).bench() for name in ("one", "two"))
    fence = first.fence(holder="one")
    with pytest.raises(GoldenpathError):
        second.fence(holder="two")
    first.store.release(fence)
    second.store.release(second.fence(holder="two"))
    made = {call.operation for call in aws.calls if call.service == "secretsmanager" and not call.is_console}
    assert made == PERMISSIONS["lease"]


def test_the_documentation_lists_them() -> None:
    page = (ROOT / "docs/reference/aws-secrets-manager.md").read_text("utf-8")
    for use, actions in PERMISSIONS.items():
        listed = ", ".join(f"`{action}`" for action in sorted(actions))
        assert f"| {use} | {listed} |" in page
