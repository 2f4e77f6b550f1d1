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
    "cluster.wrong-cluster": CodeDoc(
        title="This is another cluster than the settings name",
        why="The uid of its namespace kube-system is not environments.<name>.kubernetes.clusterId, so nothing was written.",
        fix="Choose the right context. If the cluster was made anew, correct clusterId after review.",
        rule="R33",
    ),
    "cluster.client-missing": CodeDoc(
        title="The library for clusters is not installed",
        why="What speaks to clusters (urllib3) is an optional part, so that platforms without Kubernetes do not carry it.",
        fix="pip install 'goldenpath[kubernetes]'",
    ),
    "cluster.kubeconfig-missing": CodeDoc(
        title="There is no kubeconfig",
        why="The file that is named does not exist, or none is named and neither KUBECONFIG nor the home folder has one.",
        fix="Name one with --kubeconfig, KUBECONFIG or environments.<name>.kubernetes.kubeconfig.",
    ),
    "cluster.kubeconfig-unreadable": CodeDoc(
        title="A file of the kubeconfig cannot be read",
        why="The kubeconfig, or a certificate, key or token file that it names, is missing or not readable for you.",
        fix="Correct the path, or make the file readable for the account that runs the command.",
    ),
    "cluster.kubeconfig-writable": CodeDoc(
        title="Everybody can write the kubeconfig",
        why="A kubeconfig says which cluster gets secret values and which program hands out credentials: only its owner may change it.",
        fix="chmod 600 on the file.",
        rule="R33",
    ),
    "cluster.kubeconfig-tracked": CodeDoc(
        title="Git tracks the kubeconfig",
        why="A branch that is checked out would choose the cluster that gets secret values, and could name a program to run.",
        fix="Take the file out of the repository (git rm --cached) and keep it where only you write.",
        rule="R10",
    ),
    "cluster.kubeconfig-malformed": CodeDoc(
        title="The kubeconfig cannot be understood",
        why="A file is no YAML, or a field does not hold what kubectl expects there. What it holds is not shown: it may be a key.",
        fix="kubectl config view shows the file as kubectl reads it, without tokens and keys.",
    ),
    "cluster.kubeconfig-context": CodeDoc(
        title="The kubeconfig has no such context",
        why="The context that the settings or the command line name is in none of the files.",
        fix="Choose one of those that the message names, or get the kubeconfig of the right cluster.",
    ),
    "cluster.kubeconfig-unsupported": CodeDoc(
        title="The kubeconfig asks for what is not done here",
        why="It logs in or connects in a way that kubectl itself gave up, or that would have to leave parts of it out silently.",
        fix="Use a token, a certificate or an exec plugin, and an HTTP proxy.",
    ),
    "cluster.kubeconfig-insecure": CodeDoc(
        title="The kubeconfig gives up protection",
        why="Its address is plain http, or in prod it does not check the server's certificate: values could be read on the way.",
        fix="Give the https address and certificate-authority-data.",
        rule="R15",
    ),
    "cluster.certificate-untrusted": CodeDoc(
        title="The API server's certificate is not to be trusted",
        why="It is not signed by the authority of the kubeconfig, or it is for another name: another server may answer in its place.",
        fix="Get the kubeconfig of this cluster again. Never answer this with insecure-skip-tls-verify.",
        rule="R33",
    ),
    "cluster.plugin-missing": CodeDoc(
        title="The kubeconfig's credential plugin cannot be started",
        why="The program that hands out credentials is not installed, not on PATH, or not executable.",
        fix="Install it as your cluster's documentation says, or correct the command in the kubeconfig.",
    ),
    "cluster.plugin-failed": CodeDoc(
        title="The kubeconfig's credential plugin gave no credentials",
        why="The program ended with an error, took too long, or printed something else than the protocol wants.",
        fix="kubectl auth whoami runs the same plugin: log in as it says, then run the same command again.",
    ),
    "cluster.unavailable": CodeDoc(
        title="The cluster did not answer",
        why="The API server could not be reached, closed the connection, or answered with a fault of its own.",
        fix="Check the address and the network (kubectl version), then run the same command again.",
        rule="R22",
    ),
    "cluster.throttled": CodeDoc(
        title="The cluster asks to slow down",
        why="The API server answers 429: too many requests, from us or from others.",
        fix="Run the same command again later; it waits as the server asks within its time.",
        rule="R22",
    ),
    "cluster.unauthenticated": CodeDoc(
        title="The cluster does not know who is calling",
        why="The token or certificate is missing, wrong or expired.",
        fix="Log in again as your cluster wants it (kubectl auth whoami shows what it sees), then run the same command again.",
    ),
    "cluster.forbidden": CodeDoc(
        title="The cluster does not allow this",
        why="RBAC gives these credentials no right to the verb, kind and namespace that the message names.",
        fix="goldenpath doctor --cluster lists the rights that are missing; ask whoever runs the cluster for them.",
        rule="R26",
    ),
    "cluster.refused": CodeDoc(
        title="The cluster refused the object",
        why="Validation or an admission policy said no. Its own words may repeat the object, so they are not shown.",
        fix="kubectl apply --dry-run=server on the manifest shows them on your terminal.",
    ),
    "cluster.object-missing": CodeDoc(
        title="The object is not in the cluster",
        why="It was never made, or somebody removed it.",
        fix="goldenpath trace shows how far the secret came.",
    ),
    "cluster.kind-missing": CodeDoc(
        title="The cluster does not serve this kind",
        why="The controller's CRDs are not installed, or they serve other versions.",
        fix="goldenpath doctor --cluster says which versions are served and what to set.",
    ),
    "cluster.object-changed": CodeDoc(
        title="The object changed meanwhile",
        why="Somebody else wrote or replaced it between our look and our change.",
        fix="Look again and run the command again.",
        rule="R19",
    ),
    "cluster.field-conflict": CodeDoc(
        title="Somebody else owns the field",
        why="Another field manager set what we would change, and we never take over silently.",
        fix="Find out who it is (the message names it), and let one of the two manage the object.",
        rule="R27",
    ),
    "cluster.immutable": CodeDoc(
        title="The Secret may not change",
        why="It is marked immutable, or another type is wanted; Kubernetes changes neither in place.",
        fix="Delete the Secret when no pod needs it any more, and run the command again.",
    ),
    "cluster.watch-expired": CodeDoc(
        title="The watch is too old to go on",
        why="The API server keeps the history of changes for minutes only.",
        fix="Nothing to do: the list is read again and the wait goes on.",
    ),
}
