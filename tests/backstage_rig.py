"""Backstage's own backend, as npm installs it: its scaffolder runs templates, its catalog model judges entities."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.process import Process, free_port

_ANSWER_SECONDS = 60


@dataclass(frozen=True)
class DryRun:
    """What the scaffolder answered. ``files`` are those of the workspace; ``errors`` the fields that the form's schema refused."""

    status: int
    files: Mapping[str, bytes]
    errors: tuple[str, ...]
    log: str


class Backstage(Process):
    """The backend on a loopback port.

    Args:
        folder: Holds its log.
        installed: Where ``make real-servers`` installed it.
    """

    def __init__(self, *, folder: Path, installed: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        # it asks its working folder for the root of a workspace
        (folder / "package.json").write_text('{"name": "tests", "version": "0.0.0", "private": true}\n')
        self._installed = installed
        self._token = uuid.uuid4().hex
        port = free_port()
        self._url = f"http://127.0.0.1:{port}/api/scaffolder"
        command = [_node(), "--no-node-snapshot", str(installed / "backend.cjs"), str(port)]
        environment = {"BACKSTAGE_TOKEN": self._token, "NODE_ENV": "production"}
        super().__init__("backstage", command, folder=folder, is_ready=self._answers, environment=environment)

    def dry_run(self, template: Mapping[str, Any], values: Mapping[str, Any], files: Mapping[str, bytes]) -> DryRun:
        """Run a template as the scaffolder's own editor does, with ``files`` beside it."""
        contents = [{"path": path, "base64Content": base64.b64encode(data).decode()} for path, data in files.items()]
        status, answer = self._ask("/v2/dry-run", {"template": template, "values": values, "secrets": {}, "directoryContents": contents})
        found = {entry["path"]: base64.b64decode(entry["base64Content"]) for entry in answer.get("directoryContents", [])}
        errors = tuple(str(error.get("property", error)) for error in answer.get("errors", []))
        log = "\n".join(str(line["body"].get("message", "")) for line in answer.get("log", [])) or json.dumps(answer)[:2000]
        return DryRun(status, found, errors, log)

    def faults_of(self, entities: list[Any]) -> list[str]:
        """Hold entities to Backstage's own schemas; an empty text for each without a fault."""
        done = subprocess.run(
            [_node(), str(self._installed / "entities.cjs")], input=json.dumps(entities), capture_output=True, text=True, check=True
        )
        found: list[str] = json.loads(done.stdout)
        return found

    def _answers(self) -> bool:
        try:
            return self._ask("/v2/actions")[0] == 200
        except OSError:
            return False

    def _ask(self, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self._url + path, data=None if body is None else json.dumps(body).encode(), headers=headers)  # noqa: S310
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=_ANSWER_SECONDS if body is not None else 2) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"{}")


def _node() -> str:
    return shutil.which("node") or "node"
