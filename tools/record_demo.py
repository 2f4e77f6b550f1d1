"""Records ``goldenpath demo`` as a picture for the README: runs it under a pseudo-terminal and writes ``docs/img/demo.svg``.

The picture is what the program really printed. What differs from run to run is replaced (the folder's path, the time at the end), and the
output of a command is cut after a few lines, with an ellipsis where something is left out.
"""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "img" / "demo.svg"
COLUMNS, ROWS = 140, 40
SHOWN_FOLDER = "~/goldenpath-demo"
OUTPUT_LINES = 7
INDENT = "    "
"""What the demo puts before every line that a command printed."""
_READ_BYTES = 65536


def record(command: list[str]) -> tuple[str, int]:
    """Run ``command`` on a terminal of its own and return what it wrote, colours included, and its exit code."""
    parent, child = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": str(ROWS), "FORCE_COLOR": "1"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=child, stderr=child, env=environment, close_fds=True) as process:
        os.close(child)
        written = b"".join(_read_all(parent))
    os.close(parent)
    return written.decode("utf-8", "replace").replace("\r\n", "\n"), process.returncode


def _read_all(descriptor: int) -> list[bytes]:
    chunks: list[bytes] = []
    while True:
        try:
            chunk = os.read(descriptor, _READ_BYTES)
        except OSError:
            # Linux ends a pseudo-terminal with EIO once its other side is closed
            return chunks
        if not chunk:
            return chunks
        chunks.append(chunk)


def shortened(text: str) -> str:
    """Return ``text`` with at most ``OUTPUT_LINES`` lines of each command's output."""
    kept: list[str] = []
    run = 0
    for line in text.splitlines():
        run = run + 1 if line.startswith(INDENT) else 0
        if run <= OUTPUT_LINES:
            kept.append(line)
        elif run == OUTPUT_LINES + 1:
            kept.append(INDENT + "…")
    return "\n".join(kept) + "\n"


def picture(text: str) -> str:
    """Return ``text`` with its colours as an SVG that needs no font from the network."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(text), soft_wrap=False)
    frame = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    return console.export_svg(title="goldenpath demo", code_format=frame, unique_id="demo")


def main() -> int:
    """Record into ``docs/img/demo.svg``."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "goldenpath-demo"
        text, code = record([sys.executable, "-m", "goldenpath", "demo", str(folder)])
        text = text.replace(str(folder), SHOWN_FOLDER)
    if code != 0:
        print(text)
        print(f"the demo ended with exit code {code}; nothing was recorded")
        return 1
    text = shortened(re.sub(r"Done in \d+ s\.", "Done.", text))
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text("\n".join(line.rstrip() for line in picture(text).splitlines()) + "\n", encoding="utf-8")
    print(f"recorded {len(text.splitlines())} lines into {TARGET.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
