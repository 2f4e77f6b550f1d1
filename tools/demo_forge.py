"""``make demo-forge``: from an empty repository to an applied secret, over a pull request on a real Gitea, with the shipped workflows.

The forge and the runner (act) are those of ``make real-servers``; nothing leaves this machine. On a terminal the forge stays until Ctrl-C.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.act_rig import Ran
from tests.cluster.built import folder_if_built
from tests.forge.gitea import Gitea
from tests.forge.life import DEVELOPER, ENGINEER, ForgeLife

NEEDED = ("gitea", "act")
WIDTH = 150


class Walk:
    """The steps, each under a title."""

    def __init__(self, life: ForgeLife) -> None:
        self._life = life

    def run(self) -> None:
        """Walk it."""
        life = self._life
        _title("1. An engineer makes a platform repository from nothing, and founds it")
        life.found()
        _title("2. A developer asks for a secret; the request is a file on a branch, and the pull request is open")
        number = life.request()
        _title("3. The pull request's workflow judges it with the rules of main, and holds no credential of a cloud")
        _outcome(life.judge(number))
        self._where(number)
        _title("4. Somebody who had no hand in it reviews; the workflow runs again and the status turns")
        life.review(number)
        print(f"    {ENGINEER} approves on the forge")
        _outcome(life.judge(number, "pull_request_review", "submitted"))
        self._where(number)
        _title("5. The one comment under the pull request, as it stands now")
        _show("\n".join(life.comments(number)[0].splitlines()[1:45]))
        _title("6. Merge; the workflow of main checks the review again, applies, and answers with receipts")
        sha = life.merge(number)
        print(f"    merged as {sha[:12]}")
        _outcome(life.apply(sha))
        _show("\n".join(life.comments(number)[-1].splitlines()[1:8]))
        _title("7. The value goes from a pipe to the store; then the whole line can be followed")
        life.git(ENGINEER, "pull", "--quiet")
        life.goldenpath(ENGINEER, "seed", "SEC-0001", "--stdin", "API_KEY", typed="not-a-real-key-4eC39HqLyjWDarjtT1")
        life.goldenpath(ENGINEER, "trace", "SEC-0001")
        life.goldenpath(ENGINEER, "audit", "verify")

    def _where(self, number: int) -> None:
        for context, state in sorted(self._life.statuses(self._life.pull(number)["head"]["sha"]).items()):
            print(f"    {context}: {state}")


def main(arguments: Sequence[str]) -> int:
    """Run the demo in the folder that ``arguments`` name, or in a new one, and return the exit code."""
    built = {name: folder_if_built(name) for name in NEEDED}
    missing = [name for name, folder in built.items() if folder is None]
    if missing:
        print(f"not on this machine: {', '.join(missing)}. Run: make real-servers ONLY='{' '.join(missing)}'", file=sys.stderr)
        return 4
    started = time.monotonic()
    root = Path(arguments[0] if arguments and arguments[0] else tempfile.mkdtemp(prefix="goldenpath-forge-")).absolute()
    if root.exists() and any(root.iterdir()):
        print(f"{root} is not empty; name a folder that does not exist yet", file=sys.stderr)
        return 2
    gitea = Gitea(folder=root / "forge", built=Path(str(built["gitea"])))
    try:
        gitea.set_up()
        print(f"Gitea on this machine: {gitea.url}")
        Walk(ForgeLife(gitea, root / "walk", say=_say, show=_show)).run()
        print(f"\nDone in {time.monotonic() - started:.0f} s. Everything lies in {root}.")
        if sys.stdin.isatty() and sys.stdout.isatty():
            _stay(gitea)
    except AssertionError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        gitea.stop()
    return 0


def _stay(gitea: Gitea) -> None:
    token = gitea.account(DEVELOPER).token
    print(f"The forge answers until Ctrl-C:\n  curl -H 'Authorization: token {token}' {gitea.api}/repos/acme/platform/pulls/1")
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)


def _title(text: str) -> None:
    print(f"\n== {text}")


def _say(command: str) -> None:
    print(f"{command}" if "$ " in command else f"$ {command}")


def _show(text: str) -> None:
    for line in text.splitlines():
        print(f"    {line[:WIDTH]}")


def _outcome(ran: Ran) -> None:
    if ran.code != 0:
        raise AssertionError(ran.log[-4000:])
    for line in ran.log.splitlines():
        said = line.partition("  | ")[2]
        if said:
            print(f"    {said[:WIDTH]}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
