"""Runs Kustomize, the program or the one in kubectl: on copies of the files that were looked at, in bounded time, cut off from networks.

What it says on stderr can repeat what files hold, so it never travels: it is matched against what Kustomize is known to say, and only a
JSON pointer or a line number is taken from it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from goldenpath.errors import Misconfigured, ProviderUnavailable
from goldenpath.model.settings import KustomizeSettings
from goldenpath.ports.overlays import Rendered

OUTPUT_MAX_BYTES: Final = 16 << 20
"""Far above what a cluster takes for one service; a base that multiplies itself ends here."""
_WORDS_MAX_BYTES: Final = 64 << 10

_PROGRAMS: Final = ("kustomize", "kubectl")
_NOWHERE: Final = "http://127.0.0.1:9"
"""The discard port: should a reference to a network ever come this far, it ends here."""
_ISOLATED: Final = {
    "ALL_PROXY": _NOWHERE,
    "HTTPS_PROXY": _NOWHERE,
    "HTTP_PROXY": _NOWHERE,
    "https_proxy": _NOWHERE,
    "http_proxy": _NOWHERE,
    "GIT_ALLOW_PROTOCOL": "none",
    "KUBECONFIG": os.devnull,
    "LC_ALL": "C",
    # no git, no helm, no plugin: there is nothing to be found
    "PATH": os.devnull,
}
_KNOWN: Final = (
    (re.compile(rb"testing value (/[A-Za-z0-9._~/-]{1,200}) failed"), "the test of {} failed"),
    (re.compile(rb"no matches for Id|unable to find target|failed to find unique target"), "a patch is for a resource that is not there"),
    (re.compile(rb"already registered id|may not add resource"), "two resources have one kind and name"),
    (re.compile(rb"is not in or below|security; file"), "a file lies outside of the folder that names it"),
    (re.compile(rb"cycle detected|cycle not allowed"), "the folders name one another in a circle"),
    (re.compile(rb"no such file or directory|must resolve to a file|doesn't exist"), "a file or folder that is named is not there"),
    (re.compile(rb"(?:add|replace|remove) operation does not apply|doc is missing"), "the path of a patch leads nowhere"),
    (re.compile(rb"yaml: line ([0-9]{1,6})"), "a file is not YAML, at its line {}"),
    (re.compile(rb"invalid Kustomization|unknown field|unmarshal"), "a kustomization file holds something that Kustomize does not know"),
)


class KustomizeRenderer:
    """An OverlayRenderer. The program is looked for once, when the first overlay is rendered."""

    def __init__(self, settings: KustomizeSettings) -> None:
        self._settings = settings
        self._command: list[str] = []

    def render(self, files: Mapping[str, bytes], folder: str) -> Rendered:
        """Render one overlay from copies of its files, which are gone afterwards.

        Raises:
            Misconfigured: ``overlay.renderer-missing``.
            ProviderUnavailable: ``overlay.renderer-timeout``, ``overlay.no-scratch-space``.
        """
        self._command = self._command or _find(self._settings.binary)
        with _scratch(files) as root:
            return self._run(root, root / "files" / folder)

    def _run(self, root: Path, folder: Path) -> Rendered:
        with (root / "words").open("w+b") as words, self._started(root, folder, words) as child:
            assert child.stdout is not None  # noqa: S101 - asked for below
            is_late = threading.Event()
            timer = threading.Timer(self._settings.timeout_seconds, _stop, [child, is_late])
            timer.start()
            try:
                output = child.stdout.read(OUTPUT_MAX_BYTES + 1)
                if len(output) > OUTPUT_MAX_BYTES:
                    _stop(child)
                status = child.wait()
            finally:
                timer.cancel()
                _stop(child)
            if is_late.is_set():
                raise self._timed_out()
            words.seek(0)
            return _rendered(status, output, words.read(_WORDS_MAX_BYTES))

    def _started(self, root: Path, folder: Path, words: IO[bytes]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                [*self._command, str(folder)],
                cwd=root,
                env={**_ISOLATED, "HOME": str(root), "TMPDIR": str(root)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=words,
                start_new_session=True,
            )
        except OSError as error:
            raise _missing(f"{self._command[0]} could not be started (errno {error.errno})", self._command[0]) from None

    def _timed_out(self) -> ProviderUnavailable:
        return ProviderUnavailable(
            "overlay.renderer-timeout",
            f"an overlay was not rendered within {self._settings.timeout_seconds} seconds",
            hint="run again; raise projection.kustomize.timeoutSeconds for large overlays",
            retry_after_seconds=5.0,
        )


def _find(binary: str) -> list[str]:
    program = next((found for name in ([binary] if binary else _PROGRAMS) if (found := shutil.which(name))), None)
    if program is None:
        raise _missing(f"{binary} is not there" if binary else "neither kustomize nor kubectl is on PATH", binary)
    return [program, "kustomize"] if Path(program).name.startswith("kubectl") else [program, "build"]


def _missing(message: str, subject: str) -> Misconfigured:
    return Misconfigured(
        "overlay.renderer-missing",
        message,
        subject=subject,
        hint="install kustomize or kubectl, or name one: projection.kustomize.binary in goldenpath.yaml",
    )


@contextmanager
def _scratch(files: Mapping[str, bytes]) -> Iterator[Path]:
    """Make a private folder with copies of ``files`` below ``files``; it is gone afterwards."""
    try:
        with tempfile.TemporaryDirectory(prefix="goldenpath-overlay-") as name:
            # on some systems the temporary folder is itself a link, which Kustomize would take for another place
            root = Path(name).resolve()
            for path, content in files.items():
                target = root / "files" / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            yield root
    except OSError as error:
        raise ProviderUnavailable(
            "overlay.no-scratch-space",
            f"a temporary file could not be written (errno {error.errno})",
            hint="free space in the temporary folder, or name another one with TMPDIR",
        ) from None


def _stop(child: subprocess.Popen[bytes], is_late: threading.Event | None = None) -> None:
    """End the program and whatever it started; nothing when it has ended."""
    if child.poll() is not None:
        return
    if is_late is not None:
        is_late.set()
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _rendered(status: int, output: bytes, words: bytes) -> Rendered:
    if len(output) > OUTPUT_MAX_BYTES:
        return Rendered(fault=f"it comes to more than {OUTPUT_MAX_BYTES} bytes")
    if status == 0:
        return Rendered(documents=output)
    found = next(((match, said) for pattern, said in _KNOWN if (match := pattern.search(words))), None)
    if found is None:
        return Rendered(fault=f"Kustomize ended with status {status}")
    match, said = found
    return Rendered(fault=said.format(match[1].decode("ascii") if match.groups() else ""))
