"""Parameters in AWS Systems Manager, with as few calls as its API allows: 50 descriptions, 10 values, 10 deletions at a time.

Ownership is read by asking for the parameters that carry a tag, so that no parameter costs a call of its own. Values are never read by
path: ``GetParametersByPath`` is authorised on the ancestor alone, so it is used for markers, which lie apart and hold no value.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

from goldenpath.errors import Conflict, ProviderUnavailable
from goldenpath.model.parameter import SECURE, VERSIONS_MAX, DesiredParameter, ParameterInfo, ParameterTier
from goldenpath.model.secret import SecretValue
from goldenpath.model.store import TAG_ID, Fence
from goldenpath.ports.clock import Clock
from goldenpath.ports.parameters import ParameterValue
from goldenpath.providers.aws.calls import AwsCalls
from goldenpath.providers.aws.failures import unreachable
from goldenpath.providers.aws.parameter_lease import ParameterLeases

PERMISSIONS: Final = (
    "ssm:AddTagsToResource",
    "ssm:DeleteParameters",
    "ssm:DescribeParameters",
    "ssm:GetParameter",
    "ssm:GetParameterHistory",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
    "ssm:ListTagsForResource",
    "ssm:PutParameter",
)
"""What the role that injects needs on the parameters of its environment (``DescribeParameters`` knows no resource: ``*``), beside
``kms:Encrypt`` and ``kms:Decrypt`` on the configured key. ``sts:GetCallerIdentity`` needs no permission."""

READER_PERMISSIONS: Final = ("ssm:GetParameter", "ssm:GetParameters")
"""What External Secrets needs, beside ``kms:Decrypt``."""

DESCRIBED_AT_ONCE: Final = 50
NAMES_AT_ONCE: Final = 10
FENCE_SECONDS: Final = 2.0
"""How long one look at the lease counts: writes take their turns slowly, and a look costs a call."""

_SERVICE: Final = "ssm"
_EXISTS: Final = "ParameterAlreadyExists"
_FULL: Final = "ParameterMaxVersionLimitExceeded"
_TIERS: Final[dict[str, ParameterTier]] = {"Standard": "standard", "Advanced": "advanced"}
_AWS_TIERS: Final = {"standard": "Standard", "advanced": "Advanced"}


class SsmParameters:
    """The parameters of one account and region; safe for threads.

    Args:
        calls: The door to AWS.
        prefix: First level of every name; the lease lies at ``/<prefix>/<environment>/_lease``.
        clock: Ends of leases.
    """

    def __init__(self, calls: AwsCalls, *, prefix: str, clock: Clock) -> None:
        self._calls = calls
        self._clock = clock
        self._leases = ParameterLeases(calls, prefix=prefix, clock=clock)
        self._looked: dict[Fence, float] = {}
        self._lock = threading.Lock()

    def identity(self) -> str:
        """Return the account of the credentials."""
        return self._calls.account()

    def list_parameters(self, path: str, *, owners: Collection[str]) -> dict[str, ParameterInfo]:
        """Return what lies one level below ``path``, by name."""
        owner_of = {str(each["Name"]): owner for owner in sorted(owners) for each in self._described(path, owner)}
        found = (_info(each, owner_of.get(str(each["Name"]), "")) for each in self._described(path))
        return {info.name: info for info in found}

    def list_below(self, path: str) -> Iterator[ParameterInfo]:
        """Yield everything below ``path``, at any depth; owners are not looked up."""
        filters = [{"Key": "Path", "Option": "Recursive", "Values": [path]}]
        for page in self._pages("DescribeParameters", path, ParameterFilters=filters, MaxResults=DESCRIBED_AT_ONCE):
            yield from (_info(each, "") for each in page.get("Parameters", ()))

    def look_up(self, names: Iterable[str]) -> dict[str, ParameterInfo]:
        """Return parameters that a lagging list does not show yet."""
        found: dict[str, ParameterInfo] = {}
        for some in _tens(list(names)):
            body = self._calls.send(_SERVICE, "GetParameters", subject=some[0], Names=some, WithDecryption=False).body
            for each in body.get("Parameters", ()):
                found[each["Name"]] = _info(each, self._owner(each["Name"]))
        return found

    def has_room(self, name: str) -> bool:
        """Say whether the oldest version that is kept may be dropped for a new one."""
        oldest: dict[str, Any] | None = None
        count = 0
        for page in self._pages("GetParameterHistory", name, Name=name, WithDecryption=False, MaxResults=DESCRIBED_AT_ONCE):
            for version in page.get("Parameters", ()):
                count += 1
                oldest = version if oldest is None or version["Version"] < oldest["Version"] else oldest
        return count < VERSIONS_MAX or oldest is None or not oldest.get("Labels")

    def read_values(self, names: Iterable[str]) -> dict[str, ParameterValue]:
        """Return the current values, ten names to a call."""
        values: dict[str, ParameterValue] = {}
        for some in _tens(list(names)):
            body = self._calls.send(_SERVICE, "GetParameters", subject=some[0], Names=some, WithDecryption=True).body
            for each in body.get("Parameters", ()):
                values[each["Name"]] = ParameterValue(SecretValue(each["Value"].encode("utf-8")), int(each["Version"]))
        return values

    def put(self, desired: DesiredParameter, value: SecretValue, *, expected_version: int, fence: Fence) -> int:
        """Write one SecureString; tags only when it is made, as AWS takes them together with ``Overwrite`` in no call."""
        self.require_fence(fence)
        answer = self._calls.send(
            _SERVICE,
            "PutParameter",
            subject=desired.name,
            expected=frozenset({_EXISTS, _FULL}),
            Name=desired.name,
            Description=desired.description,
            Value=value.reveal().decode("utf-8"),
            Type=SECURE,
            Tier=_AWS_TIERS[desired.tier],
            **({"KeyId": desired.kms_key} if desired.kms_key else {}),
            **({"Overwrite": True} if expected_version else {"Overwrite": False, "Tags": _tags(desired)}),
        )
        if answer.code == _FULL:
            raise labelled(desired.name)
        if answer.code == _EXISTS or int(answer.body["Version"]) != expected_version + 1:
            raise _raced(desired.name, written=answer.code != _EXISTS)
        self.require_fence_still(fence, written=f"version {expected_version + 1} of {desired.name}")
        return expected_version + 1

    def delete(self, names: Collection[str], *, fence: Fence) -> frozenset[str]:
        """Delete, ten names to a call."""
        gone: set[str] = set()
        for some in _tens(sorted(names)):
            self.require_fence(fence)
            body = self._calls.send(_SERVICE, "DeleteParameters", subject=some[0], Names=some).body
            gone |= set(body.get("DeletedParameters", ()))
        return frozenset(gone)

    def acquire(self, environment: str, *, holder: str, lease_seconds: float) -> Fence:
        """Take the right to write in an environment."""
        return self._leases.acquire(environment, holder=holder, lease_seconds=lease_seconds)

    def release(self, fence: Fence) -> None:
        """Give it back."""
        self._leases.release(fence)

    def break_lease(self, environment: str) -> None:
        """End another holder's lease."""
        self._leases.break_lease(environment)

    def _owner(self, name: str) -> str:
        answer = self._calls.send(
            _SERVICE,
            "ListTagsForResource",
            subject=name,
            expected=frozenset({"InvalidResourceId"}),
            ResourceType="Parameter",
            ResourceId=name,
        )
        tags = {tag["Key"]: tag["Value"] for tag in answer.body.get("TagList", ())}
        return str(tags.get(TAG_ID, ""))

    def require_fence(self, fence: Fence) -> None:
        """Refuse any fence but the environment's newest, looked at within the last moments. Raises ``Conflict`` ``store.fenced-out``."""
        now = self._clock.monotonic()
        with self._lock:
            if now - self._looked.get(fence, -FENCE_SECONDS) < FENCE_SECONDS:
                return
        self._leases.require(fence)
        with self._lock:
            self._looked = {fence: now}

    def require_fence_still(self, fence: Fence, *, written: str) -> None:
        """Look again after a write (R19): a run that was stopped between its look and the write may have written under a lost lease.

        Costs nothing within :data:`FENCE_SECONDS` of the last look.

        Raises:
            Conflict: ``store.fenced-out``, naming what was written all the same.
            ProviderUnavailable: ``store.unreachable``: the write took effect, and nobody knows under whose lease.
        """
        try:
            self.require_fence(fence)
        except ProviderUnavailable as error:
            raise unreachable(f"{written} was written, and the lease could not be looked at after that", subject=error.subject) from error
        except Conflict as error:
            said = f"{error.message}; {written} was written all the same"
            raise Conflict(error.code, said, subject=error.subject, hint=error.hint) from error

    def _described(self, path: str, owner: str = "") -> Iterator[dict[str, Any]]:
        filters = [{"Key": "Path", "Option": "OneLevel", "Values": [path]}]
        if owner:
            filters.append({"Key": f"tag:{TAG_ID}", "Values": [owner]})
        for page in self._pages("DescribeParameters", path, ParameterFilters=filters, MaxResults=DESCRIBED_AT_ONCE):
            yield from page.get("Parameters", ())

    def _pages(self, operation: str, subject: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        following: dict[str, Any] = {}
        while True:
            body = self._calls.send(_SERVICE, operation, subject=subject, **parameters, **following).body
            yield body
            if not body.get("NextToken"):
                return
            following = {"NextToken": body["NextToken"]}


def _tens(names: list[str]) -> Iterator[list[str]]:
    return (names[start : start + NAMES_AT_ONCE] for start in range(0, len(names), NAMES_AT_ONCE))


def labelled(name: str) -> Conflict:
    """Return the error for a parameter whose oldest version cannot make room."""
    return Conflict(
        "parameter.version-labelled",
        f"all {VERSIONS_MAX} versions are taken, and the oldest carries a label, so no version can be added",
        subject=name,
        hint="move the label to a newer version (aws ssm label-parameter-version), then run again; nothing was written to it",
    )


def _raced(name: str, *, written: bool) -> Conflict:
    what = "another version came in between; ours is on top of it" if written else "somebody made the parameter meanwhile"
    return Conflict("parameter.version-race", what, subject=name, hint="run again; it looks at what is there first")


def _info(described: dict[str, Any], owner: str) -> ParameterInfo:
    return ParameterInfo(
        name=str(described["Name"]),
        type=str(described.get("Type", "")),
        version=int(described.get("Version", 0)),
        tier=_TIERS.get(str(described.get("Tier", "")), "standard"),
        kms_key=str(described.get("KeyId") or ""),
        description=str(described.get("Description") or ""),
        owner_id=owner,
    )


def _tags(desired: DesiredParameter) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in desired.tags]
