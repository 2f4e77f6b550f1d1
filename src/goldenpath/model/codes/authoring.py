"""Codes of writing and proposing requests, and of what Backstage is given."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "backstage.name-invalid": CodeDoc(
        title="A name or an address cannot stand in Backstage's catalog",
        why="Backstage refuses the whole file for one entity that does not fit its formats.",
        fix="Use letters, digits and - _ . (63 at most, with {service} or {environment} in it), and an https address that ends in a slash.",
    ),
    "backstage.not-current": CodeDoc(
        title="The form of the portal is not what the contract and the platform's words make of it",
        why="A form with other words than the gate's lets people ask for what is then refused, or hides what they may ask for.",
        fix="Run goldenpath backstage template and commit what it wrote.",
    ),
    "backstage.owner-unknown": CodeDoc(
        title="The form's owner is none of the platform's owners",
        why="Somebody answers for the form, and the platform's enums say who there is.",
        fix="Name one of the owners in the enums file with --owner.",
    ),
    "backstage.repository-unknown": CodeDoc(
        title="It is not stated where Backstage opens the pull request",
        why="The form ends in a pull request; Backstage's own action for that knows GitHub and GitHub Enterprise alone.",
        fix="Set forge.url and forge.repository in goldenpath.yaml, or pass --repository 'github.com?owner=acme&repo=platform'.",
    ),
    "git.branch-checked-out": CodeDoc(
        title="The branch to commit on is checked out somewhere",
        why="A commit made beside a working tree would leave its files behind, as if somebody had reverted the change.",
        fix="Leave --branch out and commit there by hand, or switch that working tree to another branch.",
    ),
    "git.branch-invalid": CodeDoc(
        title="The name is none of a branch that proposals are made on",
        why="Names reach command lines, pages and other tools; a plain subset of what git allows means the same in all of them.",
        fix="Use letters, digits and . _ / + @ -, such as request/payments-db.",
    ),
    "git.branch-moved": CodeDoc(
        title="The branch stands elsewhere than expected",
        why="Somebody else committed or pushed meanwhile; nothing is forced, so nobody's commit is lost.",
        fix="Name another branch, or bring this one up to date first, and run the command again.",
        rule="R23",
    ),
    "git.branch-name-taken": CodeDoc(
        title="The branch cannot be made though nobody moved it",
        why="Git keeps branches as files: where there is a branch x there can be no x/y. A stale lock has the same effect.",
        fix="Name another branch, or remove the branch whose name is a part of this one's.",
    ),
    "intent.not-editable": CodeDoc(
        title="The layout of the file does not allow to change single lines of it",
        why="An edit keeps comments and layout; where it would not read back as meant, nothing is written.",
        fix="Edit the file by hand, or bring it into the layout that goldenpath request show prints.",
    ),
    "request.branch-protected": CodeDoc(
        title="A change was to be committed on the protected branch",
        why="What is on the protected branch was reviewed; nothing reaches it but by a merge.",
        fix="Name a branch of its own, such as request/payments-db.",
        rule="R12",
    ),
    "request.dirty-file": CodeDoc(
        title="The working tree holds another change of the same file",
        why="A branch is made from the protected one, so it would not have that change, and a person would think that it has.",
        fix="Commit, stash or discard the change, or leave --branch out to edit the file where it is.",
    ),
    "request.file-changed": CodeDoc(
        title="The file changed while it was being edited",
        why="Somebody's change would be lost; the file stays as it is.",
        fix="Run the command again.",
    ),
    "request.filter-unknown": CodeDoc(
        title="A filter names a word that no request can have",
        why="An empty list would look like good news.",
        fix="Use one of the words that the message names; they are the platform's enums.",
    ),
    "request.item-there": CodeDoc(
        title="What should be added is in the list already",
        why="Stated twice it would be one thing in the file and another in somebody's head.",
        fix="Look at goldenpath request show ID; remove the item in the same edit to state it anew.",
    ),
    "request.item-unknown": CodeDoc(
        title="What should be removed is not in the list",
        why="An edit that does nothing would look as if access or a key had been taken away.",
        fix="Look at goldenpath request show ID and name the item as it stands there.",
    ),
    "request.sidecar-faulty": CodeDoc(
        title="The sidecar beside the request has faults",
        why="Request and sidecar must agree, so an edit changes both; one that cannot be read cannot be kept in agreement.",
        fix="Mend the sidecar first; goldenpath validate names every fault.",
        rule="R7",
    ),
    "request.wrong-direction": CodeDoc(
        title="The lifecycle goes the other way from here",
        why="deprecate takes an active request forward, withdraw takes a requested decommission back; one is not the other.",
        fix="Use the verb that the message names. Nothing leaves decommissioned.",
        rule="R54",
    ),
}
