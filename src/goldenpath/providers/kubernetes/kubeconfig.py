"""Reads kubeconfig files as kubectl does: several files, the first to name an entry wins, paths relative to their own file.

A context is always named by the caller; ``current-context`` is what somebody's kubectl happens to point at, and never counts (R33).
Messages name files, entries and fields, never what is in them: users hold tokens and keys.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from goldenpath.errors import GoldenpathError, Misconfigured
from goldenpath.model.secret import SecretValue
from goldenpath.providers.kubernetes.place import Certificate, Endpoint, ExecPlugin, Login, Place

FILE_MAX_BYTES: Final = 4 * 1024 * 1024
_SHOWN_CONTEXTS: Final = 20
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_IMPERSONATION: Final = (("as", "Impersonate-User"), ("as-uid", "Impersonate-Uid"))
_PLUGIN_VERSIONS: Final = frozenset({"client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"})
_PLUGIN_VERSION_WITHOUT_MODE: Final = "client.authentication.k8s.io/v1beta1"
_INTERACTIVE: Final = frozenset({"Never", "IfAvailable", "Always"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The files to read, in order. Where ``is_named``, somebody named exactly this one and it has to be there."""

    paths: tuple[Path, ...]
    is_named: bool


def files_of(named: Path | None, variables: Mapping[str, str]) -> Files:
    """Return kubectl's files: the named one, else those of KUBECONFIG, else the one in the home folder."""
    if named is not None:
        return Files(paths=(named,), is_named=True)
    listed = [Path(part).expanduser() for part in variables.get("KUBECONFIG", "").split(os.pathsep) if part]
    return Files(paths=tuple(listed or [Path("~/.kube/config").expanduser()]), is_named=False)


def read_place(files: Files, context: str, *, is_tracked: Callable[[Path], bool] = lambda _path: False) -> Place:
    """Return where ``context`` leads.

    Args:
        files: The files.
        context: The name of a context in them.
        is_tracked: Says whether a file belongs to a Git repository, so that whoever pushes a branch could change it.

    Raises:
        Misconfigured: ``cluster.kubeconfig-missing``, ``-unreadable``, ``-writable``, ``-tracked``, ``-malformed``, ``-context``,
            ``-unsupported``, ``-insecure``.
    """
    contexts: dict[str, _Entry] = {}
    clusters: dict[str, _Entry] = {}
    users: dict[str, _Entry] = {}
    for path in _present(files):
        tree = _load(path, is_tracked)
        for found, field, inner in ((contexts, "contexts", "context"), (clusters, "clusters", "cluster"), (users, "users", "user")):
            for name, entry in _entries(path, tree, field, inner):
                found.setdefault(name, entry)
    chosen = contexts.get(context)
    if chosen is None:
        raise _no_context(files, context, sorted(contexts))
    cluster = clusters.get(chosen.text("cluster"))
    if cluster is None:
        raise chosen.malformed("cluster", "names no cluster of the kubeconfig")
    user_name = chosen.text("user")
    if user_name and user_name not in users:
        raise chosen.malformed("user", "names no user of the kubeconfig")
    endpoint = _endpoint(cluster)
    login = _login(users[user_name], cluster) if user_name else Login()
    if endpoint.server.startswith("http:") and not login.is_nobody:
        raise _in_clear(cluster, "credentials would go there in clear, and kubectl sends none")
    return Place(name=context, endpoint=endpoint, login=login)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One entry of a file; ``where`` names it for messages."""

    file: Path
    where: str
    tree: Mapping[str, Any]

    def text(self, field: str) -> str:
        found = self.tree.get(field)
        if found is None:
            return ""
        if not isinstance(found, str):
            raise self.malformed(field, "is not text")
        return found

    def malformed(self, field: str, said: str) -> GoldenpathError:
        return _malformed(self.file, f"{self.where}.{field} {said}")

    def path(self, field: str) -> Path | None:
        """Return a file that the entry names; it is relative to the kubeconfig."""
        text = self.text(field)
        return self.file.parent / text if text else None

    def content(self, field: str) -> bytes | None:
        """Return what ``<field>-data`` holds in base64, or what is in the file ``<field>``; None where neither is stated."""
        inline = self.text(f"{field}-data")
        if inline and self.text(field):
            raise self.malformed(field, f"stands beside {field}-data; kubectl takes one of them")
        if inline:
            try:
                return base64.b64decode("".join(inline.split()), validate=True)
            except (binascii.Error, ValueError):
                raise self.malformed(f"{field}-data", "is not base64") from None
        path = self.path(field)
        return None if path is None else read_small(path, named_by=f"{self.where}.{field} of {self.file}")


def read_small(path: Path, *, named_by: str) -> bytes:
    """Return a file's content. Raises ``Misconfigured`` ``cluster.kubeconfig-unreadable``."""
    try:
        with path.open("rb") as file:
            data = file.read(FILE_MAX_BYTES + 1)
    except OSError as error:
        raise Misconfigured(
            "cluster.kubeconfig-unreadable",
            f"{path} cannot be read ({os.strerror(error.errno or 0)}); {named_by} names it",
            subject=str(path),
            hint="correct the path, or make the file readable for you",
        ) from None
    if len(data) > FILE_MAX_BYTES:
        raise _malformed(path, f"the file is larger than {FILE_MAX_BYTES // (1024 * 1024)} MiB")
    return data


def header_text(data: str, *, entry: str, file: Path) -> str:
    """Return what may stand in a header: a line end in it would be repeated by the HTTP library in an error."""
    text = data.strip()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise _malformed(file, f"{entry} {'holds characters that no token has' if text else 'is empty'}")
    return text


def _present(files: Files) -> list[Path]:
    present = [path for path in files.paths if _is_there(path)]
    if present:
        return present
    names = ", ".join(str(path) for path in files.paths)
    raise Misconfigured(
        "cluster.kubeconfig-missing",
        f"there is no kubeconfig at {names}",
        subject=names,
        hint="name one with --kubeconfig, KUBECONFIG or environments.<name>.kubernetes.kubeconfig",
    )


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # reading it says why
        return True


def _load(path: Path, is_tracked: Callable[[Path], bool]) -> Mapping[str, Any]:
    """Return the tree of one file, after a look at who could have written it."""
    data = read_small(path, named_by="the command line, KUBECONFIG, the settings or kubectl's custom")
    if path.stat().st_mode & stat.S_IWOTH:
        raise Misconfigured(
            "cluster.kubeconfig-writable",
            f"everybody on this machine can write {path}, and it can name a program to run",
            subject=str(path),
            hint=f"chmod 600 {path}",
        )
    if is_tracked(path):
        raise Misconfigured(
            "cluster.kubeconfig-tracked",
            f"Git tracks {path}: whoever pushes a branch could lead the platform to a cluster of theirs",
            subject=str(path),
            hint=f"git rm --cached {path.name}, and keep it out of the repository",
        )
    try:
        tree = yaml.load(data, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise _malformed(path, f"the file is no YAML{'' if mark is None else f' (line {mark.line + 1})'}") from None
    if tree is not None and not isinstance(tree, dict):
        raise _malformed(path, "the file is not a mapping")
    return tree or {}


def _entries(path: Path, tree: Mapping[str, Any], field: str, inner: str) -> list[tuple[str, _Entry]]:
    listed = tree.get(field) or []
    if not isinstance(listed, list):
        raise _malformed(path, f"{field} is not a list")
    found = []
    for number, item in enumerate(listed):
        name = item.get("name") if isinstance(item, dict) else None
        body = (item.get(inner) or {}) if isinstance(item, dict) else None
        if not isinstance(name, str) or not isinstance(body, dict):
            raise _malformed(path, f"{field}[{number}] needs a name and {inner}")
        found.append((name, _Entry(file=path, where=f"{field}[{number}].{inner}", tree=body)))
    return found


def _endpoint(cluster: _Entry) -> Endpoint:
    server = cluster.text("server").rstrip("/")
    _check_server(cluster, server)
    is_unverified = cluster.tree.get("insecure-skip-tls-verify", False)
    if not isinstance(is_unverified, bool):
        raise cluster.malformed("insecure-skip-tls-verify", "is neither true nor false")
    authority = cluster.content("certificate-authority")
    if is_unverified and authority is not None:
        raise cluster.malformed("insecure-skip-tls-verify", "stands beside a certificate authority; kubectl refuses that, too")
    proxy = cluster.text("proxy-url")
    if proxy and urlsplit(proxy).scheme not in {"http", "https"}:
        raise _unsupported(cluster, "proxy-url", "is not an HTTP proxy", "use an HTTP proxy")
    return Endpoint(server=server, authority=authority, tls_name=cluster.text("tls-server-name"), proxy=proxy, is_unverified=is_unverified)


def _check_server(cluster: _Entry, server: str) -> None:
    try:
        parts = urlsplit(server)
        host = parts.hostname or ""
        is_usable = parts.scheme in {"http", "https"} and bool(host) and " " not in server and (parts.port is None or parts.port > 0)
    except ValueError:
        is_usable = False
    if not is_usable or parts.username is not None or parts.query or parts.fragment or not server.isascii() or not server.isprintable():
        raise cluster.malformed("server", "is not the address of an API server, such as https://10.0.0.1:6443")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise _in_clear(cluster, "secret values would travel in clear")


def _login(user: _Entry, cluster: _Entry) -> Login:
    if user.tree.get("auth-provider") is not None:
        raise _unsupported(user, "auth-provider", "is a way to log in that kubectl gave up", "use its exec plugin (kubelogin for OIDC)")
    token, password = user.text("token"), user.text("password")
    if token and (password or user.text("username")):
        raise user.malformed("token", "stands beside a username or password; kubectl takes one of them")
    if user.text("tokenFile") and user.text("username"):
        raise user.malformed("tokenFile", "stands beside a username; kubectl takes one of them")
    return Login(
        token=SecretValue(header_text(token, entry=f"{user.where}.token", file=user.file).encode()) if token else None,
        token_file=user.path("tokenFile"),
        certificate=_certificate(user),
        plugin=_plugin(user, cluster),
        username=user.text("username"),
        password=SecretValue(password.encode()) if password else None,
        impersonated=_impersonated(user),
    )


def _certificate(user: _Entry) -> Certificate | None:
    chain, key = user.content("client-certificate"), user.content("client-key")
    if chain is None and key is None:
        return None
    if chain is None or key is None:
        raise user.malformed("client-certificate", "and client-key come together or not at all")
    return Certificate(chain=chain, key=SecretValue(key))


def _plugin(user: _Entry, cluster: _Entry) -> ExecPlugin | None:
    tree = user.tree.get("exec")
    if tree is None:
        return None
    if not isinstance(tree, dict):
        raise user.malformed("exec", "is not a mapping")
    entry = _Entry(file=user.file, where=f"{user.where}.exec", tree=tree)
    command, version, interactive = entry.text("command"), entry.text("apiVersion"), entry.text("interactiveMode")
    if not command:
        raise entry.malformed("command", "is missing")
    if version not in _PLUGIN_VERSIONS:
        raise _unsupported(entry, "apiVersion", "is no version of plugins that kubectl still runs", f"use {' or '.join(_PLUGIN_VERSIONS)}")
    if interactive not in _INTERACTIVE and not (interactive == "" and version == _PLUGIN_VERSION_WITHOUT_MODE):
        raise entry.malformed("interactiveMode", "is none of Never, IfAvailable, Always")
    return ExecPlugin(
        api_version=version,
        command=str(user.file.parent.absolute() / command) if os.sep in command else command,
        arguments=tuple(_texts(entry, "args")),
        environment=_variables(entry),
        interactive=interactive or "IfAvailable",
        cluster=_cluster_for_plugin(cluster) if tree.get("provideClusterInfo") is True else None,
        install_hint=entry.text("installHint"),
    )


def _cluster_for_plugin(cluster: _Entry) -> dict[str, Any]:
    """Return what a plugin that asks for it is told, in the words of ``ExecCredential.spec.cluster``."""
    authority = cluster.content("certificate-authority")
    told: dict[str, Any] = {name: cluster.tree[name] for name in ("server", "tls-server-name", "proxy-url") if cluster.tree.get(name)}
    if cluster.tree.get("insecure-skip-tls-verify") is True:
        told["insecure-skip-tls-verify"] = True
    if authority is not None:
        told["certificate-authority-data"] = base64.b64encode(authority).decode()
    for extension in cluster.tree.get("extensions") or []:
        if isinstance(extension, dict) and extension.get("name") == "client.authentication.k8s.io/exec":
            told["config"] = extension.get("extension")
    return told


def _impersonated(user: _Entry) -> tuple[tuple[str, str], ...]:
    """Return the headers of ``as``: to leave them out would act with more rights than the entry gives."""
    pairs = [(header, user.text(field)) for field, header in _IMPERSONATION if user.text(field)]
    pairs += [("Impersonate-Group", group) for group in _texts(user, "as-groups")]
    if pairs and not user.text("as"):
        raise user.malformed("as", "is missing beside as-uid or as-groups")
    if user.tree.get("as-user-extra") is not None:
        raise _unsupported(user, "as-user-extra", "is not passed on", "impersonate with as and as-groups")
    for _header, text in pairs:
        if not text.isascii() or not text.isprintable():
            raise user.malformed("as", "holds characters that no header has")
    return tuple(pairs)


def _texts(entry: _Entry, field: str) -> Sequence[str]:
    listed = entry.tree.get(field) or []
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise entry.malformed(field, "is not a list of texts")
    return listed


def _variables(entry: _Entry) -> tuple[tuple[str, str], ...]:
    found = []
    for item in entry.tree.get("env") or []:
        name, value = (item.get("name"), item.get("value")) if isinstance(item, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(value, str):
            raise entry.malformed("env", "is not a list of names and values")
        found.append((name, value))
    return tuple(found)


def _no_context(files: Files, context: str, known: Sequence[str]) -> GoldenpathError:
    names = ", ".join(ascii(name)[1:-1] for name in known[:_SHOWN_CONTEXTS]) or "none at all"
    more = f" and {len(known) - _SHOWN_CONTEXTS} more" if len(known) > _SHOWN_CONTEXTS else ""
    return Misconfigured(
        "cluster.kubeconfig-context",
        f"the kubeconfig has no context {context!r}; it has {names}{more}",
        subject=", ".join(str(path) for path in files.paths),
        hint="correct environments.<name>.kubernetes.context, or choose one with --context",
    )


def _in_clear(cluster: _Entry, said: str) -> GoldenpathError:
    return Misconfigured(
        "cluster.kubeconfig-insecure",
        f"{cluster.where}.server is plain http: {said}",
        subject=str(cluster.file),
        hint="give the https address; plain http is for kubectl proxy on this machine, with a user entry that is empty",
    )


def _malformed(file: Path, said: str) -> GoldenpathError:
    hint = "kubectl config view shows the file as kubectl reads it, without tokens and keys"
    return Misconfigured("cluster.kubeconfig-malformed", said, subject=str(file), hint=hint)


def _unsupported(entry: _Entry, field: str, said: str, hint: str) -> GoldenpathError:
    return Misconfigured("cluster.kubeconfig-unsupported", f"{entry.where}.{field} {said}", subject=str(entry.file), hint=hint)
