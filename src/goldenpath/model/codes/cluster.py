"""Codes of Kubernetes clusters and what runs on them."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "cluster.not-configured": CodeDoc(
        title="The environment's cluster is not known",
        why="A command that looks into a cluster never takes whatever kubectl happens to point at: it could be another environment's.",
        fix="State environments.<name>.kubernetes.context in goldenpath.yaml, or name the cluster with --context and --kubeconfig.",
        rule="R33",
    ),
    "cluster.environment-unnamed": CodeDoc(
        title="It is open which cluster is meant",
        why="Each environment has a cluster of its own, and neither an environment nor a request was named.",
        fix="Name one: --environment dev, or the id of a request.",
        rule="R33",
    ),
    "cluster.kind-missing": CodeDoc(
        title="The cluster does not serve this kind",
        why="The controller's CRDs are not installed, or they serve other versions.",
        fix="goldenpath doctor --cluster says which versions are served and what to set.",
    ),
}
