"""Codes of injecting values into Parameter Store. No text here or in the findings ever holds a value."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

_BATCH: dict[str, CodeDoc] = {
    "parameter.batch-refused": CodeDoc(
        title="The batch of values is refused",
        why="One key or value at least breaks a rule. All faults are listed, and nothing was written.",
        fix="Mend every key that is named, then inject again.",
        rule="R29",
    ),
    "parameter.batch-empty": CodeDoc(
        title="No key was given",
        why="A pipeline that lost its values must not report success.",
        fix="Name the sources: --from-env, --dotenv, --json. If nothing is what you mean: --allow-empty.",
        rule="R29",
    ),
    "parameter.key-invalid": CodeDoc(
        title="The key cannot be a parameter's name",
        why="Names hold lower-case letters, digits and underscores, begin with no digit, and not with aws or ssm, which AWS reserves.",
        fix="Rename the key in the request and at its source: API-KEY becomes API_KEY.",
        rule="R29",
    ),
    "parameter.key-collision": CodeDoc(
        title="Two keys become one parameter",
        why="Keys are lower-cased, so names that differ in case only meet, and the last one written would win unseen.",
        fix="Keep one of the two, or rename one in its request.",
        rule="R9",
    ),
    "parameter.key-undeclared": CodeDoc(
        title="No request declares the key",
        why="Only what was reviewed is written: a parameter belongs to the request that declares its key.",
        fix="Add the key to spec.keys of a request with provider aws-parameter-store, or leave it out.",
        rule="R29",
    ),
    "parameter.name-invalid": CodeDoc(
        title="The parameter's name is over a limit of Parameter Store",
        why="At most 15 levels and 1,011 characters, the prefix of the ARN included; no beginning that AWS reserves.",
        fix="Shorten the names, or change naming.parameterPrefix.",
        rule="R6",
    ),
    "parameter.service-unknown": CodeDoc(
        title="The service declares no parameters in this environment",
        why="No reviewed request of the service has this environment and the provider aws-parameter-store.",
        fix="Check both names with goldenpath status; a request counts once it is merged.",
    ),
    "parameter.value-unset": CodeDoc(
        title="The environment variable is not set",
        why="--from-env names a variable that this process does not have; an unset secret of a pipeline must not pass as success.",
        fix="Set it, or leave the option out. Variables are taken by their exact names only.",
        rule="R29",
    ),
}

_STORE: dict[str, CodeDoc] = {
    "parameter.not-a-parameter-store": CodeDoc(
        title="The environment has no Parameter Store",
        why="Behind the provider aws-parameter-store stands the embedded store, which keeps a request's keys in one record.",
        fix="Give values with goldenpath seed, or configure environments.<name>.stores.aws-parameter-store.backend.",
    ),
    "parameter.store-refused": CodeDoc(
        title="What lies in Parameter Store is not ours to write",
        why="One parameter at least has another type, another owner, another spelling, or no room. All are listed; nothing was written.",
        fix="Follow the hint for each; the platform changes no type, takes over no parameter and moves no label.",
        rule="R20",
    ),
    "parameter.wrong-type": CodeDoc(
        title="The parameter is no SecureString",
        why="It is there as String or StringList, so its value lies in clear; a type cannot be changed in place.",
        fix="Move its readers, delete it, wait 30 seconds, and inject again.",
        rule="R29",
    ),
    "parameter.foreign": CodeDoc(
        title="The parameter belongs to somebody else",
        why="It does not carry the tag of the request that declares the key, so something else wrote it and may rely on it.",
        fix="Find out who wrote it. If it is this request's, have it tagged with goldenpath:id by somebody with the right to do so.",
        rule="R20",
    ),
    "parameter.version-labelled": CodeDoc(
        title="No version can be added to the parameter",
        why="Parameter Store keeps 100 versions and drops the oldest for a new one, but never one that carries a label.",
        fix="Move the label to a newer version with aws ssm label-parameter-version, then inject again.",
        rule="R29",
    ),
    "parameter.version-race": CodeDoc(
        title="Somebody else wrote the parameter at the same time",
        why="The version that the store gave is not the next one after the version that was seen.",
        fix="Inject again: it compares with what is there. Find out who else writes below this path.",
        rule="R19",
    ),
    "parameter.no-stages": CodeDoc(
        title="Parameter Store has no stages",
        why="A value is current as soon as it is written; there is no pending value to test, and no previous one to go back to by label.",
        fix="Use provider aws-secrets-manager for secrets that are rotated in steps.",
    ),
    "parameter.no-recovery": CodeDoc(
        title="Parameter Store has no recovery window",
        why="A parameter is deleted at once and for good, so nothing is ever scheduled there.",
        fix="Remove single parameters that no request declares any more with goldenpath inject --prune.",
        rule="R21",
    ),
    "parameter.no-replicas": CodeDoc(
        title="Parameter Store keeps no copies in other regions",
        why="A parameter lives in one region, so a record that must have replicas cannot be kept there.",
        fix="Keep the secret in Secrets Manager, or make a request for each region.",
    ),
    "parameter.lease-unreadable": CodeDoc(
        title="The lease of the environment cannot be read",
        why="The parameter _lease of the environment says who may write; something else wrote to it.",
        fix="Find out who wrote it, delete it, and run again.",
        rule="R19",
    ),
}

CODES: dict[str, CodeDoc] = {**_BATCH, **_STORE}
