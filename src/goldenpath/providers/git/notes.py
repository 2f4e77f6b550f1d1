"""Approvals kept beside the commits they are bound to, in a notes ref of their own.

One line per signed object, so that notes of two people merge without loss. They travel with plain git::

    git push origin refs/notes/goldenpath-approvals
    git fetch origin refs/notes/goldenpath-approvals:refs/notes/goldenpath-approvals
    git notes --ref=goldenpath-approvals merge -s cat_sort_uniq <other ref>      # when both sides have new ones

Whoever can write the ref can remove a note (then an approval is missing) but cannot make one: that takes the key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from goldenpath.errors import Conflict
from goldenpath.ports.clock import Clock, Entropy
from goldenpath.ports.repository import SignatureCheck, TreeEntry
from goldenpath.providers.git import signing
from goldenpath.providers.git.command import TIMEOUT_SECONDS
from goldenpath.providers.git.objects import is_object_id
from goldenpath.providers.git.reader import GitReader
from goldenpath.providers.git.statement import decode_line, encode_line, unsigned_text
from goldenpath.providers.git.writing import Signature, move_ref, ref_target, store_blobs, write_commit, write_tree

NOTES_REF = "refs/notes/goldenpath-approvals"
ATTEMPTS = 100
"""Every lost race means that another writer got through, so this many approvers may sign in the same moment."""


class GitApprovalNotes:
    """ApprovalNotes over one repository.

    Args:
        folder: Any folder inside the repository.
        clock: Gives the time written into objects, and waits between lost races.
        entropy: Spreads the waits.
        timeout_seconds: Longest time that one git command may take.
    """

    def __init__(self, folder: Path | str, *, clock: Clock, entropy: Entropy, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._reader = GitReader(folder, timeout_seconds=timeout_seconds)
        self._git = self._reader.place.git
        self._clock = clock
        self._entropy = entropy

    def sign(self, commit: str, payload: bytes, *, signing_key: str, name: str, email: str) -> bytes:
        """Return ``payload`` signed with an SSH key (file or agent) as git signs a tag of ``commit``; stores nothing, so it can be checked.

        Raises:
            NotFound: ``git.ref-missing``.
            InvalidIntent: ``git.statement-invalid``.
            Misconfigured: ``git.ssh-keygen-missing``, ``git.signing-key-missing``, ``git.signing-failed``.
        """
        target = self._reader.resolve(commit)
        return signing.sign(unsigned_text(target, payload, self._author(name, email)), signing_key)

    def add(self, commit: str, signed: bytes, *, name: str, email: str) -> str:
        """Keep a signed object beside ``commit``, in the name of whoever signed it, and return the object's id.

        Raises:
            NotFound: ``git.ref-missing``.
            Conflict: ``git.notes-race`` when the notes ref stays locked or keeps moving; nothing was stored.
        """
        target = self._reader.resolve(commit)
        oid = self._git.run("hash-object", "-t", "tag", "--stdin", stdin=signed).line
        self._append(target, encode_line(signed), self._author(name, email))
        return oid

    def list_signed(self, commit: str) -> tuple[bytes, ...]:
        """Return the raw signed objects kept for ``commit``, in stored order, each once; a damaged line comes back as it is."""
        entries = self._entries(ref_target(self._git, NOTES_REF), self._reader.resolve(commit))
        return tuple(decode_line(line) for line in self._lines(entries))

    def verify(self, signed: bytes, allowed_signers: Mapping[str, Sequence[str]]) -> tuple[SignatureCheck, bytes, str]:
        """Check with git's own SSH verification against {principal: public keys}; return (check, payload, commit it is bound to).

        Payload and commit are what the text claims; they are proven only when ``is_valid``, and empty when it is no approval.
        """
        check, statement = signing.check(signed, allowed_signers)
        return (check, statement.payload, statement.commit) if statement else (check, b"", "")

    def annotated_commits(self) -> tuple[str, ...]:
        """Return every commit that has a statement, sorted."""
        return tuple(sorted({_annotated(entry) for entry in self._entries(ref_target(self._git, NOTES_REF))}))

    def _author(self, name: str, email: str) -> Signature:
        return Signature(name=name, email=email, time=int(self._clock.now().timestamp()))

    def _append(self, commit: str, line: bytes, author: Signature) -> None:
        for attempt in range(ATTEMPTS):
            tip = ref_target(self._git, NOTES_REF)
            entries = self._entries(tip, commit)
            lines = self._lines(entries)
            if line in lines:
                return
            new = self._note_commit(tip, commit, entries, [*lines, line], author)
            if move_ref(self._git, NOTES_REF, new, tip, reason="approve"):
                return
            self._clock.sleep(self._entropy.below(10 * (attempt + 1)) / 1000)
        raise Conflict(
            "git.notes-race",
            f"{NOTES_REF} could not be moved in {ATTEMPTS} attempts; the approval was not stored",
            subject=NOTES_REF,
            hint="approve again; if no other git runs, remove the stale .lock file beside the ref",
            retry_after_seconds=1.0,
        )

    def _note_commit(self, tip: str, commit: str, entries: Sequence[TreeEntry], lines: Sequence[bytes], author: Signature) -> str:
        (blob,) = store_blobs(self._git, [b"".join(line + b"\n" for line in lines)])
        path = entries[0].path if entries else commit
        tree = write_tree(self._git, tip, {path: blob}, [entry.path for entry in entries[1:]])
        return write_commit(self._git, tree, [tip] if tip else [], f"Approve {commit}", author)

    def _entries(self, tip: str, commit: str = "") -> tuple[TreeEntry, ...]:
        """Return the notes at ``tip``, of ``commit`` only when given; git spreads the id over folders when there are many."""
        if not tip:
            return ()
        notes = (entry for entry in self._reader.list_tree(tip, "") if entry.mode.startswith("100") and is_object_id(_annotated(entry)))
        return tuple(entry for entry in notes if not commit or _annotated(entry) == commit)

    def _lines(self, entries: Sequence[TreeEntry]) -> list[bytes]:
        contents = (content for _oid, content in self._reader.read_blobs([entry.oid for entry in entries]))
        return list(dict.fromkeys(line for content in contents for line in content.split(b"\n") if line.strip()))


def _annotated(entry: TreeEntry) -> str:
    return entry.path.replace("/", "")
