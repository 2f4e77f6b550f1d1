"""The one part of a cluster that is played: nobody has a node here, so pods are reported as running by the tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.cluster.api_client import NOT_FOUND, ApiRefused, Json
from tests.cluster.api_server import ApiServer

BEFORE: Final = timedelta(minutes=-1)
AFTER: Final = timedelta(minutes=1)
_LOOK_SECONDS: Final = 0.1


@contextmanager
def playing_kubelet(server: ApiServer, namespace: str, *, clock: timedelta = timedelta()) -> Iterator[None]:
    """Report every pod of a namespace as running, as a kubelet would, until the block ends.

    ``clock`` is how far the kubelet's clock is off: pods that started ``BEFORE`` or ``AFTER`` what happens now need no waiting.
    """
    stop = threading.Event()

    def play() -> None:
        while not stop.wait(_LOOK_SECONDS):
            for pod in server.call("GET", f"/api/v1/namespaces/{namespace}/pods")["items"]:
                if pod["status"]["phase"] == "Pending":
                    _report_running(server, namespace, pod, datetime.now(UTC) + clock)

    thread = threading.Thread(target=play, name="kubelet")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def nodes(server: ApiServer, *names: str) -> Iterator[None]:
    """Make nodes that nothing runs on, ready and without a taint, until the block ends: DaemonSets make a pod for each."""
    now = _text(datetime.now(UTC))
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": now, "lastHeartbeatTime": now, "reason": "KubeletReady"}
    try:
        for name in names:
            server.call("POST", "/api/v1/nodes", {"metadata": {"name": name}})
            # who takes a new node's taint away is a controller that would also notice that no kubelet reports
            server.merge(f"/api/v1/nodes/{name}", {"spec": {"taints": None}})
            server.merge(f"/api/v1/nodes/{name}/status", {"status": {"conditions": [ready]}})
        yield
    finally:
        for name in names:
            server.call("DELETE", f"/api/v1/nodes/{name}")


def _report_running(server: ApiServer, namespace: str, pod: Json, now: datetime) -> None:
    at = _text(now)
    ready = [{"type": kind, "status": "True", "lastTransitionTime": at} for kind in ("Ready", "ContainersReady", "Initialized")]
    state = {"name": "app", "image": "x", "imageID": "", "ready": True, "restartCount": 0, "state": {"running": {"startedAt": at}}}
    status: dict[str, Any] = {"phase": "Running", "startTime": at, "conditions": ready, "containerStatuses": [state]}
    try:
        server.merge(f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}/status", {"status": status})
    except ApiRefused as refused:
        if refused.status != NOT_FOUND:  # a pod that was deleted meanwhile has nothing to report
            raise


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
