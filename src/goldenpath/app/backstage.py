"""What Backstage is given: the form that requests a secret, and the catalog of those that there are.

The form writes what ``request new`` writes. Backstage opens the pull request; neither it nor the form ever sees a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from goldenpath.app.author import Author, default_words, open_author
from goldenpath.app.revision import read_requests, require_clean
from goldenpath.app.services import Services
from goldenpath.app.steps import read_base
from goldenpath.app.working_tree import find_root
from goldenpath.errors import InvalidIntent
from goldenpath.intent.authoring import header_line
from goldenpath.intent.contract import load
from goldenpath.intent.folder import Folder
from goldenpath.intent.portal_file import file_template, next_id_template
from goldenpath.intent.portal_form import TTL_DEFAULT_DAYS, form_schema
from goldenpath.intent.reader import GOVERNANCE_LIMITS
from goldenpath.model.finding import Finding
from goldenpath.model.policy import Policy
from goldenpath.model.request import SecretRequest
from goldenpath.model.risk import TIERS
from goldenpath.model.settings import Settings
from goldenpath.policy.compiled import CompiledPolicy
from goldenpath.projection.backstage import CatalogPlaces, TemplateParts, render_catalog, render_template

TEMPLATE_FILE: Final = "backstage-secret-request.yaml"
"""At the root: Backstage reads the rest of the repository relative to it, and so finds the catalog without an address of its own."""
SKELETON: Final = "backstage/secret-request"
_ENTITY_NAME: Final = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9._-]*|\{service\}|\{environment\})(?:[A-Za-z0-9._-]|\{service\}|\{environment\})*"
)
_ADDRESS: Final = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?/[A-Za-z0-9._/-]*/")
_REPOSITORY: Final = re.compile(
    r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?\?(?:owner=[A-Za-z0-9._-]+&repo=|repo=[A-Za-z0-9._-]+&owner=)[A-Za-z0-9._-]+"
)
_GITHUB: Final = re.compile(r"https://api\.(?P<cloud>github\.com)|https?://(?P<server>[A-Za-z0-9.-]+(?::[0-9]+)?)/api/v3")


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalFiles:
    """The generated files by their path, and those of them that the working tree lacks or has otherwise; ``old`` holds what is there."""

    files: Mapping[str, bytes]
    stale: tuple[str, ...]
    old: Mapping[str, bytes | None]


def portal_files(directory: Path, *, repository: str = "", owner: str = "") -> PortalFiles:
    """Return the form and its file template for the platform that ``directory`` lies in.

    Args:
        directory: A folder of the platform.
        repository: Where the pull request is opened, in Backstage's words (``github.com?owner=acme&repo=platform``); by default the
            repository of the section ``forge``.
        owner: The team that answers for the form; by default ``platform-team``, or the first owner where there is none.

    Raises:
        InvalidIntent: ``backstage.repository-unknown``, ``backstage.owner-unknown``, ``platform.governance-unreadable``.
    """
    author = open_author(directory)
    folder = Folder(find_root(directory))
    policy = folder.read_file(author.settings.governance.policy, max_bytes=GOVERNANCE_LIMITS.max_bytes)
    files = render_portal(author, policy, repository=repository, owner=owner)
    old = {path: folder.read_file(path, max_bytes=GOVERNANCE_LIMITS.max_bytes) for path in files}
    return PortalFiles(files=files, stale=tuple(path for path in files if old[path] != files[path]), old=old)


def render_portal(author: Author, policy: bytes | None, *, repository: str = "", owner: str = "") -> dict[str, bytes]:
    """Return the form and its file template by their paths; ``policy`` is the platform's own, None where it has none.

    Other arguments and errors: as :func:`portal_files`.
    """
    root = author.settings.catalog.root
    parts = TemplateParts(
        form=form_schema(author.enums, defaults=_defaults(author), unrotated=_unrotated(author, policy)),
        repository=_stated(repository) or _repository(author.settings),
        branch=author.settings.governance.protected_branch,
        owner=_owner(author, owner),
        next_id=next_id_template(
            listing="steps.look.output.files", folder=f"platform/{root}/", floor=max(map(_number, author.tombstones.tombstones), default=0)
        ),
        skeleton=SKELETON,
    )
    place = f"{root}/${{{{ values.service }}}}/${{{{ values.environment }}}}/${{{{ values.id }}}}.yaml"
    header = header_line(place) if author.has_schema else ""
    return {TEMPLATE_FILE: render_template(parts), f"{SKELETON}/{place}": file_template(header=header).encode("utf-8")}


def write_portal_files(directory: Path, found: PortalFiles) -> None:
    """Bring the working tree up to date. Raises ``Conflict`` ``request.file-changed``, ``InvalidIntent`` ``intent.folder-unsafe``."""
    folder = Folder(find_root(directory))
    for path in found.stale:
        there = found.old[path]
        if there is None:
            folder.write_new(path, found.files[path])
        else:
            folder.write_over(path, found.files[path], expected=there)


def stale_findings(found: PortalFiles) -> tuple[Finding, ...]:
    """Return a finding for each file that is not what the contract and the platform's words make of it now."""
    return tuple(
        Finding(
            rule="backstage.not-current",
            level="block",
            message="the file is not what the contract and the platform's words make of it" if found.old[path] else "the file is not there",
            file=path,
            hint="run: goldenpath backstage template, and commit what it wrote",
        )
        for path in found.stale
    )


def portal_catalog(
    services: Services,
    *,
    environments: Sequence[str] = (),
    component: str = "",
    system: str = "",
    owner: str | None = None,
    source: str = "",
) -> bytes:
    """Return the entities of every request on the protected branch, of ``environments`` where any are named.

    Raises:
        InvalidIntent: ``backstage.name-invalid`` when a name or an address cannot stand in Backstage's catalog;
            ``intent.catalog-invalid`` when the catalog has faults.
    """
    base = read_base(services)
    found = read_requests(base.reader, base.governance)
    require_clean(found.findings, what="the catalog")
    _require_places(component, system, source)
    wanted = [entry for entry in found.entries if _is_wanted(entry.request, environments)]
    places = CatalogPlaces(component=component, system=system, source=source, owner=owner or "platform-team")
    return render_catalog([(entry.request, entry.path) for entry in wanted], settings=base.governance.settings, places=places)


def _is_wanted(request: SecretRequest, environments: Sequence[str]) -> bool:
    return request.spec.lifecycle.status != "decommissioned" and (not environments or request.environment in environments)


def _require_places(component: str, system: str, source: str) -> None:
    for option, name in (("--component", component), ("--system", system)):
        if name and not _ENTITY_NAME.fullmatch(name):
            raise InvalidIntent(
                "backstage.name-invalid",
                f"{option} is no name that an entity can have",
                hint="use letters, digits and - _ . with {service} or {environment} in it",
            )
    if source and not _ADDRESS.fullmatch(source):
        raise InvalidIntent(
            "backstage.name-invalid", "--source is no address of files", hint="such as https://github.com/acme/platform/blob/main/"
        )


def _defaults(author: Author) -> dict[str, Any]:
    words = default_words(author)
    stores = (name for environment in author.settings.environments.values() for name in environment.stores)
    return {
        "secretType": words["secret_type"],
        "tier": words["tier"],
        "rotationClass": words["rotation_class"],
        "provider": next(stores, "local"),
        "ttlDays": TTL_DEFAULT_DAYS,
        **({"owner": words["owner"]} if "owner" in words else {}),
    }


def _unrotated(author: Author, data: bytes | None) -> tuple[str, ...]:
    """Return the tiers that the platform's policy blocks without rotation; the shipped policy where it has none of its own."""
    path = author.settings.governance.policy
    policy = Policy(api_version="goldenpath.io/v1", kind="Policy") if data is None else load(data, Policy, file=path).value
    if policy is None:
        raise InvalidIntent("platform.governance-unreadable", f"{path} cannot be used", subject=path, hint="goldenpath validate")
    compiled = CompiledPolicy(policy, author.settings)
    return tuple(tier for tier in TIERS if compiled.rotation_none[tier] == "block")


def _stated(repository: str) -> str:
    if repository and not _REPOSITORY.fullmatch(repository):
        raise InvalidIntent(
            "backstage.repository-unknown",
            "the place of the pull request is not written as Backstage writes it",
            hint="such as --repository 'github.com?owner=acme&repo=platform'",
        )
    return repository


def stated_repository(settings: Settings) -> str:
    """Return the GitHub repository of the section ``forge`` in Backstage's words; empty where none is stated."""
    host = _GITHUB.fullmatch(settings.forge.url)
    if settings.forge.kind != "github" or host is None or not settings.forge.repository:
        return ""
    owner, _, name = settings.forge.repository.partition("/")
    return f"{host['cloud'] or host['server']}?owner={owner}&repo={name}"


def _repository(settings: Settings) -> str:
    found = stated_repository(settings)
    if not found:
        raise InvalidIntent(
            "backstage.repository-unknown",
            "it is not stated on which GitHub the pull request is opened; Backstage opens none on other forges by itself",
            subject="goldenpath.yaml",
            hint="set forge.url and forge.repository, or pass --repository 'github.com?owner=acme&repo=platform'",
        )
    return found


def _owner(author: Author, owner: str) -> str:
    chosen = owner or ("platform-team" if "platform-team" in author.enums.owners else author.enums.owners[0])
    if chosen not in author.enums.owners:
        raise InvalidIntent(
            "backstage.owner-unknown", "the form's owner is none of the platform's owners", hint=f"one of: {', '.join(author.enums.owners)}"
        )
    return chosen


def _number(stone: Any) -> int:
    return int(stone.id.partition("-")[2])
