"""Where an API server is and how one logs in to it, as a kubeconfig or a pod's service account say it. Nothing here prints."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from goldenpath.model.secret import SecretValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An API server. ``authority`` is PEM; None trusts what this machine trusts. ``proxy`` is empty where the environment decides.

    ``is_unverified`` means that the server's certificate is not checked at all.
    """

    server: str
    authority: bytes | None = None
    tls_name: str = ""
    proxy: str = ""
    is_unverified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecPlugin:
    """A program that hands out credentials (``client.authentication.k8s.io``), as kubectl runs it."""

    api_version: str
    command: str
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    interactive: str = "IfAvailable"
    cluster: dict[str, Any] | None = field(default=None, repr=False)
    install_hint: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A client certificate and its key, in PEM."""

    chain: bytes
    key: SecretValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Every way to log in that a user entry states; kubectl's order decides between them (``credentials``)."""

    token: SecretValue | None = None
    token_file: Path | None = None
    certificate: Certificate | None = None
    plugin: ExecPlugin | None = None
    username: str = ""
    password: SecretValue | None = None
    impersonated: tuple[tuple[str, str], ...] = ()

    @property
    def is_nobody(self) -> bool:
        """True when nothing says who asks."""
        ways = (self.token, self.token_file, self.certificate, self.plugin, self.password)
        return all(way is None for way in ways) and not self.username and not self.impersonated


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One context: ``name`` is for messages."""

    name: str
    endpoint: Endpoint
    login: Login
