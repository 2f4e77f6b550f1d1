"""What differs between a desired and an observed container, field by field, tag by tag."""

from __future__ import annotations

from goldenpath.model.plan import FieldChange
from goldenpath.model.store import DesiredSecret, StoreRecord

NOT_LOOKED_AT = "(not looked at)"


def field_changes(desired: DesiredSecret, record: StoreRecord) -> tuple[FieldChange, ...]:
    """Return the changes that would make the record equal to ``desired``, in stable order; none when it already is."""
    changes = [
        FieldChange(field=name, before=NOT_LOOKED_AT if name in record.unobserved else before, after=after)
        for name, before, after in (
            ("description", record.description, desired.description),
            ("kms_key", record.kms_key, desired.kms_key),
            ("policy", record.policy, desired.policy),
            ("replicas", record.replicas, desired.replicas),
            ("rotation", record.rotation, desired.rotation),
        )
        if (before != after if name not in record.unobserved else record.field_digests[name] != desired.field_digests[name])
    ]
    return (*changes, *_tag_changes(dict(record.comparable_tags), dict(desired.tags)))


def _tag_changes(before: dict[str, str], after: dict[str, str]) -> list[FieldChange]:
    return [
        FieldChange(field=f"tags.{key}", before=before.get(key, ""), after=after.get(key, ""))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]
