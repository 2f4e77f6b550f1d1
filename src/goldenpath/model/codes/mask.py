"""Codes of masking values in a runner's log."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "mask.no-runner": CodeDoc(
        title="No workflow runner would read the mask commands",
        why="A mask command holds the value that it hides. Only a runner takes it out of the output; a terminal or a file would show it.",
        fix="Call goldenpath mask in a step of a workflow. Elsewhere: goldenpath exec --redact, or goldenpath redact.",
        rule="R1 R58",
    ),
    "mask.nothing-given": CodeDoc(
        title="No value came in to be masked",
        why="An empty secret is mostly a secret that is not set: a pipeline that goes on would believe itself protected.",
        fix="Check that the secret is there (goldenpath ci check), and pipe it to the command.",
        rule="R15",
    ),
}
