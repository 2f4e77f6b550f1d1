"""Codes of the use-cases: what must hold before a change is approved, applied or taken over, and of the demo that walks them."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "action.not-reviewed": CodeDoc(
        title="Nobody reviewed to adopt or restore this record as it is now",
        why="Taking over a record, or bringing one back, is a decision of its own, bound to the state that the reviewers saw.",
        fix="Run the verb with --dry-run, add the entry that it prints to governance/actions.yaml, and have the change reviewed.",
        rule="R20 R21",
    ),
    "apply.manifest-refused": CodeDoc(
        title="A generated manifest must not be committed",
        why="It still holds a placeholder, or names a store or path of another environment; a cluster would act on it.",
        fix="Mend the request or the settings that the manifest comes from; goldenpath explain CODE says more about the finding named.",
        rule="R28",
    ),
    "apply.not-protected": CodeDoc(
        title="The commit is not on the protected branch",
        why="Only what was reviewed and merged is applied; a branch that is checked out decides nothing.",
        fix="Merge the commit first, or leave --commit out to apply the newest one.",
        rule="R10",
    ),
    "apply.older-commit": CodeDoc(
        title="A newer commit was already applied here",
        why="A late or repeated job must not take the stores back to an older state.",
        fix="To go back, revert on the protected branch and apply the revert.",
        rule="R19",
    ),
    "apply.store-replaced": CodeDoc(
        title="The store is another one than earlier applies wrote to",
        why="A store file that was lost, emptied or exchanged would be filled anew, in the wrong place or without its values.",
        fix="Put the store back, from its backup if need be. To begin anew on purpose, move the whole state folder away.",
        rule="R20, R33",
    ),
    "apply.wrong-account": CodeDoc(
        title="The credentials belong to another account than the environment",
        why="Credentials of one environment must never write in another one.",
        fix="Use the credentials of the environment's own account, or correct the account in goldenpath.yaml through review.",
        rule="R33",
    ),
    "approval.change-blocked": CodeDoc(
        title="The gate blocks the change, so it cannot be approved",
        why="An approval says yes to what the rules allow; it is not a way around them.",
        fix="Run goldenpath policy check on the same range and fix what it lists, or have a waiver reviewed first.",
        rule="R12",
    ),
    "approval.missing": CodeDoc(
        title="A change reached the protected branch without the approvals that it needs",
        why="Approvals are checked again at apply, because a merge can be forced.",
        fix="Have the range approved by the people named, or revert the change.",
        rule="R12",
    ),
    "approval.nothing-changes": CodeDoc(
        title="The range changes nothing that could be approved",
        why="An approval is bound to the changes of one range; after the merge, the branch has none that main does not have.",
        fix="Name the range with --base and --head; goldenpath apply prints the one whose approval is missing.",
        rule="R12",
    ),
    "approval.reviews-only": CodeDoc(
        title="Here reviews count, and signed statements do not",
        why="goldenpath.yaml of the base says approvals.source: reviews.",
        fix="Approve the pull request on the forge. Set approvals.source: both where statements are to count as well.",
        rule="R12",
    ),
    "approval.not-eligible": CodeDoc(
        title="This person cannot approve this change",
        why="Approvers are people of the base's approvers file who did not author, commit or push any part of the change.",
        fix="Ask one of the people whom goldenpath policy check names.",
        rule="R12",
    ),
    "cli.demo-step-failed": CodeDoc(
        title="A step of the demo ended with an error",
        why="The demo runs the real commands; one of them met something on this machine.",
        fix="Read the step's own output above, then run goldenpath doctor. The folder is left as it is.",
    ),
    "cli.example-missing": CodeDoc(
        title="The example platform is not part of this installation",
        why="The demo copies it; it is in the checkout and in the wheel.",
        fix="Install the wheel, or run from a checkout.",
    ),
    "cli.folder-not-empty": CodeDoc(
        title="The folder for the demo exists and is not empty",
        why="The demo only ever works in a new folder, so that it cannot touch anything of yours.",
        fix="Name a folder that does not exist yet, or leave the name out.",
    ),
    "cli.ssh-keygen-missing": CodeDoc(
        title="ssh-keygen is not on this machine",
        why="Approvals are signed with SSH keys, and the demo makes some.",
        fix="Install the OpenSSH client, 8.2 or newer.",
    ),
    "git.identity-missing": CodeDoc(
        title="Git does not know who signs",
        why="An approval carries the address and the key of one person.",
        fix="Set git's user.email and user.signingkey, or pass --email and --key.",
        rule="R12",
    ),
    "plan.not-seen": CodeDoc(
        title="There are changes that are in none of the plans given",
        why="Applying saved plans means doing exactly what was looked at, and nothing beside it.",
        fix="Make a new plan with apply --dry-run --out, look at it, and apply that.",
        rule="R19",
    ),
    "platform.governance-missing": CodeDoc(
        title="A file that steers the gate is not in the base revision",
        why="Without it the gate cannot judge, and what cannot be judged is blocked.",
        fix="Restore the file on the protected branch, or name its place in goldenpath.yaml under governance.",
        rule="R15",
    ),
    "platform.governance-unreadable": CodeDoc(
        title="A file that steers the gate has faults",
        why="A half-understood policy could allow what its authors forbid, so every change is blocked until it is mended.",
        fix="Mend the file on the protected branch; goldenpath validate names every fault.",
        rule="R15",
    ),
    "platform.no-settings": CodeDoc(
        title="The commit holds no goldenpath.yaml",
        why="The gate judges a change by the base it meets; without settings the base is not a platform repository.",
        fix="Put goldenpath.yaml on the protected branch first; its two header lines are enough.",
        rule="R10",
    ),
    "history.rewritten": CodeDoc(
        title="The protected branch lost a commit that counted before",
        why="Approvals prove a line of commits. A branch that no longer holds what was verified or applied proves nothing about the rest.",
        fix="Merge the lost commit into the branch again, fetching it where it is missing, and have the result reviewed.",
        rule="R12 R19",
    ),
    "platform.catalog-moved": CodeDoc(
        title="The catalog's root moves while there are requests",
        why="Files below another root were judged as no requests; after the move they would count without a review of their own.",
        fix="Leave catalog.root as it is; it is chosen before the first request.",
        rule="R10 R13",
    ),
    "platform.not-founded": CodeDoc(
        title="No commit of the protected branch founds the platform",
        why="Trust starts at the first commit that holds settings, enums, policy and approvers together.",
        fix="Commit the missing files to the protected branch; goldenpath doctor says which.",
        rule="R10",
    ),
    "platform.settings-unreviewed": CodeDoc(
        title="The settings of this run were never reviewed",
        why="They say where stores, manifests and the audit log are; a branch nobody reviewed could otherwise move them out of sight.",
        fix="Have the change of goldenpath.yaml approved, or revert it. A checked-out branch cannot name itself the protected one.",
        rule="R10 R50",
    ),
    "platform.two-foundings": CodeDoc(
        title="The history joins two platforms that were founded apart",
        why="Trust starts at the founding commit. A merge with another platform's history can put either of the two first.",
        fix="Take the merge off the protected branch. To take over another platform, copy its files in a reviewed change.",
        rule="R10 R12",
    ),
    "request.retiring": CodeDoc(
        title="The request is on its way out",
        why="A secret that is being decommissioned gets no new value, and its record is not taken over.",
        fix="Withdraw the decommissioning through a reviewed change, if the secret is still needed.",
        rule="R54",
    ),
    "request.unknown": CodeDoc(
        title="The protected branch has no such request",
        why="Only merged requests exist for the stores; a file on a branch counts once it is merged.",
        fix="goldenpath status lists what there is.",
    ),
}
