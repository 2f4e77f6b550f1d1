"""Who we are towards a forge: tokens of the environment, and those that a GitHub App makes."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from tests.builders import FakeClock, SeededEntropy
from tests.standins.kube_api import Seen, StandInApi, Step, answer, stand_in_api

from goldenpath.errors import GoldenpathError
from goldenpath.model.forge_settings import ForgeSettings
from goldenpath.ports.forge import Forge
from goldenpath.providers.forge.opening import ForgeOptions, open_forge

APP, INSTALLATION = 4242, 99
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: Any = KEY, passphrase: bytes = b"") -> bytes:
    lock = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, lock))


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "app.pem"
    path.touch(mode=0o600)
    path.write_bytes(pem())
    return path


@pytest.fixture
def api() -> Iterator[StandInApi]:
    with stand_in_api() as made:
        yield made


def opened(url: str, variables: dict[str, str], *, clock: FakeClock | None = None, **settings: Any) -> Forge:
    place = ForgeSettings(**{"url": url, "repository": "acme/platform", **settings})
    return open_forge(ForgeOptions(settings=place, clock=clock or FakeClock(), entropy=SeededEntropy(1), variables=variables))


def token(text: str = "ghs_made", until: str = "2026-01-15T13:00:00Z") -> Step:
    return answer(201, {"token": text, "expires_at": until, "permissions": {"contents": "read"}})


def claims_of(seen: Seen) -> tuple[dict[str, Any], dict[str, Any]]:
    """Check the signature as GitHub does, and return header and claims."""
    jwt = seen.headers["Authorization"].removeprefix("Bearer ")
    head, body, signature = jwt.split(".")
    KEY.public_key().verify(_decoded(signature), f"{head}.{body}".encode(), PKCS1v15(), SHA256())
    return json.loads(_decoded(head)), json.loads(_decoded(body))


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_an_app_signs_for_itself_and_asks_for_a_token_of_one_repository(api: StandInApi, key_file: Path) -> None:
    clock = FakeClock()
    forge = opened(api.url, {"GOLDENPATH_FORGE_APP_KEY": str(key_file)}, clock=clock, app=APP)
    api.then(answer(200, {"id": INSTALLATION}), token(), answer(200, []))
    assert forge.reviews(7) == ()
    assert api.lines == [
        "GET /repos/acme/platform/installation",
        f"POST /app/installations/{INSTALLATION}/access_tokens",
        "GET /repos/acme/platform/pulls/7/reviews",
    ]
    header, claims = claims_of(api.seen[0])
    now = int(clock.now().timestamp())
    assert header == {"alg": "RS256", "typ": "JWT"}
    assert claims["iss"] == str(APP)
    assert claims["iat"] <= now < claims["exp"] <= now + 600
    assert json.loads(api.seen[1].body) == {"repositories": ["platform"]}
    assert api.seen[2].headers["Authorization"] == "Bearer ghs_made"


def test_a_signature_of_another_key_would_not_pass(api: StandInApi, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.touch(mode=0o600)
    other.write_bytes(pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
    api.then(answer(401))
    with pytest.raises(GoldenpathError):
        opened(api.url, {"GOLDENPATH_FORGE_APP_KEY": str(other)}, app=APP, installation=INSTALLATION).reviews(7)
    with pytest.raises(InvalidSignature):
        claims_of(api.seen[0])


def test_a_token_is_made_again_before_it_ends(api: StandInApi, key_file: Path) -> None:
    clock = FakeClock()
    forge = opened(api.url, {"GOLDENPATH_FORGE_APP_KEY": str(key_file)}, clock=clock, app=APP, installation=INSTALLATION)
    api.then(token("one"), answer(200, []), answer(200, []), token("two", "2026-01-15T14:00:00Z"), answer(200, []))
    forge.reviews(7)
    clock.advance(54 * 60)
    forge.reviews(7)
    clock.advance(2 * 60)
    forge.reviews(7)
    used = [seen.headers["Authorization"] for seen in api.seen if seen.method == "GET"]
    assert used == ["Bearer one", "Bearer one", "Bearer two"]


def test_a_token_that_was_revoked_is_made_again_once(api: StandInApi, key_file: Path) -> None:
    forge = opened(api.url, {"GOLDENPATH_FORGE_APP_KEY": str(key_file)}, app=APP, installation=INSTALLATION)
    api.then(token("one"), answer(401), token("two"), answer(200, []))
    assert forge.reviews(7) == ()
    api.then(answer(401), token("three"), answer(401))
    with pytest.raises(GoldenpathError) as caught:
        forge.reviews(7)
    assert caught.value.code == "forge.unauthenticated"


@pytest.mark.parametrize(
    "step",
    [answer(201, {"token": "x"}), answer(201, {"expires_at": "2026-01-15T13:00:00Z"}), answer(201, {"token": "x", "expires_at": "later"})],
)
def test_an_answer_without_a_token_is_none(api: StandInApi, key_file: Path, step: Step) -> None:
    api.then(step)
    with pytest.raises(GoldenpathError) as caught:
        opened(api.url, {"GOLDENPATH_FORGE_APP_KEY": str(key_file)}, app=APP, installation=INSTALLATION).reviews(7)
    assert caught.value.code == "forge.answer-invalid"


def unusable(tmp_path: Path, case: str) -> Path:
    path = tmp_path / "key"
    if case == "missing":
        return path
    if case == "folder":
        path.mkdir(mode=0o700)
        return path
    if case == "pipe":
        os.mkfifo(path, 0o600)
        return path
    content = {
        "words": b"not a key",
        "empty": b"",
        "other kind": pem(ec.generate_private_key(ec.SECP256R1())),
        "locked": pem(passphrase=b"x"),
        "loose": pem(),
    }
    path.touch(mode=0o600)
    path.write_bytes(content[case])
    if case == "loose":
        path.chmod(0o644)
    return path


@pytest.mark.parametrize("case", ["missing", "folder", "pipe", "words", "empty", "other kind", "locked", "loose"])
def test_a_key_that_cannot_be_used_is_refused_before_anything_is_sent(tmp_path: Path, case: str) -> None:
    with pytest.raises(GoldenpathError) as caught:
        opened("https://forge.example", {"GOLDENPATH_FORGE_APP_KEY": str(unusable(tmp_path, case))}, app=APP)
    assert caught.value.code == "forge.app-key-unusable"
    assert "BEGIN" not in str(caught.value)


def test_an_app_without_a_key_is_refused() -> None:
    with pytest.raises(GoldenpathError) as caught:
        opened("https://forge.example", {"GITHUB_TOKEN": "x"}, app=APP)
    assert caught.value.code == "forge.app-key-unusable"


def test_the_platforms_own_token_comes_before_the_workflows(api: StandInApi) -> None:
    api.then(answer(200, []))
    opened(api.url, {"GITHUB_TOKEN": "theirs", "GOLDENPATH_FORGE_TOKEN": "ours\n"}).reviews(7)
    opened(api.url, {"GITHUB_TOKEN": "theirs", "GOLDENPATH_FORGE_TOKEN": ""}).reviews(7)
    assert [seen.headers["Authorization"] for seen in api.seen] == ["Bearer ours", "Bearer theirs"]


def test_without_a_token_nothing_is_opened() -> None:
    with pytest.raises(GoldenpathError) as caught:
        opened("https://forge.example", {})
    assert caught.value.code == "forge.token-missing"


def test_a_workflow_says_where_it_runs_and_the_settings_come_first(api: StandInApi) -> None:
    api.then(answer(200, []))
    variables = {"GITHUB_TOKEN": "t", "GITHUB_API_URL": f"{api.url}/", "GITHUB_REPOSITORY": "theirs/repo"}
    opened("", variables, repository="").reviews(7)
    opened("", variables).reviews(7)
    assert [line.rpartition("/pulls")[0] for line in api.lines] == ["GET /repos/theirs/repo", "GET /repos/acme/platform"]


@pytest.mark.parametrize(
    ("kind", "variables"),
    [
        ("github", {"GITHUB_REPOSITORY": ""}),
        ("github", {"GITHUB_REPOSITORY": "no-owner"}),
        ("github", {"GITHUB_REPOSITORY": "a/b/../../c"}),
        ("github", {"GITHUB_REPOSITORY": "a/b", "GITHUB_API_URL": "ftp://x"}),
        ("github", {"GITHUB_REPOSITORY": "a/b", "GITHUB_API_URL": "https://x@evil.example"}),
        ("gitea", {"GITHUB_REPOSITORY": "a/b"}),
    ],
)
def test_what_does_not_name_a_forge_is_refused(kind: str, variables: dict[str, str]) -> None:
    with pytest.raises(GoldenpathError) as caught:
        opened("", {"GITHUB_TOKEN": "t", **variables}, kind=kind, repository="")
    assert caught.value.code == "forge.not-configured"
