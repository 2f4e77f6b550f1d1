"""Argo CD's API as ``argocd-server`` speaks it: the product's client with an account that may look, and do no more."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cluster.api_server import ApiServer
from tests.cluster.argo_cd import NAMESPACE, ArgoCd
from tests.cluster.argo_cd_doors import ArgoCdServer
from tests.cluster_bench import connect
from tests.real.test_argo_cd import Followed, note

from goldenpath.delivery.argo_application import read_application
from goldenpath.delivery.argo_wait import wait_until_applied
from goldenpath.errors import GoldenpathError, SyncTimeout
from goldenpath.providers.argocd.api import ArgoCdApi, open_api
from goldenpath.providers.argocd.applications import ClusterArgoCd
from goldenpath.providers.system import SystemClock

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture
def followed(tmp_path: Path, argo_cd: ArgoCd, api_server: ApiServer, namespace: str) -> Iterator[Followed]:
    yield Followed(tmp_path, argo_cd, api_server, namespace)
    argo_cd.recover()
    argo_cd.delete_application(namespace)


def api(server: ArgoCdServer, token: str) -> ArgoCdApi:
    return open_api(server.url, token=token, namespace=NAMESPACE, is_prod=False)


def code_of(asked: ArgoCdApi, name: str) -> str:
    with pytest.raises(GoldenpathError) as caught:
        asked.application(name)
    return caught.value.code


def wait_for(asked: ArgoCdApi, name: str, wanted: str, *, seconds: float = 60, is_hard: bool = False) -> str:
    state, applied = wait_until_applied(
        asked,
        name,
        wanted=wanted,
        is_within=lambda _revision: False,
        clock=SystemClock(),
        timeout_seconds=seconds,
        is_hard=is_hard,
    )
    assert state.name == name
    return applied.revision


def test_what_the_api_shows_is_what_lies_in_the_cluster(followed: Followed, argo_cd_server: ArgoCdServer) -> None:
    name, asked = followed.namespace, api(argo_cd_server, argo_cd_server.token())
    assert wait_for(asked, name, followed.first) == followed.first
    by_api = asked.application(name)
    by_cluster = ClusterArgoCd(connect(followed.cluster.kubeconfig), namespace=NAMESPACE).application(name)
    assert by_api is not None
    assert by_cluster is not None
    assert read_application(by_api) == read_application(by_cluster)
    assert {ref.name for ref in read_application(by_api).resources} == {"kept", "leaving"}

    second = followed.push({"env/dev/leaving.yaml": None})
    assert wait_for(asked, name, second, is_hard=True) == second, "a refresh that was asked for by the API brings the next commit"
    assert followed.names() == {"kept"}


def test_a_controller_that_stands_still_is_waited_for_and_no_longer_than_was_said(
    followed: Followed, argo_cd_server: ArgoCdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server answers a refresh when the controller has compared, so it says nothing for as long as that is held."""
    monkeypatch.setattr("goldenpath.providers.argocd.api.REFRESH_SECONDS", 1.0)
    asked = api(argo_cd_server, argo_cd_server.token())
    wait_for(asked, followed.namespace, followed.first)
    followed.argo_cd.pause()
    second = followed.push({"env/dev/new.yaml": note("new")})
    with pytest.raises(SyncTimeout) as caught:
        wait_for(asked, followed.namespace, second, seconds=2)
    assert (caught.value.code, "Argo CD compares" in caught.value.message) == ("argo.timeout", True)
    followed.argo_cd.resume()
    assert wait_for(asked, followed.namespace, second) == second


def test_tokens_that_say_nothing_are_refused_and_a_stranger_to_an_application_sees_none(
    followed: Followed, argo_cd_server: ArgoCdServer
) -> None:
    name, short = followed.namespace, argo_cd_server.token(seconds=1)
    asked = api(argo_cd_server, argo_cd_server.token())
    assert asked.application(name) is not None
    assert code_of(asked, f"{name}-never-made") == "argo.forbidden", "whoever may not know is not told"
    time.sleep(1.1)
    for token in (short, "eyJhbGciOiJub25lIn0.e30.", "never-heard-of"):
        assert code_of(api(argo_cd_server, token), name) == "argo.unauthenticated"
    argo_cd_server.kill()
    assert code_of(asked, name) == "argo.unavailable"


def test_the_account_of_our_documentation_may_do_no_more_than_look(followed: Followed, argo_cd_server: ArgoCdServer) -> None:
    place, token = f"{argo_cd_server.url}/api/v1/applications/{followed.namespace}", argo_cd_server.token()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for method, path, body in (("POST", "/sync", b"{}"), ("DELETE", "", None), ("PATCH", "", b'{"patch": "{}", "patchType": "merge"}')):
        request = urllib.request.Request(place + path, data=body, headers=headers, method=method)  # noqa: S310 - a server of ours
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30)
