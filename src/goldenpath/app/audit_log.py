"""Read, prove and export the audit log. Reading leaves the log as it is, also when it is broken."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from goldenpath.app.services import Services
from goldenpath.audit.checkpoint import Checkpoint
from goldenpath.audit.export import export_lines
from goldenpath.audit.file_log import FileAuditLog
from goldenpath.audit.query import RecordFilter, Unreadable, all_records, newest_records, records_after
from goldenpath.audit.reader import Snapshot, take_snapshot
from goldenpath.audit.record import AuditRecord
from goldenpath.audit.report import VerifyReport
from goldenpath.audit.signing import load_public_keys, public_key_pem
from goldenpath.audit.verify import verify_log
from goldenpath.errors import Misconfigured, ProviderUnavailable

FOLLOW_SECONDS = 0.5


@dataclass(slots=True)
class Exported:
    """How an export went. ``unreadable`` lines are no records: torn fragments, or damage that ``verify`` explains."""

    records: int = 0
    unreadable: int = 0


def verify_audit(services: Services, *, mirror: Path | None = None, public_key: Path | None = None) -> VerifyReport:
    """Return what a check of the whole log finds.

    Args:
        services: The platform.
        mirror: Folder with the copy of the checkpoints, instead of the configured one.
        public_key: PEM file with the signing keys to trust, instead of our own.

    Raises:
        NotFound: ``audit.log-missing``.
        ProviderUnavailable: ``audit.log-busy``, ``audit.unreadable``.
        Misconfigured: ``audit.public-key-invalid``.
    """
    log = _file_log(services)
    trusted = () if public_key is None else load_public_keys(_read(public_key), subject=str(public_key))
    try:
        return verify_log(log.directory, log.keys, clock=services.clock, mirror=mirror or log.mirror, public_keys=trusted)
    except OSError as error:
        raise _unreadable(log.directory) from error


def tail_audit(services: Services, wanted: RecordFilter, count: int) -> tuple[list[AuditRecord], Snapshot]:
    """Return the newest ``count`` wanted records, and the snapshot that :func:`follow_audit` goes on from. Errors as for verify."""
    log = _file_log(services)
    try:
        snapshot = take_snapshot(log.directory, None, clock=services.clock)
        return newest_records(snapshot, wanted, count), snapshot
    except OSError as error:
        raise _unreadable(log.directory) from error


def follow_audit(services: Services, wanted: RecordFilter, seen: Snapshot) -> Iterator[AuditRecord]:
    """Yield wanted records as they come, for ever."""
    directory = _file_log(services).directory
    while True:
        services.clock.sleep(FOLLOW_SECONDS)
        try:
            now = take_snapshot(directory, None, clock=services.clock)
            yield from records_after(seen, now, wanted)
        except OSError as error:
            raise _unreadable(directory) from error
        seen = now


def export_audit(services: Services, wanted: RecordFilter, form: str, exported: Exported) -> Iterator[str]:
    """Yield the lines of an export and count in ``exported``. Errors as for verify."""
    log = _file_log(services)
    try:
        snapshot = take_snapshot(log.directory, None, clock=services.clock)
        yield from export_lines(_readable(snapshot, wanted, exported), form)
    except OSError as error:
        raise _unreadable(log.directory) from error


def checkpoint_audit(services: Services) -> Checkpoint | None:
    """Sign the newest record, here and in the mirror; None for a log without records."""
    return _file_log(services).checkpoint()


def export_public_key(services: Services, path: Path) -> None:
    """Write the public key by which anyone can check our checkpoints.

    Raises:
        ProviderUnavailable: ``audit.unwritable-export``.
    """
    pem = public_key_pem(_file_log(services).keys)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644), "wb") as file:
            file.write(pem)
    except OSError as error:
        raise ProviderUnavailable("audit.unwritable-export", "the public key cannot be written there", subject=str(path)) from error


def _readable(snapshot: Snapshot, wanted: RecordFilter, exported: Exported) -> Iterator[AuditRecord]:
    for record in all_records(snapshot, wanted):
        if isinstance(record, Unreadable):
            exported.unreadable += 1
        else:
            exported.records += 1
            yield record


def _file_log(services: Services) -> FileAuditLog:
    log = services.audit()
    if not isinstance(log, FileAuditLog):
        raise Misconfigured("audit.not-files", "this platform's audit log is not kept in files, so it cannot be read here")
    return log


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Misconfigured("audit.public-key-invalid", "the public key file cannot be read", subject=str(path)) from error


def _unreadable(directory: Path) -> ProviderUnavailable:
    return ProviderUnavailable(
        "audit.unreadable",
        "a file of the audit log cannot be read",
        subject=str(directory),
        hint="check the owner and mode of the folder, and its disk",
    )
