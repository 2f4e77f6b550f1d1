"""The limits of a real store (STANDARD section 2), checked before any effect: what passes here passes in the cloud as well.

Never names a value's content; a size is named only against its limit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from goldenpath.errors import ProviderRefused
from goldenpath.model.masking import unfit_payload_reason
from goldenpath.model.secret import SecretRef
from goldenpath.model.store import TAG_ID, DesiredSecret

VALUE_MAX_BYTES = 65_536
NAME_MAX_CHARS = 512
TAGS_MAX = 50
TAGS_RESERVED = 4
"""Tags that a store needs for itself beside those of the record: generation, operation, fingerprint, change in progress."""
TAG_KEY_MAX_CHARS = 128
TAG_VALUE_MAX_CHARS = 256
DESCRIPTION_MAX_CHARS = 2_048
KMS_KEY_MAX_CHARS = 2_048
POLICY_MAX_CHARS = 20_480
TOKEN_CHARS = range(32, 65)
VERSIONS_MAX = 100
VERSION_MIN_AGE_HOURS = 24
RECOVERY_WINDOW_DAYS = range(7, 31)

_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]+")
_TAG = re.compile(r"[\w .:/=+@-]*")
_TOKEN = re.compile(r"[A-Za-z0-9_+=.@:/-]+")


def check_name(ref: SecretRef) -> None:
    """Refuse a path that a store would not take as a name."""
    if not 1 <= len(ref.path) <= NAME_MAX_CHARS:
        raise exceeded("name", f"{len(ref.path)} characters", f"1 to {NAME_MAX_CHARS}", subject=ref.path[:64])
    if not _NAME.fullmatch(ref.path):
        raise exceeded("name", "other characters", "ASCII letters, digits and /_+=.@-", subject=ascii(ref.path))


def check_container(desired: DesiredSecret, bookkeeping: Mapping[str, str]) -> None:
    """Refuse a container that a store would not take, or whose tags name another owner than the request."""
    check_name(desired.ref)
    subject = str(desired.ref)
    for what, text, limit in (
        ("description", desired.description, DESCRIPTION_MAX_CHARS),
        ("kms key", desired.kms_key, KMS_KEY_MAX_CHARS),
        ("resource policy", desired.policy, POLICY_MAX_CHARS),
    ):
        if len(text) > limit:
            raise exceeded(what, f"{len(text)} characters", f"at most {limit}", subject=subject)
    _check_tags((*desired.tags, *bookkeeping.items()), subject)
    if dict(desired.tags).get(TAG_ID, "") != desired.request_id:
        raise ProviderRefused(
            "store.tags-inconsistent",
            f"the tag {TAG_ID} does not name the request {desired.request_id or '(none)'}",
            subject=subject,
            hint="this is a defect of the caller; nothing was written",
        )


def check_token(token: str, *, subject: str) -> None:
    """Refuse an idempotency token that a store would not take."""
    if len(token) not in TOKEN_CHARS:
        raise exceeded("token", f"{len(token)} characters", f"{TOKEN_CHARS.start} to {TOKEN_CHARS.stop - 1}", subject=subject)
    if not _TOKEN.fullmatch(token):
        raise exceeded("token", "other characters", "ASCII letters, digits and _+=.@:/-", subject=subject)


def check_value(value: bytes, *, subject: str) -> None:
    """Refuse a value that is empty, too large, or stands in for a hidden one (R2, R3)."""
    if len(value) > VALUE_MAX_BYTES:
        raise exceeded("value", f"more than {VALUE_MAX_BYTES} bytes", f"1 to {VALUE_MAX_BYTES} bytes", subject=subject)
    reason, key = unfit_payload_reason(value)
    if not reason:
        return
    where = f"the value of key {key!r}" if key else "the value"
    if reason == "empty":
        raise ProviderRefused("store.value-empty", f"{where} is empty or blank", subject=subject, hint="give a real value")
    raise ProviderRefused(
        "store.value-masked",
        f"{where} is the text that hides a value, not a value",
        subject=subject,
        hint="it was probably read redacted; give the real value",
    )


def check_recovery_window(days: int, *, subject: str) -> None:
    """Refuse a recovery window that a store would not take; there is no forced deletion (R21)."""
    if days not in RECOVERY_WINDOW_DAYS:
        limit = f"{RECOVERY_WINDOW_DAYS.start} to {RECOVERY_WINDOW_DAYS.stop - 1} days"
        raise exceeded("recovery window", f"{days} days", limit, subject=subject)


def exceeded(what: str, got: str, limit: str, *, subject: str) -> ProviderRefused:
    """Return the error for one limit, naming it."""
    return ProviderRefused(
        "store.limit-exceeded",
        f"{what}: got {got}, the store takes {limit}",
        subject=subject,
        hint="nothing was written",
    )


def _check_tags(tags: tuple[tuple[str, str], ...], subject: str) -> None:
    if len(tags) > TAGS_MAX - TAGS_RESERVED:
        raise exceeded("tags", f"{len(tags)}", f"at most {TAGS_MAX - TAGS_RESERVED} beside its own", subject=subject)
    if len({key for key, _ in tags}) != len(tags):
        raise exceeded("tags", "a key twice", "each key once", subject=subject)
    for key, value in tags:
        if not 1 <= len(key) <= TAG_KEY_MAX_CHARS or key.startswith("aws:"):
            raise exceeded("tag key", ascii(key[:64]), f"1 to {TAG_KEY_MAX_CHARS} characters, not starting with aws:", subject=subject)
        if len(value) > TAG_VALUE_MAX_CHARS:
            raise exceeded(f"tag {key}", f"{len(value)} characters", f"at most {TAG_VALUE_MAX_CHARS}", subject=subject)
        if not (_TAG.fullmatch(key) and _TAG.fullmatch(value)):
            raise exceeded(f"tag {key!a}", "other characters", "letters, digits, spaces and _.:/=+-@", subject=subject)
