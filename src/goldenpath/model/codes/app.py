"""Codes of the use-cases and of the demo: what stands between a reviewed change and the store."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES = {
    "action.not-reviewed": CodeDoc(
        title="The action on this record was not reviewed",
        why="Taking over a record, or bringing one back, is done only as the protected branch says, for the record as it was reviewed.",
        fix="Run the verb with --dry-run, add the entry it prints to governance/actions.yaml, and have that change approved and merged.",
        rule="R20",
    ),
    "apply.not-protected": CodeDoc(
        title="The commit is not on the protected branch",
        why="Only what was reviewed and merged is applied; a branch is not.",
        fix="Merge it first, or leave --commit away.",
        rule="R17",
    ),
    "apply.older-commit": CodeDoc(
        title="A newer commit was already applied",
        why="Going back to an older catalog would undo reviewed changes without review.",
        fix="Revert on the protected branch and apply the revert.",
        rule="R19",
    ),
    "apply.policy-blocked": CodeDoc(
        title="The protected branch holds something that the rules block",
        why="A merge can be forced past the gate; apply asks the rules again and does nothing while they say no.",
        fix="Revert the change, or mend the request in a reviewed change; goldenpath policy explain RULE says what it checks.",
        rule="R13",
    ),
    "apply.wrong-account": CodeDoc(
        title="The credentials belong to another account",
        why="Writing one environment's secrets into another environment's account mixes the two for good.",
        fix="Use the credentials of the account that goldenpath.yaml names for the environment.",
        rule="R33",
    ),
    "approval.change-blocked": CodeDoc(
        title="A blocked change cannot be approved",
        why="Approval says yes to what the rules allow; it is no way around them. An exception is a reviewed waiver.",
        fix="Run goldenpath policy check and resolve what blocks.",
        rule="R12",
    ),
    "approval.missing": CodeDoc(
        title="An approval is missing",
        why="A change counts once eligible people who had no hand in it said yes to exactly this change. A new commit voids what they said.",
        fix="Have the people named approve with the command in the hint, or revert the change.",
        rule="R12",
    ),
    "approval.not-eligible": CodeDoc(
        title="This person cannot approve this change",
        why="Approvers are listed in the base revision, are people, and had no hand in the change.",
        fix="Ask somebody else who is listed; to become an approver, change the approvers file in a reviewed change.",
        rule="R12",
    ),
    "cli.demo-step-failed": CodeDoc(
        title="A step of the demo failed",
        why="Each step is the real command; its own message stands above.",
        fix="Run goldenpath doctor, mend what it names, and start the demo in a new folder.",
    ),
    "cli.example-missing": CodeDoc(
        title="The example platform is not installed",
        why="The demo copies the example platform that ships with the package.",
        fix="Install the wheel again, or run from a checkout.",
    ),
    "cli.folder-not-empty": CodeDoc(
        title="The folder is not empty",
        why="The demo makes everything anew and never touches what is already there.",
        fix="Name a folder that does not exist yet.",
    ),
    "cli.ssh-keygen-missing": CodeDoc(
        title="ssh-keygen is not there",
        why="Approvals are signed and checked with SSH keys; git calls ssh-keygen for both.",
        fix="Install the OpenSSH client.",
    ),
    "git.identity-missing": CodeDoc(
        title="Git does not know who approves",
        why="An approval names a person by the address in the approvers file and is signed with one of that person's SSH keys.",
        fix="Set user.email and user.signingkey (an SSH key) in git's configuration, or pass --email and --key.",
    ),
    "plan.not-seen": CodeDoc(
        title="Something would change that no given plan shows",
        why="Saved plans are applied as they were reviewed and nothing else is.",
        fix="Make the plans again with goldenpath apply --dry-run --out FOLDER.",
        rule="R19",
    ),
    "platform.governance-missing": CodeDoc(
        title="A file that steers the gate is missing",
        why="Without enums, policy and approvers of the base nothing can be judged, so everything is blocked.",
        fix="Restore the file on the protected branch, or name its place in goldenpath.yaml.",
        rule="R15",
    ),
    "platform.governance-unreadable": CodeDoc(
        title="A file that steers the gate cannot be read",
        why="The gate does not guess at rules; everything is blocked until the file is mended.",
        fix="Mend the file on the protected branch: goldenpath validate names every fault in it.",
        rule="R15",
    ),
    "platform.no-settings": CodeDoc(
        title="There is no goldenpath.yaml at that commit",
        why="A platform repository begins with its settings; the base of a change must already have them.",
        fix="Commit goldenpath.yaml, enums, policy and approvers to the protected branch first.",
    ),
    "platform.not-founded": CodeDoc(
        title="The protected branch holds no complete platform",
        why="Trust starts at the first commit that has settings, enums, policy and approvers together; everything later is checked.",
        fix="Commit the missing files to the protected branch.",
        rule="R10",
    ),
    "request.retiring": CodeDoc(
        title="The request is on its way out",
        why="Decommissioning begins by issuing nothing: no value is given out, taken or brought back any more.",
        fix="Withdraw the decommissioning through a reviewed change if the secret is still needed.",
        rule="R55",
    ),
    "request.unknown": CodeDoc(
        title="There is no such request",
        why="A request counts once its file is on the protected branch.",
        fix="goldenpath status lists the requests there are; check the id, or merge the request first.",
    ),
}
