"""The stored form of an audit event (CONVENTIONS 2.4): one line of ASCII JSON whose last member is its hash.

The bytes that are hashed are the line's own bytes without that member, so a reader needs no canonicalisation to check one.
Decides nothing about where lines go or in which order.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

import msgspec

from goldenpath.audit.chain import record_hash
from goldenpath.model.audit import Actor, AuditDecision, AuditEvent, Outcome, Phase, Source, Target
from goldenpath.model.base import Record

SCHEMA_VERSION: Final = 1
LINE_BYTES_MAX: Final = 262_144
TRUNCATED: Final = "…[truncated]"
SYSTEM_PREFIX: Final = "audit."
SEGMENT_OPENED: Final = "audit.segment-opened"
RECOVERED: Final = "audit.recovered"

_TEXT_LIMITS: Final = (1024, 128, 16)
_SURELY_SHORT: Final = 1500
_ITEMS_MAX: Final = 64
_EMPTY_HASH: Final = b',"hash":""}'
_HASH_OPEN: Final = b',"hash":"'
_HASH_CLOSE: Final = b'"}'
_HASH_HEX: Final = 64
_SUFFIX_BYTES: Final = len(_HASH_OPEN) + _HASH_HEX + len(_HASH_CLOSE)
_HEX: Final = re.compile(rb"[0-9a-f]{64}")
_NOT_PLAIN: Final = re.compile(r"[^\x20-\x7e]")


class RecordContent(Record, frozen=True, kw_only=True):
    """Everything but identity and chain. The join keys stand on the top level, as every reader of logs expects them."""

    phase: Phase
    action: str
    operation_id: str
    outcome: Outcome = ""
    error_type: str = ""
    duration_ms: int = 0
    actor: Actor = Actor(id="")
    source: Source = Source()
    target: Target = Target()
    decision: AuditDecision = AuditDecision()
    correlation_id: str = ""
    trace_id: str = ""
    repository: str = ""
    change_id: str = ""
    commit: str = ""
    pipeline_run_id: str = ""
    plan_digest: str = ""
    sync_receipt_id: str = ""
    backend_request_id: str = ""
    details: dict[str, str] = {}


class AuditRecord(RecordContent, frozen=True, kw_only=True):
    """One whole record as read back. ``time`` is RFC 3339 UTC with microseconds; ``seq`` counts from 1 without a gap."""

    schema_version: int
    id: str
    time: str
    seq: int
    prev_hash: str
    key_id: str
    hash: str

    @property
    def is_system(self) -> bool:
        """True for the log's own records: segment links and recoveries."""
        return self.action.startswith(SYSTEM_PREFIX)


class Identity(Record, frozen=True, kw_only=True):
    """What the log adds in front of the content."""

    schema_version: int = SCHEMA_VERSION
    id: str
    time: str
    seq: int
    prev_hash: str
    key_id: str


def content_of(event: AuditEvent) -> RecordContent:
    """Return the event in the shape of a record; a detail named twice keeps both texts."""
    details: dict[str, str] = {}
    for name, text in event.details:
        details[name] = f"{details[name]}; {text}" if name in details else text
    joins = msgspec.structs.asdict(event.joins)
    return RecordContent(
        phase=event.phase,
        action=event.action,
        operation_id=event.operation_id,
        outcome=event.outcome,
        error_type=event.error_type,
        duration_ms=event.duration_ms,
        actor=event.actor,
        source=event.source,
        target=event.target,
        decision=event.decision,
        details=details,
        **joins,
    )


def encode_content(content: RecordContent) -> bytes:
    """Return the content as ASCII JSON, texts truncated with a marker until the line fits ``LINE_BYTES_MAX`` (CASE 159)."""
    short = _short_json(content)
    if short is not None:
        return short
    tree = msgspec.to_builtins(content)
    for limit in _TEXT_LIMITS:
        encoded = _ascii_json(_clipped(tree, limit))
        if len(encoded) <= LINE_BYTES_MAX // 2:
            break
    return encoded


def seal(content: bytes, identity: Identity, chain_key: bytes) -> tuple[bytes, str]:
    """Return the finished line (without newline) and its hash."""
    body = msgspec.json.encode(identity)[:-1] + b"," + content[1:]
    value = record_hash(chain_key, identity.prev_hash, body)
    return body[:-1] + _HASH_OPEN + value.encode("ascii") + _HASH_CLOSE, value


def split_line(line: bytes) -> tuple[bytes, str] | None:
    """Return (hashed bytes, stated hash), or None when the line does not have the shape of a whole record."""
    suffix = line[-_SUFFIX_BYTES:]
    stated = suffix[len(_HASH_OPEN) : -len(_HASH_CLOSE)]
    if not (suffix.startswith(_HASH_OPEN) and suffix.endswith(_HASH_CLOSE) and line.startswith(b"{") and _HEX.fullmatch(stated)):
        return None
    return line[:-_SUFFIX_BYTES] + b"}", stated.decode("ascii")


def timestamp(moment: datetime) -> str:
    """Return RFC 3339 in UTC with exactly six decimals."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _short_json(content: RecordContent) -> bytes | None:
    """Encode the usual record in one go: too short for any text to need clipping, nothing to escape. None for any other."""
    try:
        raw = msgspec.json.encode(content)
    except UnicodeEncodeError:
        return None
    return raw if len(raw) <= _SURELY_SHORT and _is_plain(raw) else None


def _is_plain(raw: bytes) -> bool:
    return raw.isascii() and b"\x7f" not in raw


def _clipped(node: object, limit: int) -> object:
    if isinstance(node, str):
        return _clipped_text(node, limit)
    if isinstance(node, dict):
        pairs = list(node.items())
        kept = {_clipped_text(key, limit): _clipped(item, limit) for key, item in pairs[:_ITEMS_MAX]}
        return kept if len(pairs) <= _ITEMS_MAX else {**kept, TRUNCATED: f"{len(pairs) - _ITEMS_MAX} more"}
    if isinstance(node, (list, tuple)):
        items = [_clipped(item, limit) for item in node[:_ITEMS_MAX]]
        return items if len(node) <= _ITEMS_MAX else [*items, *_more(items, len(node) - _ITEMS_MAX)]
    return node


def _more(items: list[object], count: int) -> list[object]:
    """Return a marker of the same shape as the items, so that the record still decodes."""
    text = f"{count} more {TRUNCATED}"
    return [dict.fromkeys(items[0], text)] if isinstance(items[0], dict) else [text]


def _clipped_text(text: str, limit: int) -> str:
    clipped = text if len(text) <= limit else text[:limit] + TRUNCATED
    return clipped if clipped.isascii() else clipped.encode("utf-8", "backslashreplace").decode("utf-8")


def _ascii_json(tree: object) -> bytes:
    """Encode so that no control, bidi, line separator or other non-ASCII character stands raw in the line."""
    raw = msgspec.json.encode(tree)
    if _is_plain(raw):
        return raw
    return _NOT_PLAIN.sub(_escaped, raw.decode("utf-8")).encode("ascii")


def _escaped(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be")
    return "".join(f"\\u{units[index]:02x}{units[index + 1]:02x}" for index in range(0, len(units), 2))
