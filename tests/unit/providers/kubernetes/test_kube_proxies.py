"""Which proxy leads to an API server: the rules of Go's ProxyFromEnvironment, which kubectl keeps."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from tests.standins.kube_api import answer, stand_in_api
from tests.unit.providers.kubernetes.conftest import Rig

from goldenpath.model.cluster import Kind
from goldenpath.providers.kubernetes.proxies import proxy_of

PROXY = "http://proxy:3128"
ALL = {"HTTPS_PROXY": PROXY, "HTTP_PROXY": "http://plain:3128"}


@pytest.mark.parametrize(
    ("server", "variables", "expected"),
    [
        ("https://10.0.0.1:6443", {}, ""),
        ("https://10.0.0.1:6443", ALL, PROXY),
        ("https://10.0.0.1:6443", {"https_proxy": PROXY}, PROXY),
        ("https://10.0.0.1:6443", {"HTTPS_PROXY": "", "https_proxy": PROXY}, PROXY),
        ("http://127.0.0.1:8001", ALL, ""),
        ("http://localhost:8001", ALL, ""),
        ("https://[::1]:6443", ALL, ""),
        ("https://127.9.9.9", ALL, ""),
        ("https://10.0.0.1:6443", {**ALL, "NO_PROXY": "*"}, ""),
        ("https://10.0.0.1:6443", {**ALL, "NO_PROXY": "10.0.0.1"}, ""),
        ("https://10.0.0.1:6443", {**ALL, "no_proxy": "10.0.0.1"}, ""),
        ("https://10.0.0.1:6443", {**ALL, "NO_PROXY": "x, 10.0.0.0/8"}, ""),
        ("https://10.0.0.1:6443", {**ALL, "NO_PROXY": "11.0.0.0/8"}, PROXY),
        ("https://10.0.0.1:6443", {**ALL, "NO_PROXY": "nonsense/8"}, PROXY),
        ("https://10.0.0.1:6443", {**ALL, "NO_PROXY": "10.0.0.1:6443"}, ""),
        ("https://10.0.0.1:6443", {**ALL, "NO_PROXY": "10.0.0.1:443"}, PROXY),
        ("https://10.0.0.1", {**ALL, "NO_PROXY": "10.0.0.1:443"}, ""),
        ("https://[fd00::1]:6443", {**ALL, "NO_PROXY": "fd00::/8"}, ""),
        ("https://[fd00::1]:6443", {**ALL, "NO_PROXY": "[fd00::1]:6443"}, ""),
        ("https://[fd00::1]:6443", {**ALL, "NO_PROXY": "fd00::1"}, ""),
        ("https://api.corp.example", {**ALL, "NO_PROXY": "corp.example"}, ""),
        ("https://corp.example", {**ALL, "NO_PROXY": "corp.example"}, ""),
        ("https://corp.example", {**ALL, "NO_PROXY": ".corp.example"}, PROXY),
        ("https://api.corp.example", {**ALL, "NO_PROXY": ".corp.example"}, ""),
        ("https://api.corp.example", {**ALL, "NO_PROXY": "*.corp.example"}, ""),
        ("https://apicorp.example", {**ALL, "NO_PROXY": "corp.example"}, PROXY),
        ("https://API.corp.example", {**ALL, "NO_PROXY": "CORP.example"}, ""),
        ("https://api.corp.example:8443", {**ALL, "NO_PROXY": "corp.example:443"}, PROXY),
    ],
)
def test_the_environment_decides_as_for_kubectl(server: str, variables: Mapping[str, str], expected: str) -> None:
    assert proxy_of(server, "", variables) == expected


def test_the_kubeconfig_counts_before_the_environment() -> None:
    assert proxy_of("https://10.0.0.1", "http://own:1", {**ALL, "NO_PROXY": "*"}) == "http://own:1"


@pytest.mark.parametrize(("login", "expected"), [("", None), ("ann:p%40ss@", "Basic YW5uOnBAc3M=")])
def test_a_proxy_is_asked_in_the_servers_place(rig: Rig, login: str, expected: str | None) -> None:
    with stand_in_api() as proxy:
        proxy.then(answer(200, {"metadata": {"name": "a", "namespace": "shop"}}))
        rig.trusted = {}
        rig.write(user={}, cluster={"server": "http://127.0.0.1:9", "proxy-url": proxy.url.replace("://", f"://{login}")})
        found = rig.open().get(Kind(name="ConfigMap", plural="configmaps", version="v1"), "a", namespace="shop")
        assert found is not None
        assert proxy.seen[0].path == "http://127.0.0.1:9/api/v1/namespaces/shop/configmaps/a"
        assert {name.lower(): text for name, text in proxy.seen[0].headers.items()}.get("proxy-authorization") == expected
    assert rig.api.seen == []
