"""When a request entered its present state and when it was first merged, from the protected branch's own line (D14, D15)."""

from __future__ import annotations

from datetime import UTC, date, datetime

from goldenpath.intent.contract import load
from goldenpath.model.change import CommitInfo, RequestChange
from goldenpath.model.enums import Enums
from goldenpath.model.request import SecretRequest
from goldenpath.ports.repository import RepositoryReader

_FEW = 20
"""Above this many files one walk over the whole line is cheaper than a walk for each."""


def state_dates(reader: RepositoryReader, enums: Enums, *, until: str, changes: tuple[RequestChange, ...]) -> dict[str, date]:
    """Return, by request id, the day on which its status at ``until`` was merged. Only requests whose status changes are looked up."""
    found: dict[str, date] = {}
    for change in changes:
        if change.before is None or change.after is None:
            continue
        if change.before.spec.lifecycle.status != change.after.spec.lifecycle.status:
            found[change.id] = _entered(reader, enums, until, change.path_before, change.before.spec.lifecycle.status)
    return found


def first_dates(reader: RepositoryReader, *, until: str, paths: dict[str, str]) -> dict[str, date]:
    """Return, by request id, the day on which its file was first merged; ``paths`` maps ids to files."""
    if len(paths) > _FEW:
        times = reader.added_times(until, "")
        return {request_id: _day(times[path]) for request_id, path in paths.items() if path in times}
    histories = ((request_id, reader.path_history(until, path)) for request_id, path in paths.items())
    return {request_id: day_of(history[0]) for request_id, history in histories if history}


def day_of(commit: CommitInfo) -> date:
    """Return the UTC day of a commit's committer time."""
    return _day(commit.time)


def _day(seconds: int) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()


def _entered(reader: RepositoryReader, enums: Enums, until: str, path: str, status: str) -> date:
    entered = date.max
    for commit in reversed(reader.path_history(until, path)):
        if _status_at(reader, enums, commit.oid, path) != status:
            break
        entered = day_of(commit)
    return entered


def _status_at(reader: RepositoryReader, enums: Enums, commit: str, path: str) -> str:
    data = reader.read_file(commit, path)
    request = None if data is None else load(data, SecretRequest, file=path, enums=enums).value
    return "" if request is None else request.spec.lifecycle.status
