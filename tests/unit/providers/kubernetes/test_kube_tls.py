"""TLS towards an API server: who answers is checked, who asks can prove it, and a private key never lies on a disk."""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.certificates import Pair, issue, server_context
from tests.standins.kube_api import StandInApi, answer, stand_in_api
from tests.unit.providers.kubernetes.conftest import RecordingClock, Rig

from goldenpath.errors import GoldenpathError
from goldenpath.model.cluster import Kind

CONFIG_MAP = Kind(name="ConfigMap", plural="configmaps", version="v1")
FOUND = answer(200, {"metadata": {"name": "a", "namespace": "shop"}})


@pytest.fixture(scope="module")
def authority() -> Pair:
    return issue("authority")


@pytest.fixture(scope="module")
def person(authority: Pair) -> Pair:
    return issue("ann", issuer=authority)


@pytest.fixture
def api(tmp_path: Path, authority: Pair) -> Iterator[StandInApi]:
    with stand_in_api(server_context(tmp_path, issue("server", issuer=authority, address="127.0.0.1"))) as made:
        yield made.then(FOUND)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def trusting(pair: Pair, **more: Any) -> dict[str, Any]:
    return {"certificate-authority-data": encoded(pair.pem), **more}


def get(api: StandInApi, folder: Path, *, cluster: dict[str, Any], user: dict[str, Any] | None = None) -> object:
    rig = Rig(api, folder, RecordingClock())
    rig.write(user=user, cluster=cluster)
    return rig.open(retry_limit=0).get(CONFIG_MAP, "a", namespace="shop")


def refused(api: StandInApi, folder: Path, **parts: Any) -> GoldenpathError:
    with pytest.raises(GoldenpathError) as caught:
        get(api, folder, **parts)
    assert api.seen == [], "neither the question nor the token went out"
    return caught.value


def test_a_server_of_the_clusters_own_authority_is_believed(api: StandInApi, tmp_path: Path, authority: Pair) -> None:
    assert get(api, tmp_path, cluster=trusting(authority))
    assert api.seen[0].headers["Authorization"] == "Bearer first"


def test_another_authority_is_not_believed(api: StandInApi, tmp_path: Path) -> None:
    error = refused(api, tmp_path, cluster=trusting(issue("other")))
    assert (error.code, error.kind) == ("cluster.certificate-untrusted", "misconfigured")


def test_what_this_machine_trusts_does_not_count_beside_an_authority(api: StandInApi, tmp_path: Path) -> None:
    assert refused(api, tmp_path, cluster={}).code == "cluster.certificate-untrusted"


def test_a_certificate_for_another_name_is_not_believed(tmp_path: Path, authority: Pair) -> None:
    with stand_in_api(server_context(tmp_path, issue("server", issuer=authority, address="127.0.0.2"))) as api:
        api.then(FOUND)
        error = refused(api, tmp_path, cluster=trusting(authority))
        assert (error.code, "127.0.0.1" in error.message) == ("cluster.certificate-untrusted", True)
        assert get(api, tmp_path, cluster=trusting(authority, **{"tls-server-name": "api.cluster"}))
        api.seen.clear()
        assert refused(api, tmp_path, cluster=trusting(authority, **{"tls-server-name": "other.cluster"})).code == error.code


def test_a_server_that_is_not_checked_is_said_to_be(api: StandInApi, tmp_path: Path) -> None:
    assert get(api, tmp_path, cluster={"insecure-skip-tls-verify": True})


def test_plain_http_on_the_port_is_no_answer(tmp_path: Path, authority: Pair) -> None:
    with stand_in_api() as api:
        api.url = api.url.replace("http:", "https:")
        api.then(FOUND)
        assert refused(api, tmp_path, cluster=trusting(authority)).code == "cluster.unavailable"


def test_a_client_certificate_proves_who_asks(tmp_path: Path, authority: Pair, person: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_file(*_arguments: object, **_options: object) -> None:
        raise AssertionError("a key went into a file")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", no_file)
    monkeypatch.setattr(tempfile, "mkstemp", no_file)
    with stand_in_api(server_context(tmp_path, issue("server", issuer=authority, address="127.0.0.1"), clients=authority)) as api:
        api.then(FOUND)
        user = {"client-certificate-data": encoded(person.pem), "client-key-data": encoded(person.key_pem())}
        assert get(api, tmp_path, cluster=trusting(authority), user=user)
        assert "Authorization" not in api.seen[0].headers
        api.seen.clear()
        stranger = issue("eve", issuer=issue("other"))
        user = {"client-certificate-data": encoded(stranger.pem), "client-key-data": encoded(stranger.key_pem())}
        assert refused(api, tmp_path, cluster=trusting(authority), user=user).code == "cluster.unavailable"


def test_where_memory_files_are_missing_the_key_is_gone_with_the_call(
    tmp_path: Path, authority: Pair, person: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "memfd_create")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    modes: list[int] = []
    load = ssl.SSLContext.load_cert_chain

    def watched(context: ssl.SSLContext, path: str, *arguments: Any, **options: Any) -> None:
        modes.append(Path(path).stat().st_mode & 0o777)
        load(context, path, *arguments, **options)

    with stand_in_api(server_context(tmp_path, issue("server", issuer=authority, address="127.0.0.1"), clients=authority)) as api:
        api.then(FOUND)
        monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", watched)
        user = {"client-certificate-data": encoded(person.pem), "client-key-data": encoded(person.key_pem())}
        assert get(api, tmp_path, cluster=trusting(authority), user=user)
    assert (modes, list((tmp_path / "temporary").iterdir())) == ([0o600], [])


@pytest.mark.parametrize("fault", ["locked", "another key", "no key", "no certificate", "empty"])
def test_a_pair_that_does_not_fit_is_refused_without_a_question(
    api: StandInApi, tmp_path: Path, authority: Pair, person: Pair, fault: str
) -> None:
    chain, key = {
        "locked": (person.pem, person.key_pem(b"passphrase")),
        "another key": (person.pem, issue("x").key_pem()),
        "no key": (person.pem, b"-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n"),
        "no certificate": (b"hello", person.key_pem()),
        "empty": (b"\n", b"\n"),
    }[fault]
    user = {"client-certificate-data": encoded(chain), "client-key-data": encoded(key)}
    error = refused(api, tmp_path, cluster=trusting(authority), user=user)
    assert (error.code, "PRIVATE" in str(error)) == ("cluster.kubeconfig-malformed", False)


@pytest.mark.parametrize("data", [b"hello", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n", b"\n"])
def test_an_authority_that_is_none_is_refused(api: StandInApi, tmp_path: Path, data: bytes) -> None:
    assert refused(api, tmp_path, cluster={"certificate-authority-data": encoded(data)}).code == "cluster.kubeconfig-malformed"
