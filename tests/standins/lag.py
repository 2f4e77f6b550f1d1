"""Lists that lag: ListSecrets and DescribeParameters answered from what was there some time ago."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from tests.standins import moto_state
from tests.standins.calls import MUTATING
from tests.standins.wire import AwsRequest

_LISTS: Final = {"ListSecrets": "secretsmanager", "DescribeParameters": "ssm"}
_STATE: Final = {"secretsmanager": "secrets", "ssm": "_parameters"}
_Place = tuple[str, str, str]


class Lag:
    """Old states of the lists. Every use is inside the stand-in's lock.

    Args:
        now: The stand-in's time in seconds.
        lag_seconds: How far lists are behind; 0 for not at all.
    """

    def __init__(self, now: Callable[[], float], lag_seconds: Callable[[], float]) -> None:
        self._now = now
        self._lag_seconds = lag_seconds
        self._states: dict[_Place, list[tuple[float, Any]]] = {}

    def forget(self) -> None:
        self._states.clear()

    def before(self, request: AwsRequest) -> None:
        """Keep what is there before the first call that matters."""
        if self._lag_seconds() and request.service in _STATE and _place(request) not in self._states:
            self._keep(request, float("-inf"))

    def after(self, request: AwsRequest) -> None:
        """Keep what a call left behind."""
        if self._lag_seconds() and request.service in _STATE and request.operation in MUTATING:
            self._keep(request, self._now())

    @contextmanager
    def applied(self, request: AwsRequest) -> Iterator[None]:
        """Show moto the old state while it answers a list."""
        if not self._lag_seconds() or request.operation not in _LISTS:
            yield
            return
        backend, name = moto_state.backend(request.service, request), _STATE[request.service]
        newest = self._now() - self._lag_seconds()
        present = getattr(backend, name)
        setattr(backend, name, next(state for at, state in reversed(self._states[_place(request)]) if at <= newest))
        try:
            yield
        finally:
            setattr(backend, name, present)

    def _keep(self, request: AwsRequest, at: float) -> None:
        state = getattr(moto_state.backend(request.service, request), _STATE[request.service])
        self._states.setdefault(_place(request), []).append((at, _copied(state)))


def _copied(state: Any) -> Any:
    """Return a copy of one of moto's dictionaries; one of them cannot be copied as a whole."""
    if not hasattr(state, "account_id"):
        return copy.deepcopy(state)
    copied = type(state)(state.account_id, state.region_name)
    copied.update(copy.deepcopy(dict(state)))
    return copied


def _place(request: AwsRequest) -> _Place:
    return request.service, request.account, request.region
