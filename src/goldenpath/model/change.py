"""A proposed change: what the base says, what the head says, request by request."""

from __future__ import annotations

from goldenpath.model.base import Record, digest
from goldenpath.model.request import SecretRequest

EFFECTS_VERSION = 4
"""Raised by a release that renders the same request differently. Approvals of earlier releases then still stand for what was already
merged; for a change that is not merged yet they are void, because the plan is another one."""


def spelled(path: str) -> str | bytes:
    """Return a path as digests take it: its text, or the bytes of a name that is not UTF-8, which no JSON text can hold."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return path.encode("utf-8", "surrogateescape")
    return path


def change_digest(content_digest: str, effects_digest: str) -> str:
    """Return the digest of a change from its two halves."""
    return digest([content_digest, effects_digest])


class RequestChange(Record, frozen=True, kw_only=True):
    """One request before and after. ``before`` is None for a new one, ``after`` for a deleted file. Matched by id, then by path."""

    id: str
    path_before: str = ""
    path_after: str = ""
    before: SecretRequest | None = None
    after: SecretRequest | None = None

    @property
    def current(self) -> SecretRequest:
        """The request as the change leaves it, or as it was when its file is deleted."""
        request = self.after or self.before
        assert request is not None  # noqa: S101 - a change has at least one side
        return request


class CommitInfo(Record, frozen=True, kw_only=True):
    """Who made one commit; addresses as written, people are resolved elsewhere. ``trailers`` are those of the last paragraph."""

    oid: str
    parents: tuple[str, ...]
    author_name: str
    author_email: str
    committer_name: str
    committer_email: str
    co_authors: tuple[tuple[str, str], ...] = ()
    subject: str = ""
    time: int = 0
    trailers: tuple[tuple[str, str], ...] = ()


class Change(Record, frozen=True, kw_only=True):
    """Base against head, as the gate and the approvers see it.

    ``merge_base`` and ``head`` are full commit ids. ``requests`` is sorted by id. ``governance_paths`` are the changed files that
    steer the gate itself (policy, enums, approvers, settings, workflows). ``policy_revision`` is the digest of those files at the base.
    """

    merge_base: str
    head: str
    requests: tuple[RequestChange, ...] = ()
    governance_paths: tuple[str, ...] = ()
    governance_digest: str = ""
    policy_revision: str = ""
    effects_digest: str = ""
    commits: tuple[CommitInfo, ...] = ()

    @property
    def digest(self) -> str:
        """What an approval binds to: the content below, and the effects that were planned from it."""
        return change_digest(self.content_digest, self.effects_digest)

    @property
    def content_digest(self) -> str:
        """Every request before and after, the policy revision, base and head: what Git holds, whatever release of ours looks at it."""
        return digest(
            {
                "schema": 1,
                "merge_base": self.merge_base,
                "head": self.head,
                "requests": [[change.id, change.path_before, change.path_after, change.before, change.after] for change in self.requests],
                "governance_paths": [spelled(path) for path in self.governance_paths],
                "governance_digest": self.governance_digest,
                "policy_revision": self.policy_revision,
            },
        )
