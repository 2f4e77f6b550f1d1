"""Who may do what with one record: the request's principals and the platform's, sorted and checked (R16).

A wildcard or an account root in a policy that we generate would open it, so both are refused here as well as in the gate.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from goldenpath.errors import InvalidIntent
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings

_SAFE = re.compile(r"arn:aws(?:-[a-z]+)*:iam::[0-9]{12}:(?:role|user)/[A-Za-z0-9+=,.@_/-]{1,576}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSets:
    """The principals of one record, each tuple sorted and without doubles. ``accounts`` are those that may have any access; empty: unknown.

    A break-glass principal is in no other set that reaches a value: it has no effect until a grant exists.
    """

    readers: tuple[str, ...]
    writers: tuple[str, ...]
    break_glass: tuple[str, ...]
    platform: tuple[str, ...]
    metadata: tuple[str, ...]
    accounts: tuple[str, ...]

    @property
    def value_readers(self) -> tuple[str, ...]:
        """Principals that the read denial spares."""
        return _merged(self.readers, self.platform, without=self.break_glass)

    @property
    def value_writers(self) -> tuple[str, ...]:
        """Principals that the write denial spares."""
        return _merged(self.writers, self.platform, without=self.break_glass)

    @property
    def updaters(self) -> tuple[str, ...]:
        """Principals that may change description and key with the one call that could carry a value as well."""
        return _merged(self.platform, self.metadata, without=self.break_glass)

    @property
    def administrators(self) -> tuple[str, ...]:
        """Principals that may change tags and policy. Break-glass ones stay in it, or the platform could lock itself out."""
        return _merged(self.platform, self.metadata)


def access_sets(request: SecretRequest, *, settings: Settings) -> AccessSets:
    """Return who may touch the request's record.

    Raises:
        InvalidIntent: ``projection.principal-unsafe`` for anything but the full ARN of one role or user.
    """
    access = request.spec.access
    environment = request.environment
    platform = settings.access
    of_environment = settings.environment(environment)
    sets = AccessSets(
        readers=_merged(access.read_principals, platform.reader_principals.get(environment, ()), without=access.break_glass_principals),
        writers=_merged(access.write_principals, without=access.break_glass_principals),
        break_glass=_merged(access.break_glass_principals),
        platform=_merged(platform.platform_principals.get(environment, ())),
        metadata=_merged(platform.metadata_principals.get(environment, ())),
        accounts=_merged((of_environment.account,), of_environment.allowed_accounts) if of_environment.account else (),
    )
    _refuse_unsafe(request.id, sets)
    return sets


def partition(region: str) -> str:
    """Return the AWS partition that ``region`` belongs to."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def _merged(*groups: tuple[str, ...], without: tuple[str, ...] = ()) -> tuple[str, ...]:
    return tuple(sorted({arn for group in groups for arn in group}.difference(without)))


def _refuse_unsafe(request_id: str, sets: AccessSets) -> None:
    for group in (sets.readers, sets.writers, sets.break_glass, sets.platform, sets.metadata):
        for arn in group:
            if not _SAFE.fullmatch(arn):
                raise InvalidIntent(
                    "projection.principal-unsafe",
                    f"principal {arn!r} cannot stand in an access policy; expected the full ARN of one role or user, without wildcard",
                    subject=request_id,
                    hint="write it as arn:aws:iam::<account>:role/<name>, in the request or under access in goldenpath.yaml",
                )
