"""Where the servers lie that ``make real-servers`` built; a machine without them skips, and says why."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

from tests.real_tools import lack
from tools.real_servers import NPM_SERVERS, PROGRAMS, SERVERS, NpmServer, RealServer, cache_folder, folder_of

# read when the tests are collected: a running test has another home, and no settings of ours
_CACHE = cache_folder()
_SERVERS: dict[str, RealServer | NpmServer] = {
    **{server.name: server for server in SERVERS},
    **{server.name: server for server in NPM_SERVERS},
}


@cache
def folder_if_built(server: str) -> Path | None:
    """Return the folder with what was built of a server; None when it was not, or has changed since."""
    folder = folder_of(_SERVERS[server], cache=_CACHE)
    return folder if folder.is_dir() else None


def require_built(server: str) -> Path:
    """Return the folder with what was built of a server, or skip."""
    folder = folder_if_built(server)
    if folder is None:
        tool = "npm" if isinstance(_SERVERS[server], NpmServer) else "go"
        reason = f"run: make real-servers ONLY={server}" if shutil.which(tool) else f"{tool}, which builds it, is not installed"
        lack("servers" if tool == "go" else tool, f"{server} is not built: {reason}")
    return folder


def require_program(name: str) -> str:
    """Return the path of an installed program that servers need, or skip."""
    found = shutil.which(name)
    if found is None:
        lack(name, f"{name} is not installed: {PROGRAMS[name]}")
    return found
