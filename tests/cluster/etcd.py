"""One etcd member on loopback. It never waits for the disk: its data are worth nothing after the tests."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.process import Process, free_port, http_answers


class Etcd(Process):
    """The store of an API server.

    Args:
        folder: Holds its data and its log.
        binary: What is started.
    """

    def __init__(self, *, folder: Path, binary: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.url = f"http://127.0.0.1:{free_port()}"
        peers = f"http://127.0.0.1:{free_port()}"
        flags = [
            f"--data-dir={folder / 'data'}",
            f"--listen-client-urls={self.url}",
            f"--advertise-client-urls={self.url}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ]
        super().__init__("etcd", [str(binary), *flags], folder=folder, is_ready=lambda: http_answers(f"{self.url}/health"))
