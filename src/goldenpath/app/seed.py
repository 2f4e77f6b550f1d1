"""Give a secret its value (D12): check the whole batch, write one version, then let the manifests follow. Values live only in this call."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from goldenpath.app.continuity import delivered_from, require_continuous
from goldenpath.app.deliver import deliver_environment
from goldenpath.app.locate import Located, locate, require_readable
from goldenpath.app.refusals import refusals_recorded
from goldenpath.app.services import Services
from goldenpath.app.trail import open_trail
from goldenpath.errors import InvalidIntent
from goldenpath.injection.check import check_batch
from goldenpath.model.audit import Target
from goldenpath.model.base import canonical_bytes
from goldenpath.model.finding import Finding
from goldenpath.model.payload import encode_payload, outline_payload
from goldenpath.model.receipt import DeliveryReceipt
from goldenpath.model.request import KeySpec
from goldenpath.model.rotators import wanted_rotation
from goldenpath.model.secret import SecretValue
from goldenpath.model.store import StoreRecord
from goldenpath.projection.payload_check import check_payload
from goldenpath.projection.stores import is_projectable
from goldenpath.provision.fence import hold_fence


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """What became of a seed. ``is_new`` is False when the store already held exactly these values.

    ``awaits_rotation``: the request's native rotation could not be set before there was a value, and is not set yet.
    """

    request_id: str
    environment: str
    version_id: str
    is_new: bool
    keys: tuple[str, ...]
    delivery: DeliveryReceipt | None = None
    awaits_rotation: bool = False


def declared_keys(services: Services, request_id: str) -> tuple[str, tuple[KeySpec, ...]]:
    """Return the environment and the declared keys of a request, for whoever collects the values."""
    with refusals_recorded(services, "platform.seed", target=Target(intent_id=request_id)):
        located = locate(services, request_id)
        require_readable(located.request)
    return located.request.environment, located.request.spec.keys


def seed_secret(
    services: Services,
    request_id: str,
    values: Mapping[str, SecretValue],
    *,
    is_dry_run: bool = False,
    reason: str = "",
) -> Seeded:
    """Write ``values`` as the new current version of a request's secret.

    Raises:
        InvalidIntent: ``value.batch-refused`` with every fault of every key; nothing was written.
        Conflict: a writer is active, or another version became current meanwhile.
    """
    with refusals_recorded(services, "platform.seed", target=Target(intent_id=request_id)):
        located = locate(services, request_id, reason=reason)
        blob = _checked(located, values)
    keys = tuple(sorted(values))
    if is_dry_run:
        located.record()
        return Seeded(request_id=request_id, environment=located.request.environment, version_id="", is_new=False, keys=keys)
    with refusals_recorded(services, "platform.seed", target=Target(intent_id=request_id)):
        require_continuous(services, located.commit, delivered_from(services, [located.request.environment]))
    subject = located.store.subject(located.ref)
    with open_trail(services).operation("platform.seed", target=subject.target, decision=subject.decision, joins=subject.joins):
        version_id, is_new, found = _write(services, located, blob)
        delivery = deliver_environment(services, located.governance, located.request.environment)
    return Seeded(
        request_id=request_id,
        environment=located.request.environment,
        version_id=version_id,
        is_new=is_new,
        keys=keys,
        delivery=delivery,
        awaits_rotation=_awaits_rotation(located, found),
    )


def _awaits_rotation(located: Located, found: StoreRecord) -> bool:
    governance = located.governance
    wanted = wanted_rotation(located.request, governance.settings, governance.policy.rotation)
    return wanted is not None and not found.native_rotation


def _checked(located: Located, values: Mapping[str, SecretValue]) -> SecretValue:
    require_readable(located.request)
    tier = located.governance.settings.environment(located.request.environment).store(located.request.spec.provider).parameter_tier
    _require_good(located, check_batch(located.request, values, tier=tier))
    blob = encode_payload(values)
    if is_projectable(located.request):
        _require_good(located, check_payload(outline_payload(blob), subject=located.request.id))
    return blob


def _write(services: Services, located: Located, blob: SecretValue) -> tuple[str, bool, StoreRecord]:
    """Return the current version's id, whether it is new, and the record as it was before."""
    lease_seconds = located.governance.settings.apply.lease_seconds
    environment = located.request.environment
    with hold_fence(
        located.store,
        environment,
        holder=f"{services.correlation_id}:{services.entropy.sortable_id()}",
        lease_seconds=lease_seconds,
        clock=services.clock,
        wait_seconds=lease_seconds,
    ) as held:
        found = located.record()
        current = found.version_at("current")
        fingerprint = located.store.fingerprint(located.ref, blob)
        if current is not None and current.fingerprint == fingerprint:
            return current.id, False, found
        expected = current.id if current else ""
        with held.writing() as fence:
            version = located.store.put_version(
                located.ref,
                blob,
                token=_token(located.request.id, expected, fingerprint),
                stage="current",
                fence=fence,
                expected_current=expected,
            )
        return version.id, True, found


def _token(request_id: str, expected: str, fingerprint: str) -> str:
    """Return the idempotency token: the same values after the same version give the same token on every machine. Keyed by the store."""
    return hashlib.sha256(b"goldenpath/seed/1\x00" + canonical_bytes([request_id, expected, fingerprint])).hexdigest()


def _require_good(located: Located, findings: tuple[Finding, ...]) -> None:
    blocking = [finding for finding in findings if finding.is_blocking]
    if not blocking:
        return
    raise InvalidIntent(
        "value.batch-refused",
        "; ".join(f"{finding.message} [{finding.rule}]" for finding in blocking),
        subject=located.request.id,
        hint="nothing was written; " + (blocking[0].hint or "mend every key named above and seed again"),
    )
