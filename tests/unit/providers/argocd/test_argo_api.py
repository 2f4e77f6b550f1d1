"""Argo CD's API over a real socket: a stand-in that answers what a test says, awkward answers included."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from goldenpath.errors import GoldenpathError
from goldenpath.providers.argocd.api import open_api

CANARY = "canary-4e1f-token"


class StandInArgoCd:
    """One status and body for every request; remembers what was asked."""

    def __init__(self) -> None:
        self.status, self.body = 200, b"{}"
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, str]] = []
        self.is_mute = False
        self.may_answer, self.patience_seconds = threading.Event(), 5.0
        self.may_answer.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, self.headers.get("Authorization", "")))
                if (outer.is_mute or "refresh=" in self.path) and not outer.may_answer.wait(outer.patience_seconds):
                    self.close_connection = True
                    return
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(outer.body)))
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *_arguments: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, status: int, body: Any = b"", **headers: str) -> None:
        self.status, self.body, self.headers = status, body if isinstance(body, bytes) else json.dumps(body).encode(), headers

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[StandInArgoCd]:
    made = StandInArgoCd()
    yield made
    made.close()


def api(server: StandInArgoCd) -> Any:
    return open_api(server.url, token=CANARY, namespace="argocd", is_prod=False)


def test_an_application_comes_as_the_cluster_would_show_it(server: StandInArgoCd) -> None:
    tree = {"metadata": {"name": "secrets-dev", "namespace": "argocd"}, "spec": {"a": 1}, "status": {"sync": {"status": "Synced"}}}
    server.answer(200, tree)
    found = api(server).application("secrets-dev")
    assert (found.meta.name, found.spec, found.status) == ("secrets-dev", {"a": 1}, {"sync": {"status": "Synced"}})
    api(server).refresh("secrets-dev", is_hard=True)
    assert [path for path, _token in server.asked] == [
        "/api/v1/applications/secrets-dev?appNamespace=argocd",
        "/api/v1/applications/secrets-dev?appNamespace=argocd&refresh=hard",
    ]
    assert {token for _path, token in server.asked} == {f"Bearer {CANARY}"}


def test_a_refresh_that_is_not_answered_was_asked_for_all_the_same(server: StandInArgoCd, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server answers once the controller has compared; meanwhile the mark stands in the application."""
    monkeypatch.setattr("goldenpath.providers.argocd.api.REFRESH_SECONDS", 0.2)
    server.answer(200, {"metadata": {"name": "secrets-dev", "annotations": {"argocd.argoproj.io/refresh": "normal"}}})
    server.may_answer.clear()
    api(server).refresh("secrets-dev")
    assert ["refresh" in path for path, _token in server.asked] == [True, False]
    server.answer(404)
    with pytest.raises(GoldenpathError) as caught:
        api(server).refresh("secrets-dev")
    assert caught.value.code == "argo.application-missing"
    server.may_answer.set()


def test_a_server_that_says_nothing_at_all_is_unavailable(server: StandInArgoCd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goldenpath.providers.argocd.api.ANSWER_SECONDS", 0.2)
    server.is_mute = True
    server.may_answer.clear()
    with pytest.raises(GoldenpathError) as caught:
        api(server).application("secrets-dev")
    assert caught.value.code == "argo.unavailable"
    server.may_answer.set()


def test_missing_is_none_and_a_refresh_of_it_is_refused(server: StandInArgoCd) -> None:
    server.answer(404, {"error": CANARY})
    assert api(server).application("x") is None
    with pytest.raises(GoldenpathError) as caught:
        api(server).refresh("x")
    assert caught.value.code == "argo.application-missing"


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, CANARY.encode(), "argo.unauthenticated"),
        (403, CANARY.encode(), "argo.forbidden"),
        (429, b"", "argo.unavailable"),
        (500, CANARY.encode(), "argo.unavailable"),
        (503, b"<html>" + CANARY.encode(), "argo.unavailable"),
        (418, b"", "argo.refused"),
        (200, b"<html>login " + CANARY.encode(), "argo.refused"),
        (200, b"[]", "argo.refused"),
        (200, b'{"metadata": {"name": "another"}}', "argo.refused"),
        (200, b"[" * 100_000, "argo.refused"),
        (200, b"", "argo.refused"),
    ],
)
def test_every_other_answer_is_an_error_without_its_words(server: StandInArgoCd, status: int, body: bytes, code: str) -> None:
    server.answer(status, body)
    with pytest.raises(GoldenpathError) as caught:
        api(server).application("secrets-dev")
    assert caught.value.code == code
    assert CANARY not in f"{caught.value!r} {caught.value} {caught.value.hint}"


def test_a_redirect_is_not_followed(server: StandInArgoCd) -> None:
    """R37: the token goes to the server that was configured and nowhere else."""
    other = StandInArgoCd()
    server.answer(302, b"", Location=f"{other.url}/steal")
    with pytest.raises(GoldenpathError) as caught:
        api(server).application("x")
    assert caught.value.code == "argo.refused"
    assert other.asked == []
    other.close()


def test_no_answer_is_unavailable(server: StandInArgoCd) -> None:
    asked = api(server)
    server.close()
    with pytest.raises(GoldenpathError) as caught:
        asked.application("x")
    assert caught.value.code == "argo.unavailable"


@pytest.mark.parametrize(
    ("url", "token", "is_prod", "code"),
    [
        ("https://argocd.example.com", "", False, "argo.token-missing"),
        ("http://argocd.example.com", "t", False, "argo.unencrypted"),
        ("http://localhost.example.com", "t", False, "argo.unencrypted"),
        ("http://127.0.0.1.example.com", "t", False, "argo.unencrypted"),
        ("http://127.0.0.1", "t", True, "argo.unencrypted"),
    ],
)
def test_what_would_not_be_safe_is_refused_unsent(url: str, token: str, is_prod: bool, code: str) -> None:
    with pytest.raises(GoldenpathError) as caught:
        open_api(url, token=token, namespace="argocd", is_prod=is_prod)
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["../../session", "a?b", "a b", "é"])
def test_a_name_stays_one_segment(server: StandInArgoCd, name: str) -> None:
    server.answer(404)
    assert api(server).application(name) is None
    assert server.asked[0][0].startswith("/api/v1/applications/")
    assert server.asked[0][0].count("/") == 4
    assert server.asked[0][0].count("?") == 1
