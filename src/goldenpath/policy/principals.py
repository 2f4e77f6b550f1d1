"""The principals of a request, and what can be wrong with them (R16). Needs no base and no policy file, so ``validate`` can ask too.

It does not compare sides: who gains access in a change is a rule of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from msgspec import structs

from goldenpath.model.finding import Finding
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.policy.arn import Principal, parse_principal

INVALID = "policy.principal-invalid"
ACCOUNT = "policy.principal-account"
OVERLAP = "policy.principal-overlap"

LISTS = (
    ("spec.access.readPrincipals", "read_principals"),
    ("spec.access.writePrincipals", "write_principals"),
    ("spec.access.breakGlassPrincipals", "break_glass_principals"),
)


class Entry(NamedTuple):
    """One entry: the list and index that a reader finds it at, and what it says."""

    field: str
    principal: Principal


def entries_of(request: SecretRequest) -> tuple[Entry, ...]:
    """Return the entries of all three lists in reading order."""
    access = request.spec.access
    return _entries(access.read_principals, access.write_principals, access.break_glass_principals)


@lru_cache(maxsize=1024)
def _entries(*lists: tuple[str, ...]) -> tuple[Entry, ...]:
    # remembered: three rules ask in turn, and requests of one service mostly name the same principals
    return tuple(
        Entry(f"{field}[{index}]", parse_principal(text))
        for (field, _attribute), principals in zip(LISTS, lists, strict=True)
        for index, text in enumerate(principals)
    )


def accounts_of(settings: Settings, environment: str) -> frozenset[str] | None:
    """Return the accounts whose principals may be named in an environment; None when the platform has named none for any of them.

    A platform that has named accounts for one environment has said what belongs where: there, an environment without any takes nobody.
    """
    named = {name: frozenset(filter(None, (each.account, *each.allowed_accounts))) for name, each in settings.environments.items()}
    return named.get(environment, frozenset()) if any(named.values()) else None


def principal_findings(request: SecretRequest, settings: Settings, *, file: str) -> tuple[Finding, ...]:
    """Return every fault of the request's principals, each with its list and index."""
    entries = entries_of(request)
    if not entries:
        return ()
    allowed = accounts_of(settings, request.environment)
    return (*invalid(entries, request, file), *foreign(entries, request, file, allowed), *repeated(entries, request, file))


def invalid(entries: Iterable[Entry], request: SecretRequest, file: str) -> Iterator[Finding]:
    """Yield a finding for every entry that could mean more than one identity."""
    for entry in entries:
        if entry.principal.fault:
            yield _finding(
                INVALID,
                request,
                file,
                entry,
                f"principal {entry.principal.fault}",
                expected="arn:aws:iam::<12 digits>:role/<name> or :user/<name>",
                hint="name each role or user by its full ARN",
            )


def foreign(entries: Iterable[Entry], request: SecretRequest, file: str, allowed: frozenset[str] | None) -> Iterator[Finding]:
    """Yield a finding for every entry of an account outside ``allowed``; where no accounts are named, one warning."""
    environment = request.environment
    if allowed is None:
        yield from _unnamed(entries, request, file)
        return
    for entry in entries:
        if entry.principal.account and entry.principal.account not in allowed:
            yield _finding(
                ACCOUNT,
                request,
                file,
                entry,
                f"account {entry.principal.account} is not allowed in {environment}",
                expected=f"an account of {environment}: {', '.join(sorted(allowed)) or 'none is configured'}",
                hint=f"use a principal of that environment, or have the account added to environments.{environment} in goldenpath.yaml",
            )


def _unnamed(entries: Iterable[Entry], request: SecretRequest, file: str) -> Iterator[Finding]:
    first = next((entry for entry in entries if entry.principal.account), None)
    if first is not None:
        finding = _finding(
            ACCOUNT,
            request,
            file,
            first,
            "goldenpath.yaml names no account for any environment, so nobody can tell whether these principals belong here",
            expected=f"environments.{request.environment}.account",
            hint="name the account of each environment in goldenpath.yaml; from then on principals of other accounts are refused",
        )
        yield structs.replace(finding, level="warn")


def repeated(entries: Iterable[Entry], request: SecretRequest, file: str) -> Iterator[Finding]:
    """Yield a finding for the second mention of a principal, in whichever list."""
    first: dict[str, str] = {}
    for entry in entries:
        earlier = first.setdefault(entry.principal.key, entry.field)
        if earlier != entry.field:
            yield _finding(
                OVERLAP,
                request,
                file,
                entry,
                f"the same principal is already in {earlier}",
                expected="each principal once, in one of the three lists",
                hint="use a role of its own for each kind of access",
            )


def _finding(rule: str, request: SecretRequest, file: str, entry: Entry, message: str, *, expected: str, hint: str) -> Finding:
    return Finding(
        rule=rule,
        level="block",
        message=message,
        subject=request.id,
        file=file,
        field=entry.field,
        got=entry.principal.text,
        expected=expected,
        hint=hint,
    )
