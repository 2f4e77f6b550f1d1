"""Opens stores for tests, and acts as the people who touch a store behind the platform's back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace
from tests.builders import FakeClock, FakeEntropy
from tests.standins.aws import StrictAws

from goldenpath.model.rotation import NativeRotation, rotation_every
from goldenpath.model.secret import SecretRef, SecretValue
from goldenpath.model.settings import EnvironmentSettings, StoreSettings
from goldenpath.model.store import (
    TAG_APPLIED,
    TAG_COMMIT,
    TAG_ENVIRONMENT,
    TAG_ID,
    TAG_OWNER,
    DesiredSecret,
    Fence,
    StoreRecord,
    replicas_of,
)
from goldenpath.ports.clock import Clock, Entropy
from goldenpath.ports.store import Store
from goldenpath.providers.registry import StoreOptions, open_store

LEASE_SECONDS = 300.0
POLICY = (
    '{"Statement":[{"Action":["secretsmanager:GetSecretValue"],"Effect":"Deny","Principal":"*","Resource":"*","Sid":"Deny"}]'
    ',"Version":"2012-10-17"}'
)


def make_ref(path: str = "goldenpath/payments/dev/db", *, environment: str = "dev", provider: str = "aws-secrets-manager") -> SecretRef:
    return SecretRef(provider=provider, environment=environment, path=path)


FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:rotate"


def make_rotation(*, days: int = 30, function: str = FUNCTION, **window: Any) -> NativeRotation:
    """Rotation settings; ``window`` as :func:`rotation_every` takes it."""
    return rotation_every(days, function=function, **window)


def make_desired(
    request_id: str = "SEC-0007",
    *,
    path: str = "goldenpath/payments/dev/db",
    environment: str = "dev",
    description: str = "database",
    policy: str = POLICY,
    tags: dict[str, str] | None = None,
    replicas: dict[str, str] | None = None,
    rotation: NativeRotation | None = None,
) -> DesiredSecret:
    """A container; an empty ``request_id`` makes one that nobody's request owns."""
    owned = {TAG_ID: request_id, TAG_OWNER: "app-team", TAG_ENVIRONMENT: environment} if request_id else {"team": "elsewhere"}
    return DesiredSecret(
        ref=make_ref(path, environment=environment),
        request_id=request_id,
        description=description,
        policy=policy,
        tags=tuple(sorted({**owned, **(tags or {})}.items())),
        replica_regions=replicas_of((replicas or {}).items()),
        native_rotation=rotation or msgspec.UNSET,
    )


def bookkeeping(desired: DesiredSecret, commit: str = "c1") -> dict[str, str]:
    return {TAG_COMMIT: commit, TAG_APPLIED: desired.applied_tag}


def token(text: str = "t") -> str:
    """A token of legal length that says what it is for."""
    return text.ljust(32, "0")


@dataclass
class Bench:
    """One store on the bench with its clock, and shorthand for the usual calls."""

    store: Store
    clock: FakeClock
    entropy: FakeEntropy = field(default_factory=FakeEntropy)

    def fence(self, environment: str = "dev", holder: str = "tester") -> Fence:
        return self.store.acquire(environment, holder=holder, lease_seconds=LEASE_SECONDS)

    def create(self, desired: DesiredSecret | None = None, *, fence: Fence | None = None, name: str = "create") -> StoreRecord:
        wanted = desired or make_desired()
        return self.store.create(
            wanted,
            bookkeeping=bookkeeping(wanted) if wanted.request_id else {},
            token=token(name),
            fence=fence or self.fence(wanted.ref.environment),
        )

    def look(self, ref: SecretRef | None = None) -> StoreRecord:
        """The record as it is now."""
        found = self.store.describe(ref or make_ref())
        assert found is not None
        return found

    def put(
        self, value: bytes, *, name: str = "v1", fence: Fence | None = None, expected: str | None = None, ref: SecretRef | None = None
    ) -> str:
        where = ref or make_ref()
        info = self.store.put_version(
            where,
            SecretValue(value),
            token=token(name),
            stage="current",
            fence=fence or self.fence(where.environment),
            expected_current=expected,
        )
        return info.id

    def read(self, ref: SecretRef | None = None) -> bytes:
        return self.store.read(ref or make_ref())[0].reveal()

    def hand_edit(self, desired: DesiredSecret, **changes: object) -> StoreRecord:
        """Change a record as a person with a console would: the remembered digests of our last write stay as they were."""
        found = self.store.describe(desired.ref)
        assert found is not None
        kept = {key: value for key, value in found.tags if key in {TAG_APPLIED, TAG_COMMIT}}
        as_found = DesiredSecret(
            ref=found.ref,
            request_id=found.request_id,
            description=found.description,
            kms_key=found.kms_key,
            policy=found.policy,
            tags=found.comparable_tags,
            replica_regions=found.replica_regions,
            native_rotation=found.native_rotation,
        )
        return self.store.update(replace(as_found, **changes), bookkeeping=kept, fence=self.fence(desired.ref.environment))

    def everything(self, environment: str = "dev") -> list[StoreRecord]:
        """Every record, each looked at: a list need not show every field."""
        return [self.look(record.ref) for record in self.all_records(environment)]

    def all_records(self, environment: str = "dev") -> list[StoreRecord]:
        return list(self.store.list_records(environment))


def options_for(backend: str, directory: Path, *, clock: Clock, entropy: Entropy, account: str | None = None) -> StoreOptions:
    """What a backend needs; one at AWS needs an account, and credentials in the environment once it is used."""
    return StoreOptions(
        directory=directory,
        key_source="file",
        clock=clock,
        entropy=entropy,
        environment="dev",
        place=EnvironmentSettings(account=account),
        store=StoreSettings(backend=backend),
        correlation_id="run-1",
    )


def open_bench(backend: str, directory: Path, *, aws: StrictAws | None = None) -> Bench:
    clock, entropy = FakeClock(), FakeEntropy()
    if aws is not None:
        aws.follow(clock.now)
    options = options_for(backend, directory, clock=clock, entropy=entropy, account=None if aws is None else aws.account)
    return Bench(store=open_store(backend, options), clock=clock, entropy=entropy)
