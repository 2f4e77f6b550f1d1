"""Codes of an apply and of the reviewed actions."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "provision.wrong-account": CodeDoc(
        title="The credentials belong to another account",
        why="An apply with the wrong credentials would write one environment's records into another.",
        fix="Use the credentials of this environment; nothing was written.",
        rule="R33",
    ),
    "provision.other-environment": CodeDoc(
        title="The right to write is for another environment",
        why="Each environment has its own writer.",
        fix="This is a defect of the caller. Please report it.",
        rule="R19",
    ),
    "provision.deadline": CodeDoc(
        title="The time for this run is used up",
        why="The store was throttling or away for too long. What was done stays done, the rest was not tried.",
        fix="Run the same command again; it continues from what is there.",
        rule="R22",
    ),
    "provision.not-converged": CodeDoc(
        title="The record is not as wanted after the write",
        why="Somebody changed it at the same moment, or the store kept only part of the change.",
        fix="Plan again and look at the difference.",
        rule="R19",
    ),
    "provision.expectation-failed": CodeDoc(
        title="The record is not the one that was reviewed",
        why="A reviewed action holds for what the reviewer saw.",
        fix="Look at the record and have the action reviewed again.",
        rule="R20",
    ),
}
