"""Codes of Kustomize overlays: what is refused before rendering, in the patches, and in what comes out."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "overlay.differs-from-request": CodeDoc(
        title="An overlay gives a request something else than it asks for",
        why="The request was reviewed, the overlay's version of it was not: another path, store, namespace or Secret would be used.",
        fix="Change the request by review and the overlay with it, or let goldenpath write the overlay (projection.layout: overlays).",
        rule="R28",
    ),
    "overlay.entry-unpatched": CodeDoc(
        title="An overlay leaves an entry of its base unpatched",
        why="The placeholder stays in the path, so the entry reads nothing, or whatever somebody creates under that name.",
        fix="Add a test of the entry's secretKey and a replace of its remoteRef/key to the overlay's patch, or remove the entry there.",
        rule="R28",
    ),
    "overlay.environment-unknown": CodeDoc(
        title="No environment explains the folder of an overlay",
        why="Without an environment nobody can say which paths and stores may stand in it, so it would be judged by nothing.",
        fix="Name the folder after an environment or one of its aliases; keep shared parts outside of overlays/.",
        rule="R33",
    ),
    "overlay.field-refused": CodeDoc(
        title="A kustomization has a field that is not rendered here",
        why="Plugins, Helm charts, generated Secrets and unknown fields bring in what nobody looked at, or values that must not be in Git.",
        fix="Write the manifests out, or keep that part in a folder of its own that is not linted.",
        rule="R28",
    ),
    "overlay.key-mismatch": CodeDoc(
        title="An entry's key and its parameter do not belong together",
        why="A parameter has the name of its key in lower case. Another name means most often that a patch hit the wrong entry, and a pod "
        "would get another secret under the right name.",
        fix="Correct the patch, and test the secretKey before it replaces the path.",
        rule="R28",
    ),
    "overlay.no-scratch-space": CodeDoc(
        title="There is no room for the copies that are rendered",
        why="Kustomize runs on copies of the files that were looked at, in a private temporary folder.",
        fix="Free space in the temporary folder, or name another one with TMPDIR.",
    ),
    "overlay.not-rendered": CodeDoc(
        title="Kustomize cannot render an overlay",
        why="What cannot be rendered cannot be judged, and Argo CD could not sync it either. Kustomize's own words are not repeated, as "
        "they can hold what files hold.",
        fix="Run kubectl kustomize on the folder to read them, and mend what they name.",
        rule="R15",
    ),
    "overlay.nothing-found": CodeDoc(
        title="There is no overlay to check",
        why="In the wrong folder a pipeline would be green for ever.",
        fix="Name a folder that holds folders called overlays, or the overlay itself.",
    ),
    "overlay.operation-misses": CodeDoc(
        title="An operation of a patch leads nowhere",
        why="The base has changed since the patch was written; Kustomize refuses to render it.",
        fix="Write the patch anew for the base as it is now.",
        rule="R28",
    ),
    "overlay.patch-unmatched": CodeDoc(
        title="A patch is for nothing that the overlay brings in",
        why="Kustomize passes over such a patch without a word, and what it should have changed stays as it is in the base.",
        fix="Correct kind and name of the target, or take the patch away.",
        rule="R28",
    ),
    "overlay.reference-missing": CodeDoc(
        title="A kustomization names something that cannot be read",
        why="Only regular files and folders of the repository are rendered; links are not followed, and large files are not taken.",
        fix="Correct the reference.",
        rule="R7",
    ),
    "overlay.reference-outside": CodeDoc(
        title="A kustomization names something outside of its place",
        why="A file that lies elsewhere is not reviewed with the overlay, and Kustomize refuses it by default.",
        fix="Bring the file below the folder that names it, or name a folder with a kustomization of its own.",
        rule="R7",
    ),
    "overlay.remote-reference": CodeDoc(
        title="A kustomization names something on a network",
        why="What lies elsewhere can change after the review, and rendering it would reach a network. It was not run.",
        fix="Copy what is needed into the repository.",
        rule="R37",
    ),
    "overlay.renderer-missing": CodeDoc(
        title="There is no program that renders overlays",
        why="Only Kustomize says what an overlay comes to.",
        fix="Install kustomize or kubectl, or name one with projection.kustomize.binary in goldenpath.yaml.",
    ),
    "overlay.renderer-timeout": CodeDoc(
        title="An overlay was not rendered in time",
        why="A pipeline must not hang on an overlay that never ends; the program was stopped.",
        fix="Run again; raise projection.kustomize.timeoutSeconds for large overlays.",
        rule="R22",
    ),
    "overlay.test-failed": CodeDoc(
        title="A test of a patch fails",
        why="The base is not the one that the patch was written for: an entry was added, removed or moved. Without the test the patch "
        "would have changed another entry.",
        fix="Write the patch anew for the base as it is now.",
        rule="R28",
    ),
    "overlay.wrong-entry": CodeDoc(
        title="A patch gives an entry the path of another one",
        why="The pod would get another secret under the right name, and nothing would fail.",
        fix="Patch the entry whose secretKey belongs to the path, with a test of it before.",
        rule="R28",
    ),
}
