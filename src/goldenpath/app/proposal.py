"""Where a draft goes: into the files that somebody has open, or onto a branch of its own and from there into a pull request.

A store is never asked. What is told to the forge is made of ids and checked words, never of free text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from goldenpath.app.author import Author, Drafted, author_at
from goldenpath.app.services import Services
from goldenpath.app.steps import Base, read_base
from goldenpath.app.working_tree import find_root
from goldenpath.errors import Conflict, InvalidIntent
from goldenpath.intent.folder import Folder
from goldenpath.model.forge import PullRequest
from goldenpath.model.request import SecretRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a proposal goes on from: the protected branch, or the proposal's own branch where that exists already."""

    base: Base
    author: Author
    branch: str
    parent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """What became of a draft. ``branch`` and ``commit`` are empty in the working tree, ``url`` without a pull request."""

    id: str
    path: str
    branch: str = ""
    commit: str = ""
    url: str = ""
    number: int = 0


def start_proposal(services: Services, branch: str, *, is_opened: bool = False) -> Start:
    """Return what a change on ``branch`` starts from. With ``is_opened`` the remote is asked for the newest protected branch first.

    Raises:
        InvalidIntent: ``request.branch-protected``, ``git.branch-invalid``.
        NotFound: the protected branch is not in this clone.
    """
    protected = services.settings.governance.protected_branch
    if branch == protected:
        raise InvalidIntent(
            "request.branch-protected",
            "changes reach the protected branch by review only",
            subject=branch,
            hint="name a branch of its own, such as request/payments-db",
        )
    branches = services.branches()
    newest = branches.fetched_tip(protected) if is_opened else ""
    base = read_base(services, commit=newest)
    parent = (branches.tip(branch) if branch else "") or base.commit
    return Start(base=base, author=author_at(base.reader, base.governance, parent), branch=branch, parent=parent)


def propose(services: Services, start: Start, drafted: Drafted, *, verb: str, is_opened: bool = False) -> Proposed:
    """Commit the draft on its branch; with ``is_opened`` push it and open the pull request, or find the one that is open.

    Raises:
        Conflict: ``request.dirty-file`` when the working tree holds another change of the same file; ``git.branch-moved`` and its kin.
        ProviderUnavailable, ProviderRefused, Unauthenticated, AccessDenied: from the remote or the forge; the commit stays.
    """
    request = _request(drafted)
    branches = services.branches()
    dirty = sorted(path for path in drafted.files if branches.has_own_change(path))
    if dirty:
        raise Conflict(
            "request.dirty-file",
            "the working tree holds a change of its own of this file, which the branch would not have",
            subject=dirty[0],
            hint="commit, stash or discard it (git status), or leave --branch out to change the file where it is",
        )
    branch = start.branch or default_branch(request, verb)
    title = title_of(request, verb)
    commit = branches.commit(branch, parent=start.parent, writes=drafted.files, message=f"{title}\n\n{_reason(request)}\n")
    done = Proposed(id=request.id, path=drafted.path, branch=branch, commit=commit)
    return _opened(services, done, request, title) if is_opened else done


def write_files(directory: Path, drafted: Drafted, old: Mapping[str, bytes | None]) -> Proposed:
    """Write the draft into the working tree, each file in one step.

    Raises:
        Conflict: ``intent.file-exists`` for a new file, ``request.file-changed`` when one is no longer what was read.
        InvalidIntent: ``intent.folder-unsafe``.
    """
    folder = Folder(find_root(directory))
    for path, data in drafted.files.items():
        before = old.get(path)
        if before is None:
            folder.write_new(path, data)
        else:
            folder.write_over(path, data, expected=before)
    return Proposed(id=_request(drafted).id, path=drafted.path)


def default_branch(request: SecretRequest, verb: str) -> str:
    """Return the branch of a proposal that was given none; a second proposal of the same kind goes on from the first."""
    return f"request/{verb}-{request.id.lower()}"


def title_of(request: SecretRequest, verb: str) -> str:
    """Return the one line that commit and pull request are called by."""
    meta = request.metadata
    return f"{verb.capitalize()} {request.id} {meta.service}/{meta.environment}/{meta.name}"


def _reason(request: SecretRequest) -> str:
    spec = request.spec
    return f"{spec.secret_type}, risk tier {spec.risk.tier}, rotation {spec.rotation.rotation_class}, {spec.lifecycle.status}."


def _opened(services: Services, done: Proposed, request: SecretRequest, title: str) -> Proposed:
    services.branches().push(done.branch)
    opened: PullRequest = services.forge(services.settings.forge).open_pull_request(
        head=done.branch, base=services.settings.governance.protected_branch, title=title, body=_body(request, done.path)
    )
    return Proposed(id=done.id, path=done.path, branch=done.branch, commit=done.commit, url=opened.url, number=opened.number)


def _body(request: SecretRequest, path: str) -> str:
    """Return what the pull request says: words that the contract limits, so nothing of it can be markup (R11)."""
    meta, spec = request.metadata, request.spec
    rows = {
        "Request": request.id,
        "Service": meta.service,
        "Environment": meta.environment,
        "Owner": meta.owner,
        "Type": spec.secret_type,
        "Risk tier": spec.risk.tier,
        "Rotation": spec.rotation.rotation_class,
        "State": spec.lifecycle.status,
    }
    table = "\n".join(f"| {name} | {word} |" for name, word in rows.items())
    return f"| | |\n| --- | --- |\n{table}\n\nFile: `{path}`. It states intent only; a value never travels through a pull request.\n"


def _request(drafted: Drafted) -> SecretRequest:
    assert drafted.request is not None  # noqa: S101 - whoever calls refused a draft without one
    return drafted.request
