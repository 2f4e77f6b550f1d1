"""Which differences of a record nobody is to mend: the reviewed ignore list, applied to one record at a time (R24).

An ignored field is neither drift nor changed by a plan: a step wants it as it was found. Pure; the day is handed in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date

import msgspec

from goldenpath.model.drift import MANIFEST_FIELD, TAG_FIELD, DriftIgnore, DriftIgnores
from goldenpath.model.store import TAG_PREFIX, TAG_SERVICE, DesiredSecret, StoreRecord

_Scope = tuple[str | None, str | None, str | None]


class IgnoreRules:
    """The entries that count on one day, by what they cover. ``expired`` are those that no longer do."""

    def __init__(self, ignores: DriftIgnores, today: date) -> None:
        self.expired = tuple(entry for entry in ignores.ignores if is_expired(entry, today))
        self._by_scope: dict[_Scope, list[DriftIgnore]] = defaultdict(list)
        for entry in ignores.ignores:
            if entry not in self.expired:
                self._by_scope[entry.request, entry.service, entry.environment].append(entry)

    def as_compared(self, desired: DesiredSecret, record: StoreRecord) -> StoreRecord:
        """Return the record as it would be without its ignored differences; another request's record as it is."""
        if not self._by_scope or record.request_id != desired.request_id:
            return record
        return as_if_wanted(record, desired, kept_fields(desired, record, self.fields_of(desired)))

    def fields_of(self, desired: DesiredSecret) -> Mapping[str, DriftIgnore]:
        """Return the ignored fields of one request, each with its entry; the narrowest entry gives the reason."""
        if not self._by_scope:
            return {}
        entries = self._entries(desired.request_id, dict(desired.tags).get(TAG_SERVICE), desired.ref.environment)
        return {entry.field: entry for entry in entries if is_ignorable(entry.field)}

    def manifest_fields_of(self, request_id: str, *, service: str, environment: str) -> Mapping[str, DriftIgnore]:
        """Return the ignored fields of one request's ExternalSecret, each with its entry."""
        entries = self._entries(request_id, service, environment)
        return {entry.field: entry for entry in entries if entry.field.startswith(MANIFEST_FIELD)}

    def _entries(self, request_id: str, service: str | None, environment: str) -> list[DriftIgnore]:
        """Return the entries that cover a request, the narrowest last."""
        scopes: tuple[_Scope, ...] = (
            (None, None, environment),
            (None, service, None),
            (None, service, environment),
            (request_id, None, None),
        )
        return [entry for scope in scopes for entry in self._by_scope.get(scope, ())]


def is_expired(entry: DriftIgnore, today: date) -> bool:
    """Say whether an entry is past its last day; a day that cannot be read is past."""
    if entry.expires_on is None:
        return False
    try:
        return date.fromisoformat(entry.expires_on) < today
    except ValueError:
        return True


def is_ignorable(field: str) -> bool:
    """Say whether a field's drift may be ignored at all: never the policy, and never a tag of ours, however the file was read."""
    if field.startswith(TAG_FIELD):
        return not field.removeprefix(TAG_FIELD).casefold().startswith(TAG_PREFIX)
    return field in {"description", "kms_key"}


def kept_fields(desired: DesiredSecret, record: StoreRecord, ignored: Mapping[str, DriftIgnore]) -> tuple[str, ...]:
    """Return the ignored fields in which the record really differs, sorted."""
    return tuple(sorted(field for field in ignored if field_of(desired, field) != field_of(record, field)))


def field_of(container: DesiredSecret | StoreRecord, field: str) -> str | None:
    """Return one field's text; None for a tag that is not there."""
    if field.startswith(TAG_FIELD):
        return dict(container.tags).get(field.removeprefix(TAG_FIELD))
    text: str = getattr(container, field)
    return text


def as_if_wanted(record: StoreRecord, desired: DesiredSecret, kept: tuple[str, ...]) -> StoreRecord:
    """Return the record as it would be without the ignored differences: what drift and changes are judged on."""
    fields = {name: getattr(desired, name) for name in kept if not name.startswith(TAG_FIELD)}
    return msgspec.structs.replace(record, tags=_tags(record.tags, desired, kept), **fields) if kept else record


def keeping(desired: DesiredSecret, record: StoreRecord, kept: tuple[str, ...]) -> DesiredSecret:
    """Return the container that a write aims at: the request's, but with the ignored fields as they were found."""
    if not kept:
        return desired
    fields = {name: getattr(record, name) for name in kept if not name.startswith(TAG_FIELD)}
    return msgspec.structs.replace(desired, tags=_tags(desired.tags, record, kept), kept=kept, **fields)


def _tags(tags: tuple[tuple[str, str], ...], source: DesiredSecret | StoreRecord, kept: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return ``tags`` with the kept ones as ``source`` has them."""
    names = {field.removeprefix(TAG_FIELD) for field in kept if field.startswith(TAG_FIELD)}
    others = [(key, text) for key, text in tags if key not in names]
    return tuple(sorted([*others, *((key, text) for key, text in source.tags if key in names)]))
