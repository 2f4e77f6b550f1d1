"""Codes of judging and publishing pull requests."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "pr.base-not-protected": CodeDoc(
        title="The pull request goes to a branch that is not protected",
        why="Only the protected branch is applied, and only its rules judge. A branch of somebody's own could bring rules of its own.",
        fix="Change the base of the pull request to the branch that the message names.",
        rule="R10",
    ),
    "pr.overtaken": CodeDoc(
        title="The base changed the same file since the branch left it",
        why="Two changes of one file can each be right and wrong together; what a merge makes of them was judged and approved by nobody.",
        fix="Bring the branch up to date with its base, settle the difference there, and have it approved again.",
        rule="R9 R12",
    ),
    "pr.rival": CodeDoc(
        title="Another open pull request takes the same",
        why="Each is right alone. Once one of them is merged, the other one takes what is taken and is blocked.",
        fix="Agree on one of the two, or change id, name or target Secret of the other.",
        rule="R9",
    ),
    "pr.moved": CodeDoc(
        title="The pull request changed while it was being judged",
        why="What was found is about another commit. A status on the old one would say nothing about the new one.",
        fix="Run again; a push starts a run of its own, and the new head has no green status before it is judged.",
        rule="R12",
    ),
    "pr.not-open": CodeDoc(
        title="The pull request is closed or merged",
        why="A verdict on it would come too late to stop anything; apply judges what was merged by itself.",
        fix="Nothing to do; for a merged one, see goldenpath trace and goldenpath pr receipts.",
    ),
    "pr.unwritable-page": CodeDoc(
        title="A page about a pull request could not be written to its file",
        why="The folder is not there, or this account may not write to it. The verdict itself is published before the files are written.",
        fix="Name a file in a folder that exists and can be written to.",
    ),
    "pr.no-merge": CodeDoc(
        title="No merged pull request brought this commit",
        why="Receipts belong to the pull request that a commit came from; a commit that was pushed has none.",
        fix="Name the merge commit of a pull request, with its full id.",
    ),
}
