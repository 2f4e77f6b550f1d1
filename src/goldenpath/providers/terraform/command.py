"""The one place that starts Terraform: no shell, a short list of variables, bounded time, its words in a private log only.

Terraform's text can hold addresses, accounts and request ids of the vendor, so it never travels in an error: the log's path does.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from goldenpath.errors import Misconfigured, ProviderRefused, ProviderUnavailable

GRACE_SECONDS = 30.0
"""After SIGINT Terraform ends the calls under way and saves its state."""

_KEPT = frozenset(
    {"ALL_PROXY", "HOME", "HTTPS_PROXY", "HTTP_PROXY", "LANG", "NO_PROXY", "PATH", "SSL_CERT_DIR", "SSL_CERT_FILE", "TMPDIR", "USER"}
)
_KEPT_PREFIXES = ("AWS_", "ARM_", "GOOGLE_", "TF_TOKEN_")
"""Credentials of the provider and of state backends. Not TF_LOG (it prints requests), TF_VAR_* and TF_CLI_ARGS (they steer)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terraform:
    """Runs one binary in one folder.

    ``log`` takes what the commands say, readable for us alone. ``grace_seconds`` is the time from SIGINT to SIGKILL.
    """

    binary: str
    folder: Path
    log: Path
    timeout_seconds: float
    variables: Mapping[str, str]
    grace_seconds: float = GRACE_SECONDS

    def run(self, *arguments: str, allowed: Sequence[int] = (0,)) -> int:
        """Run a command whose words go to the log; return its exit status.

        Raises:
            Misconfigured: ``terraform.missing``.
            ProviderRefused: ``terraform.command-failed``.
            ProviderUnavailable: ``terraform.timeout``.
        """
        with self._log(arguments) as log:
            return self._wait(self._start(arguments, log, log), arguments, allowed)[0]

    def read(self, *arguments: str) -> bytes:
        """Run a command and return what it prints, which is not logged. Errors as for :meth:`run`."""
        with self._log(arguments) as log:
            return self._wait(self._start(arguments, subprocess.PIPE, log), arguments, (0,))[1]

    def _start(self, arguments: Sequence[str], output: IO[bytes] | int, log: IO[bytes]) -> subprocess.Popen[bytes]:
        try:
            # a session of its own: an interrupt at the terminal reaches us, and we stop Terraform once, in order
            return subprocess.Popen(
                [self.binary, *arguments],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                start_new_session=True,
            )
        except OSError as error:
            raise Misconfigured(
                "terraform.missing",
                f"{self.binary} could not be started (errno {error.errno})",
                subject=self.binary,
                hint="install Terraform, set provision.terraform.binary, or use provision.engine: direct",
            ) from None

    def _wait(self, child: subprocess.Popen[bytes], arguments: Sequence[str], allowed: Sequence[int]) -> tuple[int, bytes]:
        try:
            output, _ = child.communicate(timeout=self.timeout_seconds)
        except subprocess.TimeoutExpired:
            self._stop(child)
            raise self._timed_out(arguments) from None
        except BaseException:
            self._stop(child)
            raise
        if child.returncode not in allowed:
            raise self._failed(arguments, child.returncode)
        return child.returncode, output or b""

    def _stop(self, child: subprocess.Popen[bytes]) -> None:
        """Ask to stop; after the grace end it and the plugins that it started."""
        child.send_signal(signal.SIGINT)
        try:
            child.communicate(timeout=self.grace_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()

    def _environment(self) -> dict[str, str]:
        kept = {name: text for name, text in os.environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}
        return {**kept, "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1", **self.variables}

    def _log(self, arguments: Sequence[str]) -> IO[bytes]:
        handle = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        log = os.fdopen(handle, "ab", buffering=0)
        log.write(f"--- terraform {arguments[0]}\n".encode())
        return log

    def _failed(self, arguments: Sequence[str], status: int) -> ProviderRefused:
        ended = f"status {status}" if status >= 0 else f"signal {-status}"
        return ProviderRefused(
            "terraform.command-failed",
            f"terraform {arguments[0]} ended with {ended}",
            subject=str(self.folder),
            hint=f"its own words are in {self.log}",
        )

    def _timed_out(self, arguments: Sequence[str]) -> ProviderUnavailable:
        return ProviderUnavailable(
            "terraform.timeout",
            f"terraform {arguments[0]} did not end within {self.timeout_seconds:g} seconds and was stopped",
            subject=str(self.folder),
            hint="run again; raise provision.terraform.timeoutSeconds for a large catalog",
            retry_after_seconds=30.0,
        )
