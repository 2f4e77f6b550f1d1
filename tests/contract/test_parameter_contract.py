"""What a store of parameters promises: one for each key, one version for the set, and honest refusals of what it cannot give."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.builders import FakeEntropy
from tests.standins.aws import StrictAws
from tests.standins.fixtures import aws, aws_server  # noqa: F401 - fixtures
from tests.stores import Bench, bookkeeping, make_desired, make_ref, make_rotation, open_bench, options_for, token

from goldenpath.errors import GoldenpathError
from goldenpath.model.base import canonical_bytes
from goldenpath.model.parameter import DesiredParameter
from goldenpath.model.secret import SecretValue
from goldenpath.model.store import DesiredSecret, Fence
from goldenpath.ports.parameters import ParameterStore
from goldenpath.providers.aws.parameters import PERMISSIONS, SsmParameters
from goldenpath.providers.registry import PARAMETER_BACKENDS

REF = make_ref(provider="aws-parameter-store")
FOLDER = "/goldenpath/dev/payments"


@pytest.fixture(params=sorted(PARAMETER_BACKENDS))
def bench(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    aws: StrictAws,  # noqa: F811 - the fixture
) -> Bench:
    for name, text in aws.environment().items():
        monkeypatch.setenv(name, text)
    return open_bench(request.param, tmp_path / "state", aws=aws)


@pytest.fixture
def parameters(bench: Bench, tmp_path: Path, aws: StrictAws) -> ParameterStore:  # noqa: F811 - the fixture; credentials
    options = options_for("aws-parameter-store", tmp_path / "other", clock=bench.clock, entropy=FakeEntropy(), account=aws.account)
    return PARAMETER_BACKENDS["aws-parameter-store"](options)


def desired(request_id: str = "SEC-0007", **changes: Any) -> DesiredSecret:
    return replace(make_desired(request_id, policy=""), ref=REF, **changes)


def put(bench: Bench, values: dict[str, str], *, fence: Fence | None = None, expected: str | None = None) -> str:
    return bench.put(canonical_bytes(values), ref=REF, fence=fence, expected=expected)


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(GoldenpathError) as caught:
        call()
    return caught.value.code


def wanted(key: str = "a") -> DesiredParameter:
    return DesiredParameter(name=f"{FOLDER}/{key}", request_id="SEC-0007", tags=(("goldenpath:id", "SEC-0007"),))


def test_a_record_is_there_from_the_first_apply_and_holds_no_value(bench: Bench, aws: StrictAws) -> None:  # noqa: F811 - the fixture
    assert bench.store.describe(REF) is None
    made = bench.create(desired())
    assert made == bench.store.describe(REF) == bench.all_records()[0]
    assert (made.request_id, made.versions, made.field_digests) == ("SEC-0007", (), desired().field_digests)
    assert code_of(lambda: bench.store.read(REF)) == "store.version-missing"
    tags = aws.client("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId="/goldenpath/dev/_requests/payments/db")
    assert {"Key": "goldenpath:id", "Value": "SEC-0007"} in tags["TagList"]


def test_copies_in_other_regions_are_refused(bench: Bench) -> None:
    copied = replace(desired(), replica_regions=(("eu-west-1", ""),))
    assert code_of(lambda: bench.create(copied)) == "parameter.no-replicas"
    assert bench.all_records() == []
    bench.create(desired())
    assert code_of(lambda: bench.store.update(copied, bookkeeping=bookkeeping(copied), fence=bench.fence())) == "parameter.no-replicas"
    assert bench.store.describe(REF) == bench.all_records()[0]


def test_rotation_settings_are_refused(bench: Bench) -> None:
    rotated = replace(desired(), native_rotation=make_rotation())
    assert code_of(lambda: bench.create(rotated)) == "store.no-native-rotation"
    bench.create(desired())
    assert code_of(lambda: bench.store.update(rotated, bookkeeping=bookkeeping(rotated), fence=bench.fence())) == "store.no-native-rotation"
    assert bench.store.describe(REF) == bench.all_records()[0]


def test_creating_again_is_told_apart_by_token_and_content(bench: Bench) -> None:
    fence = bench.fence()
    made = bench.create(desired(), fence=fence)
    assert bench.create(desired(), fence=fence) == made
    assert code_of(lambda: bench.create(desired(description="other"), fence=fence)) == "store.token-reused"
    assert code_of(lambda: bench.create(desired("SEC-0008"), fence=fence, name="second")) == "store.record-exists"


def test_values_come_back_under_the_keys_as_they_were_given(bench: Bench) -> None:
    bench.create(desired())
    values = {"DATABASE_URL": "postgres://u:p@h/d", "token": "line 1\r\nline 2=="}
    version = put(bench, values)
    blob, info = bench.store.read(REF)
    assert (blob.reveal(), info.id) == (canonical_bytes(values), version)
    assert bench.store.describe(REF) == bench.all_records()[0], "the list shows the same version"


def test_the_same_values_keep_the_version_and_others_make_a_new_one(bench: Bench) -> None:
    bench.create(desired())
    first = put(bench, {"a": "one", "b": "two"})
    assert put(bench, {"a": "one", "b": "two"}) == first
    second = put(bench, {"a": "one", "b": "three"}, expected=first)
    assert second != first
    assert code_of(lambda: put(bench, {"a": "four"}, expected=first)) == "store.version-race"
    assert code_of(lambda: bench.store.read(REF, version_id=first)) == "store.version-missing"


def test_an_update_reaches_the_tags_of_the_parameters(bench: Bench, aws: StrictAws) -> None:  # noqa: F811 - the fixture
    bench.create(desired())
    put(bench, {"a": "one"})
    other = desired(tags=(("goldenpath:environment", "dev"), ("goldenpath:id", "SEC-0007"), ("goldenpath:owner", "other-team")))
    updated = bench.store.update(other, bookkeeping={}, fence=bench.fence())
    assert updated.field_digests == other.field_digests
    for name in (f"{FOLDER}/a", "/goldenpath/dev/_requests/payments/db"):
        listed = aws.client("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
        assert {"Key": "goldenpath:owner", "Value": "other-team"} in listed


@pytest.mark.parametrize(
    ("given", "code"),
    [("String", "parameter.wrong-type"), ("SecureString", "parameter.foreign")],
)
def test_no_parameter_of_somebody_else_is_written(bench: Bench, aws: StrictAws, given: str, code: str) -> None:  # noqa: F811 - the fixture
    bench.create(desired())
    aws.client("ssm").put_parameter(Name=f"{FOLDER}/b", Value="theirs", Type=given)
    assert code_of(lambda: put(bench, {"a": "one", "b": "two"})) == code
    assert [call.resource_name for call in aws.mutating() if call.resource_name.startswith(FOLDER)] == []


@pytest.mark.parametrize("values", [{"a-b": "x1"}, {"a": "x" * 4097}, {"a": "b{{c}}"}, {"a": "********"}, {"a": ""}, {"aws_a": "x1"}])
def test_limits_hold_before_any_effect(bench: Bench, aws: StrictAws, values: dict[str, str]) -> None:  # noqa: F811 - the fixture
    bench.create(desired())
    assert code_of(lambda: put(bench, {"good": "x1y2", **values})).startswith("store.")
    assert [call.resource_name for call in aws.mutating() if call.resource_name.startswith(FOLDER)] == []


def test_what_parameter_store_has_not_is_refused(bench: Bench) -> None:
    bench.create(desired())
    store, fence = bench.store, bench.fence()
    assert code_of(lambda: store.move_stage(REF, "pending", to_version="a", from_version="", fence=fence)) == "parameter.no-stages"
    assert code_of(lambda: store.schedule_deletion(REF, recovery_window_days=7, fence=fence)) == "parameter.no-recovery"
    value = SecretValue(b'{"a":"one"}')
    pending = [lambda: store.put_version(REF, value, token=token(), stage="pending", fence=fence, expected_current=None)]
    assert {code_of(call) for call in pending} == {"parameter.no-stages"}


def test_generations_only_grow_and_an_older_one_writes_nothing(bench: Bench) -> None:
    fences = []
    for _ in range(3):
        fence = bench.fence()
        bench.store.release(fence)
        fences.append(fence)
    assert [fence.generation for fence in fences] == [1, 2, 3]
    assert code_of(lambda: bench.create(desired(), fence=fences[0])) == "store.fenced-out"
    assert code_of(lambda: bench.create(desired(), fence=fences[-1])) == "store.fenced-out", "it was given back"


def test_another_holder_waits_until_the_lease_ends(bench: Bench) -> None:
    fence = bench.fence(holder="one")
    assert code_of(lambda: bench.fence(holder="two")) == "store.writer-active"
    bench.clock.advance(301)
    assert bench.fence(holder="two").generation == fence.generation + 1
    assert code_of(lambda: bench.create(desired(), fence=fence)) == "store.fenced-out"


def test_of_two_that_saw_the_same_lease_one_gets_it(
    bench: Bench,
    parameters: ParameterStore,
    aws: StrictAws,  # noqa: F811 - the fixture
) -> None:
    """The other's write comes between the look and the write, so it takes the version that ours was to be."""
    taken: list[Fence] = []
    bench.store.release(bench.fence(holder="earlier"))
    aws.faults.call_back(
        "GetParameter", lambda: taken.append(parameters.acquire("dev", holder="two", lease_seconds=300)), when="after", resource="*/_lease"
    )
    assert code_of(lambda: bench.fence(holder="one")) == "store.writer-active"
    assert [fence.holder for fence in taken] == ["two"]
    put_twice = parameters.put(wanted(), SecretValue(b"x"), expected_version=0, fence=taken[0])
    assert put_twice == 1, "the void write of the loser takes nothing from the winner"
    assert parameters.acquire("dev", holder="two", lease_seconds=300).generation == taken[0].generation + 1


NO_LEASES = {
    "no date": '{"base":0,"generation":1,"holder":"x","ends_at":"soon"}',
    "no zone": '{"base":0,"generation":1,"holder":"x","ends_at":"2026-01-01T00:00:00"}',
    "no such date": '{"base":0,"generation":1,"holder":"x","ends_at":"9999-12-31T23:59:59-23:00"}',
    "nested": '{"other":' + "[" * 4000,
    "built on nothing": '{"base":7,"generation":1}',
}


@pytest.mark.parametrize("text", NO_LEASES.values(), ids=NO_LEASES.keys())
def test_a_lease_that_nobody_can_read_stops_everybody(bench: Bench, aws: StrictAws, text: str) -> None:  # noqa: F811 - the fixture
    aws.client("ssm").put_parameter(Name="/goldenpath/dev/_lease", Value=text, Type="String")
    assert code_of(bench.fence) == "parameter.lease-unreadable"


MARKER = "/goldenpath/dev/_requests/payments/"
FORGED = '"request_id":"SEC-0007","tags":{"goldenpath:id":"SEC-0007"}'
FORGERIES = {
    "another's place": ("zz", f'{{"path":"goldenpath/payments/dev/db",{FORGED}}}'),
    "deeper": ("db/deep", f'{{"path":"goldenpath/payments/dev/db",{FORGED}}}'),
    "another environment": ("db", f'{{"path":"goldenpath/payments/prod/db",{FORGED}}}'),
    "another service": ("db", f'{{"path":"goldenpath/search/dev/db",{FORGED}}}'),
    "two owners": ("db", '{"path":"goldenpath/payments/dev/db","request_id":"SEC-0007","tags":{"goldenpath:id":"SEC-0001"}}'),
    "no path": ("db", '{"path":"db"}'),
    "nested": ("db", '{"other":' + "[" * 4000),
    "no JSON": ("db", "garbage"),
}


@pytest.mark.parametrize(("place", "text"), FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_marker_speaks_for_nobody(bench: Bench, aws: StrictAws, place: str, text: str) -> None:  # noqa: F811 - the fixture
    aws.client("ssm").put_parameter(Name=MARKER + place, Value=text, Type="String")
    assert bench.all_records() == []
    if place == "db":
        found = bench.store.describe(REF)
        assert found is not None
        assert found.request_id == ""
        assert code_of(lambda: bench.create(desired())) == "store.record-exists"
        assert code_of(lambda: put(bench, {"a": "one"})) == "store.foreign-record"
    else:
        made = bench.create(desired())
        assert bench.all_records() == [made]


@pytest.mark.parametrize("text", ["see {{ssm:/other}}", "{{{}}}", "\\{{x}}", '"{{"}}'])
def test_a_description_is_kept_as_it_is_even_when_aws_would_take_it_for_a_reference(bench: Bench, text: str) -> None:
    made = bench.create(desired(description=text))
    assert made == bench.store.describe(REF) == bench.all_records()[0]
    assert made.description == text


def test_a_write_that_came_in_between_is_noticed(parameters: ParameterStore, aws: StrictAws) -> None:  # noqa: F811 - the fixture
    fence = parameters.acquire("dev", holder="one", lease_seconds=300)
    parameters.put(wanted(), SecretValue(b"one"), expected_version=0, fence=fence)
    aws.client("ssm").put_parameter(Name=wanted().name, Value="theirs", Type="SecureString", Overwrite=True)
    again = [
        lambda: parameters.put(wanted(), SecretValue(b"two"), expected_version=1, fence=fence),
        lambda: parameters.put(wanted(), SecretValue(b"two"), expected_version=0, fence=fence),
    ]
    assert {code_of(call) for call in again} == {"parameter.version-race"}


@pytest.mark.parametrize("what", ["value", "container"])
def test_a_run_that_slept_between_its_look_and_its_write_does_not_call_it_done(
    bench: Bench,
    parameters: ParameterStore,
    aws: StrictAws,  # noqa: F811 - the fixture
    what: str,
) -> None:
    """AWS takes the write of a run whose lease ended meanwhile; what it reports must not be success (R19)."""
    fence = bench.fence(holder="slow")
    bench.create(desired(), fence=fence)

    def sleep_through_a_takeover() -> None:
        bench.clock.advance(301)
        parameters.acquire("dev", holder="fast", lease_seconds=300)

    changed = desired(description="late")
    writes = {
        "value": lambda: put(bench, {"a": "one"}, fence=fence),
        "container": lambda: bench.store.update(changed, bookkeeping=bookkeeping(changed), fence=fence),
    }
    place = {"value": f"{FOLDER}/a", "container": "*/_requests/*"}[what]
    aws.faults.call_back("PutParameter", sleep_through_a_takeover, when="before", resource=place)
    assert code_of(writes[what]) == "store.fenced-out"


def test_many_parameters_cost_few_calls(parameters: ParameterStore, aws: StrictAws) -> None:  # noqa: F811 - the fixture
    fence = parameters.acquire("dev", holder="one", lease_seconds=300)
    for number in range(60):
        parameters.put(wanted(f"k{number}"), SecretValue(b"one"), expected_version=0, fence=fence)
    found = parameters.list_parameters(FOLDER, owners=["SEC-0007", "SEC-0009"])
    assert {info.owner_id for info in found.values()} == {"SEC-0007"}
    assert len(parameters.read_values(sorted(found))) == 60
    assert (aws.count("GetParameters"), aws.count("ListTagsForResource")) == (6, 0)
    assert parameters.delete(sorted(found), fence=fence) == found.keys()
    assert parameters.read_values(sorted(found)) == {}


def test_no_call_needs_a_permission_that_is_not_listed(bench: Bench, parameters: ParameterStore, aws: StrictAws) -> None:  # noqa: F811
    bench.create(desired())
    put(bench, {"a": "one"})
    bench.store.update(desired(tags=(("goldenpath:id", "SEC-0007"),)), bookkeeping={}, fence=bench.fence())
    bench.store.read(REF)
    assert bench.all_records()
    assert isinstance(parameters, SsmParameters)
    assert parameters.look_up([f"{FOLDER}/a"])[f"{FOLDER}/a"].owner_id == "SEC-0007"
    assert parameters.has_room(f"{FOLDER}/a")
    parameters.delete([f"{FOLDER}/a"], fence=parameters.acquire("dev", holder="tester", lease_seconds=300))
    called = {f"{call.service}:{call.operation}" for call in aws.calls if not call.is_console} - {"sts:GetCallerIdentity"}
    assert called == set(PERMISSIONS)
