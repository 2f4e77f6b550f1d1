"""Argo CD through its own API: for platforms whose Argo CD runs in another cluster, or whose people have no rights in its namespace.

The token comes from ARGOCD_AUTH_TOKEN, as Argo CD's own command takes it. Redirects are not followed: the token would go along (R37).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

from goldenpath.errors import AccessDenied, GoldenpathError, Misconfigured, ProviderRefused, ProviderUnavailable, Unauthenticated
from goldenpath.model.cluster import ARGO_APPLICATION, ClusterObject, ObjectMeta
from goldenpath.providers.argocd.applications import application_missing

TOKEN_VARIABLE = "ARGOCD_AUTH_TOKEN"
ANSWER_MAX_BYTES = 32 * 1024 * 1024
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1"})
ANSWER_SECONDS = 30.0
REFRESH_SECONDS = 5.0
"""How long the answer to a refresh is waited for: the server gives it when the controller has compared, so never while that is held."""
_UNAVAILABLE_FROM = 500
_TOO_MANY = 429
_AGAIN = "run the same command again"

Send = Callable[[str, str, dict[str, str], float], tuple[int, bytes] | None]
"""(method, url, headers, seconds) → (status, body); None when the server took the request and said nothing in these seconds.

Raises ``ProviderUnavailable`` when nobody takes it.
"""


class ArgoCdApi:
    """One Argo CD server.

    Args:
        server: ``https://host``, without a path.
        token: The bearer token; it is sent to ``server`` and nowhere else.
        namespace: Where the Applications are.
        send: The transport.
    """

    def __init__(self, server: str, *, token: str, namespace: str, send: Send) -> None:
        self._server = server
        self._token = token
        self._namespace = namespace
        self._send = send

    def __repr__(self) -> str:
        return f"ArgoCdApi({self._server})"

    def application(self, name: str) -> ClusterObject | None:
        """Return an Application."""
        answer = self._ask(name, "", seconds=ANSWER_SECONDS)
        if answer is None:
            raise ProviderUnavailable("argo.unavailable", f"Argo CD said nothing in {ANSWER_SECONDS:.0f} s", subject=name, hint=_AGAIN)
        return self._read(name, *answer)

    def refresh(self, name: str, *, is_hard: bool = False) -> None:
        """Ask for a comparison. The server answers when it is made; one that is asked for and not made yet shows in the application."""
        answer = self._ask(name, f"&refresh={'hard' if is_hard else 'normal'}", seconds=REFRESH_SECONDS)
        found = self.application(name) if answer is None else self._read(name, *answer)
        if found is None:
            raise application_missing(name, self._server)

    def _ask(self, name: str, query: str, *, seconds: float) -> tuple[int, bytes] | None:
        url = f"{self._server}/api/v1/applications/{quote(name, safe='')}?appNamespace={quote(self._namespace, safe='')}{query}"
        return self._send("GET", url, {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}, seconds)

    @staticmethod
    def _read(name: str, status: int, body: bytes) -> ClusterObject | None:
        if status == 404:  # noqa: PLR2004 - HTTP's own number
            return None
        if status != 200:  # noqa: PLR2004
            raise _refusal(status, name)
        return _application(body, name)


def open_api(server: str, *, token: str, namespace: str, is_prod: bool) -> ArgoCdApi:
    """Return the API of ``server``.

    Raises:
        Misconfigured: ``argo.token-missing``; ``argo.unencrypted`` for a token that would travel in clear.
    """
    if not token:
        raise Misconfigured("argo.token-missing", f"there is no token for {server}", subject=server, hint=f"export {TOKEN_VARIABLE}=...")
    if server.startswith("http://") and (is_prod or urlsplit(server).hostname not in _THIS_MACHINE):
        raise Misconfigured("argo.unencrypted", f"the token would travel to {server} in clear", subject=server, hint="use https")
    return ArgoCdApi(server, token=token, namespace=namespace, send=_transport())


def _transport() -> Send:
    import urllib3  # noqa: PLC0415 - paid for where the API is used

    pool = urllib3.PoolManager(retries=False, num_pools=1)

    def send(method: str, url: str, headers: dict[str, str], seconds: float) -> tuple[int, bytes] | None:
        try:
            answer = pool.request(method, url, headers=headers, timeout=seconds, redirect=False, preload_content=False)
            with answer:
                return answer.status, answer.read(ANSWER_MAX_BYTES + 1)
        except urllib3.exceptions.ReadTimeoutError:
            return None
        except urllib3.exceptions.HTTPError as error:
            raise ProviderUnavailable(
                "argo.unavailable", f"Argo CD did not answer ({type(error).__name__})", hint="check the address and the network"
            ) from None

    return send


def _refusal(status: int, name: str) -> GoldenpathError:
    if status == 401:  # noqa: PLR2004
        return Unauthenticated("argo.unauthenticated", "Argo CD does not accept the token", subject=name, hint=f"renew {TOKEN_VARIABLE}")
    if status == 403:  # noqa: PLR2004
        # Argo CD answers so for an application that is not there, too
        return AccessDenied("argo.forbidden", "Argo CD shows no such application to this token", subject=name, hint="look at its RBAC")
    if status >= _UNAVAILABLE_FROM or status == _TOO_MANY:
        return ProviderUnavailable("argo.unavailable", f"Argo CD answered {status}", subject=name, hint=_AGAIN)
    return ProviderRefused("argo.refused", f"Argo CD answered {status}", subject=name, hint="is this the address of its API?")


def _application(body: bytes, name: str) -> ClusterObject:
    tree: Any = None
    if len(body) <= ANSWER_MAX_BYTES:
        try:
            tree = json.loads(body)
        except (ValueError, RecursionError):
            tree = None
    meta = tree.get("metadata") if isinstance(tree, dict) else None
    if not isinstance(meta, dict) or meta.get("name") != name:
        raise ProviderRefused(
            "argo.refused", "the answer is no Application of this name", subject=name, hint="is this the address of its API?"
        )
    annotations = meta.get("annotations") or {}
    return ClusterObject(
        kind=ARGO_APPLICATION,
        meta=ObjectMeta(
            name=name, namespace=str(meta.get("namespace", "")), annotations={str(key): str(value) for key, value in annotations.items()}
        ),
        body={key: value for key, value in tree.items() if key not in {"metadata", "kind", "apiVersion"}},
    )
