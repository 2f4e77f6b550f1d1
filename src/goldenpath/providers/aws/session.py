"""Credentials, region and endpoints: one botocore client per service, made when it is first needed and shared by threads.

botocore is the part of boto3 that speaks to AWS; the rest, resources and file transfers, would cost 90 ms of each start. Retries and pacing
are not the kit's here (``calls``), and an address that is neither TLS nor loopback is refused, whoever set it.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from goldenpath.errors import Misconfigured
from goldenpath.providers.aws.failures import no_credentials

CONNECT_SECONDS = 5
READ_SECONDS = 20
CONNECTIONS = 16
SESSION_NAME_MAX = 64
_NOT_IN_SESSION_NAME = re.compile(r"[^A-Za-z0-9_=,.@-]")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsPlace:
    """Where and as whom. ``role_arn`` is assumed from the ambient credentials, or from those of ``profile``.

    ``correlation_id`` becomes the role's session name, so that CloudTrail joins our records (CONVENTIONS 2.2).
    """

    region: str
    role_arn: str = ""
    profile: str = ""
    correlation_id: str = ""


class AwsClients:
    """The clients of one place.

    Args:
        place: Region, role and profile.

    Raises:
        Misconfigured: ``store.kit-missing`` without botocore, ``store.profile-unknown``.
    """

    def __init__(self, place: AwsPlace) -> None:
        self.place = place
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._session: Any = None

    def client(self, service: str) -> Any:
        """Return the client of a service, e.g. ``secretsmanager``. Errors: as for the class, and ``store.endpoint-insecure``."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._open(service)
            return self._clients[service]

    def _open(self, service: str) -> Any:
        if self._session is None:
            self._session = _assumed(_ambient(self.place), self.place)
        client = self._session.create_client(service, config=_config())
        require_safe_endpoint(client.meta.endpoint_url)
        return client


def require_safe_endpoint(address: str) -> None:
    """Refuse an endpoint that would carry values in clear (R1, CASES 183). Raises ``Misconfigured`` ``store.endpoint-insecure``."""
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.hostname or "") in _LOOPBACK:
        return
    raise Misconfigured(
        "store.endpoint-insecure",
        f"the AWS endpoint {parts.scheme}://{parts.hostname} is neither TLS nor this machine",
        subject=parts.hostname or "",
        hint="unset AWS_ENDPOINT_URL and its relatives, or give an https address",
    )


def exceptions_of_the_kit() -> Any:
    """Return botocore's exceptions. Raises ``Misconfigured`` ``store.kit-missing``."""
    _kit()
    import botocore.exceptions  # noqa: PLC0415 - same

    return botocore.exceptions


def _kit() -> Any:
    try:
        import botocore.session  # noqa: PLC0415 - 200 ms that only an AWS store pays for
    except ImportError as error:
        raise Misconfigured("store.kit-missing", "botocore is not installed", hint="pip install 'goldenpath[aws]'") from error
    return botocore.session


def _ambient(place: AwsPlace) -> Any:
    session = _kit().Session(profile=place.profile or None)
    session.set_config_variable("region", place.region)
    import botocore.exceptions  # noqa: PLC0415 - same

    try:
        session.get_scoped_config()
    except botocore.exceptions.ProfileNotFound as error:
        profile = str(error.kwargs.get("profile", place.profile))
        where = "environments.<name>.stores.<provider>.profile in goldenpath.yaml" if place.profile else "AWS_PROFILE"
        raise Misconfigured(
            "store.profile-unknown",
            f"AWS has no profile {profile!r} on this machine",
            subject=profile,
            hint=f"look at {where}, and at the AWS configuration file",
        ) from error
    return session


def _assumed(session: Any, place: AwsPlace) -> Any:
    """Return a session of the place's role whose credentials renew themselves; the session itself when no role is set."""
    if not place.role_arn:
        return session
    import botocore.credentials  # noqa: PLC0415 - same

    require_safe_endpoint(session.create_client("sts", config=_config()).meta.endpoint_url)
    if session.get_credentials() is None:
        raise no_credentials()
    fetcher = botocore.credentials.AssumeRoleCredentialFetcher(
        client_creator=lambda service, **options: session.create_client(service, **{**options, "config": _config()}),
        source_credentials=session.get_credentials(),
        role_arn=place.role_arn,
        extra_args={"RoleSessionName": session_name(place.correlation_id)},
    )
    assumed = _kit().Session()
    assumed._credentials = botocore.credentials.DeferredRefreshableCredentials(  # noqa: SLF001 - no public way to a role that renews itself
        refresh_using=fetcher.fetch_credentials, method="assume-role"
    )
    assumed.set_config_variable("region", place.region)
    return assumed


def session_name(correlation_id: str) -> str:
    """Return a legal role session name that carries the correlation id."""
    return ("goldenpath-" + _NOT_IN_SESSION_NAME.sub("-", correlation_id))[:SESSION_NAME_MAX]


def _config() -> Any:
    import botocore.config  # noqa: PLC0415 - same

    return botocore.config.Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=CONNECTIONS,
        retries={"total_max_attempts": 1, "mode": "standard"},
        user_agent_extra="goldenpath",
    )
