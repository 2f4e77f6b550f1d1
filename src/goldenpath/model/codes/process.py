"""Codes of running a program with injected values."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "exec.command-missing": CodeDoc(
        title="The program to run was not found",
        why="It is looked up on your own PATH before any value is read into it.",
        fix="Write program and arguments after `--`, and check that the file is executable.",
    ),
    "exec.command-not-runnable": CodeDoc(
        title="The operating system refused to start the program",
        why="Its format or its interpreter is not for this machine.",
        fix="Run it by hand without goldenpath to see the reason.",
    ),
    "exec.environment-too-large": CodeDoc(
        title="The environment is larger than the operating system takes",
        why="Arguments and environment share one limit; nothing is cut off silently.",
        fix="Use --only, --pristine or --mount.",
        rule="R2",
    ),
    "exec.mount-exists": CodeDoc(
        title="There is something at the path of the mount",
        why="A value is never written over, or through, a file that we did not make.",
        fix="Choose another path, or remove the file of a run that was killed.",
        rule="R7",
    ),
    "exec.mount-unwritable": CodeDoc(
        title="The mounted file could not be made",
        why="The program would start without the value that it expects.",
        fix="Name a path in an existing folder that you may write to.",
    ),
}
