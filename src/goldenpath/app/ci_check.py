"""Is every declared secret there before a build needs it (seed 004, CI/CD)? Names and states only; no value is read.

Two places can be asked: the stores, whether a version exists, and this process's environment, whether each declared key is set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from goldenpath.app.protected import protected_tip
from goldenpath.app.revision import read_governance, read_requests, require_clean
from goldenpath.app.services import Services
from goldenpath.app.status import value_state
from goldenpath.app.trail import joins_of, open_trail
from goldenpath.errors import NotFound
from goldenpath.model.audit import Target
from goldenpath.model.finding import Finding
from goldenpath.model.lifecycle import PROJECTED_STATES
from goldenpath.model.naming import store_ref
from goldenpath.model.request import SecretRequest

AWAITING = "ci.value-awaited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which requests a build needs: those of an environment, of one service, or by id."""

    environment: str
    service: str = ""
    request_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """What was asked for and what is missing. ``keys`` counts the declared keys."""

    requests: tuple[str, ...]
    keys: int
    findings: tuple[Finding, ...]

    @property
    def is_only_awaiting(self) -> bool:
        """True when all that is missing are first values, which a person has to bring."""
        return bool(self.findings) and all(finding.rule == AWAITING for finding in self.findings)


def check_presence(services: Services, wanted: Wanted) -> Presence:
    """Ask the stores whether each wanted request has a current version.

    Raises:
        NotFound: ``ci.nothing-wanted`` when no request fits: a build that checks nothing must not pass for checked.
    """
    requests = _wanted_requests(services, wanted)
    commit = services.settings_commit
    with open_trail(services).operation(
        "secret.list", target=Target(environment=wanted.environment), joins=joins_of(services, commit=commit)
    ) as listed:
        findings = tuple(finding for request in requests for finding in _in_store(services, request))
        listed.add_detail("records", str(len(requests)))
    return _presence(requests, findings)


def check_environment(services: Services, wanted: Wanted, *, prefix: str = "", variables: Mapping[str, str] | None = None) -> Presence:
    """Say which declared keys are not set, or are empty, in the environment of this process.

    Raises:
        NotFound: ``ci.nothing-wanted``.
    """
    requests = _wanted_requests(services, wanted)
    found = services.environment_variables if variables is None else variables
    return _presence(requests, tuple(finding for request in requests for finding in _in_environment(request, found, prefix)))


def _presence(requests: Sequence[SecretRequest], findings: tuple[Finding, ...]) -> Presence:
    return Presence(
        requests=tuple(request.id for request in requests),
        keys=sum(len(request.spec.keys) for request in requests),
        findings=findings,
    )


def _wanted_requests(services: Services, wanted: Wanted) -> tuple[SecretRequest, ...]:
    reader = services.repository()
    catalog = read_requests(reader, read_governance(reader, protected_tip(reader, services.settings)))
    require_clean(catalog.findings, what="the catalog")
    found = tuple(entry.request for entry in catalog.entries if _is_wanted(entry.request, wanted))
    unknown = sorted(set(wanted.request_ids) - {request.id for request in found})
    if unknown or not found:
        raise NotFound(
            "ci.nothing-wanted",
            f"no active request fits: {', '.join(unknown) or wanted.service or wanted.environment}",
            hint="goldenpath status lists the requests of the protected branch",
        )
    return found


def _is_wanted(request: SecretRequest, wanted: Wanted) -> bool:
    return (
        request.environment == wanted.environment
        and request.spec.lifecycle.status in PROJECTED_STATES
        and (not wanted.service or request.metadata.service == wanted.service)
        and (not wanted.request_ids or request.id in wanted.request_ids)
    )


def _in_store(services: Services, request: SecretRequest) -> Iterator[Finding]:
    ref = store_ref(request, prefix=services.settings.naming.prefix)
    state = value_state(request, services.store(ref.environment, ref.provider).describe(ref))
    if state == "awaiting-value":
        yield _missing(AWAITING, request, "it has no value yet", hint=f"goldenpath seed {request.id}")
    elif state != "present":
        yield _missing("ci.secret-missing", request, f"its record is not usable: {state}", hint=f"goldenpath trace {request.id}")


def _in_environment(request: SecretRequest, variables: Mapping[str, str], prefix: str) -> Iterator[Finding]:
    names = [key.name for key in request.spec.keys]
    if not names:
        yield _missing("ci.no-keys", request, "it declares no key, so nothing can be looked for", hint="declare its keys under spec.keys")
    for name in _unset(names, variables, prefix):
        what = "is not set" if prefix + name not in variables else "is empty"
        hint = f"set it in the job from a secret, or run the step under: goldenpath exec {request.id} -- ..."
        yield _missing("ci.key-missing", request, f"the variable {prefix}{name} {what}", field=name, hint=hint)


def _unset(names: Iterable[str], variables: Mapping[str, str], prefix: str) -> list[str]:
    return [name for name in names if not variables.get(prefix + name, "").strip()]


def _missing(rule: str, request: SecretRequest, message: str, *, hint: str, field: str = "") -> Finding:
    return Finding(
        rule=rule, level="block", message=f"{request.id} ({request.metadata.name}): {message}", subject=request.id, field=field, hint=hint
    )
