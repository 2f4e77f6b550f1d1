"""Opens the forge that a section ``forge`` names. Nothing is sent yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import msgspec

from goldenpath.errors import Misconfigured
from goldenpath.model.forge_settings import ForgeSettings
from goldenpath.ports.clock import Clock, Entropy
from goldenpath.ports.forge import Forge
from goldenpath.providers.forge.calls import TRIES, Authority, ForgeCalls
from goldenpath.providers.forge.credentials import InstallationToken, app_key_of, token_of
from goldenpath.providers.forge.gitea import GiteaForge
from goldenpath.providers.forge.github import GitHubForge
from goldenpath.providers.forge.transport import Transport

GITHUB: Final = "https://api.github.com"
ADDRESS_VARIABLE: Final = "GITHUB_API_URL"
REPOSITORY_VARIABLE: Final = "GITHUB_REPOSITORY"
_HEADERS: Final[Mapping[str, Mapping[str, str]]] = {
    "github": {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"},
    "gitea": {"Accept": "application/json"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeOptions:
    """What it takes to open a forge. ``retry_limit`` is how often one call is sent again at most."""

    settings: ForgeSettings
    clock: Clock
    entropy: Entropy
    variables: Mapping[str, str]
    retry_limit: int | None = None


def open_forge(options: ForgeOptions) -> Forge:
    """Return the forge.

    Raises:
        Misconfigured: ``forge.not-configured``, ``forge.token-missing``, ``forge.app-key-unusable``, ``forge.unencrypted``,
            ``forge.client-missing``.
    """
    settings = options.settings
    address, repository = _address(options), _repository(options)
    transport = Transport(address, headers=_HEADERS[settings.kind], clock=options.clock, variables=options.variables)
    calls = _calls(options, transport, _authority(options, transport, repository))
    name = urlsplit(address).netloc
    if settings.kind == "gitea":
        return GiteaForge(calls, repository=repository, name=name)
    return GitHubForge(calls, repository=repository, name=name)


def _calls(options: ForgeOptions, transport: Transport, authority: Authority) -> ForgeCalls:
    return ForgeCalls(
        transport,
        authority,
        clock=options.clock,
        entropy=options.entropy,
        size_word="limit" if options.settings.kind == "gitea" else "per_page",
        tries=TRIES if options.retry_limit is None else min(TRIES, options.retry_limit + 1),
    )


def _authority(options: ForgeOptions, transport: Transport, repository: str) -> Authority:
    settings = options.settings
    if not settings.app:
        return token_of(options.variables)
    app = _calls(options, transport, app_key_of(options.variables, settings.app, options.clock))
    return InstallationToken(app, repository=repository, installation=settings.installation, clock=options.clock)


def _address(options: ForgeOptions) -> str:
    if options.settings.url:
        return options.settings.url
    if options.settings.kind == "gitea":
        raise _not_configured("forge.url")
    return _checked("url", options.variables.get(ADDRESS_VARIABLE, "").rstrip("/"), ADDRESS_VARIABLE) or GITHUB


def _repository(options: ForgeOptions) -> str:
    stated = options.settings.repository
    found = stated or _checked("repository", options.variables.get(REPOSITORY_VARIABLE, ""), REPOSITORY_VARIABLE)
    if not found:
        raise _not_configured("forge.repository")
    return found


def _checked(field: str, text: str, variable: str) -> str:
    """Return what a variable of the workflow says, held to what the setting accepts."""
    try:
        msgspec.convert({field: text}, ForgeSettings)
    except msgspec.ValidationError:
        raise Misconfigured(
            "forge.not-configured",
            f"{variable} does not fit the setting forge.{field}",
            subject=variable,
            hint="state it in goldenpath.yaml",
        ) from None
    return text


def _not_configured(setting: str) -> Misconfigured:
    return Misconfigured(
        "forge.not-configured",
        f"it is not stated where pull requests live: {setting} is missing",
        subject=setting,
        hint="set forge.kind, forge.url and forge.repository in goldenpath.yaml",
    )
