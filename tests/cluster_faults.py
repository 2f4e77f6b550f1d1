"""A cluster in front of which things go wrong: calls that fail before or after their effect, and what others do in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.cluster_fake import FakeCluster

from goldenpath.errors import GoldenpathError, ProviderUnavailable

PORT = frozenset(
    {
        "get",
        "list",
        "watch",
        "read_secret",
        "patch",
        "apply",
        "apply_secret",
        "delete",
        "identity",
        "version",
        "served_versions",
        "may",
        "now",
    }
)


class FaultyCluster:
    """Passes every call on. ``before`` is told (number among the real changes and looks of that name, name) and may return an error.

    Writes that are only rehearsed are passed on without being told; they are counted with the others in ``count``.
    """

    def __init__(
        self,
        cluster: FakeCluster,
        before: Callable[[int, str], GoldenpathError | None],
        after: Callable[[int], GoldenpathError | None] = lambda _n: None,
    ) -> None:
        self._cluster = cluster
        self._before = before
        self._after = after
        self._named: dict[str, int] = {}
        self.count = 0

    @staticmethod
    def lost(cluster: FakeCluster, number: int, *, is_effective: bool) -> FaultyCluster:
        """The call ``number`` of all, counted from zero, is lost: before its effect, or only its answer."""
        error = ProviderUnavailable("cluster.unavailable", "the connection was lost")
        made = FaultyCluster(cluster, lambda _number, _call: None)
        if is_effective:
            made._after = lambda current: error if current == number else None
        else:
            made._before = lambda _number, _call: error if made.count - 1 == number else None
        return made

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._cluster, name)
        return self._passing(name, real) if name in PORT else real

    def _passing(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            current = self.count
            self.count += 1
            number = self._named.get(name, 0)
            self._named[name] = number + (not options.get("is_dry_run"))
            error = self._before(number if not options.get("is_dry_run") else -1, name)
            if error is not None:
                raise error
            answer = real(*arguments, **options)
            lost = self._after(current)
            if lost is not None:
                raise lost
            return answer

        return call
