from __future__ import annotations

import pytest

from goldenpath.model.counting import counted


@pytest.mark.parametrize(("number", "text"), [(0, "0 records"), (1, "1 record"), (2, "2 records"), (1000, "1000 records")])
def test_one_is_singular_and_nothing_else_is(number: int, text: str) -> None:
    assert counted(number, "record") == text


@pytest.mark.parametrize(("number", "text"), [(1, "1 policy"), (2, "2 policies")])
def test_a_plural_of_its_own(number: int, text: str) -> None:
    assert counted(number, "policy", plural="policies") == text
