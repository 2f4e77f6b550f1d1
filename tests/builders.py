"""Builders and fakes shared by all suites. Fakes are stateful and asserted by state; they never pretend to be a real server."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from goldenpath.model.request import SecretRequest

ROLE = "arn:aws:iam::593517239005:role/{}"


def deep_merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = deep_merge(old, value) if isinstance(value, Mapping) and isinstance(old, Mapping) else value
    return merged


def request_tree(over: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """SEC-0007 of the seeds as a plain tree (camelCase, as in YAML), with changes merged in."""
    tree: dict[str, Any] = {
        "apiVersion": "goldenpath.io/v1",
        "kind": "SecretRequest",
        "metadata": {
            "id": "SEC-0007",
            "name": "payments-db-credentials",
            "owner": "app-team",
            "service": "payments",
            "environment": "dev",
        },
        "spec": {
            "provider": "aws-secrets-manager",
            "secretType": "database-credentials",
            "risk": {"tier": "medium"},
            "rotation": {"rotationClass": "standard"},
            "lifecycle": {"status": "active"},
            "access": {"namespace": "payments", "k8sSecretName": "payments-db-creds"},
            "ttlDays": 30,
        },
    }
    return deep_merge(tree, over or {})


def make_request(over: Mapping[str, Any] | None = None) -> SecretRequest:
    """SEC-0007 with changes merged in, as the frozen type."""
    return msgspec.convert(request_tree(over), SecretRequest)


class FakeClock:
    """A clock that moves only when told."""

    def __init__(self, start: datetime = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)) -> None:
        self._now = start
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds


class FakeEntropy:
    """Counts instead of drawing: the same run gives the same ids."""

    def __init__(self, seed: int = 0) -> None:
        self._counter = seed

    def _next(self) -> int:
        self._counter += 1
        return self._counter

    def token_bytes(self, count: int) -> bytes:
        return self._next().to_bytes(8, "big").rjust(count, b"\x00")[-count:]

    def below(self, bound: int) -> int:
        return self._next() % bound

    def sortable_id(self) -> str:
        return f"00000000-0000-7000-8000-{self._next():012d}"


class SeededEntropy(FakeEntropy):
    """Chance that follows from a seed: spread like the real one, and the same again with the same seed. Remembers each share drawn."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._random = random.Random(seed)  # noqa: S311 - a replayable run
        self.drawn: list[float] = []

    def token_bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def below(self, bound: int) -> int:
        number = self._random.randrange(bound)
        self.drawn.append(number / bound)
        return number
