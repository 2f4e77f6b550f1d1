"""Codes of what a cluster holds against what the requests want of it."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "cluster.being-deleted": CodeDoc(
        title="An object that is wanted is being deleted",
        why="A finalizer still holds what somebody deleted; when it goes, its Secret goes too, and consumers fail at their next start.",
        fix="See who deleted it. Once it is gone, Argo CD brings the committed manifest again.",
        rule="R24",
    ),
    "cluster.drift": CodeDoc(
        title="An object in the cluster differs from its manifest",
        why="A manifest that was edited in the cluster reads another path, or keeps a Secret that should go, and no review saw it.",
        fix="Let Argo CD put the committed manifest back, or change the request so that it says the same.",
        rule="R24",
    ),
    "cluster.missing": CodeDoc(
        title="An object that is wanted is not in the cluster",
        why="Somebody deleted it, or it was committed and never applied; or its ExternalSecret did not make the Secret.",
        fix="goldenpath trace shows the seam where it stopped; Argo CD brings what was committed.",
        rule="R24",
    ),
    "cluster.not-all-seen": CodeDoc(
        title="Only part of the cluster was seen",
        why="These credentials may list objects in some namespaces only, so what lies elsewhere is not in the answer.",
        fix="Grant list on externalsecrets and secrets for the whole cluster to whoever reports on it.",
    ),
    "cluster.orphan": CodeDoc(
        title="No request explains an object in the cluster",
        why="It carries the id of a request that is not in the catalog, or that asks for another place: a Secret that nobody answers for.",
        fix="Bring the request back, or take the object away once nobody uses it. Nothing is deleted for you.",
        rule="R13",
    ),
    "cluster.secret-edited": CodeDoc(
        title="Somebody else wrote the data of a Secret",
        why="External Secrets puts its Secrets right as soon as it looks at them; an edit that stays says that it does not look.",
        fix="See whether External Secrets runs, then goldenpath sync for the request.",
        rule="R24",
    ),
    "cluster.secret-foreign": CodeDoc(
        title="A Secret belongs to somebody else",
        why="Another ExternalSecret or controller owns the name that the request asks for; each would overwrite the other's values.",
        fix="Give the request another k8sSecretName, or take the other owner away. Nothing is taken over.",
        rule="R27",
    ),
    "cluster.secret-unowned": CodeDoc(
        title="Nothing in the cluster owns a Secret that a request wants",
        why="Somebody made it by hand, or took the owner away; it stays when its ExternalSecret goes, and External Secrets adopts it.",
        fix="Find out who made it and who uses it, then let External Secrets take it over, or delete it.",
        rule="R27",
    ),
    "cluster.unmanaged": CodeDoc(
        title="An ExternalSecret that is not ours reads what is ours",
        why="It reads below the platform's prefix without a request, so nobody reviewed who gets the value.",
        fix="Write a request for it, or take it away. The access policy of the secret decides what it may read.",
        rule="R26",
    ),
}
