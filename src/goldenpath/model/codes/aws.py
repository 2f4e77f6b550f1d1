"""Codes of the stores at AWS: credentials, permissions, keys, and answers that did not come."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "store.kit-missing": CodeDoc(
        title="The vendor's kit is not installed",
        why="A store at AWS is configured; its kit is an optional extra.",
        fix="Install it: pip install 'goldenpath[aws]'.",
    ),
    "store.profile-unknown": CodeDoc(
        title="The AWS profile does not exist on this machine",
        why="goldenpath.yaml names a profile for the store, and the AWS configuration has none of that name.",
        fix="Add the profile, or remove environments.<name>.stores.<provider>.profile to use the ambient credentials.",
    ),
    "store.kit-misconfigured": CodeDoc(
        title="The machine's AWS configuration cannot be used",
        why="A configuration file cannot be read, or a region or setting in it or in the AWS variables makes no sense.",
        fix="Mend it; aws configure list shows where each setting comes from.",
    ),
    "store.endpoint-insecure": CodeDoc(
        title="The store's address carries values in clear",
        why="An AWS endpoint was set, by AWS_ENDPOINT_URL for example, that is neither TLS nor on this machine.",
        fix="Unset it, or give an https address.",
        rule="R1",
    ),
    "store.no-credentials": CodeDoc(
        title="No credentials were found",
        why="Neither the environment nor the AWS configuration nor the machine's role gave any.",
        fix="Log in to AWS, or set environments.<name>.stores.<provider>.profile.",
    ),
    "store.unauthenticated": CodeDoc(
        title="The store does not accept the credentials",
        why="They expired, were revoked, or are mistyped.",
        fix="Get new ones and run the same command again; what was done is found and not done twice.",
    ),
    "store.account-missing": CodeDoc(
        title="The environment does not say which account it lives in",
        why="A store at AWS is configured; without the account's number nothing tells dev credentials from prod ones.",
        fix="State environments.<name>.account in goldenpath.yaml.",
        rule="R33",
    ),
    "store.wrong-account": CodeDoc(
        title="The credentials belong to another account",
        why="The environment's account is stated in goldenpath.yaml; AWS says that the credentials belong elsewhere.",
        fix="Use the credentials, profile or role of the environment's own account; nothing was read or written.",
        rule="R33",
    ),
    "store.access-denied": CodeDoc(
        title="The credentials may not do this",
        why="The role lacks a permission, or a resource policy denies it.",
        fix="Compare the role with the permissions that the documentation of the AWS stores lists.",
    ),
    "store.key-unusable": CodeDoc(
        title="The KMS key cannot be used",
        why="It is disabled, pending deletion, or its key policy does not let the role use it.",
        fix="Enable the key or change its policy, then run again; other records were not held up.",
    ),
    "store.refused": CodeDoc(
        title="The store refused the call",
        why="The message names the store's own error and its request id; its text is not shown as it can hold what was sent.",
        fix="Look the error's name up in the vendor's documentation; support finds the call by the request id.",
    ),
    "store.lease-unusable": CodeDoc(
        title="The platform's own record in the store cannot be used",
        why="The record that holds the writer's lease was edited, or is scheduled for deletion.",
        fix="Restore it with the vendor's tools, or delete it for good; the next run makes a new one and looks at every record once.",
        rule="R19",
    ),
    "store.lease-quota": CodeDoc(
        title="Too many runs wrote in this environment today",
        why="Each run takes one version of the platform's own record; AWS keeps about 100 and removes none that is younger than a day.",
        fix="Wait until versions are a day old, and seed in batches rather than one by one.",
        rule="R19",
    ),
    "store.unreachable": CodeDoc(
        title="No usable answer came from the store",
        why="The network, the store or its region has a fault. The call may have had its effect or not.",
        fix="Run the same command again: what is done is found and not done twice.",
        rule="R22",
    ),
}
