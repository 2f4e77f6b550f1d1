"""The cluster as pytest fixtures: a plugin that ``tests/conftest.py`` loads. Nothing starts before a test asks for it.

========================= ==========================================================================
``api_server``            kube-apiserver on etcd, with an administrator's token and kubeconfig
``controller_manager``    garbage collection, namespaces and workloads for it
``external_secrets_crds`` the CRDs of External Secrets, ``v1`` served, without the controller
``external_secrets``      the controller, reading ``aws`` (``tests.standins.fixtures``)
``argo_cd``               repo-server, application-controller and redis
``argo_cd_server``        the server of Argo CD's API, with an account that may look
``application_sets``      the controller that makes Applications of ApplicationSets
``namespace``             the name of a new namespace, emptied after the test
``fresh_api_server``      another API server for this test alone, without any CRD
``every_version_server``  another one for dry runs, with old and new kinds of External Secrets and nobody who works on them
========================= ==========================================================================

Each starts once in a run of the tests. A test may stop, pause, crash and restart what it likes: the next one finds it answering.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from tests.cluster import external_secrets as eso
from tests.cluster.api_server import ApiServer
from tests.cluster.argo_cd import ArgoCd
from tests.cluster.argo_cd_doors import ApplicationSets, ArgoCdServer
from tests.cluster.built import folder_if_built, require_built, require_program
from tests.cluster.controller_manager import ControllerManager
from tests.cluster.external_secrets import ExternalSecrets
from tests.standins.aws import StrictAws

SERVERS: Final = frozenset({"every_version_server", "fresh_api_server", "session_api_server"})
"""Whatever starts something rests on one of these."""
START_SECONDS: Final = 600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that may be the one that starts servers has time for that."""
    for item in items:
        if SERVERS & set(getattr(item, "fixturenames", ())) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(START_SECONDS))


@contextmanager
def new_api_server(folder: Path) -> Iterator[ApiServer]:
    """Start an API server in a folder, or skip where none is built; end it with the block."""
    server = ApiServer(folder=folder, etcd=require_built("etcd") / "etcd", kubernetes=require_built("kubernetes"))
    try:
        server.start()
        yield server
    finally:
        server.end()


@pytest.fixture(scope="session")
def session_api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """The run's API server as earlier tests left it; ask for ``api_server``."""
    with new_api_server(tmp_path_factory.mktemp("cluster")) as server:
        yield server


@pytest.fixture
def api_server(session_api_server: ApiServer) -> ApiServer:
    """An API server that answers."""
    session_api_server.recover()
    return session_api_server


@pytest.fixture
def fresh_api_server(tmp_path: Path) -> Iterator[ApiServer]:
    """An API server of this test's own: no CRD in it, and nobody else's objects."""
    with new_api_server(tmp_path / "cluster") as server:
        yield server


@pytest.fixture(scope="session")
def every_version_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A server with both versions for dry runs: namespaces in it stay, by whatever name a test knows them."""
    with new_api_server(tmp_path_factory.mktemp("every-version")) as server:
        server.install(eso.definitions(require_built("external-secrets"), served=("v1", "v1beta1")))
        yield server


@pytest.fixture(scope="session")
def session_controller_manager(session_api_server: ApiServer) -> Iterator[ControllerManager]:
    """The run's controllers as earlier tests left them; ask for ``controller_manager``."""
    manager = ControllerManager(session_api_server)
    try:
        manager.start()
        yield manager
    finally:
        manager.kill()


@pytest.fixture
def controller_manager(api_server: ApiServer, session_controller_manager: ControllerManager) -> ControllerManager:
    """Kubernetes' own controllers, working."""
    if api_server.starts != session_controller_manager.server_starts:
        # by itself it would notice after half a minute that another server answers
        session_controller_manager.restart()
        session_controller_manager.server_starts = api_server.starts
    session_controller_manager.recover()
    return session_controller_manager


@pytest.fixture(scope="session")
def session_external_secrets_crds(session_api_server: ApiServer) -> None:
    session_api_server.install(eso.definitions(require_built("external-secrets")))


@pytest.fixture
def external_secrets_crds(api_server: ApiServer, session_external_secrets_crds: None) -> None:
    """The kinds of External Secrets in the API, without anybody who works on them."""


@pytest.fixture(scope="session")
def session_external_secrets(
    session_api_server: ApiServer, session_external_secrets_crds: None, session_controller_manager: ControllerManager, aws_server: StrictAws
) -> Iterator[ExternalSecrets]:
    """The run's External Secrets as earlier tests left it; ask for ``external_secrets``."""
    built = require_built("external-secrets")
    controller = ExternalSecrets(session_api_server, built=built, aws=aws_server.environment())
    try:
        controller.start()
        yield controller
    finally:
        controller.kill()


@pytest.fixture
def external_secrets(
    controller_manager: ControllerManager, session_external_secrets: ExternalSecrets, aws_server: StrictAws
) -> ExternalSecrets:
    """The External Secrets controller, working, on the stand-in that this test sees as ``aws``."""
    # a module that imports the fixtures of the stand-in has one of its own, which the controller does not know
    assert aws_server.endpoint == session_external_secrets.endpoint, "take aws from the plugin: do not import its fixtures in this module"
    session_external_secrets.recover()
    return session_external_secrets


@pytest.fixture(scope="session")
def session_argo_cd(session_api_server: ApiServer, session_controller_manager: ControllerManager) -> Iterator[ArgoCd]:
    """The run's Argo CD as earlier tests left it; ask for ``argo_cd``."""
    redis = require_program("redis-server")
    argo_cd = ArgoCd(session_api_server, built=require_built("argocd"), redis=redis, kustomize=folder_if_built("kustomize"))
    try:
        argo_cd.start()
        yield argo_cd
    finally:
        argo_cd.end()


@pytest.fixture
def argo_cd(controller_manager: ControllerManager, session_argo_cd: ArgoCd) -> ArgoCd:
    """Argo CD, working."""
    session_argo_cd.recover()
    return session_argo_cd


@pytest.fixture(scope="session")
def session_argo_cd_server(session_argo_cd: ArgoCd, session_api_server: ApiServer) -> Iterator[ArgoCdServer]:
    """The run's API of Argo CD as earlier tests left it; ask for ``argo_cd_server``."""
    server = ArgoCdServer(session_argo_cd, session_api_server)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def argo_cd_server(argo_cd: ArgoCd, session_argo_cd_server: ArgoCdServer) -> ArgoCdServer:
    """Argo CD's API, answering."""
    session_argo_cd_server.recover()
    return session_argo_cd_server


@pytest.fixture(scope="session")
def session_application_sets(session_argo_cd: ArgoCd) -> Iterator[ApplicationSets]:
    """The run's controller of ApplicationSets as earlier tests left it; ask for ``application_sets``."""
    controller = ApplicationSets(session_argo_cd)
    try:
        controller.start()
        yield controller
    finally:
        controller.kill()


@pytest.fixture
def application_sets(argo_cd: ArgoCd, session_application_sets: ApplicationSets) -> ApplicationSets:
    """The controller of ApplicationSets, working."""
    session_application_sets.recover()
    return session_application_sets


@pytest.fixture
def namespace(api_server: ApiServer) -> Iterator[str]:
    """A new namespace. Where the controller manager runs, what is in it goes with it."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    api_server.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    api_server.recover()
    api_server.call("DELETE", f"/api/v1/namespaces/{name}")
