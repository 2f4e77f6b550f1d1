"""What accounts asked an API server for: its own audit log, for ServiceAccounts alone. Counts requests without standing in their way."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from tests.cluster.api_client import Json

# servers and the tests themselves work as the administrator: only commands that are given an account of their own are looked at
_POLICY: Final[Json] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived", "ResponseStarted"],
    "rules": [{"level": "Metadata", "userGroups": ["system:serviceaccounts"]}, {"level": "None"}],
}


@dataclass(frozen=True)
class Request:
    """One request that was answered to its end; ``resource`` is empty for what is none (``/version``)."""

    verb: str
    resource: str
    name: str
    code: int
    began: datetime
    ended: datetime


class RequestLog:
    """The log of one API server, below its folder."""

    def __init__(self, folder: Path) -> None:
        self._policy, self._log = folder / "audit-policy.json", folder / "audit.log"
        self._policy.write_text(json.dumps(_POLICY), encoding="utf-8")

    @property
    def flags(self) -> list[str]:
        """What makes the API server write it."""
        return [f"--audit-policy-file={self._policy}", f"--audit-log-path={self._log}"]

    def of(self, namespace: str, account: str) -> list[Request]:
        """Return what an account asked for, in the order in which it was answered."""
        user = f"system:serviceaccount:{namespace}:{account}"
        lines = self._log.read_text(encoding="utf-8").splitlines() if self._log.exists() else []
        return [_request(entry) for entry in map(json.loads, lines) if entry["user"]["username"] == user]


def _request(entry: Json) -> Request:
    about = entry.get("objectRef") or {}
    return Request(
        verb=entry["verb"],
        resource=about.get("resource", ""),
        name=about.get("name", ""),
        code=entry.get("responseStatus", {}).get("code", 0),
        began=datetime.fromisoformat(entry["requestReceivedTimestamp"]),
        ended=datetime.fromisoformat(entry["stageTimestamp"]),
    )
