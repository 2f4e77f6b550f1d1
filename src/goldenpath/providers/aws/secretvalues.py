"""Values in Secrets Manager: a version's id is the idempotency token, and its labels move by AWS's own compare-and-swap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from goldenpath.errors import ProviderRefused
from goldenpath.model.secret import SecretRef, SecretValue
from goldenpath.model.store import Stage, VersionInfo
from goldenpath.providers import refusals
from goldenpath.providers.aws.failures import unreachable
from goldenpath.providers.aws.secretcalls import EXISTS, INVALID_PARAMETER, INVALID_REQUEST, MISSING, QUOTA, SecretCalls
from goldenpath.providers.aws.secretrecords import LABELS, NEW_LABEL, holder_of, labels_of, stages_of
from goldenpath.providers.limits import TOKEN_CHARS, VERSIONS_MAX, exceeded

CURRENT: Final = LABELS["current"]
PENDING: Final = LABELS["pending"]
_WAS_CURRENT: Final = frozenset({CURRENT, LABELS["previous"]})


def put_value(
    secrets: SecretCalls, ref: SecretRef, value: SecretValue, body: Mapping[str, Any], *, token: str, stage: Stage, expected: str | None
) -> bool:
    """Add a version and give it its stage.

    Args:
        secrets: The calls.
        ref: A record of ours, not scheduled.
        value: What to keep.
        body: The record as just described.
        token: Id of the version.
        stage: ``current`` or ``pending``.
        expected: Id of the current version, empty for none, None for any.

    Returns:
        True when the version carries the stage now; False for a late repeat of what others followed.
    """
    current = holder_of(body, CURRENT)
    labels = labels_of(body).get(token, frozenset())
    _require_same_stage(ref, labels, stage)
    was_placed = bool(labels & (_WAS_CURRENT if stage == "current" else {PENDING}))
    if not was_placed and expected is not None and current != expected:
        raise refusals.version_race(ref, expected=expected, found=current)
    if stage == "pending" and not current:
        raise ProviderRefused(
            "store.stage-not-writable",
            "the first version of a record is always current at AWS; it cannot be put as pending",
            subject=str(ref),
        )
    given = _put(secrets, ref, value, token, NEW_LABEL if stage == "current" else PENDING)
    if stage == "pending":
        return PENDING in given
    if labels & _WAS_CURRENT or CURRENT in given:
        return CURRENT in labels or CURRENT in given
    return _promote(secrets, ref, token, was=current, is_new=NEW_LABEL in labels or NEW_LABEL in given)


def move_label(secrets: SecretCalls, ref: SecretRef, stage: Stage, body: Mapping[str, Any], *, to_version: str, from_version: str) -> None:
    """Move a label by compare-and-swap. Errors: as the port's ``move_stage``."""
    if to_version and to_version not in labels_of(body) and not (_can_be(to_version) and secrets.has_version(ref, to_version)):
        raise refusals.version_missing(ref, to_version)
    if not to_version and stage == "current":
        raise refusals.stage_required(ref)
    found = holder_of(body, LABELS[stage])
    if found != from_version:
        raise refusals.stage_moved(ref, stage, expected=from_version, found=found)
    if from_version == to_version:
        return
    if _swap(secrets, ref, LABELS[stage], to_version=to_version, from_version=from_version):
        now = secrets.describe(ref) or {}
        raise refusals.stage_moved(ref, stage, expected=from_version, found=holder_of(now, LABELS[stage]))


def get_value(secrets: SecretCalls, ref: SecretRef, *, stage: Stage, version_id: str) -> dict[str, Any] | None:
    """Return the answer that holds the value; None when AWS has none there, for whatever reason."""
    if version_id and not _can_be(version_id):
        return None
    wanted = {"VersionId": version_id} if version_id else {"VersionStage": LABELS[stage]}
    answer = secrets.send("GetSecretValue", ref, MISSING, INVALID_REQUEST, **wanted)
    return None if answer.code else answer.body


def value_of(body: Mapping[str, Any]) -> SecretValue:
    """Return the value of an answer, byte for byte."""
    text = body.get("SecretString")
    return SecretValue(bytes(body["SecretBinary"]) if text is None else str(text).encode())


def info_of(body: Mapping[str, Any], *, created_at: str, fingerprint: str) -> VersionInfo:
    """Return the version of an answer."""
    stages = stages_of(frozenset(body.get("VersionStages") or ()))
    return VersionInfo(id=str(body["VersionId"]), stages=stages, created_at=created_at, fingerprint=fingerprint)


def _require_same_stage(ref: SecretRef, labels: frozenset[str], stage: Stage) -> None:
    """Refuse a token that was put as another stage, as far as labels still tell."""
    was_current = bool(labels & {*_WAS_CURRENT, NEW_LABEL})
    if (stage == "pending" and was_current) or (stage == "current" and PENDING in labels and not was_current):
        raise refusals.token_reused(ref)


def _put(secrets: SecretCalls, ref: SecretRef, value: SecretValue, token: str, label: str) -> frozenset[str]:
    """Put a version and return its labels; the same version again changes nothing."""
    raw = value.reveal()
    try:
        content: dict[str, Any] = {"SecretString": raw.decode()}
    except UnicodeDecodeError:
        content = {"SecretBinary": raw}
    answer = secrets.send("PutSecretValue", ref, EXISTS, QUOTA, ClientRequestToken=token, VersionStages=[label], **content)
    if answer.code == QUOTA:
        raise exceeded("versions", f"{VERSIONS_MAX} kept and none old enough to go", f"{VERSIONS_MAX}", subject=str(ref))
    if answer.code:
        raise refusals.token_reused(ref)
    return frozenset(answer.body.get("VersionStages") or ())


def _promote(secrets: SecretCalls, ref: SecretRef, token: str, *, was: str, is_new: bool) -> bool:
    """Make the version current, if none but ``was`` is. False for a late repeat: AWS ignored it, so the label of new versions is elsewhere.

    Looks before it moves: moving the label of an ignored repeat would bring an old value back.
    """
    if not is_new:
        return False
    now = secrets.describe(ref) or {}
    if NEW_LABEL not in labels_of(now).get(token, frozenset()):
        raise unreachable("AWS does not show the version that was just put", subject=str(ref))
    if _swap(secrets, ref, CURRENT, to_version=token, from_version=was):
        found = holder_of(secrets.describe(ref) or {}, CURRENT)
        if found != token:
            raise refusals.version_race(ref, expected=was, found=found)
    return True


def _swap(secrets: SecretCalls, ref: SecretRef, label: str, *, to_version: str, from_version: str) -> bool:
    """Send the compare-and-swap; True when AWS refused it because the label is not where it should be."""
    moves = {"MoveToVersionId": to_version, "RemoveFromVersionId": from_version}
    given = {name: version for name, version in moves.items() if version}
    return bool(secrets.send("UpdateSecretVersionStage", ref, INVALID_PARAMETER, VersionStage=label, **given).code)


def _can_be(version_id: str) -> bool:
    return len(version_id) in TOKEN_CHARS
