"""Who we are to the API server: renewed once when it is refused, by one thread for all, from wherever the kubeconfig says."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.canary import hits_in, new_canary
from tests.standins.kube_api import answer, refusal, stream
from tests.unit.providers.kubernetes.conftest import Rig

from goldenpath.errors import GoldenpathError
from goldenpath.model.cluster import Kind
from goldenpath.model.instant import to_text
from goldenpath.providers.kubernetes.cluster import KubernetesCluster
from goldenpath.providers.kubernetes.exec_plugin import PluginAnswer, run_plugin
from goldenpath.providers.kubernetes.place import ExecPlugin

CONFIG_MAP = Kind(name="ConfigMap", plural="configmaps", version="v1")
FOUND = answer(200, {"metadata": {"name": "a", "namespace": "shop"}})
DENIED = answer(401, {"kind": "Status", "code": 401})
V1 = "client.authentication.k8s.io/v1"


def get(cluster: KubernetesCluster) -> object:
    return cluster.get(CONFIG_MAP, "a", namespace="shop")


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(GoldenpathError) as caught:
        call()
    return caught.value.code


def tokens(rig: Rig) -> list[str]:
    return [each.headers.get("Authorization", "") for each in rig.api.seen]


def answers_to(*accepted: str) -> Callable[[Any, Any], None]:
    """The stand-in believes these tokens and no other."""

    def step(handler: Any, seen: Any) -> None:
        (FOUND if seen.headers.get("Authorization") in {f"Bearer {each}" for each in accepted} else DENIED)(handler, seen)

    return step


# --- tokens


def test_a_token_that_was_renewed_meanwhile_is_used(rig: Rig) -> None:
    cluster = rig.open()
    rig.api.then(answers_to("first"))
    assert get(cluster)
    rig.begin(answers_to("second"))
    rig.write(user={"token": "second"})
    assert get(cluster)
    assert tokens(rig) == ["Bearer first", "Bearer second"]


def test_a_token_that_stays_the_same_is_not_sent_again(rig: Rig) -> None:
    rig.api.then(DENIED)
    assert code_of(lambda: get(rig.open())) == "cluster.unauthenticated"
    assert len(rig.api.seen) == 1


def test_a_new_token_that_is_refused_as_well_ends_it(rig: Rig) -> None:
    cluster = rig.open()
    rig.api.then(FOUND)
    get(cluster)
    rig.begin(DENIED)
    rig.write(user={"token": "second"})
    assert code_of(lambda: get(cluster)) == "cluster.unauthenticated"
    assert tokens(rig) == ["Bearer first", "Bearer second"]
    assert rig.clock.pauses == []


def test_a_watch_renews_its_token_too(rig: Rig) -> None:
    cluster = rig.open()
    rig.api.then(FOUND)
    get(cluster)
    rig.write(user={"token": "second"})
    rig.begin(DENIED, stream({"type": "ADDED", "object": {"metadata": {"name": "a"}}}))
    assert [each.kind for each in cluster.watch(CONFIG_MAP, since="1", seconds=1)] == ["added"]
    assert tokens(rig) == ["Bearer first", "Bearer second"]


def test_one_thread_renews_for_all(rig: Rig, tmp_path: Path) -> None:
    count = write_plugin(rig, tmp_path, {"token": "expired"})
    cluster = rig.open()
    rig.api.then(answers_to("expired"))
    get(cluster)
    rig.begin(answers_to("fresh"))
    (tmp_path / "answer").write_text(json.dumps(credential({"token": "fresh"})))
    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(lambda _number: get(cluster), range(64)))
    assert count() == 2, "one run at first, one for everybody who was refused"


def test_one_thread_gives_up_for_all(rig: Rig, tmp_path: Path) -> None:
    count = write_plugin(rig, tmp_path, {"token": "expired"})
    cluster = rig.open()
    rig.api.then(DENIED)
    with ThreadPoolExecutor(16) as pool:
        codes = set(pool.map(lambda _number: code_of(lambda: get(cluster)), range(32)))
    assert (codes, count()) == ({"cluster.unauthenticated"}, 2)
    rig.clock.advance(60)
    assert code_of(lambda: get(cluster)) == "cluster.unauthenticated"
    assert count() == 3, "later it is tried again"


def test_a_context_that_leads_elsewhere_by_now_is_not_followed(rig: Rig) -> None:
    cluster = rig.open()
    rig.api.then(FOUND)
    get(cluster)
    rig.begin(DENIED)
    rig.write(user={"token": "of-another-cluster"}, cluster={"server": "https://127.0.0.1:1"})
    assert code_of(lambda: get(cluster)) == "cluster.unauthenticated"
    assert set(tokens(rig)) == {"Bearer first"}


def test_a_token_file_is_read_again_in_time_and_when_refused(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one\n")
    rig.write(user={"tokenFile": "token", "token": "ignored"})
    cluster = rig.open()
    rig.api.then(answers_to("one", "two"))
    get(cluster)
    (tmp_path / "token").write_text("two\n")
    get(cluster)
    rig.clock.advance(61)
    get(cluster)
    assert tokens(rig) == ["Bearer one", "Bearer one", "Bearer two"]
    rig.begin(answers_to("three"))
    (tmp_path / "token").write_text("three")
    assert get(cluster)
    assert tokens(rig) == ["Bearer two", "Bearer three"]


@pytest.mark.parametrize("content", ["", " \n", "a b", "tok\r\nX-Evil: 1"])
def test_a_token_file_that_holds_no_token_is_refused(rig: Rig, tmp_path: Path, content: str) -> None:
    (tmp_path / "token").write_text(content)
    rig.write(user={"tokenFile": "token"})
    rig.api.then(FOUND)
    assert code_of(lambda: get(rig.open())) == "cluster.kubeconfig-malformed"
    (tmp_path / "token").unlink()
    assert code_of(lambda: get(rig.open())) == "cluster.kubeconfig-unreadable"
    assert rig.api.seen == []


def test_a_name_with_a_password_and_nobody_at_all(rig: Rig) -> None:
    rig.api.then(FOUND)
    rig.write(user={"username": "ann", "password": "pässword"})
    get(rig.open())
    rig.write(user={})
    get(rig.open())
    assert tokens(rig) == ["Basic YW5uOnDDpHNzd29yZA==", ""]


def test_who_is_impersonated_is_in_every_request(rig: Rig) -> None:
    rig.api.then(FOUND)
    rig.write(user={"token": "t", "as": "ann", "as-groups": ["dev"]})
    get(rig.open())
    assert {name: text for name, text in rig.api.seen[0].headers.items() if name.startswith("Impersonate")} == {
        "Impersonate-User": "ann",
        "Impersonate-Group": "dev",
    }


# --- plugins


def credential(status: Mapping[str, Any], version: str = V1) -> dict[str, Any]:
    return {"apiVersion": version, "kind": "ExecCredential", "status": dict(status)}


def write_plugin(rig: Rig, folder: Path, status: Mapping[str, Any]) -> Callable[[], int]:
    """A plugin that prints what is in the file ``answer``; returns how often it ran."""
    (folder / "answer").write_text(json.dumps(credential(status)))
    script = f"#!{sys.executable}\nopen({str(folder / 'runs')!r}, 'a').write('x')\nprint(open({str(folder / 'answer')!r}).read())\n"
    (folder / "plugin").write_text(script)
    (folder / "plugin").chmod(0o700)
    (folder / "runs").touch()
    rig.write(user={"exec": {"apiVersion": V1, "command": "./plugin", "interactiveMode": "Never"}})
    return lambda: len((folder / "runs").read_text())


def test_a_plugin_is_run_once_and_again_when_it_is_said_to_expire(rig: Rig, tmp_path: Path) -> None:
    end = to_text(rig.clock.now() + timedelta(minutes=10))
    count = write_plugin(rig, tmp_path, {"token": "one", "expirationTimestamp": end})
    rig.api.then(FOUND)
    cluster = rig.open()
    for _ in range(3):
        get(cluster)
    assert count() == 1
    rig.clock.advance(601)
    (tmp_path / "answer").write_text(json.dumps(credential({"token": "two"})))
    get(cluster)
    assert (count(), tokens(rig)[-1]) == (2, "Bearer two")


def test_a_token_in_the_kubeconfig_counts_before_a_plugin(rig: Rig, tmp_path: Path) -> None:
    count = write_plugin(rig, tmp_path, {"token": "plugin"})
    rig.write(user={"token": "own", "exec": {"apiVersion": V1, "command": "./plugin", "interactiveMode": "Never"}})
    rig.api.then(FOUND)
    get(rig.open())
    assert (count(), tokens(rig)) == (0, ["Bearer own"])


def run(script: str, *, interactive: str = "IfAvailable", is_terminal: bool = False, patience: float = 20, **more: Any) -> PluginAnswer:
    plugin = ExecPlugin(api_version=V1, command=sys.executable, arguments=("-c", script), interactive=interactive, **more)
    return run_plugin(plugin, variables=dict(os.environ), is_terminal=lambda: is_terminal, patience_seconds=patience)


def printing(tree: Any) -> str:
    return f"print({json.dumps(tree)!r})"


def test_a_plugin_gets_what_the_protocol_says(capfd: pytest.CaptureFixture[str]) -> None:
    script = (
        "import json, os, sys\n"
        "info = json.loads(os.environ['KUBERNETES_EXEC_INFO'])\n"
        "assert info['apiVersion'].endswith('/v1') and info['kind'] == 'ExecCredential', info\n"
        "assert info['spec'] == {'interactive': False, 'cluster': {'server': 'https://x'}}, info\n"
        "assert os.environ['PROFILE'] == 'dev'\n"
        "assert sys.stdin.read() == ''\n"
        "print('log in at https://login', file=sys.stderr)\n" + printing(credential({"token": "tok"}))
    )
    found = run(script, cluster={"server": "https://x"}, environment=(("PROFILE", "dev"),))
    assert found.token is not None
    assert found.token.reveal() == b"tok"
    assert "log in at https://login" in capfd.readouterr().err, "what a plugin tells a person reaches them"


def test_a_plugin_does_not_get_what_is_piped_into_us() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"the value that somebody seeds")
    os.close(writing)
    saved = os.dup(0)
    try:
        os.dup2(reading, 0)
        run("import sys\nassert sys.stdin.read() == ''\n" + printing(credential({"token": "t"})))
        assert os.read(0, 100) == b"the value that somebody seeds"
    finally:
        os.dup2(saved, 0)
        os.close(saved)
        os.close(reading)


def test_a_plugin_that_wants_a_terminal_is_not_run_without_one() -> None:
    assert code_of(lambda: run(printing(credential({"token": "t"})), interactive="Always")) == "cluster.plugin-failed"


BAD_OUTPUT: dict[str, str] = {
    "nothing": "pass",
    "no JSON": "print('CANARY')",
    "a list": "print('[]')",
    "another version": printing(credential({"token": "CANARY"}, version="client.authentication.k8s.io/v1beta1")),
    "another kind": printing({"apiVersion": V1, "kind": "CANARY", "status": {"token": "CANARY"}}),
    "no status": printing({"apiVersion": V1, "kind": "ExecCredential"}),
    "a status that is text": printing({"apiVersion": V1, "kind": "ExecCredential", "status": "CANARY"}),
    "neither token nor certificate": printing(credential({})),
    "a certificate without its key": printing(credential({"clientCertificateData": "CANARY"})),
    "a key without its certificate": printing(credential({"clientKeyData": "CANARY"})),
    "a token that is a number": printing(credential({"token": 7})),
    "a token with a line end": printing(credential({"token": "CANARY\nX-Evil: 1"})),
    "an end that is none": printing(credential({"token": "t", "expirationTimestamp": "CANARY"})),
    "an end that is a number": printing(credential({"token": "t", "expirationTimestamp": 7})),
    "an end without a zone": printing(credential({"token": "t", "expirationTimestamp": "2026-01-01T00:00:00"})),
    "a failure": "import sys; print('CANARY'); sys.exit(3)",
    "too much": "print('x' * 2_000_000)",
    "bytes": "import sys; sys.stdout.buffer.write(b'\\xff\\xfe')",
}


@pytest.mark.parametrize("script", BAD_OUTPUT.values(), ids=BAD_OUTPUT)
def test_a_plugin_that_hands_out_nothing_is_an_error_that_quotes_nothing(script: str) -> None:
    canary = new_canary().replace("/", "-").partition("+")[0]
    with pytest.raises(GoldenpathError) as caught:
        run(script.replace("CANARY", canary))
    assert caught.value.code == "cluster.plugin-failed"
    said = "".join(traceback.format_exception(caught.value)) + caught.value.hint
    assert hits_in(said.encode(), [canary]) == []


def test_a_plugin_that_hangs_is_ended() -> None:
    assert code_of(lambda: run("import time; time.sleep(60)", patience=0.3)) == "cluster.plugin-failed"


def test_a_plugin_that_is_not_there_is_said_to_be() -> None:
    plugin = ExecPlugin(api_version=V1, command="/nonexistent/login", install_hint="get it\nfrom the  platform team")
    with pytest.raises(GoldenpathError) as caught:
        run_plugin(plugin, variables={}, is_terminal=lambda: False)
    assert (caught.value.code, caught.value.hint) == ("cluster.plugin-missing", "get it from the platform team")


def test_a_plugin_s_certificate_is_handed_on() -> None:
    found = run(printing(credential({"clientCertificateData": "chain", "clientKeyData": "key"})))
    assert found.certificate is not None
    assert (found.token, found.certificate.chain, found.certificate.key.reveal()) == (None, b"chain", b"key")


def test_an_unbelieved_plugin_is_asked_once_more(rig: Rig, tmp_path: Path) -> None:
    count = write_plugin(rig, tmp_path, {"token": "same"})
    rig.api.then(refusal(401, "Unauthorized"))
    assert code_of(lambda: get(rig.open())) == "cluster.unauthenticated"
    assert (count(), len(rig.api.seen)) == (2, 1)
