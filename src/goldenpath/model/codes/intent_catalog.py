"""Codes of the catalog as a whole: paths, kinds of entries, sidecars, uniqueness, tombstones; and of writing into it."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "intent.case-collision": CodeDoc(
        title="Two names differ in case only",
        why="Some file systems hold just one of the two, so different machines would read different files.",
        fix="Rename one of them; names are lower-case but for the id.",
        rule="R6",
    ),
    "intent.duplicate-entry": CodeDoc(
        title="An entry is listed twice",
        why="Two people with one key, or one id twice, would count double or hide each other.",
        fix="Keep one of the two.",
        rule="R12",
    ),
    "intent.duplicate-environment": CodeDoc(
        title="Two names stand for one environment",
        why="An alias and its environment are the same place; settings for both contradict each other.",
        fix="Keep one of the two, best under the canonical name.",
        rule="R6",
    ),
    "intent.replica-region": CodeDoc(
        title="A replica's region or key cannot be had",
        why="A copy lies in another region than the record, once in each, and its KMS key must be one of that region.",
        fix="Name each region once in replicaRegions, not the home region, and give replicaKeys for those regions only.",
    ),
    "intent.rotator": CodeDoc(
        title="A rotator cannot work as it is declared",
        why="AWS calls a function of the record's own region, in an account that the environment allows, and its window ends with the "
        "UTC day.",
        fix="Give lambdaArn and roleArn of the environment's own accounts, lambdaArn in the store's region, and a window that ends by "
        "24:00.",
        rule="R16",
    ),
    "intent.ignore-scope": CodeDoc(
        title="A drift ignore names no scope, or two",
        why="An entry that covers everything hides what nobody looked at; one that names a request and a service says two things.",
        fix="Name request alone, or service, environment, or both of these.",
        rule="R24",
    ),
    "intent.catalog-invalid": CodeDoc(
        title="The catalog has faults, so nothing is done with it",
        why="Acting on the part that can be read would make the rest look deleted.",
        fix="Run goldenpath validate and mend every fault.",
        rule="R15",
    ),
    "intent.duplicate-external-secret": CodeDoc(
        title="Two ExternalSecrets would have one name in one namespace",
        why="The later manifest would replace the earlier one, and one application would lose its secret.",
        fix="Give one request another name, or another namespace.",
        rule="R9",
    ),
    "intent.duplicate-id": CodeDoc(
        title="An id is used by two requests",
        why="An id names one secret for ever, in the store's tags and in the audit log; leading zeros do not make another one.",
        fix="Give the newer request the next free id; goldenpath request new finds it.",
        rule="R9",
    ),
    "intent.duplicate-parameter": CodeDoc(
        title="Two requests would write one parameter",
        why="Parameter Store names are lower-cased, so the two keys meet in one name and the last write wins.",
        fix="Rename one of the keys.",
        rule="R9",
    ),
    "intent.duplicate-store-path": CodeDoc(
        title="Two requests would share one record in the store",
        why="Both would write to the same place, and each would see the other's value.",
        fix="Give one request another name.",
        rule="R9",
    ),
    "intent.duplicate-target": CodeDoc(
        title="Two requests would write one Kubernetes Secret",
        why="Both ExternalSecrets would own the same Secret and overwrite each other.",
        fix="Give one request another k8sSecretName.",
        rule="R9",
    ),
    "intent.file-exists": CodeDoc(
        title="There is a file of this name already",
        why="Requests are never overwritten: the other one may be somebody's secret.",
        fix="Choose another id, or edit the file that is there.",
        rule="R23",
    ),
    "intent.file-missing": CodeDoc(
        title="Nothing has the name that was given",
        why="A check that looks at nothing would say that all is well.",
        fix="Name a file or folder that exists, or none to check the whole repository.",
        rule="R15",
    ),
    "intent.nothing-checked": CodeDoc(
        title="No file was there to check",
        why="A pipeline that starts in the wrong folder would be green for ever.",
        fix="Start in the platform repository, or name it with -C.",
        rule="R15",
    ),
    "intent.folder-unsafe": CodeDoc(
        title="The file cannot be written where it belongs",
        why="A folder on the way is a link, is no folder, or cannot be written; following it could write outside the catalog.",
        fix="Make every folder on the way a real, writable folder.",
        rule="R7",
    ),
    "intent.ids-exhausted": CodeDoc(
        title="The highest possible id is in use",
        why="The next id is the highest one ever used plus one, and there is none.",
        fix="Pass a free id with --id.",
    ),
    "intent.not-a-file": CodeDoc(
        title="Something in the catalog is no regular file",
        why="A pipe would hang the run, a device or socket has no content to review.",
        fix="Delete it.",
        rule="R7",
    ),
    "intent.not-writable": CodeDoc(
        title="The request cannot be written so that it reads back the same",
        why="What cannot be read back was not understood; writing it would change it silently.",
        fix="Use printable text on one line in every field.",
        rule="R8",
    ),
    "intent.path-depth": CodeDoc(
        title="A file stands at the wrong depth of the catalog",
        why="Service and environment are taken from the path and must agree with the content; another depth has no meaning.",
        fix="Move it to <root>/<service>/<environment>/<id>.yaml.",
        rule="R7",
    ),
    "intent.path-mismatch": CodeDoc(
        title="Path and content do not agree",
        why="Reviewers look at the path, the program at the content: a dev file that says prod would act on prod.",
        fix="Make service, environment and id the same in both.",
        rule="R7",
    ),
    "intent.path-name": CodeDoc(
        title="A file or folder in the catalog has a name that has no meaning there",
        why="Names must be lower-case ASCII labels, environments and ids, so that they are the same on every file system.",
        fix="Rename, move or delete it.",
        rule="R6",
    ),
    "intent.path-suffix": CodeDoc(
        title="A file in the catalog has another suffix than .yaml",
        why="A file that is silently ignored looks like a request that is in force.",
        fix="Rename it to <id>.yaml, or take it out of the catalog.",
        rule="R7",
    ),
    "intent.sidecar-mismatch": CodeDoc(
        title="A sidecar and its request do not agree",
        why="Where both state a field they must say the same; nobody could tell which one holds.",
        fix="Make both say the same, or delete the field from the sidecar.",
        rule="R7",
    ),
    "intent.sidecar-orphan": CodeDoc(
        title="A sidecar stands without its request",
        why="Its request was renamed or deleted; deleting a file never decommissions a secret.",
        fix="Delete the sidecar, or restore the request.",
        rule="R13",
    ),
    "intent.submodule": CodeDoc(
        title="A submodule stands in the catalog",
        why="Its content comes from another repository and is not part of the review.",
        fix="Delete it; put the requests themselves in the catalog.",
        rule="R7",
    ),
    "intent.symlink": CodeDoc(
        title="A symbolic link stands in the catalog",
        why="A link can point to another environment's file or out of the repository; its target is never opened.",
        fix="Replace it by a real file.",
        rule="R7",
    ),
    "intent.tombstoned-id": CodeDoc(
        title="The id belonged to a decommissioned request",
        why="An id names one secret for ever; using it again would mix two histories.",
        fix="Take the next free id.",
        rule="R54",
    ),
    "intent.tombstoned-parameter": CodeDoc(
        title="The Parameter Store name belonged to a decommissioned request",
        why="A consumer that was forgotten would read the new value under the old name.",
        fix="Choose another key name.",
        rule="R54",
    ),
    "intent.tombstoned-path": CodeDoc(
        title="The store path belonged to a decommissioned request",
        why="A path is tombstoned for ever, so that a forgotten consumer fails instead of reading another secret.",
        fix="Choose another name.",
        rule="R54",
    ),
    "intent.tombstoned-target": CodeDoc(
        title="The Kubernetes Secret belonged to a decommissioned request",
        why="A workload that was forgotten would pick up the new value under the old name.",
        fix="Choose another k8sSecretName.",
        rule="R54",
    ),
    "intent.unreadable": CodeDoc(
        title="An entry of the catalog cannot be read",
        why="A file that cannot be read might be the one that matters.",
        fix="Make it readable, or delete it.",
        rule="R7",
    ),
    "intent.wrong-root": CodeDoc(
        title="A request lies under a catalog root that is not in use",
        why="It would be ignored although somebody meant it.",
        fix="Move it below the root in use, or set catalog.root in goldenpath.yaml.",
        rule="R7",
    ),
}
