"""Look at a secret: its metadata for free, its values only on purpose and on record (R50)."""

from __future__ import annotations

from dataclasses import dataclass

from goldenpath.app.locate import Located, locate, require_readable
from goldenpath.app.refusals import refusals_recorded
from goldenpath.app.services import Services
from goldenpath.errors import NotFound
from goldenpath.model.audit import Target
from goldenpath.model.payload import decode_payload
from goldenpath.model.request import SecretRequest
from goldenpath.model.secret import SecretValue
from goldenpath.model.store import StoreRecord, VersionInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretView:
    """A secret without its values. ``record`` is None before the first apply."""

    request: SecretRequest
    path: str
    commit: str
    record: StoreRecord | None

    @property
    def current(self) -> VersionInfo | None:
        """The current version; None while the value is awaited."""
        return None if self.record is None else self.record.version_at("current")


def look(services: Services, request_id: str) -> SecretView:
    """Return everything about a secret but its values."""
    located = locate(services, request_id)
    return SecretView(
        request=located.request,
        path=located.path,
        commit=located.commit,
        record=located.store.describe(located.ref),
    )


def reveal(services: Services, request_id: str, *, version_id: str = "", reason: str = "") -> tuple[dict[str, SecretValue], VersionInfo]:
    """Return the values of a secret, by key, after the read was recorded.

    Raises:
        NotFound: ``value.awaiting`` while nobody gave a value yet.
        AuditUnavailable: the read could not be recorded, so there was none.
    """
    with refusals_recorded(services, "secret.read", target=Target(intent_id=request_id)):
        located = locate(services, request_id, reason=reason)
        require_readable(located.request)
        _require_value(located)
    blob, version = located.store.read(located.ref, version_id=version_id)
    return decode_payload(blob), version


def _require_value(located: Located) -> None:
    if located.record().version_at("current") is None:
        raise NotFound(
            "value.awaiting",
            "the secret has no value yet",
            subject=located.request.id,
            hint=f"goldenpath seed {located.request.id}",
        )
