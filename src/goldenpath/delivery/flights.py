"""One ExternalSecret that was asked to refresh, and what its next status means (R30). Pure: no clock, no call.

A status counts only when it shows that the controller worked on the object as it is since we marked it. Ready alone proves nothing: it may
be the old answer, and a time of refresh may come from a clock that is ahead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from goldenpath.delivery.external_secret_state import ExternalSecretState
from goldenpath.model.instant import from_text
from goldenpath.model.sync import Proof

FUTURE_LEEWAY = timedelta(seconds=60)
"""A time of refresh further ahead of the API server's clock than this is not believed."""

UNKNOWN_FORM_SECONDS = 10.0
"""How long the exact proof is waited for before the time of the refresh counts, where the controller's form of versions is unknown."""


@dataclass(slots=True, kw_only=True)
class Flight:
    """A refresh in progress. ``before`` is the object as our mark was set, so its status is older than the request.

    ``asked_at`` is by the API server's clock, taken after the mark was set. The three moments at the end are monotonic seconds.
    """

    before: ExternalSecretState
    token: str
    asked_at: datetime
    started: float
    deadline: float
    attempts: int = 1
    latest: ExternalSecretState = field(init=False)
    failing_since: float | None = None
    refreshed_since: float | None = None

    def __post_init__(self) -> None:
        self.latest = self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """How a flight ended. ``code`` is empty when the controller did what was asked; then ``proof`` says how that is known."""

    flight: Flight
    code: str = ""
    message: str = ""
    hint: str = ""
    is_timeout: bool = False
    proof: Proof = ""

    @property
    def state(self) -> ExternalSecretState:
        """The last state that was seen."""
        return self.flight.latest


def judge(flight: Flight, state: ExternalSecretState, *, now: float, patience_seconds: float) -> Landing | None:
    """Return how the flight ended with ``state``; None while it goes on.

    Args:
        flight: The request; what was seen is noted in it.
        state: The object as it is now, from the same cluster, not older than the last one.
        now: Monotonic seconds.
        patience_seconds: How long a failure may last: controllers try again by themselves, and the next try may work.
    """
    flight.latest = state
    if state.uid != flight.before.uid:
        return _failed(flight, "sync.replaced", "it was deleted and made anew meanwhile", hint="run the command again")
    if state.deleted_at:
        return _failed(flight, "sync.being-deleted", deletion_text(state), hint="whoever removed it decides; Argo CD shows why")
    if state.is_worked_through:
        return _finished(flight, "version")
    if state.ready == "false" and _is_news(flight, state):
        return _failing(flight, now, patience_seconds)
    flight.failing_since = None
    return _by_time(flight, state, now)


def expire(flight: Flight, *, waited_seconds: float) -> Landing:
    """Return how a flight ends whose time is over, by what was seen last."""
    state, before = flight.latest, flight.before
    if flight.failing_since is not None:
        return _refresh_failed(flight)
    if state.ready == "false":
        return _failed(
            flight,
            "sync.still-failing",
            f"it was not ready before ({state.shown_reason}), and the controller reported nothing new in {waited_seconds:.0f} s",
            hint=f"kubectl describe externalsecret -n {state.ref.namespace} {state.ref.name} shows what its provider says",
            is_timeout=True,
        )
    seen = "the controller did not look at it" if state.synced_version == before.synced_version else "no status names this request"
    return _failed(
        flight,
        "sync.not-processed",
        f"{seen} in {waited_seconds:.0f} s",
        hint="is External Secrets running, and not throttled? goldenpath doctor --cluster",
        is_timeout=True,
    )


def deletion_text(state: ExternalSecretState) -> str:
    """Return in words that an object is on its way out, and what holds it."""
    held = f", held by the finalizer {', '.join(state.finalizers)}" if state.finalizers else ""
    return f"it is being deleted since {state.deleted_at}{held}"


def _finished(flight: Flight, proof: Proof) -> Landing | None:
    state = flight.latest
    if state.ready == "true" and not state.is_synced:
        return _failed(
            flight,
            "sync.no-secret",
            f"the controller is done, but without a Secret ({state.shown_reason})",
            hint="look at its target policy",
        )
    return Landing(flight=flight, proof=proof) if state.is_synced else None


def _is_news(flight: Flight, state: ExternalSecretState) -> bool:
    """Say whether a failure was reported after our mark: the controller repeats an unchanged one without a word."""
    before = flight.before
    return before.ready != "false" or (state.reason, state.transition_at) != (before.reason, before.transition_at)


def _failing(flight: Flight, now: float, patience_seconds: float) -> Landing | None:
    if flight.failing_since is None:
        flight.failing_since = now
    if now - flight.failing_since < patience_seconds:
        return None
    return _refresh_failed(flight)


def _refresh_failed(flight: Flight) -> Landing:
    state = flight.latest
    return _failed(
        flight,
        "sync.failed",
        f"the controller could not refresh it ({state.shown_reason})",
        hint=f"kubectl describe externalsecret -n {state.ref.namespace} {state.ref.name} shows what its provider says",
    )


def _by_time(flight: Flight, state: ExternalSecretState, now: float) -> Landing | None:
    """Take the time of the refresh as proof, for controllers whose versions have another form, or never match."""
    if state.synced_version == flight.before.synced_version or not _is_after(flight, state):
        return None
    if flight.refreshed_since is None:
        flight.refreshed_since = now
    if state.has_known_version_form and now - flight.refreshed_since < UNKNOWN_FORM_SECONDS:
        return None
    return _finished(flight, "refresh-time")


def _is_after(flight: Flight, state: ExternalSecretState) -> bool:
    """Say whether the refresh began after our mark was set: times have whole seconds, so the same second is not after."""
    try:
        refreshed = from_text(state.refresh_time)
    except ValueError:
        return False
    return flight.asked_at < refreshed <= flight.asked_at + timedelta(seconds=flight.deadline - flight.started) + FUTURE_LEEWAY


def _failed(flight: Flight, code: str, message: str, *, hint: str = "", is_timeout: bool = False) -> Landing:
    return Landing(flight=flight, code=code, message=message, hint=hint, is_timeout=is_timeout)
