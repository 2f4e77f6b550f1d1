"""The one place that starts git: a fixed environment, no configuration that runs programs, bounded time, no free text kept.

Git's stderr can hold addresses with credentials in them, so it never travels in an error: the exit status does.
"""

from __future__ import annotations

import fcntl
import functools
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from goldenpath.errors import Misconfigured, ProviderRefused, ProviderUnavailable

OLDEST_GIT = (2, 34)
"""The first git that signs and verifies with SSH keys."""
TIMEOUT_SECONDS = 300.0

_STREAM_BYTES = 1 << 20
"""Room between git and us: with fewer switches, 100,000 small blobs took half the time of the usual 64 KiB."""

# Each of these would otherwise let a repository's own config start a program, hide a change or write where we only read.
_QUIETED = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.alternateRefsCommand=",
    "core.fsync=committed,loose-object,reference",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "core.splitIndex=false",
    "log.showSignature=false",
    "log.follow=false",
    "commit.gpgSign=false",
    "tag.gpgSign=false",
    "push.gpgSign=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "protocol.ext.allow=never",
)

_FIXED = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_PAGER": "cat",
}

# A git too old for GIT_NO_LAZY_FETCH still cannot fetch when no protocol is allowed.
_OFFLINE = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none", "GIT_CONFIG_NOSYSTEM": "1"}

_KEPT = frozenset({"GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM"})
_KEPT_ONLINE = re.compile(r"GIT_(?:SSH.*|SSL_.*|ASKPASS|PROXY_.*|HTTP_.*|CONFIG_(?:COUNT|KEY_[0-9]+|VALUE_[0-9]+))", re.ASCII)


@dataclass(frozen=True, slots=True)
class Finished:
    """What a git command left: exit status and output. ``errors`` is filled only where the caller asked for it."""

    status: int
    output: bytes
    errors: bytes = b""

    @property
    def line(self) -> str:
        """The first line of output, names decoded with surrogate escapes."""
        return os.fsdecode(self.output.partition(b"\n")[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Git:
    """Runs git in one place. ``git_dir`` is used as it is when given; otherwise git looks for the repository of ``folder``.

    ``is_online`` allows the configured transports and the user's credential helpers: only fetch, push and ls-remote need it.
    """

    folder: str
    git_dir: str = ""
    is_online: bool = False
    timeout_seconds: float = TIMEOUT_SECONDS

    def online(self) -> Git:
        """Return the same place with transports allowed."""
        return replace(self, is_online=True)

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
        allowed: Sequence[int] = (0,),
        keep_errors: bool = False,
    ) -> Finished:
        """Run one command to its end.

        Args:
            arguments: The command and its arguments, without ``git``.
            stdin: What the command reads.
            environment: Variables on top of the fixed ones.
            settings: Git settings for this command, above every file.
            allowed: Exit statuses that are answers.
            keep_errors: Return stderr too; only for output that is parsed and dropped.

        Raises:
            Misconfigured: ``git.missing``.
            ProviderRefused: ``git.command-failed`` for any other exit status.
            ProviderUnavailable: ``git.timeout``.
        """
        try:
            done = subprocess.run(
                self._argv(arguments, settings),
                input=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if keep_errors else subprocess.DEVNULL,
                env=self._environment(environment),
                cwd=self.folder,
                timeout=self.timeout_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _timed_out(arguments, self.timeout_seconds) from None
        except OSError as error:
            raise _cannot_start(self.folder, error) from None
        if done.returncode not in allowed:
            raise command_failed(arguments[0], done.returncode)
        return Finished(done.returncode, done.stdout, done.stderr or b"")

    @contextmanager
    def stream(self, *arguments: str, stdin: IO[bytes] | None = None) -> Iterator[IO[bytes]]:
        """Run a command and hand out its output while it runs; it is ended when the block is left early.

        Raises:
            ProviderRefused: ``git.command-failed`` when the whole output was read and the status is not 0.
        """
        try:
            process = subprocess.Popen(
                self._argv(arguments),
                stdin=stdin if stdin is not None else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._environment(None),
                cwd=self.folder,
                bufsize=_STREAM_BYTES,
            )
        except OSError as error:
            raise _cannot_start(self.folder, error) from None
        with process:
            assert process.stdout is not None  # noqa: S101 - asked for above
            _widen(process.stdout)
            try:
                yield process.stdout
            except BaseException:
                process.kill()
                raise
            if process.poll() is None and process.stdout.read(1):
                process.kill()
                return
        if process.returncode:
            raise command_failed(arguments[0], process.returncode)

    def _argv(self, arguments: Sequence[str], settings: Mapping[str, str] | None = None) -> list[str]:
        place = [f"--git-dir={self.git_dir}"] if self.git_dir else []
        wanted = [*_QUIETED, *(f"{name}={value}" for name, value in (settings or {}).items())]
        return ["git", "--no-pager", *place, *(part for setting in wanted for part in ("-c", setting)), *arguments]

    def _environment(self, extra: Mapping[str, str] | None) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if self._is_kept(name)}
        return {**kept, **_FIXED, **({} if self.is_online else _OFFLINE), **(extra or {})}

    def _is_kept(self, name: str) -> bool:
        if not name.startswith("GIT_"):
            return True
        return name in _KEPT or (self.is_online and _KEPT_ONLINE.fullmatch(name) is not None)


def _widen(pipe: IO[bytes]) -> None:
    """Make the pipe larger where the system can and allows it."""
    resize = getattr(fcntl, "F_SETPIPE_SZ", None)
    if resize is not None:
        with suppress(OSError):
            fcntl.fcntl(pipe, resize, _STREAM_BYTES)


def command_failed(command: str, status: int) -> ProviderRefused:
    """Return the error for a git command that ended badly: the status, and nothing that git wrote."""
    return ProviderRefused(
        "git.command-failed",
        f"git {command} ended with status {status}",
        hint=f"run `git {command}` by hand in the repository to see its own message; `git fsck` finds damage",
    )


def _timed_out(arguments: Sequence[str], seconds: float) -> ProviderUnavailable:
    return ProviderUnavailable(
        "git.timeout",
        f"git {arguments[0]} did not end within {seconds:g} seconds",
        hint="is the disk or the remote reachable?",
        retry_after_seconds=5.0,
    )


def _cannot_start(folder: str, error: OSError) -> Misconfigured:
    if not os.path.isdir(folder):  # noqa: PTH112 - folder is text with surrogate escapes, as git uses it
        return Misconfigured("git.not-a-repository", "the folder is not there", subject=folder, hint="check the path")
    return Misconfigured(
        "git.missing",
        f"git could not be started (errno {error.errno})",
        hint=f"install git {OLDEST_GIT[0]}.{OLDEST_GIT[1]} or newer and put it on PATH",
    )


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a private folder (mode 0700) that is gone afterwards. Raises ``ProviderUnavailable`` ``git.no-scratch-space``."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="goldenpath-")
    except OSError as error:
        raise no_scratch_space(error) from None
    with folder as name:
        yield Path(name)


def no_scratch_space(error: OSError) -> ProviderUnavailable:
    """Return the error of a temporary file that could not be written."""
    return ProviderUnavailable(
        "git.no-scratch-space",
        f"a temporary file could not be written (errno {error.errno})",
        hint="free space in the temporary folder, or name another one with TMPDIR",
    )


@functools.cache
def git_version(search_path: str) -> tuple[int, int]:
    """Return (major, minor) of the git found on ``search_path``; asked once per process.

    Raises:
        Misconfigured: ``git.missing``, or ``git.too-old`` when it cannot check SSH signatures.
    """
    answer = Git(folder="/").run("version", environment={"PATH": search_path}).line
    found = re.search(r"(\d+)\.(\d+)", answer, re.ASCII)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    if version < OLDEST_GIT:
        raise Misconfigured(
            "git.too-old",
            f"git {version[0]}.{version[1]} is too old; expected {OLDEST_GIT[0]}.{OLDEST_GIT[1]} or newer",
            hint="update git: older ones cannot check SSH signatures",
        )
    return version
