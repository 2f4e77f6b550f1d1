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
}
