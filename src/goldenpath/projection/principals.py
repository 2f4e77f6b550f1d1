"""Who may do what with one record: the request's principals and the platform's, sorted and checked (R16).

A wildcard or an account root in a policy that we generate would open it. The gate refuses such a request with all its other faults; here
the entry is left out, which denies it, so that a policy text exists for the preview. In the platform's own settings it is an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from goldenpath.errors import Misconfigured
from goldenpath.model.request import SecretRequest
from goldenpath.model.rotators import rotator_principal
from goldenpath.model.settings import Settings

_SAFE = re.compile(r"arn:aws(?:-[a-z]+)*:iam::[0-9]{12}:(?:role|user)/[A-Za-z0-9+=,.@_/-]{1,576}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSets:
    """The principals of one record, each tuple sorted and without doubles. ``accounts`` are those that may have any access; empty: unknown.

    A break-glass principal is in no other set that reaches a value: it has no effect until a grant exists. A right is restricted once
    anybody is named for it, even by an entry that turns out unusable. A rotator reads and writes what it rotates, but its presence alone
    restricts nothing: whoever read the value before it came can read it afterwards.
    """

    readers: tuple[str, ...]
    writers: tuple[str, ...]
    break_glass: tuple[str, ...]
    rotators: tuple[str, ...]
    platform: tuple[str, ...]
    metadata: tuple[str, ...]
    accounts: tuple[str, ...]
    is_read_restricted: bool
    is_write_restricted: bool

    @property
    def value_readers(self) -> tuple[str, ...]:
        """Principals that the read denial spares."""
        return _merged(self.readers, self.rotators, self.platform, without=self.break_glass)

    @property
    def value_writers(self) -> tuple[str, ...]:
        """Principals that the write denial spares."""
        return _merged(self.writers, self.rotators, self.platform, without=self.break_glass)

    @property
    def taggers(self) -> tuple[str, ...]:
        """Principals that may tag at all; writers among them only what they must note."""
        return _merged(self.administrators, self.writers)

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
        Misconfigured: ``projection.principal-unsafe`` when the settings list anything but full ARNs of one role or user each.
    """
    environment, platform = request.environment, settings.access
    of_environment = settings.environment(environment)
    access = request.spec.access
    return _access_sets(
        access.read_principals,
        access.write_principals,
        access.break_glass_principals,
        rotator=rotator_principal(request, settings),
        readers=_required_safe(platform.reader_principals.get(environment, ()), environment),
        administrators=_required_safe(platform.platform_principals.get(environment, ()), environment),
        metadata=_required_safe(platform.metadata_principals.get(environment, ()), environment),
        accounts=(of_environment.account, *of_environment.allowed_accounts) if of_environment.account else (),
    )


@lru_cache(maxsize=1024)
def _access_sets(
    read: tuple[str, ...],
    write: tuple[str, ...],
    break_glass: tuple[str, ...],
    *,
    rotator: str,
    readers: tuple[str, ...],
    administrators: tuple[str, ...],
    metadata: tuple[str, ...],
    accounts: tuple[str, ...],
) -> AccessSets:
    # remembered by everything that it depends on: requests of one service mostly name the same principals
    emergency = _safe(break_glass)
    return AccessSets(
        readers=_merged(_safe(read), readers, without=emergency),
        writers=_merged(_safe(write), without=emergency),
        break_glass=_merged(emergency),
        rotators=_merged((rotator,) if rotator else (), without=emergency),
        platform=_merged(administrators),
        metadata=_merged(metadata),
        accounts=_merged(accounts),
        is_read_restricted=bool(read or readers or administrators),
        is_write_restricted=bool(write or administrators),
    )


def unsafe_principals(request: SecretRequest) -> tuple[tuple[str, str], ...]:
    """Return (field, principal) of each entry of the request that no policy may name."""
    access = request.spec.access
    lists = {
        "readPrincipals": access.read_principals,
        "writePrincipals": access.write_principals,
        "breakGlassPrincipals": access.break_glass_principals,
    }
    return tuple(
        (f"spec.access.{name}[{index}]", arn)
        for name, principals in lists.items()
        for index, arn in enumerate(principals)
        if not _SAFE.fullmatch(arn)
    )


def partition(region: str) -> str:
    """Return the AWS partition that ``region`` belongs to."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def _merged(*groups: tuple[str, ...], without: tuple[str, ...] = ()) -> tuple[str, ...]:
    return tuple(sorted({arn for group in groups for arn in group}.difference(without)))


def _safe(principals: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(arn for arn in principals if _SAFE.fullmatch(arn))


@lru_cache(maxsize=64)
def _required_safe(principals: tuple[str, ...], environment: str) -> tuple[str, ...]:
    for arn in principals:
        if not _SAFE.fullmatch(arn):
            raise Misconfigured(
                "projection.principal-unsafe",
                f"principal {arn!r} cannot stand in an access policy; expected the full ARN of one role or user, without wildcard",
                subject=f"access, environment {environment}",
                hint="write it in goldenpath.yaml as arn:aws:iam::<account>:role/<name>",
            )
    return principals
