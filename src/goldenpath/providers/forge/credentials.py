"""Who we are towards a forge: a token from the environment, or one that a GitHub App makes for an hour. Neither is ever shown."""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from goldenpath.errors import Misconfigured
from goldenpath.model.instant import from_text
from goldenpath.model.secret import SecretValue
from goldenpath.ports.clock import Clock
from goldenpath.providers.forge.calls import Authority, ForgeCalls
from goldenpath.providers.forge.failures import Errand, answer_invalid
from goldenpath.providers.forge.reading import moment, text, whole_number

TOKEN_VARIABLES: Final = ("GOLDENPATH_FORGE_TOKEN", "GITHUB_TOKEN")
APP_KEY_VARIABLE: Final = "GOLDENPATH_FORGE_APP_KEY"
JWT_LIFE: Final = timedelta(minutes=9)
_CLOCK_SKEW: Final = timedelta(seconds=60)
_RENEW_BEFORE: Final = timedelta(minutes=5)
_KEY_MAX_BYTES: Final = 64 * 1024


class StaticToken:
    """One token that somebody gave us.

    Raises:
        Misconfigured: ``forge.token-malformed`` for what cannot stand in a header.
    """

    def __init__(self, token: str) -> None:
        if not token.isascii() or not token.isprintable() or " " in token:
            raise Misconfigured("forge.token-malformed", "the forge's token holds characters that no token has", hint=_TOKEN_HINT)
        self._header = _bearer(token)

    def current(self) -> SecretValue:
        """Return what goes into the header."""
        return self._header

    def renew(self) -> None:
        """Return nothing: there is no other token."""


class AppKey:
    """Speaks for a GitHub App itself, by a JSON Web Token that its private key signs (RS256).

    Args:
        app: The App's number.
        file: Its private key in PEM.
        clock: Time.

    Raises:
        Misconfigured: ``forge.app-key-unusable``.
    """

    def __init__(self, app: int, file: Path, clock: Clock) -> None:
        self._app = app
        self._clock = clock
        self._key = _private_key(file)

    def current(self) -> SecretValue:
        """Return a token for the next minutes."""
        now = self._clock.now()
        claims = {"iat": _seconds(now - _CLOCK_SKEW), "exp": _seconds(now + JWT_LIFE), "iss": str(self._app)}
        signed = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims)}"
        return _bearer(f"{signed}.{self._signature(signed.encode())}")

    def renew(self) -> None:
        """Return nothing: another token would be signed with the same key."""

    def _signature(self, data: bytes) -> str:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415 - only Apps pay for it
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

        return _url_safe(self._key.sign(data, PKCS1v15(), SHA256()))


class InstallationToken:
    """The token of a GitHub App's installation, for one repository; made when it is first needed, and again before it ends.

    Args:
        app: Calls that the App itself makes.
        repository: ``owner/name``; the token is good for nothing else.
        installation: The installation's number; 0 asks for that of the repository.
        clock: Time.
    """

    def __init__(self, app: ForgeCalls, *, repository: str, installation: int, clock: Clock) -> None:
        self._app = app
        self._repository = repository
        self._installation = installation
        self._clock = clock
        self._made: tuple[SecretValue, datetime] | None = None

    def current(self) -> SecretValue:
        """Return what goes into the header."""
        if self._made is None or self._clock.now() + _RENEW_BEFORE >= self._made[1]:
            self._made = self._make()
        return self._made[0]

    def renew(self) -> SecretValue | None:
        """Return a new token."""
        self._made = None
        return self.current()

    def _make(self) -> tuple[SecretValue, datetime]:
        errand = Errand("make a token for the App", self._repository)
        number = self._installation or whole_number(self._app.get(f"/repos/{self._repository}/installation", errand), errand, "id")
        body = {"repositories": [self._repository.partition("/")[2]]}
        # one that was made and lost ends by itself
        tree = self._app.put("POST", f"/app/installations/{number}/access_tokens", errand, body)
        token, until = text(tree, "token"), moment(tree, errand, "expires_at")
        if not token or not until or not token.isascii():
            raise answer_invalid(errand, "no token")
        return _bearer(token), from_text(until)


def token_of(variables: Mapping[str, str]) -> Authority:
    """Return the token of the environment.

    Raises:
        Misconfigured: ``forge.token-missing``.
    """
    token = next((variables[name] for name in TOKEN_VARIABLES if variables.get(name)), "")
    if not token:
        raise Misconfigured("forge.token-missing", "there is no token for the forge", hint=_TOKEN_HINT)
    return StaticToken(token.strip())


def app_key_of(variables: Mapping[str, str], app: int, clock: Clock) -> AppKey:
    """Return the key of the App. Raises ``Misconfigured`` ``forge.app-key-unusable``."""
    file = variables.get(APP_KEY_VARIABLE, "")
    if not file:
        raise _unusable(f"{APP_KEY_VARIABLE} does not name its file")
    return AppKey(app, Path(file), clock)


_TOKEN_HINT: Final = (
    f"export {TOKEN_VARIABLES[0]}=... (in a workflow: {TOKEN_VARIABLES[1]}); docs/how-to/connect-a-forge.md lists its rights"
)


def _private_key(file: Path) -> Any:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415 - only Apps pay for it
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        key = load_pem_private_key(_key_bytes(file), password=None)
    except (ValueError, TypeError):
        raise _unusable("the file holds no private key in PEM without a passphrase") from None
    if not isinstance(key, RSAPrivateKey):
        raise _unusable("the key is not an RSA key")
    return key


def _key_bytes(file: Path) -> bytes:
    try:
        handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _unusable(f"its file cannot be opened (errno {error.errno})") from None
    try:
        found = os.fstat(handle)  # of the open file: what is checked is what is read
        if not stat.S_ISREG(found.st_mode):
            raise _unusable("it is no regular file")
        if found.st_mode & 0o077:
            raise _unusable("others can read its file (chmod 600)")
        return os.read(handle, _KEY_MAX_BYTES)
    finally:
        os.close(handle)


def _unusable(said: str) -> Misconfigured:
    hint = f"download the App's private key from GitHub, keep it with mode 600, and name it in {APP_KEY_VARIABLE}"
    return Misconfigured("forge.app-key-unusable", f"the key of the GitHub App cannot be used: {said}", hint=hint)


def _bearer(token: str) -> SecretValue:
    return SecretValue(f"Bearer {token}".encode("ascii"))


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _part(tree: Mapping[str, Any]) -> str:
    return _url_safe(json.dumps(tree, separators=(",", ":")).encode())


def _url_safe(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
