"""The only door to moto: its application, and the state behind it. State is moto's and the process's: two stand-ins would share it."""

from __future__ import annotations

import functools
from typing import Any

from tests.standins.wire import AwsAnswer, AwsRequest, Environ


def application() -> Any:
    """Return moto's WSGI application; services are loaded at their first call.

    moto reads the folders of its own package at each call to learn which service is meant, which takes as long as its answer: here once per
    service.
    """
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: PLC0415 - 600 ms

    found = DomainDispatcherApplication(create_backend_app)
    found.get_backend_for_host = functools.cache(found.get_backend_for_host)  # type: ignore[method-assign]
    return found


def ask(app: Any, request: AwsRequest) -> AwsAnswer:
    """Let moto answer a request."""
    return ask_raw(app, request.to_environ())


def ask_raw(app: Any, environ: Environ) -> AwsAnswer:
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
        started.append((status, headers))

    chunks = app(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    status, headers = started[-1]
    return AwsAnswer(int(status.split()[0]), tuple(headers), body)


def reset() -> None:
    """Forget every record, role and key."""
    from moto.moto_api._internal.models import moto_api_backend  # noqa: PLC0415 - same

    moto_api_backend.reset()


def backend(service: str, request: AwsRequest) -> Any:
    """Return moto's state of a service in the request's account and region."""
    from moto.backends import get_backend  # noqa: PLC0415 - same

    return get_backend(service)[request.account][request.region]  # type: ignore[call-overload]


def find_secret(request: AwsRequest, name: str = "") -> Any:
    """Return moto's record of a secret by name or ARN; None when there is none."""
    return backend("secretsmanager", request).secrets.get(name or request.text("SecretId"))


def secret_at(account: str, region: str, name: str) -> Any:
    """Return moto's record of a secret, for whom no request asks."""
    from moto.backends import get_backend  # noqa: PLC0415 - same

    return get_backend("secretsmanager")[account][region].secrets[name]


def find_parameter(request: AwsRequest, name: str) -> list[Any]:
    """Return the versions of a parameter, oldest first; empty when there is none."""
    parameters = backend("ssm", request)._parameters
    return list(parameters[name]) if name in parameters else []


def parameter_tags(request: AwsRequest, name: str) -> dict[str, str]:
    """Return a parameter's tags; empty when there is none of that name."""
    tags: dict[str, str] = backend("ssm", request)._resource_tags["Parameter"].get(name, {})
    return dict(tags)


def account_of_key(access_key: str) -> str:
    """Return the account of a key that moto issued (AssumeRole, CreateAccessKey); the default account for any other."""
    from moto.iam.models import get_account_id_from  # noqa: PLC0415 - same

    account: str = get_account_id_from(access_key)
    return account
