"""Runs the credential plugin of a kubeconfig (``aws eks get-token``, ``kubelogin`` …) under kubectl's protocol.

Its stdout holds credentials and is parsed, never shown. Its stderr is the terminal's, as under kubectl: it tells a person to log in. It
gets our stdin only where that is a terminal: what is piped into us may be a secret value.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from goldenpath.errors import GoldenpathError, Misconfigured, Unauthenticated
from goldenpath.model.instant import from_text
from goldenpath.model.secret import SecretValue
from goldenpath.providers.kubernetes.place import Certificate, ExecPlugin

PATIENCE_SECONDS: Final = 60.0
"""For a plugin that nobody can answer; one at a terminal may wait for a person."""
OUTPUT_MAX_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginAnswer:
    """What a plugin handed out; it is asked again after ``expires_at``."""

    token: SecretValue | None = None
    certificate: Certificate | None = None
    expires_at: datetime | None = None


def run_plugin(
    plugin: ExecPlugin,
    *,
    variables: Mapping[str, str],
    is_terminal: Callable[[], bool] = lambda: sys.stdin is not None and sys.stdin.isatty(),
    patience_seconds: float = PATIENCE_SECONDS,
) -> PluginAnswer:
    """Run a plugin and return its credentials.

    Raises:
        Misconfigured: ``cluster.plugin-missing``.
        Unauthenticated: ``cluster.plugin-failed``.
    """
    is_interactive = plugin.interactive != "Never" and is_terminal()
    if plugin.interactive == "Always" and not is_interactive:
        raise _failed(plugin, "it wants a terminal, and there is none")
    try:
        done = subprocess.run(
            [plugin.command, *plugin.arguments],
            env={**variables, **dict(plugin.environment), "KUBERNETES_EXEC_INFO": _question(plugin, is_interactive=is_interactive)},
            stdin=None if is_interactive else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=None if is_interactive else patience_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _failed(plugin, f"it did not end within {patience_seconds:.0f} s") from None
    except OSError as error:
        raise _missing(plugin, error.errno or 0) from None
    if done.returncode != 0:
        raise _failed(plugin, f"it ended with status {done.returncode}")
    return _answer(plugin, done.stdout)


def _question(plugin: ExecPlugin, *, is_interactive: bool) -> str:
    spec: dict[str, Any] = {"interactive": is_interactive}
    if plugin.cluster is not None:
        spec["cluster"] = plugin.cluster
    return json.dumps({"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec})


def _answer(plugin: ExecPlugin, output: bytes) -> PluginAnswer:
    """Return what the output holds; no error keeps the parser's own as a cause, which would quote it."""
    try:
        tree = json.loads(output) if len(output) <= OUTPUT_MAX_BYTES else None
    except (ValueError, RecursionError):
        tree = None
    if not isinstance(tree, dict) or tree.get("kind") != "ExecCredential" or tree.get("apiVersion") != plugin.api_version:
        raise _failed(plugin, f"what it printed is no ExecCredential of {plugin.api_version}")
    status = tree.get("status")
    status = status if isinstance(status, dict) else {}
    token, chain, key = (status.get(name) or "" for name in ("token", "clientCertificateData", "clientKeyData"))
    if not all(isinstance(each, str) for each in (token, chain, key)) or not (token or chain) or bool(chain) != bool(key):
        raise _failed(plugin, "what it printed holds neither a token nor a certificate with its key")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise _failed(plugin, "its token holds characters that no token has")
    return PluginAnswer(
        token=SecretValue(token.encode()) if token else None,
        certificate=Certificate(chain=chain.encode(), key=SecretValue(key.encode())) if chain else None,
        expires_at=_moment(plugin, status.get("expirationTimestamp")),
    )


def _moment(plugin: ExecPlugin, text: Any) -> datetime | None:
    if text is None:
        return None
    try:
        return from_text(text)
    except (TypeError, ValueError):
        raise _failed(plugin, "its expirationTimestamp is no moment") from None


def _failed(plugin: ExecPlugin, said: str) -> GoldenpathError:
    return Unauthenticated(
        "cluster.plugin-failed",
        f"the kubeconfig's credential plugin {plugin.command} gave no credentials: {said}",
        subject=plugin.command,
        hint="kubectl auth whoami runs the same plugin; log in as it says, then run the same command again",
    )


def _missing(plugin: ExecPlugin, number: int) -> GoldenpathError:
    return Misconfigured(
        "cluster.plugin-missing",
        f"the kubeconfig's credential plugin {plugin.command} cannot be started ({os.strerror(number)})",
        subject=plugin.command,
        hint=" ".join(plugin.install_hint.split()) or "install it, or correct the command in the kubeconfig",
    )
