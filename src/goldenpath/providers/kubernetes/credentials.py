"""Who we are to the API server, kept current: tokens are read again, plugins run again, once when the server stops believing us (R44)."""

from __future__ import annotations

import base64
import hmac
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from goldenpath.model.secret import SecretValue
from goldenpath.ports.clock import Clock
from goldenpath.providers.kubernetes.exec_plugin import PluginAnswer, run_plugin
from goldenpath.providers.kubernetes.kubeconfig import header_text, read_small
from goldenpath.providers.kubernetes.place import Certificate, Endpoint, Login, Place

TOKEN_FILE_SECONDS: Final = 60.0
"""A mounted token is replaced long before it expires; read it again after this time, as other clients do."""
IN_VAIN_SECONDS: Final = 10.0
"""How long a renewal that changed nothing counts for the other threads as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """One state of who we are. ``number`` counts states; ``authorization`` is the header, which never prints."""

    number: int
    endpoint: Endpoint
    authorization: SecretValue | None
    certificate: Certificate | None
    impersonated: tuple[tuple[str, str], ...]

    def is_same(self, other: Credentials) -> bool:
        """Say whether both prove the same."""
        return hmac.compare_digest(self._proof(), other._proof())

    def _proof(self) -> bytes:
        parts = [b"" if self.authorization is None else self.authorization.reveal()]
        if self.certificate is not None:
            parts += [self.certificate.chain, self.certificate.key.reveal()]
        return b"\0".join(parts)


class CredentialSource:
    """Gives out credentials to any number of threads.

    Args:
        load: Reads the context anew.
        clock: Time.
        variables: The environment of plugins.
        run: Runs a plugin.
    """

    def __init__(
        self,
        load: Callable[[], Place],
        *,
        clock: Clock,
        variables: Mapping[str, str],
        run: Callable[..., PluginAnswer] = run_plugin,
    ) -> None:
        self._load = load
        self._clock = clock
        self._variables = variables
        self._run = run
        self._lock = threading.Lock()
        self._current: Credentials | None = None
        self._login = Login()
        self._read_again_at = float("inf")
        self._expires_at: datetime | None = None
        self._in_vain: tuple[int, float] = (-1, 0.0)

    def current(self) -> Credentials:
        """Return the credentials to use now. Errors: as reading a kubeconfig and running a plugin."""
        with self._lock:
            if self._current is None:
                return self._take(self._load())
            is_aged = self._clock.monotonic() >= self._read_again_at
            is_expired = self._expires_at is not None and self._clock.now() >= self._expires_at
            if is_aged or is_expired:
                return self._take(Place(name="", endpoint=self._current.endpoint, login=self._login))
            return self._current

    def renew(self, refused: Credentials) -> Credentials | None:
        """Return other credentials than the ones that the server refused; None when there are none.

        A context that leads elsewhere by now gives none: what is under way belongs to the server that it began with.
        """
        with self._lock:
            if self._current is None or self._current.number != refused.number:
                return self._current
            number, until = self._in_vain
            if number == refused.number and self._clock.monotonic() < until:
                return None
            place = self._load()
            renewed = self._take(place) if place.endpoint == refused.endpoint else refused
            if renewed.number != refused.number:
                return renewed
            self._in_vain = (refused.number, self._clock.monotonic() + IN_VAIN_SECONDS)
            return None

    def _take(self, place: Place) -> Credentials:
        login = place.login
        self._read_again_at, self._expires_at = float("inf"), None
        authorization, certificate = self._authorization(login), login.certificate
        if authorization is None and login.plugin is not None:
            answer = self._run(login.plugin, variables=self._variables)
            self._expires_at = answer.expires_at
            authorization = None if answer.token is None else _bearer(answer.token)
            certificate = answer.certificate or certificate
        made = Credentials(
            number=0 if self._current is None else self._current.number + 1,
            endpoint=place.endpoint,
            authorization=authorization,
            certificate=certificate,
            impersonated=login.impersonated,
        )
        if self._current is not None and made.is_same(self._current):
            made = self._current
        self._current, self._login = made, login
        return made

    def _authorization(self, login: Login) -> SecretValue | None:
        """Return what a user entry states itself, in kubectl's order: a token file, a token, a name with a password."""
        if login.token_file is not None:
            self._read_again_at = self._clock.monotonic() + TOKEN_FILE_SECONDS
            return _bearer(_token_of(login.token_file))
        if login.token is not None:
            return _bearer(login.token)
        if login.username and login.password is not None:
            pair = login.username.encode() + b":" + login.password.reveal()
            return SecretValue(b"Basic " + base64.b64encode(pair))
        return None


def _bearer(token: SecretValue) -> SecretValue:
    return SecretValue(b"Bearer " + token.reveal())


def _token_of(path: Path) -> SecretValue:
    data = read_small(path, named_by="the kubeconfig or the pod's service account")
    return SecretValue(header_text(data.decode("utf-8", "replace"), entry="the file", file=path).encode())
