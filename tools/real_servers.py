"""``make real-servers``: builds the servers that tests marked ``real`` start, from the Go modules and npm packages under ``realservers/``.

What was built lies in a cache folder outside the checkout, under a name that changes with the module's files and with how it is built:
a second call finds it there. Nothing of it is shipped. The tests read the same table (``tests/cluster/built.py``).
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

MODULES = Path(__file__).parents[1] / "realservers"
SETTING = "GOLDENPATH_REAL_SERVERS"
TAIL_LINES = 30
_SOURCES = ("go.mod", "go.sum", "*.go", "package.json", "package-lock.json", "*.cjs")
_KUBERNETES = "v1.35.4"


@dataclass(frozen=True)
class RealServer:
    """A Go module and what is kept of it.

    Args:
        name: The module's folder under ``realservers/``.
        binaries: The name of each binary, and the package that it is built from.
        minutes: How long a cold build takes on two cores; only said.
        copies: Folders beside the binaries, each with the module and the folder that its files come from.
        linker_flags: Those beyond leaving symbols out.
        tags: Build tags, by comma.
        is_c: It holds C code, so a C compiler is needed.
    """

    name: str
    binaries: Mapping[str, str]
    minutes: int
    copies: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    linker_flags: str = ""
    tags: str = ""
    is_c: bool = False


@dataclass(frozen=True)
class NpmServer:
    """Packages from npm, pinned by a lock file with checksums; the whole folder is kept.

    Args:
        name: The folder under ``realservers/`` that holds ``package.json``, ``package-lock.json`` and our scripts.
        minutes: How long a cold build takes on two cores; only said.
        native: Packages that are compiled here. Install scripts of all others never run.
    """

    name: str
    minutes: int
    native: tuple[str, ...] = ()

    @property
    def is_c(self) -> bool:
        """True when a C compiler is needed."""
        return bool(self.native)


# most needed first: whoever waits for one waits for those above it
SERVERS: tuple[RealServer, ...] = (
    RealServer("etcd", {"etcd": "go.etcd.io/etcd/server/v3"}, 1),
    RealServer(
        "kubernetes",
        {name: f"k8s.io/kubernetes/cmd/{name}" for name in ("kube-apiserver", "kubectl", "kube-controller-manager")},
        8,
        linker_flags=" ".join(
            f"-X {package}/version.{name}={text}"
            for package in ("k8s.io/component-base", "k8s.io/client-go/pkg")
            for name, text in (("gitVersion", _KUBERNETES), ("gitMajor", "1"), ("gitMinor", "35"))
        ),
    ),
    RealServer(
        "external-secrets",
        {"external-secrets": "github.com/external-secrets/external-secrets"},
        6,
        copies={"crds": ("github.com/external-secrets/external-secrets", "config/crds/bases")},
    ),
    RealServer(
        "argocd",
        {"argocd": "github.com/argoproj/argo-cd/v3/cmd"},
        6,
        copies={"crds": ("github.com/argoproj/argo-cd/v3", "manifests/crds")},
    ),
    RealServer("kustomize", {"kustomize": "sigs.k8s.io/kustomize/kustomize/v5"}, 1),
    RealServer(
        "gitea",
        {"gitea": "code.gitea.io/gitea"},
        4,
        copies={folder: ("code.gitea.io/gitea", folder) for folder in ("options", "templates")},
        tags="sqlite,sqlite_unlock_notify",
        is_c=True,
    ),
    RealServer("actionlint", {"actionlint": "github.com/rhysd/actionlint/cmd/actionlint"}, 1),
    RealServer("act", {"act": "github.com/nektos/act"}, 2),
)
NPM_SERVERS: tuple[NpmServer, ...] = (NpmServer("backstage", 4, native=("isolated-vm", "better-sqlite3")),)
C_COMPILER = "gcc"
PROGRAMS: Mapping[str, str] = {
    "redis-server": "Argo CD keeps its cache there",
    "git": "Argo CD and Gitea read repositories with it",
    C_COMPILER: "Gitea's database is built with it",
}
"""What servers need beside what is built here; each program's Debian package has its name."""


class BuildFailed(Exception):
    """A server could not be built; the text ends with the tail of its output."""


def cache_folder() -> Path:
    """Return where built servers lie: what ``GOLDENPATH_REAL_SERVERS`` names, else a folder below the user's cache."""
    named = os.environ.get(SETTING)
    if named:
        return Path(named).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "goldenpath" / "real-servers"


def folder_of(server: RealServer | NpmServer, *, cache: Path, modules: Path = MODULES) -> Path:
    """Return where a build of the server lies, or would lie, as its module is now."""
    return cache / f"{server.name}-{key_of(server, modules=modules)}"


def key_of(server: RealServer | NpmServer, *, modules: Path = MODULES) -> str:
    """Return what names a build: a hash of the module's files, of how it is built and of the kind of machine."""
    machine = (platform.system(), platform.machine())
    if isinstance(server, NpmServer):
        recipe: tuple[object, ...] = (server.native, _node_abi(), *machine)
    else:
        recipe = (dict(server.binaries), dict(server.copies), server.linker_flags, *machine, *_unusual(server))
    digest = hashlib.sha256(repr(recipe).encode())
    for path in sorted(path for pattern in _SOURCES for path in (modules / server.name).rglob(pattern)):
        content = path.read_bytes()
        digest.update(f"\n{path.relative_to(modules)} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def _unusual(server: RealServer) -> tuple[object, ...]:
    """Return what only some builds have; the others keep their names."""
    return (server.tags, server.is_c) if server.tags or server.is_c else ()


@lru_cache(maxsize=1)
def _node_abi() -> str:
    """Return which compiled packages this machine's node can load; empty without one."""
    node = shutil.which("node")
    if node is None:
        return ""
    return subprocess.run([node, "-p", "process.versions.modules"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def build_npm(server: NpmServer, *, npm: str, cache: Path, modules: Path = MODULES) -> None:
    """Install a server's packages into the cache, where half of an installation is never seen. Raises ``BuildFailed``."""
    log = cache / f"{server.name}.log"
    scratch = Path(tempfile.mkdtemp(prefix=f".{server.name}-", dir=cache))
    try:
        for path in sorted(path for pattern in _SOURCES for path in (modules / server.name).glob(pattern)):
            (scratch / path.name).write_bytes(path.read_bytes())
        with log.open("wb") as output:
            for words in (["ci", "--ignore-scripts"], *([["rebuild", *server.native]] if server.native else [])):
                command = [npm, *words, "--no-audit", "--no-fund"]
                subprocess.run(command, cwd=scratch, env=_npm_environment(), stdout=output, stderr=output, check=True)
        scratch.chmod(0o755)
        scratch.rename(folder_of(server, cache=cache, modules=modules))
    except (OSError, subprocess.CalledProcessError) as error:
        raise BuildFailed(f"{error}\n{_tail(log)}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _npm_environment() -> dict[str, str]:
    """Return an environment in which packages are compiled here, against the headers beside this machine's node where it has them."""
    prefix = Path(shutil.which("node") or "/usr/bin/node").resolve().parent.parent
    headers = {"npm_config_nodedir": str(prefix)} if (prefix / "include" / "node" / "node.h").is_file() else {}
    return {**os.environ, **headers, "npm_config_build_from_source": "true", "npm_config_update_notifier": "false"}


def build(server: RealServer, *, go: str, cache: Path, modules: Path = MODULES) -> None:
    """Build a server into the cache, where half of a build is never seen.

    Raises:
        BuildFailed: With the tail of the output, which stays in the cache folder as ``<name>.log``.
    """
    log = cache / f"{server.name}.log"
    scratch = Path(tempfile.mkdtemp(prefix=f".{server.name}-", dir=cache))
    try:
        with log.open("wb") as output:
            for command in _build_commands(server, go=go, into=scratch):
                subprocess.run(command, cwd=modules / server.name, env=_environment(server), stdout=output, stderr=output, check=True)
        for name, (module, folder) in server.copies.items():
            _copy(_module_folder(module, go=go, home=modules / server.name) / folder, scratch / name)
        scratch.chmod(0o755)
        scratch.rename(folder_of(server, cache=cache, modules=modules))
    except (OSError, subprocess.CalledProcessError) as error:
        raise BuildFailed(f"{error}\n{_tail(log)}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _build_commands(server: RealServer, *, go: str, into: Path) -> Iterator[list[str]]:
    flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", f"-s -w {server.linker_flags}".strip()]
    flags += ["-tags", server.tags] if server.tags else []
    for name, package in server.binaries.items():
        yield [go, "build", *flags, "-o", str(into / name), package]


def _environment(server: RealServer | None = None) -> dict[str, str]:
    # without cgo no C compiler is needed, and the linker leaves nothing to the machine's own libraries
    return {**os.environ, "CGO_ENABLED": "1" if server is not None and server.is_c else "0", "GOWORK": "off"}


def _module_folder(module: str, *, go: str, home: Path) -> Path:
    command = [go, "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module]
    return Path(subprocess.run(command, cwd=home, env=_environment(), stdout=subprocess.PIPE, text=True, check=True).stdout.strip())


def _copy(source: Path, target: Path) -> None:
    """Copy the files alone: the folders of Go's module cache are read-only, and a copy of such a mode could not be removed."""
    if not source.is_dir():
        raise NotADirectoryError(f"the module has no folder {source}")
    target.mkdir()
    for path in sorted(source.rglob("*")):
        if path.is_dir():
            (target / path.relative_to(source)).mkdir()
        elif path.is_file():
            (target / path.relative_to(source)).write_bytes(path.read_bytes())


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return "\n".join(f"    {line}" for line in lines[-TAIL_LINES:]) + f"\n    (whole output: {log})"


@contextmanager
def _alone(server: RealServer | NpmServer, cache: Path) -> Iterator[None]:
    """Let one process build a server at a time; a second one waits, and then finds it built."""
    with (cache / f".{server.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"{server.name}: another process builds it; waiting", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build_missing(
    servers: Sequence[RealServer | NpmServer], *, go: str, cache: Path, modules: Path = MODULES, npm: str = "npm"
) -> list[str]:
    """Build what the cache lacks, in order, a line for each, and return the names of those that failed."""
    cache.mkdir(parents=True, exist_ok=True)
    failed = []
    for server in servers:
        with _alone(server, cache):
            folder = folder_of(server, cache=cache, modules=modules)
            if folder.is_dir():
                print(f"{server.name}: there ({folder})", flush=True)
                continue
            print(f"{server.name}: building; about {server.minutes} min on two cores when nothing is cached", flush=True)
            started = time.monotonic()
            try:
                if isinstance(server, NpmServer):
                    build_npm(server, npm=npm, cache=cache, modules=modules)
                else:
                    build(server, go=go, cache=cache, modules=modules)
            except BuildFailed as error:
                failed.append(server.name)
                print(f"{server.name}: FAILED after {time.monotonic() - started:.0f} s: {error}", flush=True)
            else:
                print(f"{server.name}: built in {time.monotonic() - started:.0f} s ({folder})", flush=True)
    return failed


def missing_programs() -> Iterator[str]:
    """Yield a line for each program that servers need and this machine lacks."""
    for program, reason in PROGRAMS.items():
        if shutil.which(program) is None:
            yield f"{program}: not on the PATH; {reason}, and tests of that skip without it (Debian: apt-get install {program})"


def main(arguments: Sequence[str]) -> int:
    """Build what ``arguments`` name, or everything, and return the exit code."""
    every: list[RealServer | NpmServer] = [*SERVERS, *NPM_SERVERS]
    known = {server.name: server for server in every}
    parser = argparse.ArgumentParser(prog="real_servers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"build these alone: {', '.join(known)}")
    parser.add_argument("--where-possible", action="store_true", help="succeed without Go or npm; the tests then skip and say so")
    wanted = parser.parse_args(arguments)
    unknown = [name for name in wanted.names if name not in known]
    if unknown:
        parser.error(f"no such server: {', '.join(unknown)} (known: {', '.join(known)})")
    chosen = [known[name] for name in wanted.names or known]
    tools = {name: shutil.which(name) for name in ("go", "npm")}
    lacking = {_tool_of(server) for server in chosen if tools[_tool_of(server)] is None}
    for name in sorted(lacking):
        print(f"{name}: not on the PATH, so no server is built with it ({_NEEDED[name]})", flush=True)
    possible = [server for server in chosen if _tool_of(server) not in lacking]
    if wanted.where_possible and shutil.which(C_COMPILER) is None:
        possible = [server for server in possible if not server.is_c]
    failed = build_missing(possible, go=tools["go"] or "", npm=tools["npm"] or "", cache=cache_folder(), modules=MODULES)
    for line in missing_programs():
        print(line, flush=True)
    if failed:
        print(f"not built: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed or (lacking and not wanted.where_possible) else 0


_NEEDED = {"go": "Go 1.25 or newer is needed", "npm": "node 20 with npm, and a C++ compiler, are needed"}


def _tool_of(server: RealServer | NpmServer) -> str:
    return "npm" if isinstance(server, NpmServer) else "go"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
