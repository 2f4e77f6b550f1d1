"""The record of every call to the stand-in, and how fast they came. Names and numbers only: never a value."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tests.standins.wire import AwsRequest

CLASSES: Final[Mapping[str, frozenset[str]]] = {
    "get-value": frozenset({"GetSecretValue"}),
    "describe": frozenset({"DescribeSecret"}),
    "batch-get": frozenset({"BatchGetSecretValue"}),
    "list": frozenset({"ListSecrets"}),
    "list-versions": frozenset({"ListSecretVersionIds"}),
    "create": frozenset({"CreateSecret"}),
    "delete": frozenset({"DeleteSecret"}),
    "restore": frozenset({"RestoreSecret"}),
    "write": frozenset(
        {
            "PutSecretValue",
            "RemoveRegionsFromReplication",
            "ReplicateSecretToRegions",
            "StopReplicationToReplica",
            "UpdateSecret",
            "UpdateSecretVersionStage",
        }
    ),
    "rotate": frozenset({"CancelRotateSecret", "RotateSecret"}),
    "tag": frozenset({"TagResource", "UntagResource"}),
    "policy": frozenset({"DeleteResourcePolicy", "GetResourcePolicy", "PutResourcePolicy", "ValidateResourcePolicy"}),
    "parameter-read": frozenset({"GetParameter", "GetParameters", "GetParametersByPath"}),
    "parameter-put": frozenset({"PutParameter"}),
}
"""What AWS counts together against one quota."""

QUOTAS: Final[Mapping[str, int]] = {
    "get-value": 10_000,
    "describe": 40_000,
    "batch-get": 100,
    "list": 100,
    "list-versions": 50,
    "create": 50,
    "delete": 50,
    "restore": 50,
    "write": 50,
    "rotate": 50,
    "tag": 50,
    "policy": 50,
    "parameter-read": 40,
    "parameter-put": 3,
}
"""Calls per second and region of an account as it comes."""

MUTATING: Final = frozenset(
    {
        *CLASSES["create"], *CLASSES["delete"], *CLASSES["restore"], *CLASSES["write"], *CLASSES["rotate"], *CLASSES["tag"],
        "AddTagsToResource", "DeleteParameter", "DeleteParameters", "DeleteResourcePolicy", "LabelParameterVersion", "PutParameter",
        "PutResourcePolicy", "RemoveTagsFromResource", "UnlabelParameterVersion",
    }
)  # fmt: skip

_SAFE_PARAMETERS: Final = frozenset(
    {
        "ClientRequestToken", "ForceDeleteWithoutRecovery", "KmsKeyId", "MoveToVersionId", "Name", "Names", "Overwrite", "Path", "Recursive",
        "RecoveryWindowInDays", "RemoveFromVersionId", "ResourceId", "RoleArn", "RoleSessionName", "RotateImmediately", "RotationLambdaARN",
        "RotationRules", "SecretId", "SecretIdList", "Tier", "Type",
        "VersionId", "VersionStage", "VersionStages", "WithDecryption",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One call. ``number`` counts from 1 and is 0 for the console's own; ``status`` is 0 until, or unless, there was an answer."""

    number: int
    service: str
    operation: str
    resource_name: str
    principal: str
    access_key: str
    account: str
    region: str
    time: float
    parameters: Mapping[str, Any]
    status: int = 0
    error_code: str = ""

    @property
    def is_mutating(self) -> bool:
        return self.operation in MUTATING

    @property
    def is_console(self) -> bool:
        return not self.number


class CallLog:
    """Every call in the order of arrival; safe for threads.

    Args:
        now: Seconds since 1970.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._calls: list[Call] = []
        self._numbered = 0

    def arrive(self, request: AwsRequest, *, principal: str, is_console: bool) -> tuple[int, Call]:
        """Note a call and return it with its place in the log."""
        safe = {name: value for name, value in request.parameters.items() if name in _SAFE_PARAMETERS}
        with self._lock:
            self._numbered += not is_console
            call = Call(
                number=0 if is_console else self._numbered,
                service=request.service,
                operation=request.operation,
                resource_name=resource_name(request),
                principal=principal,
                access_key=request.access_key,
                account=request.account,
                region=request.region,
                time=self._now(),
                parameters=safe,
            )
            self._calls.append(call)
            return len(self._calls) - 1, call

    def finish(self, place: int, call: Call, *, status: int, error_code: str) -> None:
        """Note how a call ended. A call from before the log was cleared is forgotten."""
        with self._lock:
            if place < len(self._calls) and self._calls[place] is call:
                self._calls[place] = replace(call, status=status, error_code=error_code)

    def all(self) -> list[Call]:
        with self._lock:
            return list(self._calls)

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()
            self._numbered = 0


def resource_name(request: AwsRequest) -> str:
    """Return the name that a call is about, as the client gave it but without an ARN's front; empty when it names none."""
    for parameter in ("SecretId", "Name", "ResourceId", "Path", "RoleArn", "KeyId"):
        name = request.text(parameter)
        if name:
            return name.partition(":secret:")[2].rpartition("-")[0] if ":secret:" in name else name
    return ""


def peak_rate(calls: list[Call], names: tuple[str, ...]) -> int:
    """Return the highest number of calls in any one second, of these classes or operations together; the console's are left out."""
    wanted = frozenset(operation for name in names for operation in CLASSES.get(name, (name,)))
    times = sorted(call.time for call in calls if call.operation in wanted and not call.is_console)
    start, peak = 0, 0
    for end, time in enumerate(times):
        while times[start] <= time - 1.0:
            start += 1
        peak = max(peak, end - start + 1)
    return peak
