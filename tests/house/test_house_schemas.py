"""The JSON Schemas under docs are generated, and current."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldenpath.intent.schema import KINDS, schema_bytes

FOLDER = Path(__file__).parents[2] / "docs" / "reference" / "schemas"


@pytest.mark.parametrize("kind", KINDS)
def test_the_shipped_schema_is_current(kind: str) -> None:
    assert (FOLDER / f"{kind}.json").read_bytes() == schema_bytes(kind), "run: python tools/gen_schemas.py"


def test_nothing_else_is_shipped_as_a_schema() -> None:
    assert {file.name for file in FOLDER.iterdir()} == {f"{kind}.json" for kind in KINDS}
