"""Asks Argo CD to look, and waits until a revision is applied. Must not start a sync: that is for the application's own policy."""

from __future__ import annotations

from collections.abc import Callable

from goldenpath.delivery.argo_application import ApplicationState, Applied, judge_application, read_application
from goldenpath.errors import Conflict, NotFound, ProviderUnavailable, SyncTimeout
from goldenpath.ports.clock import Clock
from goldenpath.ports.deployer import Deployer

POLL_SECONDS = 1.0
SLOWEST_POLL_SECONDS = 5.0


def wait_until_applied(
    deployer: Deployer,
    name: str,
    *,
    wanted: str,
    is_within: Callable[[str], bool],
    clock: Clock,
    timeout_seconds: float,
    is_hard: bool = False,
    progress: Callable[[str], None] = lambda _message: None,
) -> tuple[ApplicationState, Applied]:
    """Refresh the application and return it once ``wanted``, a full commit id, or a commit with it, is applied.

    Raises:
        NotFound: ``argo.application-missing``.
        Conflict: ``argo.not-automated``, ``argo.comparison-failed``, ``argo.sync-failed``: it does not go on by itself.
        SyncTimeout: ``argo.timeout``, with what it waited for.
    """
    started = clock.monotonic()
    deployer.refresh(name, is_hard=is_hard)
    pause, told, stuck_since = POLL_SECONDS, "", None
    while True:
        state, answer = _look(deployer, name, wanted, is_within)
        waited = clock.monotonic() - started
        if state is not None and answer.state == "applied":
            return state, answer
        if answer.state == "stuck":
            stuck_since = waited if stuck_since is None else stuck_since
            if waited - stuck_since >= SLOWEST_POLL_SECONDS:  # the state of the moment before a retry or an automated sync looks the same
                raise Conflict(answer.code, answer.message, subject=name, hint=answer.hint)
        else:
            stuck_since = None
        if waited >= timeout_seconds:
            raise SyncTimeout(
                "argo.timeout",
                f"{answer.message}; waited {waited:.0f} s",
                subject=name,
                hint="goldenpath doctor --cluster shows how the application stands; run the same command again to wait on",
            )
        if answer.message != told:
            told = answer.message
            progress(f"{told}; at most {timeout_seconds - waited:.0f} s left")
        clock.sleep(pause)
        pause = min(pause * 1.5, SLOWEST_POLL_SECONDS)


def _look(deployer: Deployer, name: str, wanted: str, is_within: Callable[[str], bool]) -> tuple[ApplicationState | None, Applied]:
    try:
        found = deployer.application(name)
    except ProviderUnavailable as error:
        return None, Applied(state="waiting", message=f"Argo CD does not answer ({error.code})")
    if found is None:
        raise NotFound("argo.application-missing", f"there is no Application {name}", subject=name, hint="see docs: connect Argo CD")
    state = read_application(found)
    return state, judge_application(state, wanted=wanted, is_within=is_within)
