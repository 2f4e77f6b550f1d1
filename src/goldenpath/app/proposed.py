"""The steering files as a change would leave them: one that cannot be read at the head would block everybody after the merge (R15)."""

from __future__ import annotations

from typing import Any

from goldenpath.app.revision import Governance
from goldenpath.intent.contract import load
from goldenpath.intent.enums import load_enums
from goldenpath.model.approval import Approvers
from goldenpath.model.change import Change
from goldenpath.model.finding import Finding
from goldenpath.model.policy import Policy
from goldenpath.model.settings import Settings
from goldenpath.model.tombstones import Tombstones
from goldenpath.ports.repository import RepositoryReader
from goldenpath.settings import SETTINGS_FILE


def proposed_faults(reader: RepositoryReader, governance: Governance, change: Change) -> tuple[Finding, ...]:
    """Return every fault of the steering files that the change touches, read as strictly as they will be read after the merge.

    A deleted file has no faults here; deleting it is a finding of its own.
    """
    paths = governance.settings.governance
    kinds: dict[str, type[Any]] = {
        SETTINGS_FILE: Settings,
        paths.policy: Policy,
        paths.approvers: Approvers,
        paths.tombstones: Tombstones,
    }
    found: list[Finding] = []
    for path in change.governance_paths:
        data = reader.read_file(change.head, path)
        if data is not None and path == paths.enums:
            found += load_enums(data, file=path).findings
        elif data is not None and path in kinds:
            found += load(data, kinds[path], file=path).findings
    return tuple(found)
