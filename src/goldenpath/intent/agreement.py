"""Path and content say the same, and so do a request and its sidecar (R7, D5)."""

from __future__ import annotations

from goldenpath.intent.contract import locate
from goldenpath.intent.layout import Place
from goldenpath.model.finding import Finding
from goldenpath.model.request import SecretRequest
from goldenpath.model.sidecar import Sidecar


def check_entry(place: Place, request: SecretRequest, data: bytes) -> tuple[Finding, ...]:
    """Return a finding for each of service, environment and id in which the file's path and its content differ."""
    meta = request.metadata
    if meta.service == place.service and meta.environment == place.environment and meta.id == place.id:
        return ()
    stated = (("service", meta.service, place.service), ("environment", meta.environment, place.environment), ("id", meta.id, place.id))
    return tuple(_path_finding(place, data, name, says, path_says) for name, says, path_says in stated if says != path_says)


def check_sidecar(place: Place, sidecar: Sidecar, data: bytes) -> tuple[Finding, ...]:
    """Return a finding for each of service, environment and id in which the sidecar's path and its content differ."""
    meta = sidecar.metadata
    stated = (("service", meta.service, place.service), ("environment", meta.environment, place.environment), ("id", meta.id, place.id))
    return tuple(_path_finding(place, data, name, says, path_says) for name, says, path_says in stated if says not in {None, path_says})


def check_pair(request: SecretRequest, sidecar: Sidecar, *, request_path: str, place: Place, data: bytes) -> tuple[Finding, ...]:
    """Return a finding for each field that request and sidecar both state and in which they differ; ``data`` is the sidecar's."""
    risk = sidecar.spec.risk
    stated = (
        ("metadata.owner", sidecar.metadata.owner, request.metadata.owner),
        ("metadata.service", sidecar.metadata.service, request.metadata.service),
        ("metadata.environment", sidecar.metadata.environment, request.metadata.environment),
        ("spec.risk.tier", None if risk is None else risk.tier, request.spec.risk.tier),
    )
    return tuple(
        _finding(
            place,
            data,
            field,
            "intent.sidecar-mismatch",
            f"the sidecar says '{says}', the request says '{request_says}'",
            got=f"'{says}'",
            expected=f"'{request_says}'",
            related=(request_path,),
        )
        for field, says, request_says in stated
        if says not in {None, request_says}
    )


def orphan_sidecar(place: Place) -> Finding:
    """Return the finding for a sidecar without its request."""
    return Finding(
        rule="intent.sidecar-orphan",
        level="block",
        message=f"there is no {place.id}.yaml beside this sidecar",
        file=place.path,
        expected="a request with the same id in the same folder",
        hint="delete the sidecar, or restore the request; deleting a file never decommissions a secret",
    )


def _path_finding(place: Place, data: bytes, name: str, says: str | None, path_says: str) -> Finding:
    return _finding(
        place,
        data,
        f"metadata.{name}",
        "intent.path-mismatch",
        f"the content says '{says}', the path says '{path_says}'",
        got=f"'{says}'",
        expected=f"'{path_says}'",
    )


def _finding(
    place: Place, data: bytes, field: str, rule: str, message: str, *, got: str, expected: str, related: tuple[str, ...] = ()
) -> Finding:
    line, column = locate(data, field)
    return Finding(
        rule=rule,
        level="block",
        message=f"{field}: {message}",
        subject=place.id,
        file=place.path,
        line=line,
        column=column,
        field=field,
        got=got,
        expected=expected,
        hint="make both say the same",
        related=related,
    )
