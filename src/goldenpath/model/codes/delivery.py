"""Codes of handing generated files over to the GitOps repository."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "delivery.base-shared": CodeDoc(
        title="The base under another environment's overlay would change what that environment gets",
        why="All environments of a service share its base. An environment that nobody applies must come out as it was, and this one would "
        "not: its requests changed as well, or its overlay was edited by hand.",
        fix="Apply that environment in the same run, or first revert the edit.",
        rule="R23",
    ),
    "delivery.push-race": CodeDoc(
        title="The branch moved while manifests were being committed",
        why="A lost race is generated anew on the new head, never merged and never forced.",
        fix="Run again. If it happens at each attempt, raise `delivery.attempts` or keep other writers away.",
        rule="R23",
    ),
    "delivery.not-seen": CodeDoc(
        title="The manifests are no longer those that were shown",
        why="After the question was answered, the GitOps repository or a value changed, and more would be committed than was agreed to. "
        "A race that leaves the same files, or fewer, goes on.",
        fix="Run goldenpath apply again and look at the files; steps that are done stay done. With --yes nobody is asked.",
        rule="R19",
    ),
    "delivery.push-refused": CodeDoc(
        title="The remote does not take the commit",
        why="The branch is where it was; a protected branch, a hook or missing rights refused the push.",
        fix="Let this identity push to the branch, or deliver to another branch (`delivery.branch`).",
    ),
    "delivery.remote-missing": CodeDoc(
        title="The manifest repository has no such remote",
        why="`delivery.remote` names a git remote that commits are pushed to.",
        fix="Add it with `git remote add`, or remove the setting to commit locally.",
    ),
    "delivery.remote-unavailable": CodeDoc(
        title="The remote did not answer",
        why="Without its newest commit nothing can be built on top of it.",
        fix="Check network, address and credentials with `git ls-remote`, then run again.",
        rule="R22",
    ),
    "delivery.ref-locked": CodeDoc(
        title="The branch could not be moved though nobody else moved it",
        why="Another git holds the lock, a killed one left it, or the folder cannot be written.",
        fix="Check rights; if no other git runs, remove the stale `.lock` file beside the ref.",
    ),
    "delivery.branch-invalid": CodeDoc(
        title="The setting is not the name of a branch",
        why="Only plain branch names are committed to.",
        fix="Set `delivery.branch` to a name such as `main`.",
    ),
    "delivery.path-invalid": CodeDoc(
        title="A generated file has a path that may not be written",
        why="Output stays inside the repository's folder, on every kind of file system.",
        fix="Use letters, digits and `._@+=-`, no dot segments, no name of git's own.",
        rule="R7",
    ),
    "delivery.foreign-file": CodeDoc(
        title="A file that we did not generate is in the way",
        why="Generated files never replace, hide or remove what somebody else made.",
        fix="Move the file (or link, or submodule) away in a commit of its own.",
        rule="R20",
    ),
    "delivery.target-foreign": CodeDoc(
        title="The Secret that a manifest would make belongs to somebody else",
        why="External Secrets takes over a Secret without an owner, and two ExternalSecrets with one target overwrite each other for ever. "
        "So the cluster is looked at before the manifest is written, where the settings name one (environments.NAME.kubernetes).",
        fix="Ask for another k8sSecretName. If the Secret should become this request's, move what it holds into the store, and have its "
        "owner let go of it: delete it, or the ExternalSecret that makes it.",
        rule="R27",
    ),
    "delivery.drift": CodeDoc(
        title="A generated file was changed by hand",
        why="Drift is reported and needs a decision; it is not silently overwritten.",
        fix="Bring the change into the request, revert it, or accept the drift.",
        rule="R24",
    ),
    "delivery.listing-invalid": CodeDoc(
        title="The listing of generated files cannot be read",
        why="It says which files may be replaced or removed; without it nothing is.",
        fix="Restore `.goldenpath/generated.sha256` from the history of the repository.",
        rule="R20",
    ),
    "delivery.trailer-invalid": CodeDoc(
        title="A value does not fit its commit trailer",
        why="Trailers join commits, approvals and audit records; a free text there could forge one.",
        fix="Pass ids and digests as they were made.",
        rule="R11",
    ),
    "delivery.dirty-checkout": CodeDoc(
        title="The checked-out branch has changes of its own in the files to deliver",
        why="Bringing the working tree along would lose them.",
        fix="Commit, stash or discard the named files, or deliver to a bare repository or a remote.",
        rule="R24",
    ),
    "delivery.checkout-unwritable": CodeDoc(
        title="A file of the checkout could not be replaced",
        why="The commit is made; files are replaced in one step each, so the old one is as it was.",
        fix="Free space or remove what is in the way, then run again: the checkout is finished first.",
        rule="R23",
    ),
}
