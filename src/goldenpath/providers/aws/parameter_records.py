"""The store port over Parameter Store: a record is a marker and the set of its request's parameters, one for each key.

What Parameter Store cannot give: several versions of a set (so there is one stage, ``current``), a write of a set in one step (so a
version that was cut off is written again), resource policies, and a deletion with a window. Those are refused, never imitated.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from typing import NoReturn

from goldenpath.errors import Conflict, ProviderRefused
from goldenpath.model.base import canonical_bytes
from goldenpath.model.parameter import (
    SECURE,
    TIER_BYTES,
    DesiredParameter,
    ParameterInfo,
    ParameterTier,
    declared_in,
    key_fault,
    key_note,
    normalised_key,
)
from goldenpath.model.payload import decode_payload, encode_payload
from goldenpath.model.secret import SecretRef, SecretValue
from goldenpath.model.store import DesiredSecret, Fence, Stage, StoreRecord, VersionInfo
from goldenpath.providers import limits, refusals
from goldenpath.providers.aws.calls import AwsCalls
from goldenpath.providers.aws.parameter_marker import Marker, Markers, marker_of, place_of
from goldenpath.providers.aws.parameters import SsmParameters

PROVIDER = "aws-parameter-store"
_ID_CHARS = 32


class ParameterRecords:
    """Implements :class:`goldenpath.ports.store.Store`; see there for meaning and errors. Safe for threads.

    Args:
        calls: The door to one account and region.
        parameters: The parameters of that account.
        fingerprint: Keyed digest of (path, value).
        prefix: First level of every parameter's name.
        tier: Of new parameters.
    """

    def __init__(
        self, calls: AwsCalls, parameters: SsmParameters, *, fingerprint: Callable[[str, bytes], str], prefix: str, tier: ParameterTier
    ) -> None:
        self._parameters = parameters
        self._markers = Markers(calls, prefix=prefix)
        self._fingerprint = fingerprint
        self._prefix = prefix
        self._tier = tier

    def identity(self) -> str:
        """Return the account of the credentials."""
        return self._parameters.identity()

    def describe(self, ref: SecretRef) -> StoreRecord | None:
        """Return the record: what was applied, and one version for the parameters that are there."""
        marker = self._markers.find(ref)
        return None if marker is None else marker.record(ref, _versions(self._owned(ref, marker)))

    def list_records(self, environment: str) -> Iterator[StoreRecord]:
        """Yield the environment's records by path. Whose a parameter is, is taken from its description here, from its tag elsewhere."""
        noted: dict[str, list[ParameterInfo]] = {}
        for info in self._parameters.list_below(f"/{self._prefix}/{environment}"):
            noted.setdefault(declared_in(info.description)[1], []).append(info)
        for marker in sorted(self._markers.all(environment), key=lambda marker: marker.path):
            ref = SecretRef(provider=PROVIDER, environment=environment, path=marker.path)
            yield marker.record(ref, _versions(noted.get(marker.request_id, []) if marker.request_id else []))

    def read(self, ref: SecretRef, *, stage: Stage = "current", version_id: str = "") -> tuple[SecretValue, VersionInfo]:
        """Return the parameters as one JSON object, under the keys as they are declared."""
        owned = self._owned(ref, self._require(ref))
        versions = _versions(owned)
        if stage != "current" or not versions or (version_id and version_id != versions[0].id):
            raise refusals.version_missing(ref, version_id or stage)
        values = self._parameters.read_values(info.name for info in owned)
        keys = {info.name: declared_in(info.description)[0] or info.name.rpartition("/")[2] for info in owned}
        return encode_payload({keys[name]: found.value for name, found in values.items()}), versions[0]

    def create(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], token: str, fence: Fence) -> StoreRecord:
        """Make the marker."""
        limits.check_container(desired, bookkeeping)
        _require_storable(desired)
        limits.check_token(token, subject=str(desired.ref))
        self._parameters.require_fence(fence)
        marker = marker_of(desired, bookkeeping, generation=fence.generation, token=token)
        if not self._markers.write(desired.ref, marker, is_new=True):
            there = self._require(desired.ref)
            if there.token != token:
                raise refusals.record_exists(desired.ref, owner=there.request_id)
            if there.record(desired.ref, ()).field_digests != marker.record(desired.ref, ()).field_digests:
                raise refusals.token_reused(desired.ref)
            marker = there
        return marker.record(desired.ref, _versions(self._owned(desired.ref, marker)))

    def update(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], fence: Fence) -> StoreRecord:
        """Make the marker equal to ``desired``, and the tags of the parameters too."""
        limits.check_container(desired, bookkeeping)
        _require_storable(desired)
        before = self._require_own(desired.ref)
        if before.request_id != desired.request_id:
            raise refusals.foreign(before.record(desired.ref, ()))
        self._parameters.require_fence(fence)
        marker = marker_of(desired, bookkeeping, generation=fence.generation, token=before.token)
        owned = self._owned(desired.ref, marker)
        if before.tags != marker.tags:
            self._markers.retag(desired.ref, marker.tags, [info.name for info in owned])
        self._markers.write(desired.ref, marker, is_new=False)
        self._parameters.require_fence_still(fence, written="what was applied for the request")
        return marker.record(desired.ref, _versions(owned))

    def put_version(
        self,
        ref: SecretRef,
        value: SecretValue,
        *,
        token: str,
        stage: Stage,
        fence: Fence,
        expected_current: str | None,
    ) -> VersionInfo:
        """Write each key that differs. The same values again write nothing, whatever ``token`` says."""
        limits.check_token(token, subject=str(ref))
        if stage != "current":
            raise _no_stages(ref)
        marker = self._require_own(ref)
        values = self._checked(ref, value)
        there = self._parameters.list_parameters(self._folder(ref), owners=[marker.request_id])
        versions = _versions(info for info in there.values() if info.owner_id == marker.request_id)
        found = versions[0].id if versions else ""
        if expected_current is not None and found != expected_current:
            raise refusals.version_race(ref, expected=expected_current, found=found)
        self._write(ref, marker, values, there, fence)
        return _versions(self._owned(ref, marker))[0]

    def move_stage(self, ref: SecretRef, stage: Stage, *, to_version: str, from_version: str, fence: Fence) -> StoreRecord:  # noqa: ARG002
        """Refuse: Parameter Store has no stages."""
        self._require(ref)
        raise _no_stages(ref)

    def adopt(self, desired: DesiredSecret, *, bookkeeping: dict[str, str], fence: Fence) -> StoreRecord:  # noqa: ARG002
        """Refuse: what stands where a marker should is not a container that could be taken over."""
        raise refusals.foreign(self._require(desired.ref).record(desired.ref, ()))

    def schedule_deletion(self, ref: SecretRef, *, recovery_window_days: int, fence: Fence) -> NoReturn:
        """Refuse: Parameter Store deletes at once and for good."""
        limits.check_recovery_window(recovery_window_days, subject=str(ref))
        self._parameters.require_fence(fence)
        self._require_own(ref)
        raise ProviderRefused(
            "parameter.no-recovery",
            "Parameter Store deletes at once and for good; there is no window, so nothing was deleted",
            subject=str(ref),
            hint="goldenpath inject --prune removes single parameters that no request declares any more",
        )

    def restore(self, ref: SecretRef, *, fence: Fence) -> NoReturn:  # noqa: ARG002
        """Refuse: nothing is ever scheduled here."""
        self._require(ref)
        raise refusals.not_scheduled(ref)

    def fingerprint(self, ref: SecretRef, value: SecretValue) -> str:
        """Return the keyed digest of a value."""
        return self._fingerprint(ref.path, value.reveal())

    def acquire(self, environment: str, *, holder: str, lease_seconds: float) -> Fence:
        """Take the right to write in an environment."""
        return self._parameters.acquire(environment, holder=holder, lease_seconds=lease_seconds)

    def release(self, fence: Fence) -> None:
        """Give it back."""
        self._parameters.release(fence)

    def break_lease(self, environment: str) -> None:
        """End another holder's lease."""
        self._parameters.break_lease(environment)

    def _write(
        self, ref: SecretRef, marker: Marker, values: Mapping[str, SecretValue], there: Mapping[str, ParameterInfo], fence: Fence
    ) -> None:
        wanted = {f"{self._folder(ref)}/{normalised_key(key)}": key for key in values}
        for name in wanted:
            _require_writable(there.get(name), marker.request_id)
        current = self._parameters.read_values(sorted(wanted))
        for name, key in sorted(wanted.items()):
            found = current.get(name)
            if found is not None and hmac.compare_digest(found.value.reveal(), values[key].reveal()):
                continue
            desired = self._desired(marker, name, key, there.get(name))
            self._parameters.put(desired, values[key], expected_version=found.version if found else 0, fence=fence)

    def _desired(self, marker: Marker, name: str, key: str, info: ParameterInfo | None) -> DesiredParameter:
        return DesiredParameter(
            name=name,
            request_id=marker.request_id,
            description=key_note(key, marker.request_id),
            kms_key=marker.kms_key,
            tier="advanced" if info is not None and info.tier == "advanced" else self._tier,
            tags=tuple(sorted(marker.tags.items())),
        )

    def _checked(self, ref: SecretRef, value: SecretValue) -> dict[str, SecretValue]:
        limits.check_value(value.reveal(), subject=str(ref))
        values = decode_payload(value)
        for key, each in values.items():
            fault = key_fault(key)
            if fault:
                raise limits.exceeded("key", f"a key that {fault}", "letters, digits and underscores", subject=str(ref))
            if len(each.reveal()) > TIER_BYTES[self._tier]:
                size = f"more than {TIER_BYTES[self._tier]} bytes"
                raise limits.exceeded(f"value of {key}", size, f"{TIER_BYTES[self._tier]} bytes in tier {self._tier}", subject=str(ref))
            if b"{{" in each.reveal():
                raise limits.exceeded(f"value of {key}", "'{{'", "no references", subject=str(ref))
        return values

    def _owned(self, ref: SecretRef, marker: Marker) -> list[ParameterInfo]:
        if not marker.request_id:
            return []
        found = self._parameters.list_parameters(self._folder(ref), owners=[marker.request_id])
        return [info for info in found.values() if info.owner_id == marker.request_id and info.type == SECURE]

    def _folder(self, ref: SecretRef) -> str:
        return f"/{self._prefix}/{ref.environment}/{place_of(ref)[0]}"

    def _require(self, ref: SecretRef) -> Marker:
        marker = self._markers.find(ref)
        if marker is None:
            raise refusals.record_missing(ref)
        return marker

    def _require_own(self, ref: SecretRef) -> Marker:
        marker = self._require(ref)
        if not marker.request_id:
            raise refusals.foreign(marker.record(ref, ()))
        return marker


def _versions(parameters: Iterable[ParameterInfo]) -> tuple[VersionInfo, ...]:
    """Return the one version that a set of parameters is; none while there are no parameters."""
    pairs = sorted([info.name, info.version] for info in parameters if info.type == SECURE)
    if not pairs:
        return ()
    return (VersionInfo(id=sha256(canonical_bytes(pairs)).hexdigest()[:_ID_CHARS], stages=("current",)),)


def _require_writable(info: ParameterInfo | None, request_id: str) -> None:
    if info is None or (info.type == SECURE and info.owner_id == request_id):
        return
    code = "parameter.wrong-type" if info.type != SECURE else "parameter.foreign"
    what = f"is there as a {info.type}" if info.type != SECURE else f"does not carry the tag of {request_id}"
    raise Conflict(code, f"the parameter {what}; nothing was written", subject=info.name, hint=f"goldenpath explain {code}")


def _require_storable(desired: DesiredSecret) -> None:
    if desired.native_rotation:
        raise refusals.no_native_rotation(desired.ref)
    if desired.replica_regions:
        raise ProviderRefused(
            "parameter.no-replicas",
            f"Parameter Store keeps no copies in other regions; wanted {desired.replicas}",
            subject=str(desired.ref),
            hint="keep the secret in Secrets Manager, or one parameter in each region by requests of their own",
        )


def _no_stages(ref: SecretRef) -> ProviderRefused:
    return ProviderRefused(
        "parameter.no-stages",
        "Parameter Store has no stages: a value is current as soon as it is written",
        subject=str(ref),
        hint="choose provider aws-secrets-manager for secrets that are rotated in steps",
    )
