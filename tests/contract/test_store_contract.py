"""The promises of the store port, kept by every backend of the registry. A fake that cheats fails here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from msgspec.structs import replace
from tests.builders import FakeClock, FakeEntropy
from tests.standins.aws import StrictAws
from tests.standins.fixtures import aws, aws_server  # noqa: F401 - fixtures
from tests.stores import (
    FUNCTION,
    LEASE_SECONDS,
    POLICY,
    Bench,
    bookkeeping,
    make_desired,
    make_ref,
    make_rotation,
    open_bench,
    options_for,
    token,
)

from goldenpath.errors import Conflict, GoldenpathError, Misconfigured, NotFound, ProviderRefused
from goldenpath.model.instant import from_text
from goldenpath.model.secret import SecretValue
from goldenpath.model.store import Fence, Stage, StoreRecord
from goldenpath.providers.registry import BACKENDS, PARAMETER_BACKENDS, open_store

REPLICA_KEY = "arn:aws:kms:eu-central-1:123456789012:key/1a2b3c4d"
_ONE_ACCOUNT = "environments have accounts or regions of their own; within one, a name is one secret"
_NO_DATE = "CreateSecret says no date, and asking would cost every creation a third call (P5)"
_NOT_LISTED = "AWS shows no version without a stage; reading one by its id works while AWS keeps it"
_ITS_OWN_TIME = "the date is the server's, which keeps its own time here"
UNKEPT: dict[tuple[str, str], str] = {
    ("aws-secrets-manager", "test_a_creation_answers_with_the_whole_record"): _NO_DATE,
    ("aws-secrets-manager", "test_a_record_says_when_it_was_made_and_an_update_does_not_change_it"): _ITS_OWN_TIME,
    ("aws-secrets-manager", "test_the_same_path_in_two_environments_is_two_records"): _ONE_ACCOUNT,
    ("aws-secrets-manager", "test_versions_without_a_stage_are_shown_oldest_first"): _NOT_LISTED,
}
"""What a backend cannot promise, by backend and test, and why. Strict: a promise that it keeps after all must leave this table."""


@pytest.fixture(params=sorted(BACKENDS.keys() - PARAMETER_BACKENDS.keys()))
def bench(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    reason = UNKEPT.get((request.param, request.node.originalname))
    if reason:
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True, raises=(AssertionError, GoldenpathError, pytest.fail.Exception)))
    if not request.param.startswith("aws-"):
        return open_bench(request.param, tmp_path / "state")
    stand_in: StrictAws = request.getfixturevalue("aws")
    stand_in.functions.add(FUNCTION)
    for name, text in stand_in.environment().items():
        monkeypatch.setenv(name, text)
    return open_bench(request.param, tmp_path / "state", aws=stand_in)


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(GoldenpathError) as caught:
        call()
    return caught.value.code


def test_the_table_of_unkept_promises_names_real_tests() -> None:
    assert {name for _, name in UNKEPT} <= set(globals())


# --- records ------------------------------------------------------------------------------------------------------------------


def test_a_free_name_is_described_as_none_and_raises_elsewhere(bench: Bench) -> None:
    fence, ref, value = bench.fence(), make_ref(), SecretValue(b"x")
    assert bench.store.describe(ref) is None
    assert bench.all_records() == []
    missing: list[Callable[[], object]] = [
        lambda: bench.store.read(ref),
        lambda: bench.store.update(make_desired(), bookkeeping={}, fence=fence),
        lambda: bench.store.adopt(make_desired(), bookkeeping={}, fence=fence),
        lambda: bench.store.put_version(ref, value, token=token(), stage="current", fence=fence, expected_current=None),
        lambda: bench.store.move_stage(ref, "current", to_version="a", from_version="", fence=fence),
        lambda: bench.store.schedule_deletion(ref, recovery_window_days=7, fence=fence),
        lambda: bench.store.restore(ref, fence=fence),
    ]
    assert {code_of(call) for call in missing} == {"store.record-missing"}


def test_a_created_record_shows_what_was_asked_and_no_value(bench: Bench) -> None:
    desired, fence = make_desired(), bench.fence()
    made, (listed,) = bench.create(desired, fence=fence), bench.all_records()
    for record in (made, bench.look(), listed):
        assert record.field_digests == desired.field_digests
        assert record.applied_digests == desired.field_digests
        assert (record.request_id, record.versions, record.deletion_date) == ("SEC-0007", (), "")
        assert record.generation == fence.generation
    assert listed.has_container_of(bench.look())
    assert code_of(bench.read) == "store.version-missing"


def test_a_creation_answers_with_the_whole_record(bench: Bench) -> None:
    assert bench.create() == bench.look()


def test_a_record_says_when_it_was_made_and_an_update_does_not_change_it(bench: Bench) -> None:
    made_at = bench.clock.now()
    bench.create()
    bench.clock.advance(60)
    wanted = make_desired(description="new")
    bench.store.update(wanted, bookkeeping=bookkeeping(wanted), fence=bench.fence())
    assert from_text(bench.look().created_at) == made_at


def test_creating_again_with_the_same_token_is_a_no_op_and_other_content_is_refused(bench: Bench) -> None:
    bench.create()
    made = bench.look()
    bench.clock.advance(60)
    assert bench.create().has_container_of(made)
    assert code_of(lambda: bench.create(make_desired(description="other"))) == "store.token-reused"
    assert code_of(lambda: bench.create(name="second")) == "store.record-exists"
    assert bench.store.describe(make_ref()) == made


def test_another_commit_under_the_same_token_is_still_the_same_operation(bench: Bench) -> None:
    desired = make_desired()
    bench.create(desired)
    made = bench.look()
    again = bench.store.create(desired, bookkeeping=bookkeeping(desired, "c2"), token=token("create"), fence=bench.fence())
    assert again == made == bench.look()


def test_an_update_makes_the_container_equal_and_keeps_the_value(bench: Bench) -> None:
    bench.create(make_desired(tags={"left": "over"}))
    version = bench.put(b"value")
    wanted = make_desired(description="new", policy="", tags={"more": "tags"})
    fence = bench.fence()
    changed = bench.store.update(wanted, bookkeeping=bookkeeping(wanted), fence=fence)
    assert changed == bench.store.describe(wanted.ref)
    assert changed.field_digests == wanted.field_digests
    assert changed.comparable_tags == wanted.tags
    assert (changed.versions[0].id, bench.read(), changed.generation) == (version, b"value", fence.generation)


@pytest.mark.parametrize("owner", ["", "SEC-0008"])
def test_nobody_elses_record_is_changed(bench: Bench, owner: str) -> None:
    bench.create(make_desired(owner))
    made = bench.look()
    mine = make_desired("SEC-0007")
    assert code_of(lambda: bench.store.update(mine, bookkeeping=bookkeeping(mine), fence=bench.fence())) == "store.foreign-record"
    assert code_of(lambda: bench.create(mine, name="other")) == "store.record-exists"
    assert bench.store.describe(mine.ref) == made


def test_a_record_without_an_owner_takes_no_value_and_is_not_deleted(bench: Bench) -> None:
    bench.create(make_desired(""))
    made = bench.look()
    assert code_of(lambda: bench.put(b"value")) == "store.foreign-record"
    assert code_of(lambda: bench.store.schedule_deletion(make_ref(), recovery_window_days=7, fence=bench.fence())) == "store.foreign-record"
    assert bench.store.describe(make_ref()) == made


def test_only_a_record_without_an_owner_is_adopted(bench: Bench) -> None:
    bench.create(make_desired(""))
    desired = make_desired("SEC-0007")
    taken = bench.store.adopt(desired, bookkeeping=bookkeeping(desired), fence=bench.fence())
    assert taken.request_id == "SEC-0007"
    assert taken.field_digests == desired.field_digests
    for again in (make_desired("SEC-0007"), make_desired("SEC-0008")):
        with pytest.raises(Conflict, match="belongs to SEC-0007"):
            bench.store.adopt(again, bookkeeping={}, fence=bench.fence())


def test_tags_must_name_the_request(bench: Bench) -> None:
    lying = replace(make_desired("SEC-0007"), request_id="SEC-0008")
    assert code_of(lambda: bench.create(lying)) == "store.tags-inconsistent"
    assert bench.all_records() == []


def test_records_are_listed_per_environment_in_path_order_foreign_ones_included(bench: Bench) -> None:
    below = "goldenpath/svc/dev"
    for path, request_id in (("b", "SEC-0002"), ("a/z", "SEC-0003"), ("a", "")):
        bench.create(make_desired(request_id, path=f"{below}/{path}"), name=path)
    bench.create(make_desired("SEC-0004", path="goldenpath/svc/prod/p", environment="prod"), name="p")
    bench.clock.advance(3600)
    assert [record.ref.path for record in bench.all_records()] == [f"{below}/a", f"{below}/a/z", f"{below}/b"]
    assert [record.ref.path for record in bench.all_records("prod")] == ["goldenpath/svc/prod/p"]
    assert bench.all_records("test") == []


def test_the_same_path_in_two_environments_is_two_records(bench: Bench) -> None:
    for environment in ("dev", "prod"):
        bench.create(make_desired(path="same", environment=environment), name=environment)
        bench.put(environment.encode(), ref=make_ref("same", environment=environment))
    assert [bench.read(make_ref("same", environment=name)) for name in ("dev", "prod")] == [b"dev", b"prod"]


def test_the_identity_is_stable_and_says_something(bench: Bench) -> None:
    assert bench.store.identity() == bench.store.identity() != ""


@pytest.mark.parametrize("before", [{}, {"eu-west-1": ""}, {"eu-west-1": "", "eu-central-1": REPLICA_KEY}])
@pytest.mark.parametrize("after", [{}, {"eu-west-1": ""}, {"eu-central-1": ""}, {"eu-central-1": REPLICA_KEY, "us-west-2": ""}])
def test_the_copies_in_other_regions_are_those_that_are_wanted(bench: Bench, before: dict[str, str], after: dict[str, str]) -> None:
    first, then = make_desired(replicas=before), make_desired(replicas=after)
    made = bench.create(first)
    assert made.replica_regions == first.replica_regions == bench.look().replica_regions
    changed = bench.store.update(then, bookkeeping=bookkeeping(then), fence=bench.fence())
    for record in (changed, bench.look()):
        assert (record.replica_regions, record.replicas) == (then.replica_regions, then.replicas)
        assert record.field_digests == then.field_digests == record.applied_digests
    bench.clock.advance(3600)
    (listed,) = bench.all_records()
    assert listed.field_digests == then.field_digests
    assert listed.has_container_of(bench.look())


def test_rotation_settings_are_made_for_a_value_or_refused_and_nothing_is_changed(bench: Bench) -> None:
    """Only AWS calls functions; every store says so instead of keeping settings that nothing acts on."""
    rotated, plain = make_desired(rotation=make_rotation(), description="new"), make_desired()
    assert code_of(lambda: bench.create(rotated)) in {"store.no-native-rotation", "store.rotation-needs-value"}
    assert bench.all_records() == []
    bench.create(plain)

    def rotate() -> StoreRecord:
        return bench.store.update(rotated, bookkeeping=bookkeeping(rotated), fence=bench.fence())

    refused = code_of(rotate)
    assert refused in {"store.no-native-rotation", "store.rotation-needs-value"}
    assert bench.look().field_digests == plain.field_digests
    if refused == "store.rotation-needs-value":
        bench.put(b"one")
        assert rotate().rotation == rotated.rotation == bench.look().rotation


def test_a_record_with_copies_is_not_deleted(bench: Bench) -> None:
    bench.create(make_desired(replicas={"eu-west-1": ""}))
    before = bench.look()

    def delete() -> StoreRecord:
        return bench.store.schedule_deletion(make_ref(), recovery_window_days=7, fence=bench.fence())

    assert code_of(delete) == "store.has-replicas"
    assert bench.look() == before
    alone = make_desired()
    bench.store.update(alone, bookkeeping=bookkeeping(alone), fence=bench.fence())
    assert delete().deletion_date


# --- values -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        b"a",
        b"trailing=\n",
        b"  spaces  ",
        b"\x00\xff\xfe binary \x80",
        b"http://example.com/x",
        b"file:///etc/passwd",
        b"-----BEGIN X-----\nabc\n-----END X-----\n",
        b"{{x}}",
        b"x" * 65_536,
        bytes(range(256)),
        b'{"key":"value"}',
        "é".encode("latin-1"),
    ],
    ids=lambda value: ascii(value[:12]),
)
def test_a_value_comes_back_byte_for_byte(bench: Bench, value: bytes) -> None:
    bench.create()
    bench.put(value)
    assert bench.read() == value


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"", "store.value-empty"),
        (b" \n", "store.value-empty"),
        (b"{}", "store.value-empty"),
        (b'{"a":"","b":"x"}', "store.value-empty"),
        (b"********", "store.value-masked"),
        (b"<redacted>", "store.value-masked"),
        (b'{"a":"x","b":"***REDACTED***"}', "store.value-masked"),
        (b"AKIA****************", "store.value-masked"),
        (b"x" * 65_537, "store.limit-exceeded"),
    ],
)
def test_what_is_no_value_is_refused_before_any_effect(bench: Bench, value: bytes, code: str) -> None:
    bench.create()
    made = bench.look()
    assert code_of(lambda: bench.put(value)) == code
    assert bench.store.describe(make_ref()) == made


def test_current_moves_the_old_one_to_previous_and_each_stage_is_on_one_version(bench: Bench) -> None:
    bench.create()
    ids = [bench.put(f"value-{number}".encode(), name=f"v{number}") for number in range(4)]
    record = bench.store.describe(make_ref())
    assert record is not None
    assert [(version.id, version.stages) for version in record.versions][-2:] == [(ids[2], ("previous",)), (ids[3], ("current",))]
    assert bench.store.read(make_ref(), stage="previous")[0].reveal() == b"value-2"
    assert bench.store.read(make_ref(), version_id=ids[0])[0].reveal() == b"value-0"
    assert code_of(lambda: bench.store.read(make_ref(), stage="pending")) == "store.version-missing"
    assert code_of(lambda: bench.store.read(make_ref(), version_id="none")) == "store.version-missing"


def test_versions_without_a_stage_are_shown_oldest_first(bench: Bench) -> None:
    bench.create()
    ids = [bench.put(f"value-{number}".encode(), name=f"v{number}") for number in range(4)]
    versions = bench.look().versions
    assert [version.stages for version in versions] == [(), (), ("previous",), ("current",)]
    assert [version.id for version in versions] == ids


def test_pending_leaves_current_alone(bench: Bench) -> None:
    bench.create()
    current = bench.put(b"one")
    fence = bench.fence()
    for name, value in (("p1", b"two"), ("p2", b"three")):
        bench.store.put_version(make_ref(), SecretValue(value), token=token(name), stage="pending", fence=fence, expected_current=current)
    assert bench.read() == b"one"
    assert bench.store.read(make_ref(), stage="pending")[0].reveal() == b"three"
    record = bench.store.describe(make_ref())
    assert record is not None
    assert sum("pending" in version.stages for version in record.versions) == 1


def test_the_same_token_puts_once(bench: Bench) -> None:
    bench.create()
    first = bench.put(b"value", expected="")
    before = bench.store.describe(make_ref())
    assert bench.put(b"value", expected="") == first
    assert bench.store.describe(make_ref()) == replace(before, generation=before.generation) if before else False
    assert code_of(lambda: bench.put(b"other")) == "store.token-reused"
    assert bench.read() == b"value"


def test_a_late_repeat_does_not_bring_an_old_value_back(bench: Bench) -> None:
    bench.create()
    bench.put(b"old", name="v1")
    bench.put(b"new", name="v2")
    bench.put(b"old", name="v1")
    assert bench.read() == b"new"


def test_the_same_token_for_another_stage_is_another_operation(bench: Bench) -> None:
    bench.create()
    version = bench.put(b"value")
    call = lambda: bench.store.put_version(  # noqa: E731
        make_ref(), SecretValue(b"value"), token=version, stage="pending", fence=bench.fence(), expected_current=None
    )
    assert code_of(call) == "store.token-reused"


def test_the_expected_current_version_is_compared_with_the_write(bench: Bench) -> None:
    bench.create()
    first = bench.put(b"one", name="v1", expected="")
    assert code_of(lambda: bench.put(b"two", name="v2", expected="")) == "store.version-race"
    assert code_of(lambda: bench.put(b"two", name="v2", expected="somebody")) == "store.version-race"
    second = bench.put(b"two", name="v2", expected=first)
    bench.put(b"three", name="v3", expected=second)
    assert bench.read() == b"three"


def test_a_value_is_never_put_as_previous(bench: Bench) -> None:
    bench.create()
    call = lambda: bench.store.put_version(  # noqa: E731
        make_ref(), SecretValue(b"v"), token=token(), stage="previous", fence=bench.fence(), expected_current=None
    )
    assert code_of(call) == "store.stage-not-writable"


def test_a_new_value_does_not_make_the_container_look_different(bench: Bench) -> None:
    bench.create()
    made = bench.look()
    bench.put(b"value")
    after = bench.store.describe(make_ref())
    assert after is not None
    assert after != made
    assert after.container_digest == made.container_digest


# --- stages -------------------------------------------------------------------------------------------------------------------


def test_a_stage_moves_by_compare_and_swap(bench: Bench) -> None:
    bench.create()
    old = bench.put(b"old", name="v1")
    new = bench.store.put_version(
        make_ref(), SecretValue(b"new"), token=token("v2"), stage="pending", fence=bench.fence(), expected_current=old
    ).id
    fence = bench.fence()
    wrong: list[tuple[Stage, str, str, str]] = [
        ("current", new, new, "store.stage-moved"),
        ("current", new, "", "store.stage-moved"),
        ("pending", "", old, "store.stage-moved"),
        ("current", "nowhere", old, "store.version-missing"),
        ("current", "", old, "store.stage-required"),
    ]
    for stage, to_version, from_version, code in wrong:
        call = lambda s=stage, t=to_version, f=from_version: bench.store.move_stage(  # noqa: E731
            make_ref(), s, to_version=t, from_version=f, fence=fence
        )
        assert code_of(call) == code
    bench.store.move_stage(make_ref(), "current", to_version=new, from_version=old, fence=fence)
    done = bench.store.move_stage(make_ref(), "pending", to_version="", from_version=new, fence=fence)
    assert {version.id: version.stages for version in done.versions} == {old: ("previous",), new: ("current",)}
    back = bench.store.move_stage(make_ref(), "current", to_version=old, from_version=new, fence=fence)
    assert {version.id: version.stages for version in back.versions} == {old: ("current",), new: ("previous",)}


# --- limits -------------------------------------------------------------------------------------------------------------------


def _bad_name(char: str) -> tuple[str, dict[str, object], bool]:
    return (f"name with {char!a}", {"path": f"a{char}b"}, False)


def _bad_tag(char: str) -> tuple[str, dict[str, object], bool]:
    return (f"tag with {char!a}", {"tags": {"k": f"a{char}b"}}, False)


def _policy_of(size: int) -> str:
    return POLICY.replace('"Sid":"Deny"', f'"Sid":"{"D" * (size - len(POLICY) + len("Deny"))}"')


LIMITS: list[tuple[str, dict[str, object], bool]] = [
    ("name of 512", {"path": "a" * 512}, True),
    ("name of 513", {"path": "a" * 513}, False),
    ("empty name", {"path": ""}, False),
    ("all name characters", {"path": "aZ9/_+=.@-x"}, True),
    *[_bad_name(char) for char in " !\n\x00é:*?\\~"],
    ("description of 2048", {"description": "d" * 2048}, True),
    ("description of 2049", {"description": "d" * 2049}, False),
    ("policy of 20480", {"policy": _policy_of(20_480)}, True),
    ("policy of 20481", {"policy": _policy_of(20_481)}, False),
    ("tag key of 128", {"tags": {"k" * 128: "v"}}, True),
    ("tag key of 129", {"tags": {"k" * 129: "v"}}, False),
    ("empty tag key", {"tags": {"": "v"}}, False),
    ("reserved tag key", {"tags": {"aws:x": "v"}}, False),
    ("tag value of 256", {"tags": {"k": "v" * 256}}, True),
    ("tag value of 257", {"tags": {"k": "v" * 257}}, False),
    ("all tag characters", {"tags": {"aé 0_.:/=+-@": "Zß 9_.:/=+-@"}}, True),
    *[_bad_tag(char) for char in ",;!#*?\\\"'\n\t<>[]"],
    ("tag key with a comma", {"tags": {"a,b": "v"}}, False),
    ("46 tags", {"tags": {f"k{number}": "v" for number in range(41)}}, True),
    ("47 tags, with four of the store's own", {"tags": {f"k{number}": "v" for number in range(42)}}, False),
]


@pytest.mark.parametrize(("what", "over", "fits"), LIMITS, ids=[ascii(row[0]) for row in LIMITS])
def test_limits_of_a_real_store_hold_before_any_effect(bench: Bench, what: str, over: dict[str, object], fits: object) -> None:
    desired = make_desired(**over)  # type: ignore[arg-type]
    if fits:
        assert bench.create(desired).field_digests == desired.field_digests
        return
    assert code_of(lambda: bench.create(desired)) == "store.limit-exceeded"
    assert bench.all_records() == []


@pytest.mark.parametrize(
    ("text", "fits"), [("t" * 31, False), ("t" * 32, True), ("t" * 64, True), ("t" * 65, False), ("t" * 32 + "\n", False)]
)
def test_tokens_have_the_length_that_a_real_store_takes(bench: Bench, text: str, fits: object) -> None:
    def create() -> StoreRecord:
        return bench.store.create(make_desired(), bookkeeping={}, token=text, fence=bench.fence())

    if fits:
        assert create().request_id == "SEC-0007"
    else:
        assert code_of(create) == "store.limit-exceeded"


def test_an_update_is_held_to_the_same_limits(bench: Bench) -> None:
    bench.create()
    made = bench.look()
    too_long = make_desired(description="d" * 2049)
    assert code_of(lambda: bench.store.update(too_long, bookkeeping={}, fence=bench.fence())) == "store.limit-exceeded"
    assert bench.store.describe(make_ref()) == made


def test_about_a_hundred_versions_are_kept_and_none_younger_than_a_day_goes(bench: Bench) -> None:
    bench.create()
    fence = bench.fence()
    for number in range(100):
        bench.put(b"v%d" % number, name=f"v{number}-", fence=fence)
    assert code_of(lambda: bench.put(b"one too many", name="more", fence=fence)) == "store.limit-exceeded"
    assert bench.read() == b"v99"
    bench.clock.advance(24 * 3600 + 1)
    bench.put(b"next day", name="more")
    assert bench.read() == b"next day"
    assert bench.store.read(make_ref(), stage="previous")[0].reveal() == b"v99"
    assert code_of(lambda: bench.store.read(make_ref(), version_id=token("v0-"))) == "store.version-missing"


# --- deletion -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [0, 1, 3, 6, 31, 60, -7])
def test_the_recovery_window_is_seven_to_thirty_days(bench: Bench, days: int) -> None:
    bench.create()
    call = lambda: bench.store.schedule_deletion(make_ref(), recovery_window_days=days, fence=bench.fence())  # noqa: E731
    assert code_of(call) == "store.limit-exceeded"


def test_a_scheduled_name_is_shown_and_blocks_everything_but_restore(bench: Bench) -> None:
    bench.create()
    version = bench.put(b"value")
    fence, desired = bench.fence(), make_desired()
    scheduled = bench.store.schedule_deletion(desired.ref, recovery_window_days=7, fence=fence)
    assert from_text(scheduled.deletion_date) == bench.clock.now() + timedelta(days=7)
    assert bench.look() == scheduled == bench.all_records()[0]
    blocked: list[Callable[[], object]] = [
        bench.read,
        lambda: bench.store.read(desired.ref, version_id=version),
        lambda: bench.create(fence=fence),
        lambda: bench.create(fence=fence, name="other"),
        lambda: bench.store.update(desired, bookkeeping={}, fence=fence),
        lambda: bench.store.adopt(desired, bookkeeping={}, fence=fence),
        lambda: bench.put(b"other", name="v2", fence=fence),
        lambda: bench.store.move_stage(desired.ref, "pending", to_version=version, from_version="", fence=fence),
        lambda: bench.store.schedule_deletion(desired.ref, recovery_window_days=7, fence=fence),
    ]
    assert {code_of(call) for call in blocked} == {"store.scheduled-for-deletion"}
    assert bench.store.describe(desired.ref) == scheduled
    restored = bench.store.restore(desired.ref, fence=fence)
    assert (restored.deletion_date, bench.read()) == ("", b"value")
    assert code_of(lambda: bench.store.restore(desired.ref, fence=fence)) == "store.not-scheduled"


@pytest.mark.parametrize("looks_by", ["describe", "list", "create", "read"])
def test_a_record_ends_only_when_its_window_is_over(bench: Bench, looks_by: str) -> None:
    bench.create()
    bench.put(b"value")
    bench.store.schedule_deletion(make_ref(), recovery_window_days=7, fence=bench.fence())
    bench.clock.advance(7 * 24 * 3600 - 1)
    assert bench.store.describe(make_ref()) is not None
    bench.clock.advance(1)
    if looks_by == "describe":
        assert bench.store.describe(make_ref()) is None
    elif looks_by == "list":
        assert bench.all_records() == []
    elif looks_by == "read":
        assert code_of(bench.read) == "store.record-missing"
    made = bench.create(make_desired("SEC-0099"))
    assert (made.request_id, made.versions) == ("SEC-0099", ())
    assert code_of(bench.read) == "store.version-missing"


def test_what_is_over_cannot_be_restored(bench: Bench) -> None:
    bench.create()
    bench.store.schedule_deletion(make_ref(), recovery_window_days=30, fence=bench.fence())
    bench.clock.advance(30 * 24 * 3600)
    assert code_of(lambda: bench.store.restore(make_ref(), fence=bench.fence())) == "store.record-missing"


# --- fingerprints -------------------------------------------------------------------------------------------------------------


def test_fingerprints_compare_values_without_showing_them(bench: Bench) -> None:
    bench.create()
    bench.put(b"1234")
    record = bench.store.describe(make_ref())
    assert record is not None
    fingerprint = record.versions[0].fingerprint
    assert fingerprint == bench.store.fingerprint(make_ref(), SecretValue(b"1234"))
    assert fingerprint != bench.store.fingerprint(make_ref(), SecretValue(b"1235"))
    assert b"1234".hex() not in fingerprint


def test_two_stores_give_different_fingerprints(bench: Bench, tmp_path: Path) -> None:
    value = SecretValue(b"123456")
    others = [
        open_store(name, options_for(name, tmp_path / "second", clock=FakeClock(), entropy=FakeEntropy(1000), account="123456789012"))
        for name in BACKENDS
    ]
    assert {other.fingerprint(make_ref(), value) for other in others}.isdisjoint({bench.store.fingerprint(make_ref(), value)})


# --- fences -------------------------------------------------------------------------------------------------------------------


def test_generations_only_grow_whoever_comes_and_goes(bench: Bench) -> None:
    seen = []
    for holder in ("a", "b", "b", "a"):
        fence = bench.fence(holder=holder)
        seen.append(fence.generation)
        if holder == "a":
            bench.store.release(fence)
        else:
            bench.store.break_lease("dev")
    assert seen == sorted(set(seen))


def test_another_holder_waits_until_the_lease_ends(bench: Bench) -> None:
    bench.fence(holder="first")
    with pytest.raises(Conflict) as caught:
        bench.fence(holder="second")
    assert caught.value.code == "store.writer-active"
    assert "first" in caught.value.message
    assert f"{LEASE_SECONDS:.0f}" in caught.value.message
    bench.clock.advance(LEASE_SECONDS - 1)
    assert code_of(lambda: bench.fence(holder="second")) == "store.writer-active"
    bench.clock.advance(1)
    assert bench.fence(holder="second").holder == "second"


def test_environments_have_writers_of_their_own(bench: Bench) -> None:
    dev, prod = bench.fence("dev", holder="a"), bench.fence("prod", holder="b")
    assert code_of(lambda: bench.create(make_desired(environment="prod"), fence=dev)) == "store.fenced-out"
    assert bench.create(make_desired(environment="prod"), fence=prod).generation == prod.generation


def _stale(bench: Bench, how: str) -> Fence:
    old = bench.fence(holder="old")
    if how == "released":
        bench.store.release(old)
    elif how == "broken":
        bench.store.break_lease("dev")
    elif how == "taken over":
        bench.clock.advance(LEASE_SECONDS)
        bench.fence(holder="new")
    elif how == "renewed":
        bench.fence(holder="old")
    elif how == "forged":
        return replace(old, generation=old.generation + 1)
    else:
        return replace(old, holder="somebody")
    return old


@pytest.mark.parametrize("how", ["released", "broken", "taken over", "renewed", "forged", "stolen"])
def test_no_write_under_any_fence_but_the_newest(bench: Bench, how: str) -> None:
    bench.create()
    version = bench.put(b"value")
    bench.create(make_desired("", path="goldenpath/svc/dev/free"), name="free")
    bench.create(make_desired(path="goldenpath/svc/dev/ending"), name="ending")
    bench.store.schedule_deletion(make_ref("goldenpath/svc/dev/ending"), recovery_window_days=7, fence=bench.fence())
    bench.store.release(bench.fence())
    before = bench.everything()
    fence, desired = _stale(bench, how), make_desired()
    writes: list[Callable[[], object]] = [
        lambda: bench.create(make_desired(path="goldenpath/svc/dev/new"), fence=fence),
        lambda: bench.create(fence=fence),
        lambda: bench.store.update(desired, bookkeeping={}, fence=fence),
        lambda: bench.store.adopt(make_desired(path="goldenpath/svc/dev/free"), bookkeeping={}, fence=fence),
        lambda: bench.put(b"other", name="v2", fence=fence),
        lambda: bench.store.move_stage(desired.ref, "pending", to_version=version, from_version="", fence=fence),
        lambda: bench.store.schedule_deletion(desired.ref, recovery_window_days=7, fence=fence),
        lambda: bench.store.restore(make_ref("goldenpath/svc/dev/ending"), fence=fence),
    ]
    assert [code_of(call) for call in writes] == ["store.fenced-out"] * len(writes)
    assert bench.everything() == before


def test_releasing_a_lost_fence_does_nothing(bench: Bench) -> None:
    old = bench.fence(holder="old")
    bench.clock.advance(LEASE_SECONDS)
    new = bench.fence(holder="new")
    bench.store.release(old)
    assert bench.create(fence=new).generation == new.generation
    assert code_of(lambda: bench.fence(holder="third")) == "store.writer-active"


def test_many_threads_one_winner(bench: Bench) -> None:
    bench.create()
    bench.store.release(bench.fence())
    outcomes: list[str] = []

    def compete(number: int) -> None:
        try:
            bench.store.acquire("dev", holder=f"h{number}", lease_seconds=60)
            outcomes.append("won")
        except Conflict as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=compete, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["store.writer-active"] * 7 + ["won"]


# --- the registry -------------------------------------------------------------------------------------------------------------


def test_an_unknown_backend_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    options = options_for("clipboard", tmp_path / "state", clock=FakeClock(), entropy=FakeEntropy())
    with pytest.raises(Misconfigured, match="aws-secrets-manager, local, memory") as caught:
        open_store("clipboard", options)
    assert caught.value.code == "store.backend-unknown"
    assert not (tmp_path / "state").exists()


def test_errors_are_of_the_kinds_that_the_port_names(bench: Bench) -> None:
    bench.create()
    with pytest.raises(NotFound):
        bench.read()
    with pytest.raises(ProviderRefused):
        bench.put(b"")
    with pytest.raises(Conflict):
        bench.create(name="other")


def test_stages_of_the_port_are_the_three(bench: Bench) -> None:
    assert set(get_args(Stage)) == {"current", "previous", "pending"}
    assert bench.store.describe(make_ref()) is None
