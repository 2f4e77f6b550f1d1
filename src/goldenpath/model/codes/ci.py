"""Codes of the check before a build."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "ci.value-awaited": CodeDoc(
        title="A secret that the build needs has no value yet",
        why="The record is there and waits for its first value; a build would start and fail later, or run without it.",
        fix="Give it a value: goldenpath seed, by whoever has it.",
        rule="D12",
    ),
    "ci.secret-missing": CodeDoc(
        title="A secret that the build needs has no usable record",
        why="There is no record, it belongs to somebody else, or it is scheduled for deletion.",
        fix="goldenpath trace with its id names the first thing that is missing; mostly goldenpath apply has not run yet.",
    ),
    "ci.key-missing": CodeDoc(
        title="A declared key is not set in the environment of the build",
        why="An unset secret arrives in a workflow as an empty variable, and programs take that for a value.",
        fix="Set the variable from a secret in the one step that needs it, or run the step under goldenpath exec.",
        rule="R43",
    ),
    "ci.no-keys": CodeDoc(
        title="The request declares no keys to look for",
        why="Without declared keys nobody knows which variables should be there, and a check of nothing would pass.",
        fix="Declare the keys under spec.keys in the request, or ask the stores by leaving --variables out.",
    ),
    "ci.nothing-wanted": CodeDoc(
        title="No active request fits what the build asked for",
        why="A check of nothing must not pass for a check: a misspelt service would never be noticed.",
        fix="Check environment, service and ids against goldenpath status.",
        rule="R15",
    ),
}
