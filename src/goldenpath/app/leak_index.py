"""Learns the fingerprints of managed values, each read on record (R50). Values live no longer than the call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from goldenpath.app.known_values import SCHEMA_VERSION, KeptIndex
from goldenpath.app.protected import protected_tip
from goldenpath.app.reveal import reveal
from goldenpath.app.revision import read_governance, read_requests, require_clean
from goldenpath.app.services import Services
from goldenpath.errors import Conflict, NotFound
from goldenpath.leaks.fingerprints import Fingerprint, fingerprints_of, has_fingerprint
from goldenpath.model.environment import ENVIRONMENTS
from goldenpath.model.instant import to_text
from goldenpath.model.lifecycle import PROJECTED_STATES
from goldenpath.model.request import SecretRequest
from goldenpath.model.secret import SecretValue

PROTECTED_ENVIRONMENT: Final = "prod"
PUBLIC_KEYS: Final = frozenset(
    {
        *("user", "username", "user_name", "login", "host", "hostname", "port", "database", "dbname", "db_name", "engine", "region"),
        *("client_id", "account_id", "access_key_id", "key_id", "issuer", "audience"),
    }
)
"""Keys whose values are names: code and documentation repeat them with good reason, and they are no secret."""


@dataclass(slots=True, kw_only=True)
class Learned:
    """How learning went. ``left_out`` names keys without a fingerprint, with the reason; ``unread`` requests without a value."""

    environments: tuple[str, ...] = ()
    secrets: int = 0
    keys: int = 0
    fingerprints: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)


def learn(services: Services, *, environments: Sequence[str] = ()) -> Learned:
    """Read every current value and keep its fingerprints, in place of what was kept before.

    Values of prod are read only where somebody names it: an index of them is worth guarding like prod itself.

    Raises:
        AuditUnavailable: a read could not be recorded, so there was none; the old index stays.
        ProviderUnavailable: a store did not answer; the old index stays.
    """
    reader = services.repository()
    governance = read_governance(reader, protected_tip(reader, services.settings))
    catalog = read_requests(reader, governance)
    require_clean(catalog.findings, what="the catalog")
    wanted = tuple(environments) or tuple(name for name in ENVIRONMENTS if name != PROTECTED_ENVIRONMENT)
    keeper, learned = services.leak_index(), Learned(environments=wanted)
    key = keeper.new_key()
    kept: list[Fingerprint] = []
    for request in (entry.request for entry in catalog.entries if entry.request.environment in wanted):
        values = _values(services, request, learned)
        services.progress(f"{request.id}: {len(values)} keys")
        kept += _fingerprints(request, values, key, learned)
    learned.fingerprints = len(kept)
    made_at = to_text(services.clock.now())
    index = KeptIndex(schema_version=SCHEMA_VERSION, made_at=made_at, secrets=learned.secrets, fingerprints=tuple(kept))
    keeper.save(msgspec.msgpack.encode(index))
    return learned


def _values(services: Services, request: SecretRequest, learned: Learned) -> Mapping[str, SecretValue]:
    if request.spec.lifecycle.status not in PROJECTED_STATES:
        learned.unread[request.id] = request.spec.lifecycle.status
        return {}
    try:
        values, _version = reveal(services, request.id, reason="fingerprints for the leak check")
    except (NotFound, Conflict) as without:
        learned.unread[request.id] = without.code
        return {}
    learned.secrets += 1
    return values


def _fingerprints(request: SecretRequest, values: Mapping[str, SecretValue], key: bytes, learned: Learned) -> list[Fingerprint]:
    found: list[Fingerprint] = []
    for name, value in values.items():
        subject = f"{request.id} {name}"
        if name.lower().replace("-", "_") in PUBLIC_KEYS:
            learned.left_out[subject] = "a name, by its key"
        elif not has_fingerprint(value.reveal()):
            learned.left_out[subject] = "too short or too plain"
        else:
            learned.keys += 1
            found += fingerprints_of(subject, value.reveal(), key)
    return found
