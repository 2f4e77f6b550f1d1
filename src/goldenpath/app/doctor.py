"""Looks at the surroundings and says what is missing and how to fix it. It changes nothing, not even a folder.

Every check answers for itself: one that cannot run is a failed check with its own fix, and the others still run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from goldenpath.app.audit_log import verify_audit
from goldenpath.app.protected import protected_tip
from goldenpath.app.revision import read_governance
from goldenpath.app.services import Services
from goldenpath.errors import GoldenpathError, NotFound
from goldenpath.model.base import Record
from goldenpath.ports.surroundings import Surroundings

CheckState = Literal["ok", "warn", "fail"]

PYTHON_MIN = (3, 11)
GIT_MIN = (2, 34)
"""The first git that signs and verifies with SSH keys."""
FREE_MIN_BYTES = 100 * 1024 * 1024
CLOCK_LEEWAY_SECONDS = 300
_PRIVATE_BITS = 0o077


class Check(Record, frozen=True, kw_only=True):
    """One look at one thing. ``fix`` is the next command or step; empty when nothing is wrong."""

    name: str
    state: CheckState
    message: str
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What is examined: the machine, and the platform when it could be opened."""

    surroundings: Surroundings
    services: Services


def examine(surroundings: Surroundings, open_services: Callable[[], Services]) -> tuple[Check, ...]:
    """Return every check, in a fixed order; the platform's own are one failed check when it cannot be opened."""
    machine = tuple(check(surroundings) for check in (_python, _git, _ssh_keygen, _libyaml))
    try:
        services = open_services()
    except GoldenpathError as error:
        return (*machine, failed_check("repository", error))
    patient = Patient(surroundings=surroundings, services=services)
    return (*machine, *(result for name, check in _PLATFORM_CHECKS for result in _guarded(name, check, patient)))


def _guarded(name: str, check: Callable[[Patient], Iterator[Check]], patient: Patient) -> tuple[Check, ...]:
    if patient.services.is_offline and name in _ASKING_OUTSIDE:
        return (_not_looked_at(name),)
    try:
        return tuple(check(patient))
    except GoldenpathError as error:
        return (failed_check(name, error),)


def _not_looked_at(name: str) -> Check:
    return Check(name=name, state="warn", message="not looked at: --offline", fix="run doctor again without --offline")


def failed_check(name: str, error: GoldenpathError) -> Check:
    """Return the check that could not be made, with what its error says."""
    return Check(name=name, state="fail", message=str(error), fix=error.hint or f"goldenpath explain {error.code}")


def _python(surroundings: Surroundings) -> Check:
    version = surroundings.python_version()
    if version[:2] < PYTHON_MIN:
        return Check(name="python", state="fail", message=f"Python {_dotted(version)} is too old", fix="install Python 3.11 or newer")
    return Check(name="python", state="ok", message=f"Python {_dotted(version)}")


def _git(surroundings: Surroundings) -> Check:
    found = re.search(r"(\d+)\.(\d+)", surroundings.tool_output(["git", "--version"]) or "")
    if found is None:
        return Check(name="git", state="fail", message="git is not on PATH", fix=f"install git {_dotted(GIT_MIN)} or newer")
    version = (int(found[1]), int(found[2]))
    if version < GIT_MIN:
        message = f"git {_dotted(version)} cannot verify SSH signatures"
        return Check(name="git", state="fail", message=message, fix=f"install git {_dotted(GIT_MIN)} or newer")
    return Check(name="git", state="ok", message=f"git {_dotted(version)}")


def _ssh_keygen(surroundings: Surroundings) -> Check:
    said = surroundings.tool_output(["ssh-keygen", "-Y", "verify"])
    if said is None:
        return Check(name="ssh-keygen", state="fail", message="ssh-keygen is not on PATH", fix="install the OpenSSH client, 8.2 or newer")
    if "unknown option" in said or "illegal option" in said:
        return Check(name="ssh-keygen", state="fail", message="ssh-keygen cannot check signatures", fix="install OpenSSH 8.2 or newer")
    return Check(name="ssh-keygen", state="ok", message="ssh-keygen signs and checks")


def _libyaml(surroundings: Surroundings) -> Check:
    if surroundings.has_libyaml():
        return Check(name="libyaml", state="ok", message="PyYAML uses libyaml")
    fix = "install PyYAML from a wheel, or with the libyaml headers present"
    return Check(name="libyaml", state="fail", message="PyYAML has no C parser; the strict reader needs it", fix=fix)


def _repository(patient: Patient) -> Iterator[Check]:
    yield Check(name="repository", state="ok", message=f"platform repository {patient.services.root.name}")


def _settings(patient: Patient) -> Iterator[Check]:
    services = patient.services
    if services.settings_commit:
        yield Check(name="settings", state="ok", message=f"goldenpath.yaml of the protected branch, {services.settings_commit[:12]}")
    elif patient.surroundings.permissions(services.root / "goldenpath.yaml") is None:
        fix = "go to your platform repository, or make one to try: goldenpath demo"
        yield Check(name="settings", state="fail", message="this repository has no goldenpath.yaml", fix=fix)
    else:
        if _has_commits(services):
            protected_tip(services.repository(), services.settings)  # its error says what is missing
        message = "no goldenpath.yaml on the protected branch yet; the working tree counts until there is one"
        yield Check(name="settings", state="warn", message=message, fix="commit goldenpath.yaml to the protected branch")


def _has_commits(services: Services) -> bool:
    try:
        return bool(services.repository().resolve("HEAD"))
    except NotFound:
        return False


def _catalog(patient: Patient) -> Iterator[Check]:
    root = patient.services.settings.catalog.root
    count = sum(1 for path in patient.surroundings.entries(patient.services.root / root) if path.name.endswith(".yaml"))
    if count:
        yield Check(name="catalog", state="ok", message=f"{count} files below {root}")
    else:
        yield Check(name="catalog", state="warn", message=f"no request below {root}", fix="goldenpath request new --help")


def _protection(patient: Patient) -> Iterator[Check]:
    services = patient.services
    branch = services.settings.governance.protected_branch
    remote = patient.surroundings.git_setting(services.root, "remote.origin.url")
    if not remote:
        fix = f"push to a forge and protect {branch} there: reviews required, no force push, no deletion"
        yield Check(name="branch protection", state="warn", message=f"no remote: only this clone guards {branch}", fix=fix)
        return
    message = f"{branch} has a remote; whether it is protected is known to the forge only"
    yield Check(name="branch protection", state="ok", message=message, fix="require reviews there, and forbid force pushes and deletion")


def _approvers(patient: Patient) -> Iterator[Check]:
    services = patient.services
    path = services.settings.governance.approvers
    reader = services.repository()
    if services.settings_commit and reader.read_file(services.settings_commit, path) is None:
        yield Check(name="approvers", state="fail", message=f"{path} is not on the protected branch", fix="write it: docs/how-to")
    else:
        yield Check(name="approvers", state="ok", message=path)


def _reviews(patient: Patient) -> Iterator[Check]:
    """Where reviews count: is the forge stated, does it answer to this token, and has everybody who can approve an account there?"""
    services = patient.services
    settings = services.settings
    if not settings.approvals.counts_reviews:
        return
    if not settings.forge.is_stated:
        fix = "set forge.url and forge.repository in goldenpath.yaml"
        yield Check(name="reviews", state="fail", message="reviews count, and the settings do not name the forge", fix=fix)
        return
    if services.is_offline:
        yield _not_looked_at("reviews")
        return
    services.forge(settings.forge).open_pull_requests(settings.governance.protected_branch)
    yield Check(name="reviews", state="ok", message=f"{settings.forge.repository} at {settings.forge.url} answers")
    people = read_governance(services.repository(), services.settings_commit).approvers.people if services.settings_commit else ()
    without = sorted(
        each.id for each in people if (each.roles or each.owners) and not each.is_bot and not each.logins.get(settings.forge.kind)
    )
    if without:
        fix = f"add logins.{settings.forge.kind} to {settings.governance.approvers}; docs/how-to/connect-a-forge.md"
        yield Check(name="reviews", state="warn", message=f"no account is listed for {', '.join(without[:10])}", fix=fix)


def _signing(patient: Patient) -> Iterator[Check]:
    if patient.surroundings.git_setting(patient.services.root, "user.signingkey"):
        yield Check(name="signing key", state="ok", message="git knows a signing key for approvals")
    else:
        fix = "git config gpg.format ssh && git config user.signingkey ~/.ssh/id_ed25519.pub, or approve with --key"
        yield Check(name="signing key", state="warn", message="git knows no signing key; approving needs one", fix=fix)


def _state(patient: Patient) -> Iterator[Check]:
    services, surroundings = patient.services, patient.surroundings
    folder = services.root / services.settings.state.directory
    if surroundings.permissions(folder) is None:
        yield Check(name="state", state="ok", message=f"{services.settings.state.directory} is made by the first apply")
        return
    loose = [path for path in (folder, *surroundings.entries(folder)) if _is_loose(surroundings, path)]
    if loose:
        names = ", ".join(sorted(path.name for path in loose)[:5])
        fix = f"chmod -R go-rwx {services.settings.state.directory}"
        yield Check(name="state", state="fail", message=f"others may use {names}", fix=fix)
    else:
        yield Check(name="state", state="ok", message=f"{services.settings.state.directory}: keys, journal and store are private")
    yield from _ignored(patient, folder)


def _databases(patient: Patient) -> Iterator[Check]:
    """Open what is there: a damaged store or a lost key shows here and not in the middle of an apply."""
    folder = patient.services.root / patient.services.settings.state.directory
    names = sorted(path.stem for path in patient.surroundings.entries(folder) if path.parent == folder and path.suffix == ".db")
    for name in names:
        provider, _, environment = name.rpartition("-")
        if provider:
            patient.services.store(environment, provider).identity()
        else:
            patient.services.journal().recall("")
    if names:
        yield Check(name="databases", state="ok", message=f"{', '.join(names)} can be opened")


def _is_loose(surroundings: Surroundings, path: Path) -> bool:
    found = surroundings.permissions(path)
    return found is not None and (bool(found.mode & _PRIVATE_BITS) or not found.is_own)


def _ignored(patient: Patient, folder: Path) -> Iterator[Check]:
    root = patient.services.root
    if not folder.is_relative_to(root):
        return
    if not patient.surroundings.tool_output(["git", "-C", str(root), "check-ignore", str(folder)]):
        name = folder.relative_to(root)
        yield Check(name="state", state="fail", message=f"git does not ignore {name}", fix=f"echo '/{name}/' >> .gitignore")


def _space(patient: Patient) -> Iterator[Check]:
    free = patient.surroundings.free_bytes(patient.services.root / patient.services.settings.state.directory)
    message = f"{free // (1024 * 1024)} MiB free for journal and audit log"
    if free < FREE_MIN_BYTES:
        yield Check(name="disk", state="warn", message=message, fix="free some space: without it nothing is audited, so nothing is done")
    else:
        yield Check(name="disk", state="ok", message=message)


def _gitops(patient: Patient) -> Iterator[Check]:
    where = patient.services.settings.delivery.repository
    head = patient.services.manifests().head()
    yield Check(name="gitops", state="ok", message=f"{where} answers" + (f", at {head[:12]}" if head else ", still empty"))


def _clock(patient: Patient) -> Iterator[Check]:
    services = patient.services
    asked = ["git", "-C", str(services.root), "log", "-1", "--format=%ct", services.settings_commit]
    said = patient.surroundings.tool_output(asked) if services.settings_commit else None
    behind = int(said) - services.clock.now().timestamp() if said and said.isdigit() else 0.0
    if behind > CLOCK_LEEWAY_SECONDS:
        message = f"this clock is {behind:.0f} s behind the newest commit"
        yield Check(name="clock", state="fail", message=message, fix="set the clock (NTP); expiry and audit times depend on it")
    else:
        yield Check(name="clock", state="ok", message=f"{services.clock.now():%Y-%m-%dT%H:%M:%SZ}, not behind the newest commit")


def _audit(patient: Patient) -> Iterator[Check]:
    folder = patient.services.audit_folder()
    found = patient.surroundings.permissions(folder)
    if found is not None and not (found.is_folder and found.is_writable):
        message = f"{folder} is {'not writable' if found.is_folder else 'no folder'}, so nothing can be recorded and nothing is done"
        yield Check(name="audit", state="fail", message=message, fix=f"make {folder} a folder that only you can write to")
        return
    if not patient.surroundings.entries(folder):
        yield Check(name="audit", state="ok", message="no record yet")
        return
    report = verify_audit(patient.services)
    if report.is_intact:
        yield Check(name="audit", state="ok", message=f"{report.records} records, an unbroken chain up to {report.last_seq}")
        return
    first = report.problems[0]
    message = f"{report.problem_count} problems, the first at record {first.seq}: {first.message} [{first.code}]"
    yield Check(name="audit", state="fail", message=message, fix="goldenpath audit verify; keep the log as it is for the inquiry")


_PLATFORM_CHECKS: tuple[tuple[str, Callable[[Patient], Iterator[Check]]], ...] = (
    ("repository", _repository),
    ("settings", _settings),
    ("catalog", _catalog),
    ("branch protection", _protection),
    ("approvers", _approvers),
    ("reviews", _reviews),
    ("signing key", _signing),
    ("state", _state),
    ("databases", _databases),
    ("disk", _space),
    ("gitops", _gitops),
    ("clock", _clock),
    ("audit", _audit),
)


_ASKING_OUTSIDE = frozenset({"databases", "gitops"})
"""Checks that open a store or ask a remote."""


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
