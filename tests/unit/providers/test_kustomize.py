"""The program that renders is not trusted: with stand-ins for it that hang, flood, leak and look around, and with the real one."""

from __future__ import annotations

import os
import stat
import tempfile
import time
from pathlib import Path

import pytest
from tests.canary import hits_in, new_canary
from tests.kustomize import needs_kustomize

from goldenpath.errors import GoldenpathError, Misconfigured, ProviderUnavailable
from goldenpath.model.settings import KustomizeSettings
from goldenpath.providers import kustomize
from goldenpath.providers.kustomize import KustomizeRenderer

FILES = {"base/kustomization.yaml": b"resources: [a.yaml]\n", "base/a.yaml": b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"}


def standin(folder: Path, script: str) -> KustomizeSettings:
    """A program in the place of Kustomize; it has no PATH, so it names what it runs."""
    program = folder / "kustomize"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    return KustomizeSettings(binary=str(program), timeout_seconds=1)


def fault(settings: KustomizeSettings) -> str:
    return KustomizeRenderer(settings).render(FILES, "base").fault


@needs_kustomize
def test_the_real_program_renders_what_it_is_given() -> None:
    rendered = KustomizeRenderer(KustomizeSettings()).render(FILES, "base")
    assert (rendered.fault, b"kind: ConfigMap" in rendered.documents) == ("", True)


@needs_kustomize
def test_the_real_program_finds_no_network_git_or_plugin() -> None:
    renderer = KustomizeRenderer(KustomizeSettings(timeout_seconds=20))
    for reference in ("https://127.0.0.1:9/x.yaml", "git::https://127.0.0.1:9/org/x.git?ref=v1"):
        assert renderer.render({"base/kustomization.yaml": f"resources: ['{reference}']\n".encode()}, "base").fault
    chart = b"helmCharts: [{name: x, repo: 'https://127.0.0.1:9'}]\n"
    assert renderer.render({"base/kustomization.yaml": chart}, "base").fault


def test_it_sees_copies_of_the_files_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com")
    rendered = KustomizeRenderer(standin(tmp_path, '/usr/bin/env; /bin/ls -d "$2"; /bin/cat "$2"/a.yaml; echo "$1"')).render(FILES, "base")
    text = rendered.documents.decode()
    assert rendered.fault == ""
    assert "hidden" not in text
    assert "proxy.example.com" not in text
    assert FILES["base/a.yaml"].decode() in text
    assert text.endswith("build\n")
    folder = next(line for line in text.splitlines() if line.endswith("/files/base"))
    assert not os.path.lexists(folder), "the copies are gone"


def test_a_program_that_hangs_is_stopped_with_what_it_started(tmp_path: Path) -> None:
    settings = standin(tmp_path, f"/bin/sleep 60 & echo $! > {tmp_path}/pid; wait")
    started = time.monotonic()
    with pytest.raises(ProviderUnavailable) as raised:
        fault(settings)
    assert raised.value.code == "overlay.renderer-timeout"
    assert time.monotonic() - started < 30
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_a_flood_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kustomize, "OUTPUT_MAX_BYTES", 1000)
    assert "more than 1000 bytes" in fault(standin(tmp_path, "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaa; done"))
    assert fault(standin(tmp_path, "i=0; while [ $i -lt 20000 ]; do echo aaaaaaaaaaaaaaaa >&2; i=$((i+1)); done; exit 3")) == (
        "Kustomize ended with status 3"
    )


WORDS = {
    "testing value /spec/data/0/secretKey failed: test failed": "the test of /spec/data/0/secretKey failed",
    "no matches for Id ExternalSecret.v1.external-secrets.io/{}.[noNs]": "a patch is for a resource that is not there",
    "may not add resource with an already registered id: {}": "two resources have one kind and name",
    "security; file '/{}' is not in or below '/x'": "a file lies outside of the folder that names it",
    "yaml: line 7: did not find expected key {}": "a file is not YAML, at its line 7",
    "testing value /{}!/x failed": "Kustomize ended with status 1",
    "something about {}": "Kustomize ended with status 1",
}


@pytest.mark.parametrize("said", WORDS)
def test_its_words_are_recognised_and_never_repeated(tmp_path: Path, said: str) -> None:
    canary = new_canary()
    (tmp_path / "words").write_text(said.replace("{}", canary))
    told = fault(standin(tmp_path, f"/bin/cat {tmp_path}/words >&2; exit 1"))
    assert told == WORDS[said]
    assert not hits_in(told.encode(), [canary])


@pytest.mark.parametrize("program", ["", "kustomize-of-nobody", "/nowhere/kubectl"])
def test_a_missing_program_is_named(program: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Misconfigured) as raised:
        fault(KustomizeSettings(binary=program))
    assert (raised.value.code, raised.value.subject) == ("overlay.renderer-missing", program)


def test_kubectl_is_called_as_kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "kubectl"
    program.write_text('#!/bin/sh\necho "$1"\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert KustomizeRenderer(KustomizeSettings()).render(FILES, "base").documents == b"kustomize\n"


def test_a_program_that_cannot_be_started(tmp_path: Path) -> None:
    program = tmp_path / "kustomize"
    program.write_bytes(b"\x00\x01")
    program.chmod(stat.S_IRWXU)
    with pytest.raises(Misconfigured) as raised:
        fault(KustomizeSettings(binary=str(program)))
    assert raised.value.code == "overlay.renderer-missing"


def test_no_room_for_copies_is_an_outage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(GoldenpathError) as raised:
        fault(standin(tmp_path, "exit 0"))
    assert (raised.value.code, raised.value.kind) == ("overlay.no-scratch-space", "provider-unavailable")
