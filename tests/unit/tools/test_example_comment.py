"""The example comment of the documentation is a real one: every part of a page is in it."""

from __future__ import annotations

import pytest
from tools.example_comment import main


def test_the_example_shows_every_part(capsys: pytest.CaptureFixture[str]) -> None:
    assert main("-") == 0
    page = capsys.readouterr().out
    parts = (
        "| Concern |",
        "#### Findings",
        "#### Changes",
        "#### Approvals",
        "#### Exceptions used",
        "#### Cost",
        "#### On merge",
        "Plan digest",
    )
    assert [part for part in parts if part not in page] == []
    assert "**missing**" in page
    assert "<code>spec.ttlDays</code>: 30 → 90" in page
    assert "<details>" in page
