"""Git without git processes, for runs by the thousand: answers that are asked once, and a GitOps repository in memory.

``MemoryGitOps`` is a stand-in for the real provider (``providers/git/manifests.py``); what git itself does is tested with git.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tests.faults import Schedule

from goldenpath.errors import Conflict, NotFound, ProviderRefused, ProviderUnavailable
from goldenpath.model.change import CommitInfo

ELSEWHERE = "elsewhere"
"""Where somebody else commits in between; no business of ours."""


class Remembered:
    """A repository that does not change any more: each question is asked once."""

    def __init__(self, inner: object) -> None:
        self._inner = inner
        self._answers: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._inner, name)
        return self._remembering(name, member) if callable(member) else member

    def _remembering(self, name: str, ask: Callable[..., Any]) -> Callable[..., Any]:
        def answer(*given: Any, **named: Any) -> Any:
            fixed = [tuple(each) if isinstance(each, Iterator) else each for each in given]
            key = f"{name} {fixed!r} {named!r}"
            if key not in self._answers:
                found = ask(*fixed, **named)
                self._answers[key] = _Stream(found) if isinstance(found, Iterator) else found
            kept = self._answers[key]
            return iter(kept) if isinstance(kept, _Stream) else kept

        return answer


class _Stream(tuple[Any, ...]):
    """The items of an iterator that was used up."""

    __slots__ = ()


class MemoryGitOps:
    """The repository that manifests go to, as its writer and as its reader see it.

    Of the faults of ``schedule``: ``half`` lets somebody else commit first, ``refuse`` is a branch that takes no push, all others are a
    remote that does not answer, before or after the effect.
    """

    def __init__(self, schedule: Schedule, branch: str = "main") -> None:
        self.schedule = schedule
        self.tree: dict[str, bytes] = {}
        self._ref = f"refs/heads/{branch}"
        self._line: list[tuple[CommitInfo, frozenset[str]]] = []

    def twin(self, schedule: Schedule) -> MemoryGitOps:
        """The same repository under another schedule."""
        other = MemoryGitOps(schedule)
        other.tree, other._line, other._ref = self.tree, self._line, self._ref
        return other

    # --- as the writer sees it --------------------------------------------------------------------------------------------------

    def head(self) -> str:
        return self._line[-1][0].oid if self._line else ""

    def read_tree(self, root: str) -> dict[str, bytes]:
        return {path: content for path, content in self.tree.items() if path.startswith(f"{root}/")}

    def commit(self, *, expected_head: str, writes: Mapping[str, bytes], removals: Sequence[str], message: str) -> str:
        fault = self.schedule.next("commit")
        if fault in {"throttle", "drop-before"}:
            raise _away()
        if fault == "refuse":
            raise ProviderRefused("delivery.push-refused", "the branch takes no push")
        if fault == "half":
            self._add({f"{ELSEWHERE}/{len(self._line)}": b"theirs"}, (), "Somebody else's")
        if expected_head != self.head():
            raise Conflict("delivery.push-race", "the branch moved")
        self._add(writes, removals, message)
        if fault in {"drop-after", "refuse-after"}:
            raise _away()
        return self.head()

    def _add(self, writes: Mapping[str, bytes], removals: Sequence[str], message: str) -> None:
        self.tree.update(writes)
        for path in removals:
            del self.tree[path]
        oid = hashlib.sha1(f"{len(self._line)}{message}".encode(), usedforsecurity=False).hexdigest()
        trailers = tuple((name, text) for line in message.splitlines() for name, mark, text in [line.partition(": ")] if mark)
        info = CommitInfo(
            oid=oid,
            parents=(self.head(),) if self._line else (),
            author_name="",
            author_email="",
            committer_name="",
            committer_email="",
            subject=message.partition("\n")[0],
            trailers=trailers,
        )
        self._line.append((info, frozenset([*writes, *removals])))

    # --- as a reader sees it ----------------------------------------------------------------------------------------------------

    def resolve(self, ref: str) -> str:
        if ref != self._ref or not self._line:
            raise NotFound("git.ref-missing", "nothing there", subject=ref)
        return self.head()

    def path_history(self, until: str, path: str) -> tuple[CommitInfo, ...]:
        assert until == self.head()
        return tuple(info for info, paths in self._line if any(each.startswith(f"{path}/") for each in paths))


def _away() -> ProviderUnavailable:
    return ProviderUnavailable("delivery.remote-unavailable", "no answer", retry_after_seconds=0.0)
