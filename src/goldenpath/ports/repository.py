"""Git as we read and write it. Object ids are full hex; paths are relative, with ``/``; names are UTF-8 text with surrogate escapes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from goldenpath.model.base import Record
from goldenpath.model.change import CommitInfo


class TreeEntry(Record, frozen=True, kw_only=True):
    """One entry below a tree. ``mode`` is git's (``100644``, ``100755``, ``120000`` symlink, ``160000`` submodule)."""

    path: str
    mode: str
    oid: str


class PathChange(Record, frozen=True, kw_only=True):
    """One changed path; an empty ``old_oid``/``new_oid`` means added/deleted. Renames are shown as delete and add."""

    path: str
    old_oid: str
    new_oid: str
    old_mode: str
    new_mode: str


class SignatureCheck(Record, frozen=True, kw_only=True):
    """Result of git's own check of an SSH-signed object. ``principal`` is the allowed signer it matched."""

    is_valid: bool
    principal: str = ""
    fingerprint: str = ""
    reason: str = ""


class RepositoryReader(Protocol):
    """Reads objects, never the working tree. Everything found in it is data (R11): no hook, filter or diff driver runs."""

    @property
    def root(self) -> str:
        """Absolute path of the working tree, or of the bare repository."""
        ...

    def resolve(self, ref: str) -> str:
        """Return the commit id of ``ref``. Raises ``NotFound`` ``git.ref-missing``."""
        ...

    def merge_base(self, first: str, second: str) -> str:
        """Return the best common ancestor. Raises ``NotFound`` ``git.no-merge-base`` (unrelated or shallow history)."""
        ...

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Say whether ``descendant`` contains ``ancestor``."""
        ...

    def tree_oid(self, commit: str, path: str) -> str:
        """Return the object id of ``path`` at ``commit``; empty when nothing is there."""
        ...

    def tree_oids(self, commit: str, paths: Sequence[str]) -> dict[str, str]:
        """Return the object ids of ``paths`` at ``commit``, asked for at once; what is not there is left out."""
        ...

    def list_tree(self, commit: str, path: str) -> Iterator[TreeEntry]:
        """Yield every entry below ``path``, recursively, in path order; nothing when it is missing."""
        ...

    def read_blobs(self, oids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield (oid, content) in the order asked, through one process."""
        ...

    def read_file(self, commit: str, path: str) -> bytes | None:
        """Return the bytes of a regular file at ``commit``; None when missing. Raises ``InvalidIntent`` for a link or submodule."""
        ...

    def read_files(self, commit: str, paths: Sequence[str]) -> dict[str, bytes]:
        """Return the bytes of regular files at ``commit``, read at once; what is missing is left out. Errors: as ``read_file``."""
        ...

    def diff(self, old: str, new: str, paths: Sequence[str] = ()) -> tuple[PathChange, ...]:
        """Return changed paths between two commits or trees, limited to ``paths`` when given."""
        ...

    def commits(self, base: str, head: str) -> tuple[CommitInfo, ...]:
        """Return the commits of ``base..head``, oldest first, with co-author trailers."""
        ...

    def commit(self, oid: str) -> CommitInfo:
        """Return one commit by its full id. Raises ``NotFound`` ``git.ref-missing`` or ``git.object-missing``."""
        ...

    def first_parents(self, since: str, until: str) -> tuple[CommitInfo, ...]:
        """Return the first-parent line from ``since`` (excluded; empty for the root) to ``until`` (included), oldest first."""
        ...

    def path_history(self, until: str, path: str) -> tuple[CommitInfo, ...]:
        """Return the commits of the first-parent line up to ``until`` that changed ``path`` there, oldest first."""
        ...

    def added_times(self, until: str, path: str) -> dict[str, int]:
        """Return, for each file below ``path``, when the first-parent line up to ``until`` first added it: seconds since 1970, UTC."""
        ...


class IndexReader(Protocol):
    """What the next commit would hold, for entries that a working tree may not show: it has no file for them, or another."""

    def special_entries(self) -> tuple[TreeEntry, ...]:
        """Return every link and submodule in the index, in path order; paths are relative to the folder that was opened."""
        ...

    def staged_changes(self) -> tuple[PathChange, ...]:
        """Return what the next commit would change, of the whole repository; paths are relative to its root."""
        ...


class ApprovalNotes(Protocol):
    """Signed statements kept beside commits, in a notes ref of their own."""

    def sign(self, commit: str, payload: bytes, *, signing_key: str, name: str, email: str) -> bytes:
        """Return ``payload`` signed with an SSH key (file or agent) as git signs a tag of ``commit``; stores nothing."""
        ...

    def add(self, commit: str, signed: bytes, *, name: str, email: str) -> str:
        """Keep a signed object beside ``commit``, in the name of whoever signed it, and return the object's id."""
        ...

    def list_signed(self, commit: str) -> tuple[bytes, ...]:
        """Return the raw signed objects kept for ``commit``, in stored order."""
        ...

    def verify(self, signed: bytes, allowed_signers: Mapping[str, Sequence[str]]) -> tuple[SignatureCheck, bytes, str]:
        """Check with git's own SSH verification against {principal: public keys}; return (check, payload, commit it is bound to)."""
        ...

    def annotated_commits(self) -> tuple[str, ...]:
        """Return every commit that has a statement."""
        ...


class PullRequestObjects(Protocol):
    """Brings the commits of pull requests here, those of forks too: as objects of git and nothing else (R11).

    No ref of ours moves, no file of the working tree changes, nothing of it runs.
    """

    def bring(self, number: int, commit: str) -> None:
        """Fetch ``commit``, the head of a pull request, with its history, from the remote's own ref of it; nothing when it is here.

        Raises:
            NotFound: ``git.ref-missing``: the remote's ref does not lead to that commit (any more).
            ProviderUnavailable: ``git.remote-unavailable``.
        """
        ...

    def newest(self, branch: str) -> str:
        """Return the newest commit of ``branch`` at the remote, fetched; that of the local branch where there is no remote.

        Raises:
            NotFound: ``git.ref-missing``.
            ProviderUnavailable: ``git.remote-unavailable``.
        """
        ...


class ManifestRepository(Protocol):
    """The GitOps repository we commit to. Never forces; a lost race raises so that the caller regenerates on the new head (R23)."""

    def head(self) -> str:
        """Return the branch's newest commit, after asking the remote when there is one; empty for an empty repository."""
        ...

    def read_tree(self, root: str) -> dict[str, bytes]:
        """Return {path: bytes} of all regular files under ``root`` at :meth:`head`."""
        ...

    def commit(self, *, expected_head: str, writes: Mapping[str, bytes], removals: Sequence[str], message: str) -> str:
        """Commit on top of ``expected_head`` and publish.

        Raises:
            Conflict: ``delivery.push-race`` when the branch moved; nothing was published.
        """
        ...


class ProposalBranches(Protocol):
    """Branches of the platform repository that changes are proposed on. The index and the files that people work on are never touched."""

    def tip(self, branch: str) -> str:
        """Return the newest commit of a local branch; empty when there is none. Raises ``InvalidIntent`` ``git.branch-invalid``."""
        ...

    def fetched_tip(self, branch: str) -> str:
        """Return the newest commit of a branch at the remote, fetched; empty when it has none.

        Raises:
            Misconfigured: ``git.remote-missing``.
            ProviderUnavailable: ``delivery.remote-unavailable``.
        """
        ...

    def has_own_change(self, path: str) -> bool:
        """Say whether the working tree's file is anything but what its own commit holds: that change would be left behind."""
        ...

    def commit(self, branch: str, *, parent: str, writes: Mapping[str, bytes], message: str) -> str:
        """Commit ``writes`` on top of ``parent`` in the name of whoever git says that we are, and let ``branch`` stand there.

        A new branch is made; one that is there must stand at ``parent``.

        Raises:
            Conflict: ``git.branch-moved`` when it stands elsewhere, ``git.branch-checked-out`` when a working tree has it open.
            Misconfigured: ``git.identity-missing``.
        """
        ...

    def push(self, branch: str) -> None:
        """Publish the branch. Never forces.

        Raises:
            Conflict: ``git.branch-moved`` when the remote's branch holds commits that ours lacks.
            ProviderRefused: ``delivery.push-refused``. ProviderUnavailable: ``delivery.remote-unavailable``.
        """
        ...
