"""Codes of making Kubernetes Secrets from the store."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "materialize.not-allowed": CodeDoc(
        title="The environment's Secrets come through External Secrets",
        why="Production has one way for values: External Secrets, from manifests in Git. A second writer would hide what is really there.",
        fix="Use goldenpath sync. A cluster without External Secrets says so: environments.<name>.kubernetes.materialize: true.",
        rule="D16",
    ),
    "materialize.nothing-asked-for": CodeDoc(
        title="No request asks for a Secret there",
        why="A run that finds nothing to do because of a misspelt name must not look like success.",
        fix="Check environment and service with goldenpath status. A request on a branch counts once it is merged.",
        rule="R30",
    ),
    "materialize.refused": CodeDoc(
        title="One or more Secrets were refused, so none was written",
        why="Half of a batch is a state that nobody asked for. Every refusal is listed with its own code.",
        fix="Mend each of them and run the same command again.",
        rule="R27",
    ),
    "materialize.not-seen": CodeDoc(
        title="There is more to do than was agreed to",
        why="Cluster or store changed between the question and the answer; what nobody saw is not done.",
        fix="Run again and look at what is shown.",
        rule="R19",
    ),
    "materialize.external-secret": CodeDoc(
        title="An ExternalSecret writes this Secret",
        why="Two writers would undo each other's work, and the pods would see whichever came last.",
        fix="Leave it to External Secrets (goldenpath sync), or take the ExternalSecret out of Git and wait until it is gone.",
        rule="R27",
    ),
    "materialize.secret-owned": CodeDoc(
        title="The Secret has an owner",
        why="Its owner writes it, and garbage collection takes it away with the owner.",
        fix="Let the owner go first, or ask for another Secret name in the request.",
        rule="R27",
    ),
    "materialize.secret-foreign": CodeDoc(
        title="The Secret is there and belongs to somebody else",
        why="A Secret is only ours when its labels, its annotations and the field manager say so. Others are never overwritten or adopted.",
        fix="Move what it holds into the store, delete it once nobody else needs it, and run again; or ask for another name.",
        rule="R27",
    ),
    "materialize.secret-terminating": CodeDoc(
        title="The Secret is being deleted",
        why="What is written into it now is gone as soon as its finalizers are done.",
        fix="Wait until it is gone; `kubectl get secret -o yaml` names the finalizers that hold it.",
    ),
    "materialize.secret-immutable": CodeDoc(
        title="The Secret was made immutable",
        why="Kubernetes changes nothing of an immutable Secret.",
        fix="Delete it while nothing mounts it, and run again.",
    ),
    "materialize.type-differs": CodeDoc(
        title="The Secret has another type",
        why="Kubernetes does not change the type of a Secret, and a Secret is not deleted behind the backs of its readers.",
        fix="Delete it while nothing mounts it, and run again.",
    ),
    "materialize.newer-commit": CodeDoc(
        title="The Secret was written from a newer commit",
        why="This clone does not know the commit that the Secret was written from: it may be behind, or another platform wrote it.",
        fix="Fetch the protected branch and run again. A Secret that stays although --prune was given is named with this code too.",
        rule="R19",
    ),
    "materialize.request-gone": CodeDoc(
        title="The Secret was made for a request that is gone",
        why="A file that disappears from the catalog is no decommission, so what was made for it is not taken away.",
        fix="Bring the request back and decommission it, or delete the Secret by hand once nobody reads it.",
        rule="R13",
    ),
    "materialize.key-missing": CodeDoc(
        title="A declared key has no value in the store",
        why="A pod would start without it. A missing value is an error and never an empty one.",
        fix="Give the value with goldenpath seed, or take the key out of the request.",
        rule="R43",
    ),
    "materialize.version-moved": CodeDoc(
        title="Another version became current while this one was written",
        why="The Secret may hold the older of two values: somebody rotated or seeded at the same time.",
        fix="Run the same command again; it writes the version that is current.",
        rule="R19",
    ),
    "materialize.secret-held": CodeDoc(
        title="The Secret is deleted, and something keeps it alive",
        why="A finalizer has to be done before the cluster lets go of it. Until then pods can still read it.",
        fix="Find out what should finish the finalizer that is named; run with --prune again to see that it is gone.",
        rule="R55",
    ),
}
