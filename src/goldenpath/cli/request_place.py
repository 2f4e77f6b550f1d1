"""Where a change of a request goes (working tree, branch, pull request), and how it is told. Shared by every verb that makes one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.state import CliState

if TYPE_CHECKING:
    from goldenpath.app.author import Author, Drafted
    from goldenpath.app.proposal import Proposed, Start
    from goldenpath.app.steps import Base
    from goldenpath.model.finding import Finding

F = TypeVar("F", bound=Callable[..., Any])

_NO_REPOSITORY = frozenset({"git.not-a-repository", "git.missing"})


class Wish(NamedTuple):
    """What the options of :func:`place_options` say."""

    branch: str | None
    is_opened: bool
    is_dry_run: bool

    @property
    def is_proposal(self) -> bool:
        """True when the working tree stays as it is."""
        return self.is_opened or self.branch is not None


class Desk(NamedTuple):
    """What a verb works on. ``base`` is None where nothing is on a protected branch yet; ``start`` is there for proposals only."""

    author: Author
    base: Base | None
    start: Start | None


def place_options(function: F) -> F:
    """Add ``--branch``, ``--open`` and ``--dry-run``."""
    for option in (
        click.option("--dry-run", is_flag=True, help="Print what would change and write nothing."),
        click.option("--open", "is_opened", is_flag=True, help="Commit, push, and open the pull request."),
        click.option("--branch", metavar="NAME", help="Commit on this branch, made from the protected one; no open file is touched."),
    ):
        function = option(function)
    return function


def wish_of(options: dict[str, Any]) -> Wish:
    """Take the options of :func:`place_options` out of a verb's options."""
    return Wish(options.pop("branch"), options.pop("is_opened"), options.pop("dry_run"))


def open_desk(state: CliState, wish: Wish, *, branch: str = "", needs_base: bool = False) -> Desk:
    """Read the catalog that the change starts from. ``branch`` is the proposal's own name where none was given.

    Raises:
        InvalidIntent: ``cli.offline`` for a pull request without a network.
    """
    from goldenpath.app.author import open_author
    from goldenpath.app.proposal import start_proposal
    from goldenpath.app.steps import read_base
    from goldenpath.bootstrap import offline_refusal

    if wish.is_opened and state.is_offline:
        raise offline_refusal()
    if wish.is_proposal:
        start = start_proposal(state.services, wish.branch or branch, is_opened=wish.is_opened)
        return Desk(start.author, start.base, start)
    base = read_base(state.services) if needs_base else base_if_any(state)
    return Desk(open_author(state.directory), base, None)


def base_if_any(state: CliState) -> Base | None:
    """Return the protected branch; None outside a repository, or before the gate has all that it needs: then it judges later."""
    from goldenpath.app.steps import base_if_founded
    from goldenpath.errors import Misconfigured

    try:
        return base_if_founded(state.services)
    except Misconfigured as error:
        if error.code not in _NO_REPOSITORY:
            state.output.warn(f"the gate has not looked at this: {error}")
        return None


def carry_out(state: CliState, desk: Desk, wish: Wish, drafted: Drafted, *, verb: str) -> int:
    """Write the draft where the options say, or say why not; return the exit code."""
    if drafted.request is None:
        return refuse(state, drafted.findings)
    for finding in drafted.findings:
        state.output.warn(f"{finding.message} [{finding.rule}]")
    if not drafted.files:
        text = f"{drafted.request.id} says that already; nothing was written"
        state.output.data("RequestChange", {"id": drafted.request.id, "path": drafted.path, "is_changed": False}, text=text)
        return Exit.DONE
    if wish.is_dry_run:
        state.output.document(_shown(desk.author, drafted))
        return Exit.DONE
    from goldenpath.app.proposal import propose, write_files

    if desk.start is None:
        old = {} if drafted.before is None else {path: desk.author.read(path) for path in drafted.files}
        done = write_files(state.directory, drafted, old)
    else:
        done = propose(state.services, desk.start, drafted, verb=verb, is_opened=wish.is_opened)
    _report(state, done, drafted, is_new=drafted.before is None)
    return Exit.DONE


def refuse(state: CliState, findings: Sequence[Finding]) -> int:
    """Name every fault; what the gate blocks ends with another code than what the contract refuses."""
    from goldenpath.cli.findings import render_findings
    from goldenpath.model.counting import counted

    blocking = [finding for finding in findings if finding.is_blocking]
    render_findings(state.output, findings, summary=f"nothing was written: {counted(len(blocking), 'fault')}", kind="Validation")
    return Exit.FINDINGS if all(finding.rule.startswith("policy.") for finding in blocking) else Exit.USAGE


def _shown(author: Author, drafted: Drafted) -> str:
    """Return a new file as it would be, or the difference to what is there."""
    import difflib

    if drafted.before is None:
        return drafted.files[drafted.path].decode("utf-8")
    parts: list[str] = []
    for path, data in drafted.files.items():
        old, new = ((content or b"").decode("utf-8").splitlines(keepends=True) for content in (author.read(path), data))
        parts += difflib.unified_diff(old, new, f"a/{path}", f"b/{path}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in parts)


def _report(state: CliState, done: Proposed, drafted: Drafted, *, is_new: bool) -> None:
    payload = {"id": done.id, "path": done.path, "files": sorted(drafted.files), "is_changed": True}
    placed = {"branch": done.branch, "commit": done.commit, "url": done.url} if done.branch else {}
    state.output.data("NewRequest" if is_new else "RequestChange", {**payload, **placed}, text=_told(done, sorted(drafted.files)))


def _told(done: Proposed, files: Sequence[str]) -> str:
    wrote = "\n".join(f"wrote {path}" for path in files)
    if not done.branch:
        return f"{wrote}\nnext: git add {' '.join(files)}, commit it on a branch, then: goldenpath policy check --base main"
    committed = f"{wrote}\ncommitted {done.commit[:12]} on {done.branch}; the working tree is as it was"
    if done.url:
        return f"{committed}\npull request {done.number}: {done.url}"
    return f"{committed}\nnext: goldenpath policy check --base main --head {done.branch}, then: git push origin {done.branch}"
