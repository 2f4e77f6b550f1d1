"""The tool that builds the real servers, with a stand-in for the go command: no compiler runs here."""

from __future__ import annotations

import json
import re
import shutil
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools import real_servers
from tools.real_servers import MODULES, NPM_SERVERS, SERVERS, NpmServer, RealServer, build_missing, cache_folder, folder_of, key_of

ALPHA = RealServer("alpha", {"alphad": "example.com/alpha/v3", "alphactl": "example.com/alpha/cmd/ctl"}, 1)
BROKEN = RealServer("broken", {"brokend": "example.com/broken"}, 1)
COPYING = RealServer("copying", {"copyingd": "example.com/copying"}, 1, copies={"crds": ("example.com/copying", "config/crds")})
# what the go command is asked and answers, as far as the tool uses it; it fails for packages named broken
GO_STAND_IN = """#!/bin/sh
echo "$PWD CGO_ENABLED=$CGO_ENABLED GOWORK=$GOWORK $*" >> "{log}"
case "$1" in
list) echo "{modules}/$(basename "$PWD")/module" ;;
build)
  case "$*" in *example.com/broken*) seq 1 60 | sed 's/^/broken.go: error /'; exit 1 ;; esac
  sleep {pause}
  while [ "$1" != -o ]; do shift; done
  echo binary > "$2" ;;
esac
"""


class Workshop:
    """A folder with modules, a cache and a go command that compiles nothing."""

    def __init__(self, root: Path) -> None:
        self.modules, self.cache, self.log = root / "modules", root / "cache" / "below", root / "go.log"
        for server in (ALPHA, BROKEN, COPYING):
            (self.modules / server.name).mkdir(parents=True)
            (self.modules / server.name / "go.mod").write_text(f"module {server.name}\n")
        self.go = root / "go"
        self.pause(0)

    def pause(self, seconds: float) -> None:
        """Let each build take so long."""
        self.go.write_text(GO_STAND_IN.format(log=self.log, modules=self.modules, pause=seconds))
        self.go.chmod(0o755)

    def build(self, *servers: RealServer) -> list[str]:
        return build_missing(servers, go=str(self.go), cache=self.cache, modules=self.modules)

    def folder(self, server: RealServer) -> Path:
        return folder_of(server, cache=self.cache, modules=self.modules)

    def asked(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


# the key


def test_the_key_follows_the_files_that_a_build_reads(workshop: Workshop) -> None:
    module = workshop.modules / "alpha"
    seen = [key_of(ALPHA, modules=workshop.modules)]
    for name, content in [
        ("go.mod", "module alpha\n\ngo 1.25\n"),
        ("go.sum", "h1\n"),
        ("main.go", "package main\n"),
        ("inner/x.go", "package x\n"),
    ]:
        (module / name).parent.mkdir(exist_ok=True)
        (module / name).write_text(content)
        seen.append(key_of(ALPHA, modules=workshop.modules))
    assert len(set(seen)) == len(seen)
    (module / "README.md").write_text("not built")
    assert key_of(ALPHA, modules=workshop.modules) == seen[-1]
    shutil.copytree(workshop.modules, workshop.modules.with_name("elsewhere"))
    assert key_of(ALPHA, modules=workshop.modules.with_name("elsewhere")) == seen[-1]


@pytest.mark.parametrize(
    "changed",
    [
        replace(ALPHA, binaries={**ALPHA.binaries, "alphad": "example.com/alpha/v4"}),
        replace(ALPHA, linker_flags="-X version=2"),
        replace(ALPHA, copies={"crds": ("example.com/alpha", "crds")}),
    ],
)
def test_the_key_follows_how_a_server_is_built(workshop: Workshop, changed: RealServer) -> None:
    assert key_of(changed, modules=workshop.modules) != key_of(ALPHA, modules=workshop.modules)


def test_the_key_ignores_what_is_only_said(workshop: Workshop) -> None:
    assert key_of(replace(ALPHA, minutes=99), modules=workshop.modules) == key_of(ALPHA, modules=workshop.modules)


@given(
    st.text(alphabet="ab\n", max_size=8),
    st.text(alphabet="ab\n", max_size=8),
    st.text(alphabet="ab\n", max_size=8),
    st.text(alphabet="ab\n", max_size=8),
)
def test_two_modules_share_a_key_only_when_their_files_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, one_mod: str, one_sum: str, other_mod: str, other_sum: str
) -> None:
    keys = []
    for mod, checksums in ((one_mod, one_sum), (other_mod, other_sum)):
        module = tmp_path_factory.mktemp("modules") / "alpha"
        module.mkdir()
        (module / "go.mod").write_text(mod)
        (module / "go.sum").write_text(checksums)
        keys.append(key_of(ALPHA, modules=module.parent))
    assert (keys[0] == keys[1]) == ((one_mod, one_sum) == (other_mod, other_sum))


# building


def test_what_was_built_is_found_again(workshop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    assert workshop.build(ALPHA) == []
    folder = workshop.folder(ALPHA)
    assert sorted(path.name for path in folder.iterdir()) == ["alphactl", "alphad"]
    asked = workshop.asked()
    assert len(asked) == 2
    for line in asked:
        assert line.startswith(f"{workshop.modules / 'alpha'} CGO_ENABLED=0 GOWORK=off build -mod=readonly -trimpath")
        assert "-ldflags -s -w -o" in line
    assert workshop.build(ALPHA) == []
    assert workshop.asked() == asked, "nothing is built twice"
    said = capsys.readouterr().out.splitlines()
    assert [re.sub(r"\d+ s", "N s", line) for line in said] == [
        "alpha: building; about 1 min on two cores when nothing is cached",
        f"alpha: built in N s ({folder})",
        f"alpha: there ({folder})",
    ]


def test_a_changed_module_is_built_anew_and_the_old_build_stays(workshop: Workshop) -> None:
    workshop.build(ALPHA)
    old = workshop.folder(ALPHA)
    (workshop.modules / "alpha" / "go.sum").write_text("h1\n")
    workshop.build(ALPHA)
    assert workshop.folder(ALPHA) != old
    assert old.is_dir()
    assert workshop.folder(ALPHA).is_dir()


def test_a_server_that_fails_is_named_with_the_end_of_its_output_and_the_others_are_built(
    workshop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    assert workshop.build(BROKEN, ALPHA) == ["broken"]
    said = capsys.readouterr().out
    assert re.search(r"^broken: FAILED after \d+ s: .*exit status 1", said, re.MULTILINE)
    shown = re.findall(r"broken\.go: error (\d+)$", said, re.MULTILINE)
    assert [int(number) for number in shown] == list(range(31, 61)), "the last thirty lines, in order"
    assert str(workshop.cache / "broken.log") in said
    assert not workshop.folder(BROKEN).exists()
    assert workshop.folder(ALPHA).is_dir()
    left = {path.name for path in workshop.cache.iterdir() if not path.name.endswith((".lock", ".log"))}
    assert left == {workshop.folder(ALPHA).name}, "half of a build is never left"


def test_a_failure_is_not_remembered(workshop: Workshop) -> None:
    assert workshop.build(BROKEN) == ["broken"]
    mended = replace(BROKEN, binaries={"brokend": "example.com/mended"})
    assert build_missing([mended], go=str(workshop.go), cache=workshop.cache, modules=workshop.modules) == []


def test_files_of_the_module_are_kept_beside_the_binary_and_can_be_removed(workshop: Workshop) -> None:
    crds = workshop.modules / "copying" / "module" / "config" / "crds"
    (crds / "deeper").mkdir(parents=True)
    (crds / "one.yaml").write_text("kind: One\n")
    (crds / "deeper" / "two.yaml").write_text("kind: Two\n")
    (crds / "one.yaml").chmod(0o444)
    crds.chmod(0o555)
    try:
        assert workshop.build(COPYING) == []
    finally:
        crds.chmod(0o755)
    kept = workshop.folder(COPYING) / "crds"
    assert sorted(str(path.relative_to(kept)) for path in kept.rglob("*")) == ["deeper", "deeper/two.yaml", "one.yaml"]
    assert (kept / "one.yaml").read_text() == "kind: One\n"
    assert kept.stat().st_mode & stat.S_IWUSR


def test_a_module_without_the_files_that_are_kept_is_a_failure(workshop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    assert workshop.build(COPYING) == ["copying"]
    assert "config/crds" in capsys.readouterr().out
    assert not workshop.folder(COPYING).exists()


def test_two_processes_build_a_server_once(workshop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    workshop.pause(0.3)
    failed: list[str] = []
    runs = [threading.Thread(target=lambda: failed.extend(workshop.build(ALPHA))) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert failed == []
    assert len(workshop.asked()) == len(ALPHA.binaries)
    assert "alpha: another process builds it; waiting" in capsys.readouterr().out


# packages from npm

PACKAGES = NpmServer("packages", 1, native=("native-one",))
NPM_STAND_IN = """#!/bin/sh
echo "source=$npm_config_build_from_source $*" >> "{log}"
[ "$1" != ci ] || [ ! -e broken.cjs ] || { echo "npm error: broken"; exit 1; }
mkdir -p node_modules && echo there > node_modules/package
"""


def install(workshop: Workshop, **files: str) -> list[str]:
    folder = workshop.modules / "packages"
    folder.mkdir(exist_ok=True)
    for name, content in {"package.json": "{}", "package-lock.json": "{}", "server.cjs": "x", "README.md": "x", **files}.items():
        (folder / name).write_text(content)
    npm = workshop.go.with_name("npm")
    npm.write_text(NPM_STAND_IN.replace("{log}", str(workshop.log)))
    npm.chmod(0o755)
    return build_missing([PACKAGES], go="", npm=str(npm), cache=workshop.cache, modules=workshop.modules)


def test_packages_are_installed_without_their_scripts_and_only_named_ones_are_compiled(workshop: Workshop) -> None:
    assert install(workshop) == []
    folder = folder_of(PACKAGES, cache=workshop.cache, modules=workshop.modules)
    assert sorted(path.name for path in folder.iterdir()) == ["node_modules", "package-lock.json", "package.json", "server.cjs"]
    assert workshop.asked() == [
        "source=true ci --ignore-scripts --no-audit --no-fund",
        "source=true rebuild native-one --no-audit --no-fund",
    ]
    assert install(workshop) == []
    assert len(workshop.asked()) == 2, "nothing is installed twice"
    assert install(workshop, **{"package-lock.json": "{ }"}) == []
    assert len(workshop.asked()) == 4, "another lock file is another installation"


def test_a_failed_installation_leaves_nothing_behind(workshop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    assert install(workshop, **{"broken.cjs": "x"}) == ["packages"]
    assert "npm error: broken" in capsys.readouterr().out
    assert not folder_of(PACKAGES, cache=workshop.cache, modules=workshop.modules).exists()
    assert [path.name for path in workshop.cache.iterdir() if path.is_dir()] == []


@pytest.mark.parametrize("server", NPM_SERVERS, ids=lambda server: server.name)
def test_a_lock_file_has_a_checksum_for_every_package_and_no_address(server: NpmServer) -> None:
    text = (MODULES / server.name / "package-lock.json").read_text()
    assert "://" not in text
    lock = json.loads(text)
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert len(packages) > 100
    assert [name for name, package in packages.items() if not package.get("integrity", "").startswith("sha512-")] == []
    assert [name for name, package in packages.items() if "resolved" in package] == [], "each machine asks its own registry"


# the door


def test_a_machine_without_go_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert real_servers.main(["etcd"]) == 1
    assert real_servers.main(["--where-possible"]) == 0
    assert capsys.readouterr().out.count("go: not on the PATH") == 2


def test_a_server_that_is_not_known_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        real_servers.main(["etcd", "kubernets"])
    assert ended.value.code == 2
    assert "no such server: kubernets (known: etcd, kubernetes, " in capsys.readouterr().err


def test_a_failed_build_is_a_failed_command_that_names_it(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(real_servers, "SERVERS", (BROKEN, ALPHA))
    monkeypatch.setattr(real_servers, "NPM_SERVERS", ())
    monkeypatch.setattr(real_servers, "MODULES", workshop.modules)
    monkeypatch.setenv("GOLDENPATH_REAL_SERVERS", str(workshop.cache))
    monkeypatch.setenv("PATH", f"{workshop.go.parent}:/usr/bin:/bin")
    assert real_servers.main([]) == 1
    assert capsys.readouterr().err == "not built: broken\n"


def test_programs_that_are_missing_are_named_with_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    lines = list(real_servers.missing_programs())
    assert any(line.startswith("redis-server: not on the PATH") and "apt-get install redis-server" in line for line in lines)


def test_the_cache_folder_is_outside_the_checkout_or_where_a_setting_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "goldenpath" / "real-servers"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "goldenpath" / "real-servers"
    monkeypatch.setenv("GOLDENPATH_REAL_SERVERS", "~/servers")
    assert cache_folder() == tmp_path / "servers"


# the modules that are there


def test_every_module_is_in_the_table_and_every_server_has_a_module() -> None:
    assert {path.parent.name for path in MODULES.glob("*/go.mod")} == {server.name for server in SERVERS}


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
def test_a_module_pins_what_is_built_of_it(server: RealServer) -> None:
    text = (MODULES / server.name / "go.mod").read_text()
    tools = re.findall(r"^(?:tool |\t)([^\s(]+)$", text, re.MULTILINE)
    assert sorted(tools) == sorted(server.binaries.values())
    assert (MODULES / server.name / "go.sum").read_text().strip(), "without checksums anything could be built"
    local = re.findall(r"=> *\.", text)
    assert local == []
