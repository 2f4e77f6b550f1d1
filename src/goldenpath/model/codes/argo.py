"""Codes of Argo CD."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

_AGAIN = "Run the same command again."

CODES: dict[str, CodeDoc] = {
    "argo.not-configured": CodeDoc(
        title="No Argo CD is stated for the environment",
        why="goldenpath.yaml does not say which application brings the manifests to the cluster.",
        fix="Set environments.<name>.kubernetes.argoCd in goldenpath.yaml.",
    ),
    "argo.application-missing": CodeDoc(
        title="There is no such Application",
        why="It was not made yet, has another name, or lives in another namespace.",
        fix="Make it (examples/argo-cd), or correct environments.<name>.kubernetes.argoCd in goldenpath.yaml.",
        rule="R31",
    ),
    "argo.not-automated": CodeDoc(
        title="Argo CD sees the change and does not apply it",
        why="The application's automated sync is off. A refresh only compares.",
        fix="Sync it (argocd app sync), or turn automated sync on.",
        rule="R31",
    ),
    "argo.comparison-failed": CodeDoc(
        title="Argo CD cannot compare the cluster with Git",
        why="The repository cannot be read, a manifest is broken, or the application's spec is wrong.",
        fix="argocd app get shows its words, which may repeat manifests and so are not shown here.",
        rule="R31",
    ),
    "argo.sync-failed": CodeDoc(
        title="The sync failed",
        why="Argo CD tried to apply the wanted revision, and the cluster refused something.",
        fix="argocd app get shows its words; mend the cause and sync again.",
        rule="R31",
    ),
    "argo.timeout": CodeDoc(
        title="The revision was not applied in time",
        why="Argo CD is slow, stopped, or does not see the commit yet.",
        fix="Is the commit pushed to the repository that the application reads? goldenpath doctor --cluster; then run the command again.",
        rule="R31",
    ),
    "argo.unavailable": CodeDoc(
        title="Argo CD did not answer",
        why="Its server could not be reached, or answered with a fault of its own.",
        fix=_AGAIN,
    ),
    "argo.unauthenticated": CodeDoc(
        title="Argo CD does not accept the token",
        why="The token in ARGOCD_AUTH_TOKEN is wrong, expired or revoked.",
        fix="Make a new one (argocd account generate-token), and run the command again.",
    ),
    "argo.forbidden": CodeDoc(
        title="Argo CD shows no such application to this token",
        why="It answers alike for an application that is not there and for one that the token may not see.",
        fix="Check the name; the account needs applications, get.",
    ),
    "argo.refused": CodeDoc(
        title="The answer is not one of Argo CD's API",
        why="Something else answers at this address, or the version is not supported.",
        fix="Check environments.<name>.kubernetes.argoCd.server in goldenpath.yaml.",
    ),
    "argo.token-missing": CodeDoc(
        title="There is no token for Argo CD's API",
        why="A server is configured, and ARGOCD_AUTH_TOKEN is not set.",
        fix="Export ARGOCD_AUTH_TOKEN, or leave the server out and let the cluster's own credentials do.",
    ),
    "argo.unencrypted": CodeDoc(
        title="The token would travel in clear",
        why="The server's address begins with http://, so anybody on the way could read the token.",
        fix="Use https://.",
        rule="R37",
    ),
}
