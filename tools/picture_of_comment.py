"""Draws the example comment of a pull request as a forge shows it, for the documentation. Needs Chromium.

    python tools/picture_of_comment.py docs/img/pull-request-comment.png

The text is that of ``example_comment.py``: real judging. Only fonts and colours are ours; no forge's page is asked for.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from markdown_it import MarkdownIt

WIDTH, HEIGHT = 1012, 1900
PAGE = """\
<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 20px; background: #fff; color: #1f2328; font: 14px/1.5 "DejaVu Sans", Helvetica, Arial, sans-serif; }}
.comment {{ border: 1px solid #d0d7de; border-radius: 6px; width: 960px; }}
.head {{ background: #f6f8fa; border-bottom: 1px solid #d0d7de; padding: 8px 16px; color: #59636e; border-radius: 6px 6px 0 0; }}
.head b {{ color: #1f2328; }} .body {{ padding: 4px 16px 16px; }}
h3 {{ font-size: 1.25em; margin: 16px 0 12px; }} h4 {{ font-size: 1em; margin: 18px 0 8px; }}
table {{ border-collapse: collapse; display: block; overflow: hidden; }}
th, td {{ border: 1px solid #d0d7de; padding: 5px 12px; text-align: left; vertical-align: top; }}
tr:nth-child(2n) td {{ background: #f6f8fa; }}
code {{ background: #eff1f3; border-radius: 6px; padding: .15em .4em; font: 12px "DejaVu Sans Mono", monospace; }}
details {{ margin: 6px 0; }} ul {{ padding-left: 24px; margin: 8px 0; }} p {{ margin: 8px 0; }}
</style><div class="comment"><div class="head"><b>goldenpath-bot</b> commented</div><div class="body">{body}</div></div>
"""


def main(arguments: Sequence[str]) -> int:
    """Write the picture that ``arguments`` name, and return the exit code."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None or len(arguments) != 1:
        print("usage: python tools/picture_of_comment.py FILE.png (chromium has to be on the PATH)", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "comment.md"
        subprocess.run([sys.executable, str(Path(__file__).with_name("example_comment.py")), str(text)], check=True)
        page = Path(folder) / "comment.html"
        page.write_text(PAGE.format(body=MarkdownIt("commonmark", {"html": True}).enable("table").render(text.read_text())))
        size = f"--window-size={WIDTH},{HEIGHT}"
        options = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1", size)
        command = [browser, *options, f"--screenshot={Path(arguments[0]).absolute()}", page.as_uri()]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
