"""Codes of reading and writing git repositories."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "git.missing": CodeDoc(
        title="git could not be started",
        why="History, approvals and manifests are read and written with the machine's own git.",
        fix="Install git 2.34 or newer and put it on PATH; `goldenpath doctor` shows what is found.",
    ),
    "git.too-old": CodeDoc(
        title="The installed git is too old",
        why="Approvals are checked with git's own SSH signature check, which came with git 2.34.",
        fix="Update git.",
    ),
    "git.not-a-repository": CodeDoc(
        title="No git repository at this place",
        why="Intent and policy are read from commits, so the folder must be in a repository.",
        fix="Run inside a clone, name one with `-C DIR`, or make one with `git init`.",
    ),
    "git.unsafe-ownership": CodeDoc(
        title="The repository belongs to another user",
        why="Git does not read the configuration of a repository that somebody else controls; neither do we.",
        fix="Run as the owner, or add the folder to your own `safe.directory` after looking at it.",
    ),
    "git.timeout": CodeDoc(
        title="A git command took too long",
        why="A command without an end would block the gate; it is stopped and counts as a failure.",
        fix="Check disk and remote, then run again.",
        rule="R15",
    ),
    "git.command-failed": CodeDoc(
        title="A git command ended with an unexpected status",
        why="Git's own text can hold addresses with credentials, so only the status is shown.",
        fix="Run the named command by hand; `git fsck` finds a damaged repository.",
        rule="R15",
    ),
    "git.ref-invalid": CodeDoc(
        title="The text cannot name one commit",
        why="Options, ranges, searches and patterns are refused where one commit is expected.",
        fix="Name a branch, a tag or a commit id.",
        rule="R11",
    ),
    "git.remote-missing": CodeDoc(
        title="Pull requests cannot be fetched here",
        why="Their commits come from the remote that the platform repository was cloned from.",
        fix="Clone the platform repository, or add its remote: git remote add origin <address>.",
    ),
    "git.remote-unavailable": CodeDoc(
        title="The head or the base of a pull request could not be fetched",
        why="The remote did not answer, does not let this account in, or does not keep a ref for the pull request.",
        fix="Try the git fetch that the message names by hand, then run the same command again.",
        rule="R15",
    ),
    "git.ref-missing": CodeDoc(
        title="The named commit is not in this clone",
        why="A gate without its base must block; it never assumes that nothing changed.",
        fix="Fetch the branch, or unshallow the clone (`git fetch --unshallow`; in CI: fetch-depth 0).",
        rule="R15",
    ),
    "git.ref-ambiguous": CodeDoc(
        title="A branch and a tag have the same name",
        why="Whoever may push a tag could otherwise stand in for the protected base.",
        fix="Write the full name, such as `refs/heads/main`, and remove the tag.",
        rule="R10",
    ),
    "git.no-merge-base": CodeDoc(
        title="Base and head have no common ancestor here",
        why="Without it nobody can say what the change is, so the gate blocks.",
        fix="Unshallow the clone, or rebase the branch on the base.",
        rule="R15",
    ),
    "git.history-incomplete": CodeDoc(
        title="Commits of the range are missing from a shallow clone",
        why="Their authors could approve their own change unseen.",
        fix="Run `git fetch --unshallow`; in CI check out with fetch-depth 0.",
        rule="R12",
    ),
    "git.object-missing": CodeDoc(
        title="An object is not in this clone",
        why="Objects are never fetched while reading: the gate has no network and no credential.",
        fix="Fetch without a filter; `git fsck` finds damage.",
        rule="R11",
    ),
    "git.object-too-large": CodeDoc(
        title="An object is larger than anything we read",
        why="Content is held in memory; a huge file in a change must not take the gate down.",
        fix="Remove the file from the catalog or governance folders.",
        rule="R36",
    ),
    "git.not-a-file": CodeDoc(
        title="The path is a link, a folder or a submodule",
        why="Links and submodules lead out of what was reviewed; they are never followed.",
        fix="Put a regular file there.",
        rule="R7",
    ),
    "git.linked-path": CodeDoc(
        title="A parent of the path is a link, a file or a submodule",
        why="A linked folder could show the gate other files than the ones in it.",
        fix="Replace the link by a real folder.",
        rule="R7",
    ),
    "git.path-invalid": CodeDoc(
        title="The path is not inside the repository",
        why="Absolute paths and dot segments lead out of the tree.",
        fix="Write the path relative to the root, with `/` and without dots.",
        rule="R7",
    ),
    "git.statement-invalid": CodeDoc(
        title="The statement cannot be signed as an approval",
        why="Text that could be taken for a signature would make the signed part ambiguous.",
        fix="Sign one JSON document of at most 64 KiB.",
        rule="R12",
    ),
    "git.notes-race": CodeDoc(
        title="The approvals could not be stored",
        why="The notes ref is moved only from where it was read, so that two approvers at once lose nothing.",
        fix="Approve again; if no other git runs, remove the stale `.lock` file beside the ref.",
        rule="R19",
    ),
    "git.signing-key-missing": CodeDoc(
        title="The signing key is not there",
        why="An approval is signed with the approver's own SSH key.",
        fix="Name a private key file, or a public key that the ssh agent holds.",
    ),
    "git.signing-failed": CodeDoc(
        title="ssh-keygen could not sign",
        why="Without a signature the statement proves nothing and is not stored.",
        fix="Check the key file's mode (0600), its passphrase, or that the agent holds the key (`ssh-add -l`).",
    ),
    "git.ssh-keygen-missing": CodeDoc(
        title="ssh-keygen is not on PATH",
        why="Git signs and checks SSH signatures through it; without it nothing can be said about an approval.",
        fix="Install the OpenSSH client, 8.2 or newer.",
        rule="R15",
    ),
    "git.no-scratch-space": CodeDoc(
        title="A temporary file could not be written",
        why="Private indexes and the list of allowed signers live in the temporary folder for a moment.",
        fix="Free space there, or name another folder with TMPDIR.",
    ),
}
