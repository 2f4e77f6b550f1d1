"""The record of calls, the rate meter, and what a client process needs."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.builders import FakeClock
from tests.standins.aws import StrictAws
from tests.standins.calls import CLASSES, QUOTAS


def test_a_call_says_who_did_what_and_holds_no_value(aws: StrictAws) -> None:
    aws.client("secretsmanager", aws.runner).create_secret(Name="a", SecretString="the-value", Tags=[{"Key": "k", "Value": "the-tag"}])
    call = aws.calls[0]
    assert (call.number, call.service, call.operation, call.resource_name) == (1, "secretsmanager", "CreateSecret", "a")
    assert (call.principal, call.account, call.status, call.error_code) == (aws.runner, aws.account, 200, "")
    assert "the-value" not in repr(call)
    assert "the-tag" not in repr(call)


def test_calls_are_counted_without_the_consoles(aws: StrictAws) -> None:
    for client in (aws.client("secretsmanager"), aws.client("secretsmanager", aws.runner)):
        client.list_secrets()
    aws.client("secretsmanager", aws.runner).create_secret(Name="a", SecretString="v")
    assert (len(aws.calls), aws.count("ListSecrets"), [call.operation for call in aws.mutating()]) == (3, 1, ["CreateSecret"])


def test_a_reset_leaves_nothing(aws: StrictAws) -> None:
    aws.client("secretsmanager", aws.runner).create_secret(Name="a", SecretString="v")
    aws.faults.throttle()
    aws.reset()
    assert aws.calls == []
    assert aws.client("secretsmanager", aws.runner).list_secrets()["SecretList"] == []
    assert aws.calls[0].number == 1


@pytest.mark.parametrize(("gap_seconds", "peak"), [(0.0, 10), (0.1, 10), (0.25, 4), (0.5, 2), (1.0, 1)])
def test_the_rate_is_the_most_calls_in_any_second(aws: StrictAws, gap_seconds: float, peak: int) -> None:
    clock = FakeClock()
    aws.follow(clock.now)
    sm = aws.client("secretsmanager", aws.runner)
    for number in range(10):
        sm.create_secret(Name=f"n{number}", SecretString="v")
        clock.advance(gap_seconds)
    assert aws.rate("create") == aws.rate("CreateSecret") == peak
    assert (aws.rate("create", "list"), aws.rate("tag")) == (peak, 0)


def test_every_class_has_a_quota() -> None:
    assert set(QUOTAS) == set(CLASSES)
    operations = [operation for group in CLASSES.values() for operation in group]
    assert len(operations) == len(set(operations))


def test_calls_at_the_same_time_are_each_whole(aws: StrictAws) -> None:
    sm = aws.client("secretsmanager", aws.runner)
    sm.create_secret(Name="a", SecretString="v")
    threads = [threading.Thread(target=lambda: sm.put_secret_value(SecretId="a", SecretString="w")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stages = sm.describe_secret(SecretId="a")["VersionIdsToStages"]
    assert sorted(stage for labels in stages.values() for stage in labels) == ["AWSCURRENT", "AWSPREVIOUS"]
    assert sorted(call.number for call in aws.calls) == list(range(1, 11))


def test_the_environment_is_all_that_a_process_needs(aws: StrictAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    client: Any = boto3.session.Session().client("sts")
    assert client.get_caller_identity()["Arn"] == aws.runner


def test_nobody_acts_as_a_principal_that_no_test_named(aws: StrictAws) -> None:
    with pytest.raises(KeyError, match="as_principal"):
        aws.client("ssm", "arn:aws:iam::123456789012:role/unknown")
