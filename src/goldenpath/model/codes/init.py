"""Codes of ``goldenpath init``: what it refuses to fill."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "init.choice-invalid": CodeDoc(
        title="An option of init does not have the expected form",
        why="What is chosen goes into workflows that machines execute; a free text there could become a command.",
        fix="Use the form that the message names; an action is pinned by the full id of a commit.",
        rule="R60",
    ),
    "init.not-a-folder": CodeDoc(
        title="A link or a file stands where the platform repository should be",
        why="A link would take the files to a place that nobody named.",
        fix="Name the folder itself, or one that does not exist yet.",
        rule="R7",
    ),
    "init.foreign-folder": CodeDoc(
        title="The folder holds something else",
        why="Some thirty files among somebody's own are hard to take apart again when the wrong folder was named.",
        fix="Name an empty or new folder. Where it is right all the same, make it a repository first: git init, and commit what is there.",
        rule="R7",
    ),
    "init.inside-repository": CodeDoc(
        title="The folder lies inside another repository",
        why="Approvals, protection and paths are those of a whole repository: a platform in a part of one would be governed by nobody.",
        fix="Name the top of that repository, or a folder outside it.",
        rule="R7",
    ),
    "init.dirty": CodeDoc(
        title="The repository has changes that are not committed",
        why="What init adds is to be reviewed by itself, and mixed with other changes it cannot be.",
        fix="Commit or stash the changes, then run init again.",
    ),
    "init.in-the-way": CodeDoc(
        title="Something that is no file stands where a file belongs",
        why="Writing through a link, or into the place of a folder, would change something that nobody named. Nothing was written.",
        fix="Move it away, then run init again.",
        rule="R7",
    ),
    "git.bare-repository": CodeDoc(
        title="The repository is a bare one",
        why="It has no files, so none can be added.",
        fix="Clone it, run init in the clone, and push.",
    ),
}
