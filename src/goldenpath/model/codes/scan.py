"""Codes of the leak check."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "scan.managed-value": CodeDoc(
        title="A value that the platform manages stands in a file",
        why="Git keeps what was committed, and everybody with a clone has it. The place is told, the text is not.",
        fix="Take it out and refer to the secret instead. If it was ever committed or sent, rotate it: goldenpath seed writes a new value.",
        rule="R1",
    ),
    "scan.known-token": CodeDoc(
        title="A text has the form of a token of a known maker",
        why="Makers give tokens forms that scanners recognise, because a token in Git is a token that strangers have.",
        fix="Revoke it, and keep its successor as a secret request. For a sample, write `goldenpath: not-a-secret` on its line.",
        rule="R1",
    ),
    "scan.private-key": CodeDoc(
        title="A private key stands in a file",
        why="Whoever has the file can act as the key's owner, and a key in Git stays there for ever.",
        fix="Replace the key pair, and keep the new private key as a secret request of type signing-key or tls-private-key.",
        rule="R1",
    ),
    "scan.file-too-large": CodeDoc(
        title="A file was searched only in part",
        why="Above the limit a search would take longer than a commit hook may.",
        fix="Keep files of this size out of Git, or pipe them through goldenpath redact and compare.",
    ),
    "scan.file-unreadable": CodeDoc(
        title="A file could not be searched",
        why="A check that leaves a file out without a word would be believed.",
        fix="Name files that exist and can be read; for what a commit brings use --staged, for a branch --base.",
        rule="R15",
    ),
    "scan.no-index": CodeDoc(
        title="This machine has no fingerprints of managed values",
        why="Known kinds of tokens can be found without, the platform's own values cannot, and the command line asked for them.",
        fix="Run goldenpath scan --update-index where the values may be read, or leave --require-index out.",
    ),
    "scan.no-place": CodeDoc(
        title="There is no place for an index of fingerprints",
        why="The index belongs into the sealed state folder of a platform, nowhere else.",
        fix="Run inside a platform repository, or name one with -C.",
    ),
    "scan.index-unreadable": CodeDoc(
        title="The index of fingerprints cannot be opened",
        why="It is sealed by the root key of this installation and bound to its header, so a damaged or foreign one does not open.",
        fix="Make it anew: goldenpath scan --update-index.",
    ),
}
