"""The stand-in for AWS, with its credentials in the environment."""

from __future__ import annotations

import pytest
from tests.standins.aws import StrictAws
from tests.standins.fixtures import aws, aws_server  # noqa: F401 - fixtures


@pytest.fixture(autouse=True)
def _credentials(aws: StrictAws, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811 - the fixture
    for name, text in aws.environment().items():
        monkeypatch.setenv(name, text)
