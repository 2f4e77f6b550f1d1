"""The batch against the catalog and against the store, and what becomes of each write (R29, CASES 69 to 76)."""

from __future__ import annotations

import threading
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import make_request

from goldenpath.errors import AccessDenied, AuditUnavailable, Conflict, GoldenpathError, ProviderUnavailable, Unauthenticated
from goldenpath.injection.parameter_writes import write_changes
from goldenpath.injection.parameters import Change, changes_of, declared_keys, judge_observed, match_values, prunable
from goldenpath.model.parameter import SECURE, ParameterInfo, ParameterTier
from goldenpath.model.request import KeySpec, SecretRequest
from goldenpath.model.secret import SecretValue
from goldenpath.model.settings import EnvironmentSettings, NamingSettings, Settings
from goldenpath.ports.parameters import ParameterValue

FOLDER = "/goldenpath/dev/payments/"
PLAIN = Settings()


def request(identity: str, *keys: str, status: str = "active") -> SecretRequest:
    made = make_request(
        {"metadata": {"id": identity}, "spec": {"provider": "aws-parameter-store", "lifecycle": {"status": status}}},
    )
    return msgspec.structs.replace(made, spec=msgspec.structs.replace(made.spec, keys=tuple(KeySpec(name=key) for key in keys)))


def values(**given_values: str) -> dict[str, SecretValue]:
    return {key: SecretValue(text.encode()) for key, text in given_values.items()}


def judged(requests: list[SecretRequest], given_values: dict[str, SecretValue], **options: Any) -> tuple[set[tuple[str, str]], Any]:
    settings = options.pop("settings", PLAIN)
    declared = declared_keys(requests, settings=settings, tier=options.pop("tier", "standard"))
    assignments, findings = match_values(declared, given_values, settings=settings, **options)
    return {(finding.rule, finding.field) for finding in findings}, assignments


def info(name: str, **changes: Any) -> ParameterInfo:
    made = ParameterInfo(name=FOLDER + name, type=SECURE, version=1, owner_id="SEC-0007", description=f"{name.upper()} of SEC-0007")
    return msgspec.structs.replace(made, **changes)


def changes(count: int) -> tuple[Change, ...]:
    keys = [f"KEY_{number:02d}" for number in range(count)]
    _, assignments = judged([request("SEC-0007", *keys)], {key: SecretValue(b"x1y2") for key in keys})
    return changes_of(assignments, {}, {})


def test_each_value_goes_to_the_parameter_of_the_request_that_declares_its_key() -> None:
    found, assignments = judged(
        [request("SEC-0007", "DATABASE_URL"), request("SEC-0008", "Token")], values(database_url="a1b2", TOKEN="c3d4")
    )
    assert found == set()
    assert sorted((each.name, each.declared.request.id, each.given_as) for each in assignments) == [
        (FOLDER + "database_url", "SEC-0007", "database_url"),
        (FOLDER + "token", "SEC-0008", "TOKEN"),
    ]


def test_every_fault_of_every_key_is_found_at_once() -> None:
    found, _ = judged(
        [request("SEC-0007", "GOOD", "EMPTY", "MASK", "REF")],
        {**values(GOOD="a1b2", EMPTY="", MASK="[REDACTED]", REF="{{x}}", other="v1"), "A-B": SecretValue(b"v"), "good": SecretValue(b"v")},
    )
    assert {rule for rule, _ in found} == {
        "value.empty",
        "value.placeholder",
        "value.reference",
        "parameter.key-undeclared",
        "parameter.key-invalid",
        "parameter.key-collision",
    }


def test_requests_that_declare_one_key_twice_stop_everything() -> None:
    found, _ = judged([request("SEC-0007", "TOKEN"), request("SEC-0008", "token")], values(TOKEN="a1b2"))
    assert ("parameter.key-collision", "spec.keys.token") in found


def test_a_prefix_that_aws_reserves_is_refused_before_the_first_write() -> None:
    settings = Settings(naming=NamingSettings(parameter_prefix="aws-team"))
    found, _ = judged([request("SEC-0007", "TOKEN")], values(TOKEN="a1b2"), settings=settings)
    assert found == {("parameter.name-invalid", "spec.keys.TOKEN")}


@pytest.mark.parametrize(("tier", "fits"), [("standard", 4_096), ("advanced", 8_192)])
def test_sizes_are_counted_in_bytes_and_by_tier(tier: ParameterTier, fits: int) -> None:
    requests = [request("SEC-0007", "TOKEN")]
    for text in ("k" * fits, "\u00e9" * (fits // 2)):
        assert judged(requests, values(TOKEN=text), tier=tier)[0] == set()
        assert judged(requests, values(TOKEN=text + "k"), tier=tier)[0] == {("value.too-large", "spec.keys.TOKEN")}


def test_a_long_bad_key_may_be_a_piece_of_a_value_and_is_not_repeated() -> None:
    line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj+"
    declared = declared_keys([request("SEC-0007", "TOKEN")], settings=PLAIN, tier="standard")
    _, findings = match_values(declared, {line: SecretValue(b"x")}, settings=PLAIN)
    assert [finding.rule for finding in findings] == ["parameter.key-invalid"]
    assert line not in repr(findings)


@pytest.mark.parametrize(
    ("there", "rule"),
    [
        (info("token", type="String"), "parameter.wrong-type"),
        (info("token", type="StringList"), "parameter.wrong-type"),
        (info("token", owner_id=""), "parameter.foreign"),
        (info("token", owner_id="SEC-0008"), "parameter.foreign"),
        (info("TOKEN"), "parameter.key-collision"),
        (info("Token", owner_id=""), "parameter.key-collision"),
    ],
)
def test_what_is_there_and_not_ours_is_refused(there: ParameterInfo, rule: str) -> None:
    _, assignments = judged([request("SEC-0007", "TOKEN")], values(TOKEN="a1b2"))
    assert [finding.rule for finding in judge_observed(assignments, {there.name: there})] == [rule]


def test_only_differences_are_written_and_no_tier_goes_back() -> None:
    settings = Settings(environments={"dev": EnvironmentSettings(kms_key="alias/new")})
    keys = {"SAME": "a1", "OTHER": "b2", "REKEYED": "c3", "NEW": "d4", "BIG": "e5"}
    _, assignments = judged([request("SEC-0007", *keys)], values(**keys), settings=settings)
    observed = {each.name: each for each in (info("same", kms_key="alias/new"), info("other"), info("rekeyed", kms_key="alias/old"))}
    observed[FOLDER + "big"] = info("big", tier="advanced")
    current = {FOLDER + name: ParameterValue(SecretValue(text), 3) for name, text in (("same", b"a1"), ("other", b"x"), ("rekeyed", b"c3"))}
    current[FOLDER + "big"] = ParameterValue(SecretValue(b"old"), 3)
    found = {change.desired.name.removeprefix(FOLDER): change for change in changes_of(assignments, observed, current)}
    assert {name: change.expected_version for name, change in found.items()} == {"other": 3, "rekeyed": 3, "new": 0, "big": 3}
    assert {name: change.desired.tier for name, change in found.items()} == {
        "other": "standard",
        "rekeyed": "standard",
        "new": "standard",
        "big": "advanced",
    }


def test_only_what_a_request_in_use_owns_and_nothing_declares_is_prunable() -> None:
    requests = [request("SEC-0007", "TOKEN")]
    declared = declared_keys(requests, settings=PLAIN, tier="standard")
    there = [
        info("token"),
        info("old"),
        info("foreign", owner_id=""),
        info("gone", owner_id="SEC-0999", description="GONE of SEC-0999"),
        info("copied_tag", description=""),
        info("copied_note", description="OLD of SEC-0007"),
        info("other_note", description="OTHER_NOTE of SEC-0008"),
        info("plain", type="String"),
    ]
    assert prunable(declared, requests, {each.name: each for each in there}) == (FOLDER + "old",)


class Store:
    """Takes writes until something happens; safe for threads."""

    def __init__(self, error: GoldenpathError | None = None, *, after: int = 0) -> None:
        self.written: list[str] = []
        self._error = error
        self._after = after
        self._lock = threading.Lock()

    def write(self, change: Change) -> int:
        with self._lock:
            if self._error is not None and len(self.written) >= self._after:
                raise self._error
            self.written.append(change.desired.name)
            return 1


RUN_ENDING = (
    ProviderUnavailable("provision.deadline", "the time is used up", retry_after_seconds=1),
    Conflict("store.fenced-out", "another run took over"),
    Unauthenticated("store.unauthenticated", "expired"),
)


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("error", RUN_ENDING, ids=lambda error: error.code)
def test_what_no_write_gets_past_ends_the_run_and_the_rest_is_named(error: GoldenpathError, workers: int) -> None:
    wanted = changes(20)
    store = Store(error, after=7)
    receipts = write_changes(wanted, store.write, workers=workers)
    assert [receipt.name for receipt in receipts] == [change.desired.name for change in wanted]
    by_outcome = {outcome: {r.name for r in receipts if r.outcome == outcome} for outcome in ("written", "not-written")}
    assert by_outcome["written"] == set(store.written)
    assert (len(by_outcome["written"]), len(by_outcome["not-written"])) == (7, 13)
    assert {receipt.code for receipt in receipts if receipt.outcome == "not-written"} == {error.code}
    is_rerun_enough = not isinstance(error, Unauthenticated)
    assert all(receipt.is_retryable == is_rerun_enough for receipt in receipts if receipt.outcome == "not-written")


@given(denied=st.sets(st.integers(0, 19)))
def test_one_that_is_refused_holds_no_other_up(denied: set[int]) -> None:
    wanted = changes(20)
    names = {wanted[number].desired.name for number in denied}

    def write(change: Change) -> int:
        if change.desired.name in names:
            raise AccessDenied("store.access-denied", "no")
        return 1

    receipts = write_changes(wanted, write, workers=4)
    assert {receipt.name for receipt in receipts if receipt.outcome == "refused"} == names
    assert sum(receipt.outcome == "written" for receipt in receipts) == 20 - len(denied)


def test_a_missing_audit_log_stops_the_run_at_once() -> None:
    store = Store(AuditUnavailable("audit.unwritable", "disk full"), after=3)
    with pytest.raises(AuditUnavailable):
        write_changes(changes(20), store.write, workers=1)
    assert len(store.written) == 3
