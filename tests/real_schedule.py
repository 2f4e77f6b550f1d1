"""How a parallel run of the real tests is divided (``make test-real``, ``--dist loadscope``): a pytest plugin that ``conftest.py`` loads.

All tests of a cluster go to one worker, so that its servers start once, and all of a forge. Others stay together by module, for what a module starts, unless it
says ``IS_SPREAD``: then whoever is free takes its next test. (xdist's own groups by marker do not reach its scheduler under pytest 9.2.)
"""

from __future__ import annotations

import functools
import re
from typing import Any, Final

import pytest
from tests.house.source_tree import ROOT

_FORGE: Final = re.compile(r"^from tests\.forge\.", re.MULTILINE)
# how a program is found and waited for is no cluster yet
_CLUSTER: Final = re.compile(r"^from tests\.cluster(_bench |\.(?!built |process ))", re.MULTILINE)
_SPREAD: Final = re.compile(r"^IS_SPREAD = True$", re.MULTILINE)


def scope_of(nodeid: str) -> str:
    """Return what a test is scheduled with."""
    path = nodeid.partition("::")[0]
    kind = _kind_of(path)
    return {"module": path, "spread": nodeid}.get(kind, kind)


@functools.cache
def _kind_of(path: str) -> str:
    text = (ROOT / path).read_text(encoding="utf-8")
    if _FORGE.search(text):
        return "forge"
    if _CLUSTER.search(text):
        return "cluster"
    return "spread" if _SPREAD.search(text) else "module"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Return the scheduler; every other way of dividing tests is xdist's own."""
    if config.getvalue("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - only where xdist runs

    class ByServers(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return scope_of(nodeid)

    return ByServers(config, log)
