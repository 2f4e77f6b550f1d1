"""The stand-ins as pytest fixtures: ``from tests.standins.fixtures import aws, aws_server  # noqa: F401`` in a conftest.

One server per test process, an empty one for each test.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.standins.aws import StrictAws


@pytest.fixture(scope="session")
def aws_server() -> Iterator[StrictAws]:
    """A stand-in that keeps what earlier tests left; ask for ``aws``."""
    with StrictAws.start() as server:
        yield server


@pytest.fixture
def aws(aws_server: StrictAws) -> StrictAws:
    """A stand-in for AWS with nothing in it."""
    aws_server.reset()
    return aws_server
