"""What every test stands on: a home of its own, nobody's git configuration, no network but loopback, seeds that are printed.

Sockets are limited to loopback by pytest-socket (see ``addopts``); child processes inherit the isolated environment from here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("dev", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=False, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

pytest_plugins = ["tests.cluster.fixtures", "tests.forge.fixtures", "tests.real_schedule", "tests.standins.fixtures"]

_REAL_REQUIRED = os.environ.get("GOLDENPATH_REAL_REQUIRED") == "1"
_UNWANTED_PREFIXES = ("GIT_", "GOLDENPATH_", "GITHUB_", "RUNNER_")
_UNWANTED = (
    "CI", "SSH_AUTH_SOCK", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "XDG_CONFIG_HOME", "EDITOR", "PAGER", "DISPLAY", "DBUS_SESSION_BUS_ADDRESS",
)  # fmt: skip
_GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Test Author",
    "GIT_AUTHOR_EMAIL": "author@example.com",
    "GIT_COMMITTER_NAME": "Test Author",
    "GIT_COMMITTER_EMAIL": "author@example.com",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """How many random schedules of faults ``tests/e2e/test_soak.py`` runs, or the one to replay."""
    parser.addoption("--soak", type=int, default=30, metavar="COUNT", help="random schedules of faults to run")
    parser.addoption("--soak-seed", type=int, default=None, metavar="SEED", help="replay the schedule of this seed alone")


@pytest.fixture(scope="session", autouse=True)
def _isolated_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Session fixtures and child processes run without the developer's home, settings and agents."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name in _UNWANTED or (name.startswith(_UNWANTED_PREFIXES) and name != "GOLDENPATH_REAL_REQUIRED"):
                patch.delenv(name)
        for name, value in _GIT.items():
            patch.setenv(name, value)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(autouse=True)
def _isolated_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has an empty home; it is made only when something looks for it."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Where the machine is known to have every tool (``GOLDENPATH_REAL_REQUIRED=1``), a skipped ``real`` test is a failure.

    Single tools are required by their names (``tests/real_tools.py``).
    """
    report: pytest.TestReport = yield  # type: ignore[assignment]
    if _REAL_REQUIRED and report.skipped and not hasattr(report, "wasxfail") and item.get_closest_marker("real"):
        report.outcome = "failed"
        report.longrepr = f"a real test must not skip on this machine: {_skip_reason(report)}"
    return report  # type: ignore[return-value]


def _skip_reason(report: pytest.TestReport) -> str:
    return str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count what did not run, so that a green line never hides it."""
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.write_line(f"{len(skipped)} skipped; each one's reason is listed above")
