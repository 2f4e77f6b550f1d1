"""Hands generated files over to the GitOps repository. Renders nothing, forces nothing, deletes nothing that it did not make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from goldenpath.delivery.compare import Difference, Files, compare
from goldenpath.delivery.message import DeliveryMessage
from goldenpath.delivery.outline import Outline
from goldenpath.errors import Conflict
from goldenpath.model.receipt import DeliveryReceipt
from goldenpath.model.settings import DeliverySettings
from goldenpath.ports.repository import ManifestRepository

Rendering = Callable[[Mapping[str, bytes]], Files]
"""Makes the files, given what is in the repository: {path: content}."""

PUSH_RACE = "delivery.push-race"
_SHOWN = 20


def _silent(_message: str) -> None:
    return


def publish(
    target: ManifestRepository,
    files: Files | Rendering,
    *,
    settings: DeliverySettings,
    message: DeliveryMessage,
    tenants: str = "",
    accept_drift: bool = False,
    seen: Outline | None = None,
    progress: Callable[[str], None] = _silent,
) -> DeliveryReceipt:
    """Commit the difference between ``files`` and what is there; no commit when there is none.

    Args:
        target: The repository.
        files: {place: {path: content}}, or how to make it: called again on the new head after a lost race (R23), so that
            a caller can refuse to go on when it has lost its lease. Other places are left alone.
        settings: Folder, branch and number of attempts.
        message: Subject and trailers of the commit.
        tenants: The folder of the places that are no environments; empty without any.
        accept_drift: Overwrite generated files that were edited by hand; the receipt names them.
        seen: What a person was shown and agreed to; anything beyond it is refused, also after a lost race. None: nobody looked.
        progress: Told about each attempt.

    Raises:
        Conflict: ``delivery.drift`` (a generated file was edited by hand), ``delivery.foreign-file`` (a file of somebody else is in
            the way), ``delivery.not-seen``, ``delivery.listing-invalid``, or ``delivery.push-race`` after the last attempt.
            Nothing was committed.
        GoldenpathError: Whatever the repository raises.
    """
    text = message.text
    for attempt in range(1, settings.attempts + 1):
        head = target.head()
        current = read_places(target, settings=settings, tenants=tenants)
        difference = compare(current, files(current) if callable(files) else files, directory=settings.directory)
        _require_decided(difference, accept_drift=accept_drift)
        require_seen(difference, seen)
        if not difference.writes and not difference.removals:
            return _receipt(settings, difference, "")
        progress(f"committing {len(difference.writes)} files to {settings.repository} ({settings.branch})")
        try:
            commit = target.commit(expected_head=head, writes=difference.writes, removals=difference.removals, message=text)
        except Conflict as conflict:
            if conflict.code != PUSH_RACE or attempt == settings.attempts:
                raise
            # No pause: each lost race means that somebody else's commit is in.
            progress(f"the branch moved; generating anew ({attempt} of {settings.attempts})")
        else:
            return _receipt(settings, difference, commit)
    raise AssertionError("unreachable: the last attempt returns or raises")


def preview_delivery(target: ManifestRepository, files: Files | Rendering, *, settings: DeliverySettings, tenants: str = "") -> Difference:
    """Return what :func:`publish` would change, drift and foreign files included; changes nothing."""
    target.head()
    current = read_places(target, settings=settings, tenants=tenants)
    return compare(current, files(current) if callable(files) else files, directory=settings.directory)


def read_places(target: ManifestRepository, *, settings: DeliverySettings, tenants: str = "") -> dict[str, bytes]:
    """Return {path: content} of all that lies below the folder of the environments, and below that of the tenants."""
    return {path: content for folder in (settings.directory, tenants) if folder for path, content in target.read_tree(folder).items()}


def require_seen(difference: Difference, seen: Outline | None) -> None:
    """Refuse to commit what the person who agreed was not shown (R19); ``seen`` is None when nobody looked.

    Raises:
        Conflict: ``delivery.not-seen``.
    """
    beyond = () if seen is None else difference.outline.beyond(seen)
    if beyond:
        raise Conflict(
            "delivery.not-seen",
            f"generated files are no longer those that were shown: {_shown(beyond)}",
            subject=beyond[0],
            hint="run again and look at what would be committed now",
        )


def _require_decided(difference: Difference, *, accept_drift: bool) -> None:
    if difference.foreign:
        raise Conflict(
            "delivery.foreign-file",
            f"files that were not generated are in the way: {_shown(difference.foreign)}",
            subject=difference.foreign[0],
            hint="move them away in a commit of their own, then run again",
        )
    if difference.drift and not accept_drift:
        raise Conflict(
            "delivery.drift",
            f"generated files were changed by hand: {_shown(difference.drift)}",
            subject=difference.drift[0],
            hint="bring the change into the request, revert it, or accept the drift to overwrite it",
        )


def _shown(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(repr(path) for path in paths[:_SHOWN]) + more


def _receipt(settings: DeliverySettings, difference: Difference, commit: str) -> DeliveryReceipt:
    return DeliveryReceipt(
        repository=settings.repository,
        branch=settings.branch,
        commit=commit,
        written=tuple(sorted(difference.writes)) if commit else (),
        removed=difference.removals if commit else (),
        unchanged=difference.unchanged,
        drift=difference.drift,
    )
