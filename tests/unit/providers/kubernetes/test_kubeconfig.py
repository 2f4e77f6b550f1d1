"""Kubeconfig files, well-formed, hostile and wrong: read as kubectl reads them, and no message repeats what is in them."""

from __future__ import annotations

import base64
import json
import os
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import deep_merge
from tests.canary import hits_in, new_canary

from goldenpath.errors import GoldenpathError, Misconfigured
from goldenpath.providers.kubernetes.kubeconfig import Files, files_of, read_place
from goldenpath.providers.kubernetes.place import Place

PEM = b"-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def config(user: Any = None, cluster: Any = None, *, name: str = "dev", **context: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": f"{name}-c", "cluster": {"server": "https://10.0.0.1:6443"} if cluster is None else cluster}],
        "users": [{"name": f"{name}-u", "user": {"token": "abc"} if user is None else user}],
        "contexts": [{"name": name, "context": {"cluster": f"{name}-c", "user": f"{name}-u", **context}}],
        "current-context": name,
    }


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(tree: Any, name: str = "config", mode: int = 0o600) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tree if isinstance(tree, bytes) else json.dumps(tree).encode())
        path.chmod(mode)
        return path

    return write


Write = Callable[..., Path]


def read(*paths: Path, context: str = "dev", **options: Any) -> Place:
    return read_place(Files(paths=paths, is_named=True), context, **options)


def refused(call: Callable[[], object]) -> GoldenpathError:
    with pytest.raises(Misconfigured) as caught:
        call()
    return caught.value


def cluster(**fields: Any) -> dict[str, Any]:
    return {"server": "https://10.0.0.1:6443", **{name.replace("_", "-"): value for name, value in fields.items()}}


def user(**fields: Any) -> dict[str, Any]:
    return {name.replace("_", "-"): value for name, value in fields.items()}


# --- what is read


def test_a_context_leads_to_its_cluster_and_user(write: Write) -> None:
    path = write(config(cluster=cluster(certificate_authority_data=encoded(PEM), tls_server_name="api", proxy_url="http://proxy:3128")))
    place = read(path)
    assert (place.name, place.endpoint.server, place.endpoint.authority) == ("dev", "https://10.0.0.1:6443", PEM)
    assert (place.endpoint.tls_name, place.endpoint.proxy, place.endpoint.is_unverified) == ("api", "http://proxy:3128", False)
    assert place.login.token is not None
    assert place.login.token.reveal() == b"abc"


def test_yaml_of_kubectl_itself_is_read(write: Write) -> None:
    text = yaml.safe_dump(config(user=user(username="ann", password="p w"))).encode()
    login = read(write(text)).login
    assert login.password is not None
    assert (login.username, login.password.reveal()) == ("ann", b"p w")


def test_the_current_context_does_not_count(write: Write) -> None:
    error = refused(lambda: read(write(config()), context=""))
    assert error.code == "cluster.kubeconfig-context"


def test_of_several_files_the_first_to_name_an_entry_wins(write: Write) -> None:
    one = write(config(user=user(token="first")), "one")
    two = write(deep_merge(config(user=user(token="second")), {}), "two")
    three = write(config(name="prod"), "three")
    empty, gone = write(b"", "empty"), Path("/nonexistent/config")
    for paths, token in (((one, two, three), b"first"), ((gone, empty, two, one, three), b"second")):
        place = read_place(Files(paths=paths, is_named=False), "dev")
        assert place.login.token is not None
        assert place.login.token.reveal() == token
        assert read_place(Files(paths=paths, is_named=False), "prod").name == "prod"


def test_an_entry_may_come_from_another_file(write: Write) -> None:
    whole = config()
    parts = [write({field: whole[field]}, field) for field in ("contexts", "users", "clusters")]
    assert read(*parts).endpoint.server == "https://10.0.0.1:6443"


def test_paths_are_relative_to_their_own_file(write: Write, tmp_path: Path) -> None:
    for name, data in (("a/ca.pem", PEM), ("b/client.pem", b"chain"), ("b/client.key", b"key"), ("a/client.pem", b"wrong")):
        write(data, name)
    write({**config(cluster=cluster(certificate_authority="ca.pem")), "users": []}, "a/config")
    write({"users": config(user=user(client_certificate="client.pem", client_key="client.key", tokenFile="t"))["users"]}, "b/config")
    place = read(tmp_path / "a/config", tmp_path / "b/config")
    assert place.endpoint.authority == PEM
    assert place.login.certificate is not None
    assert (place.login.certificate.chain, place.login.certificate.key.reveal()) == (b"chain", b"key")
    assert place.login.token_file == tmp_path / "b/t"


def test_an_older_plugin_needs_no_mode(write: Write) -> None:
    old = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws"}
    plugin = read(write(config(user=user(exec=old)))).login.plugin
    assert plugin is not None
    assert plugin.interactive == "IfAvailable"


def test_a_plugin_is_read_with_all_it_needs(write: Write, tmp_path: Path) -> None:
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "bin/login",
        "args": ["--cluster", "dev"],
        "env": [{"name": "PROFILE", "value": "dev"}],
        "interactiveMode": "Never",
        "provideClusterInfo": True,
    }
    extension = [{"name": "client.authentication.k8s.io/exec", "extension": {"audience": "dev"}}]
    found = read(write(config(user=user(exec=plugin), cluster=cluster(certificate_authority_data=encoded(PEM), extensions=extension))))
    made = found.login.plugin
    assert made is not None
    assert (made.command, made.arguments, made.environment) == (f"{tmp_path}/bin/login", ("--cluster", "dev"), (("PROFILE", "dev"),))
    assert made.cluster == {
        "server": "https://10.0.0.1:6443",
        "certificate-authority-data": encoded(PEM),
        "config": {"audience": "dev"},
    }
    plain = read(write(config(user=user(exec={**plugin, "command": "aws", "provideClusterInfo": False})))).login.plugin
    assert plain is not None
    assert (plain.command, plain.cluster) == ("aws", None)


def test_who_is_impersonated_is_sent_along(write: Write) -> None:
    tree = config(user={"token": "t", "as": "ann", "as-uid": "7", "as-groups": ["dev", "ops"]})
    assert read(write(tree)).login.impersonated == (
        ("Impersonate-User", "ann"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "dev"),
        ("Impersonate-Group", "ops"),
    )


def test_a_context_without_a_user_is_nobody(write: Write) -> None:
    tree = config()
    del tree["contexts"][0]["context"]["user"]
    login = read(write(tree)).login
    assert (login.token, login.certificate, login.plugin) == (None, None, None)


def test_plain_http_is_for_a_proxy_on_this_machine(write: Write) -> None:
    for server in ("http://127.0.0.1:8001", "http://localhost:8001/prefix/", "http://[::1]:8001"):
        assert read(write(config(user={}, cluster={"server": server}))).endpoint.server == server.rstrip("/")


@pytest.mark.parametrize(
    "entry",
    [
        {"token": "t"},
        {"tokenFile": "t"},
        {"username": "ann", "password": "p"},
        {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "a", "interactiveMode": "Never"}},
        {"client-certificate-data": "Yw==", "client-key-data": "aw=="},
        {"as": "ann"},
    ],
    ids=lambda entry: next(iter(entry)),
)
def test_no_credentials_go_out_in_clear(write: Write, entry: dict[str, Any]) -> None:
    tree = config(user=entry, cluster={"server": "http://127.0.0.1:8001"})
    assert refused(lambda: read(write(tree))).code == "cluster.kubeconfig-insecure"


@pytest.mark.parametrize("variables", [{"KUBECONFIG": ""}, {}], ids=["empty", "none"])
def test_without_a_word_it_is_the_one_in_the_home_folder(variables: Mapping[str, str]) -> None:
    assert files_of(None, variables) == Files(paths=(Path.home() / ".kube/config",), is_named=False)


def test_the_variable_lists_files_and_a_name_counts_before_it() -> None:
    variables = {"KUBECONFIG": f"/a{os.pathsep}{os.pathsep}~/b"}
    assert files_of(None, variables) == Files(paths=(Path("/a"), Path.home() / "b"), is_named=False)
    assert files_of(Path("/c"), variables) == Files(paths=(Path("/c"),), is_named=True)


# --- what is refused


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    error = refused(lambda: read(tmp_path / "config"))
    assert (error.code, str(tmp_path / "config") in error.message) == ("cluster.kubeconfig-missing", True)


def test_a_folder_is_no_kubeconfig(tmp_path: Path) -> None:
    assert refused(lambda: read(tmp_path)).code == "cluster.kubeconfig-unreadable"


@pytest.mark.parametrize("mode", [0o602, 0o666, 0o777])
def test_a_file_that_everybody_can_write_is_refused(write: Write, mode: int) -> None:
    path = write(config(), mode=mode)
    error = refused(lambda: read(path))
    assert (error.code, error.hint) == ("cluster.kubeconfig-writable", f"chmod 600 {path}")


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o640, 0o644, 0o664])
def test_a_file_that_only_its_owner_and_group_can_write_is_read(write: Write, mode: int) -> None:
    assert read(write(config(), mode=mode)).name == "dev"


def test_a_file_that_git_tracks_is_refused(write: Write) -> None:
    path = write(config())
    error = refused(lambda: read(path, is_tracked=lambda found: found == path))
    assert error.code == "cluster.kubeconfig-tracked"


def test_a_context_that_is_not_there_names_the_others(write: Write) -> None:
    one, two = write(config(name="dev"), "one"), write(config(name="pr\nod"), "two")
    error = refused(lambda: read(one, two, context="staging"))
    assert error.message == "the kubeconfig has no context 'staging'; it has dev, pr\\nod"
    many = {"contexts": [{"name": f"c{number:03}", "context": {}} for number in range(100)]}
    assert refused(lambda: read(write(many))).message.endswith("c019 and 80 more")
    assert refused(lambda: read(write(b""))).message.endswith("it has none at all")


TOKEN_CASES = ["a b", "a\nb", "a\r\nX-Evil: 1", "ä", "a\x00b", "   "]


@pytest.mark.parametrize("token", TOKEN_CASES)
def test_a_token_that_no_header_takes_is_refused_without_being_shown(write: Write, token: str) -> None:
    error = refused(lambda: read(write(config(user=user(token=token)))))
    assert error.code == "cluster.kubeconfig-malformed"
    assert token.strip() == "" or token not in str(error)


MALFORMED: dict[str, Any] = {
    "no yaml": b"a: [",
    "a list": b"[1, 2]",
    "text": b"hello",
    "binary": b"\x00\xff\xfe",
    "an unknown tag": b"!!python/object/apply:os.system ['true']",
    "clusters no list": {**config(), "clusters": {"a": 1}},
    "an entry that is text": {**config(), "users": ["a"]},
    "an entry without a name": {**config(), "contexts": [{"context": {}}]},
    "a context that is a list": {**config(), "contexts": [{"name": "dev", "context": [1]}]},
    "a cluster that is not there": {**config(), "clusters": []},
    "a user that is not there": {**config(), "users": []},
    "no server": config(cluster={}),
    "a server that is none": config(cluster={"server": "ftp://host"}),
    "a server without a host": config(cluster={"server": "https://"}),
    "a server with a login": config(cluster={"server": "https://ann:secret@host"}),
    "a server with a query": config(cluster={"server": "https://host/?a=b"}),
    "a server with a bad port": config(cluster={"server": "https://host:99999999"}),
    "a server with spaces": config(cluster={"server": "https://host /x"}),
    "a server that is a number": config(cluster={"server": 7}),
    "verification that is text": config(cluster=cluster(insecure_skip_tls_verify="true")),
    "unverified beside an authority": config(cluster=cluster(insecure_skip_tls_verify=True, certificate_authority_data=encoded(PEM))),
    "an authority that is no base64": config(cluster=cluster(certificate_authority_data="%%%")),
    "a token that is a number": config(user=user(token=7)),
    "a certificate without a key": config(user=user(client_certificate_data=encoded(b"c"))),
    "a key without a certificate": config(user=user(client_key_data=encoded(b"k"))),
    "a key that is no base64": config(user=user(client_certificate_data=encoded(b"c"), client_key_data="!!")),
    "a plugin that is text": config(user=user(exec="aws")),
    "a plugin without a command": config(user=user(exec={"apiVersion": "client.authentication.k8s.io/v1"})),
    "a plugin with odd arguments": config(
        user=user(exec={"apiVersion": "client.authentication.k8s.io/v1", "command": "a", "args": [7], "interactiveMode": "Never"})
    ),
    "a plugin with odd variables": config(
        user=user(exec={"apiVersion": "client.authentication.k8s.io/v1", "command": "a", "env": ["A=b"], "interactiveMode": "Never"})
    ),
    "a plugin with an odd mode": config(
        user=user(exec={"apiVersion": "client.authentication.k8s.io/v1", "command": "a", "interactiveMode": "Sometimes"})
    ),
    "a plugin without a mode": config(user=user(exec={"apiVersion": "client.authentication.k8s.io/v1", "command": "a"})),
    "an authority twice": config(cluster=cluster(certificate_authority="ca", certificate_authority_data=encoded(PEM))),
    "a certificate twice": config(user=user(client_certificate="c", client_certificate_data=encoded(b"c"), client_key="k")),
    "a key twice": config(user=user(client_certificate_data=encoded(b"c"), client_key="k", client_key_data=encoded(b"k"))),
    "a token beside a name": config(user=user(token="t", username="ann")),
    "a file with a token beside a name": config(user=user(tokenFile="token", username="ann")),
    "a token beside a password": config(user=user(token="t", password="p")),
    "groups of nobody": config(user={"as-groups": ["ops"]}),
    "a number of nobody": config(user={"as-uid": "7"}),
    "groups that are text": config(user={"as": "ann", "as-groups": "ops"}),
    "an impersonated line end": config(user={"as": "ann\r\nX: y"}),
}


@pytest.mark.parametrize("tree", MALFORMED.values(), ids=MALFORMED)
def test_what_kubectl_would_not_take_is_refused(write: Write, tree: Any) -> None:
    error = refused(lambda: read(write(tree)))
    assert (error.code, error.hint.startswith("kubectl config view")) == ("cluster.kubeconfig-malformed", True)


UNSUPPORTED: dict[str, Any] = {
    "an auth provider": config(user=user(auth_provider={"name": "oidc", "config": {"id-token": "secret"}})),
    "an old plugin": config(user=user(exec={"apiVersion": "client.authentication.k8s.io/v1alpha1", "command": "a"})),
    "a SOCKS proxy": config(cluster=cluster(proxy_url="socks5://proxy:1080")),
    "impersonated extras": config(user={"as": "ann", "as-user-extra": {"reason": ["x"]}}),
}


@pytest.mark.parametrize("tree", UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_what_is_not_done_here_is_said(write: Write, tree: Any) -> None:
    assert refused(lambda: read(write(tree))).code == "cluster.kubeconfig-unsupported"


@pytest.mark.parametrize("server", ["http://10.0.0.1:6443", "http://api.example.com", "http://127.0.0.1.example.com"])
def test_plain_http_to_elsewhere_is_refused(write: Write, server: str) -> None:
    assert refused(lambda: read(write(config(user={}, cluster={"server": server})))).code == "cluster.kubeconfig-insecure"


def test_files_that_an_entry_names_and_that_are_not_there_are_named(write: Write) -> None:
    for tree, field in (
        (config(cluster=cluster(certificate_authority="ca.pem")), "certificate-authority"),
        (config(user=user(client_certificate="c.pem", client_key="k.pem")), "client-certificate"),
    ):
        error = refused(lambda: read(write(tree)))  # noqa: B023 - called at once
        assert (error.code, field in error.message) == ("cluster.kubeconfig-unreadable", True)


def test_a_file_beyond_all_bounds_is_not_read(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goldenpath.providers.kubernetes.kubeconfig.FILE_MAX_BYTES", 1000)
    assert refused(lambda: read(write(b"#" * 2000))).code == "cluster.kubeconfig-malformed"


def test_deep_nesting_is_refused(write: Write) -> None:
    assert refused(lambda: read(write(b"[" * 5000))).code == "cluster.kubeconfig-malformed"


# --- any content

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
WORDS = {
    "cluster": [
        "server",
        "certificate-authority",
        "certificate-authority-data",
        "insecure-skip-tls-verify",
        "proxy-url",
        "tls-server-name",
    ],
    "user": ["token", "client-certificate-data", "client-key-data", "exec", "as", "as-groups", "username", "password", "auth-provider"],
    "context": ["cluster", "user", "namespace"],
}
CONFIGS = st.fixed_dictionaries(
    {
        f"{word}s": JSON
        | st.lists(
            st.fixed_dictionaries(
                {
                    "name": st.sampled_from(["dev", "dev-c", "dev-u"]) | JSON,
                    word: JSON | st.dictionaries(st.sampled_from(fields), JSON | st.sampled_from(["https://10.0.0.1", "dev-c", "dev-u"])),
                }
            ),
            max_size=3,
        )
        for word, fields in WORDS.items()
    }
)


@given(CONFIGS)
def test_whatever_is_in_it_a_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, tree: dict[str, Any]) -> None:
    path = tmp_path_factory.getbasetemp() / "any-kubeconfig"
    path.touch(mode=0o600)
    path.write_text(json.dumps(tree))
    try:
        assert read(path).endpoint.server.startswith("http")
    except GoldenpathError as error:
        assert error.code.startswith("cluster.kubeconfig-")  # noqa: PT017 - either outcome is right


@given(CONFIGS)
def test_no_refusal_shows_a_token(tmp_path_factory: pytest.TempPathFactory, tree: dict[str, Any]) -> None:
    canary = new_canary()
    hidden = {**tree, "users": [{"name": "dev-u", "user": {"token": canary, "exec": canary, "client-key-data": canary}}, canary]}
    path = tmp_path_factory.getbasetemp() / "hidden-kubeconfig"
    path.touch(mode=0o600)
    path.write_text(json.dumps(hidden))
    with pytest.raises(GoldenpathError) as caught:
        read(path)
    assert hits_in("".join(traceback.format_exception(caught.value)).encode(), [canary]) == []
