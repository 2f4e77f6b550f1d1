"""Codes of ``goldenpath.yaml`` and of the environment variables beside it."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "settings.invalid": CodeDoc(
        title="goldenpath.yaml cannot be used",
        why="Half-understood settings could point an environment at the wrong account.",
        fix="Mend every fault that the message lists; goldenpath schema settings shows the contract.",
        rule="R15",
    ),
    "settings.variable": CodeDoc(
        title="An environment variable may not, or cannot, replace a setting",
        why="Whoever controls an environment must not reach the gate, the audit log or an environment's stores.",
        fix="Unset the variable, or change goldenpath.yaml by review.",
        rule="R15",
    ),
}
