"""Codes of Secrets that are mounted into a pod. No text of these holds a value."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "mount.missing": CodeDoc(
        title="The mounted folder is not there",
        why="A value that is missing is an error, and never an empty one.",
        fix="Name the mountPath of the volume as the container sees it.",
        rule="R43",
    ),
    "mount.empty": CodeDoc(
        title="The mount holds no key",
        why="The kubelet leaves a volume empty when an optional Secret is missing. That is no set of empty values.",
        fix="See that the Secret is there (goldenpath status), or take optional: true out of the volume.",
        rule="R43",
    ),
    "mount.not-a-volume": CodeDoc(
        title="The folder is not a volume that the kubelet made",
        why="Without its ..data link nothing says which files belong together, and values of two versions could be mixed.",
        fix="Name the folder where a Secret is mounted whole, without subPath.",
    ),
    "mount.link-escapes": CodeDoc(
        title="A link leads out of the mount",
        why="Whoever can put a link there could make a program read any file.",
        fix="Find out who writes into the volume. The kubelet links ..data to a folder beside it and nothing else.",
        rule="R7",
    ),
    "mount.not-a-file": CodeDoc(
        title="Something in the mount is no plain file",
        why="A pipe, a device or a folder is no value.",
        fix="Mount the Secret with its keys at the top: items whose path has several steps make folders.",
        rule="R7",
    ),
    "mount.too-large": CodeDoc(
        title="The mount holds more than a Secret can",
        why="What is read is held in memory, so it has a limit.",
        fix="See what else writes there.",
    ),
    "mount.unreadable": CodeDoc(
        title="The user of this process may not read a mounted file",
        why="It was denied, so no other source is tried in its place.",
        fix="Set the pod's fsGroup, or defaultMode of the volume.",
        rule="R42",
    ),
    "mount.unsettled": CodeDoc(
        title="The mount moved during every reading",
        why="Values of two versions are never mixed, so a reading that saw a swap is thrown away.",
        fix="Run again. If it stays so, find out what else than the kubelet writes there.",
    ),
    "mount.unavailable": CodeDoc(
        title="A mounted file could not be read",
        why="The operating system reported a fault of the medium or of memory.",
        fix="Run again; look at the node if it stays so.",
    ),
}
