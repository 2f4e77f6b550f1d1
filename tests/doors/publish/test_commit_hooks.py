"""The hooks that other repositories take from here call verbs and options that exist, and need nothing but this machine."""

from __future__ import annotations

import shlex

import pytest
import yaml
from tests.house.source_tree import ROOT
from tests.house.test_house_commands import command_for

HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: str(hook["id"]))
def test_a_hook_calls_what_exists(hook: dict[str, object]) -> None:
    program, *words = shlex.split(str(hook["entry"]))
    command, rest = command_for(words)
    known = {name for param in command.params for name in param.opts}
    assert program == "goldenpath"
    assert {word for word in rest if word.startswith("-")} <= known
    assert {"id", "name", "description", "entry", "language"} <= set(hook)


def test_both_checks_are_offered() -> None:
    assert [hook["id"] for hook in HOOKS] == ["goldenpath-validate", "goldenpath-scan"]
