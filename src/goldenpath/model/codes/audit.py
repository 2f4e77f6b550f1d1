"""Codes of the audit log: why it refuses to write, and what ``audit verify`` proves."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

_KEEP = "Keep the folder and its mirror as evidence, find out who could write there, then put the original files back."

_WRITING: dict[str, CodeDoc] = {
    "audit.unwritable": CodeDoc(
        title="The audit log cannot be written",
        why="An act without a record could not be proven later, so without the log nothing is done.",
        fix="Free space on the log's disk, or repair it, and run the command again.",
        rule="R50",
    ),
    "audit.timeout": CodeDoc(
        title="The audit log did not take a record in time",
        why="A disk or lock that hangs must not hang the platform, and an act without a durable record is not done.",
        fix="Check the disk under the log, and look for another process that holds its lock.",
        rule="R50",
    ),
    "audit.outcome-unwritten": CodeDoc(
        title="An act was done, but its outcome could not be recorded",
        why="The intent is on record, the effect may have happened; `audit verify` lists the intent without an outcome.",
        fix="Check the effect with `goldenpath trace`, repair the log, then run the command again.",
        rule="R50",
    ),
    "audit.file-unsafe": CodeDoc(
        title="A file or folder of the audit log is not safe to use",
        why="Who can write to the log's folder, or lead it elsewhere by a link, can cut it short.",
        fix="Make the folder 0700 and its files 0600, owned by the user who runs the command, without symbolic links.",
        rule="R52",
    ),
    "audit.log-replaced": CodeDoc(
        title="The audit log was changed behind its writer",
        why="Records written to a removed or replaced file would be lost without a sign.",
        fix="Do not rotate these files from outside: the log makes its own segments. " + _KEEP,
        rule="R52",
    ),
    "audit.tail-invalid": CodeDoc(
        title="The end of the audit log cannot be continued",
        why="Its last record does not prove itself; a record appended to it would cover the damage up.",
        fix="Run `goldenpath audit verify`. " + _KEEP,
        rule="R51",
    ),
    "audit.log-behind-checkpoint": CodeDoc(
        title="The audit log ends before a record that was signed",
        why="Records are missing at its end: it was truncated, or put back from an older copy.",
        fix="Run `goldenpath audit verify --mirror DIR`. " + _KEEP,
        rule="R51",
    ),
    "audit.key-unknown": CodeDoc(
        title="A record was made with a chain key that is not known here",
        why="Without its key a record can be neither checked nor continued; a swapped key looks the same.",
        fix="Put the key file back that belongs to this log. Retired chain keys must be kept as long as their records.",
        rule="R51",
    ),
    "audit.key-invalid": CodeDoc(
        title="The keys of the audit log cannot be used",
        why="A short or missing key would make the chain provable by anyone.",
        fix="Restore the key file from its backup.",
        rule="R51",
    ),
    "audit.not-files": CodeDoc(
        title="The audit log is not kept in files",
        why="These verbs read segment files; another sink has tools of its own.",
        fix="Use the tools of the sink that is configured.",
    ),
}

_READING: dict[str, CodeDoc] = {
    "audit.log-missing": CodeDoc(
        title="There is no audit log in the configured folder",
        why="Nothing was recorded yet, or the folder was taken away.",
        fix="See where it is expected with `goldenpath config show`; the first audited command creates it.",
    ),
    "audit.log-busy": CodeDoc(
        title="A writer holds the audit log's lock",
        why="A snapshot is taken between two appends, so that no half record is reported.",
        fix="Look for a goldenpath process that hangs, and try again.",
    ),
    "audit.unreadable": CodeDoc(
        title="A file of the audit log cannot be read",
        why="A log that is read in part would look proven in part.",
        fix="Check owner and mode of the folder, and its disk.",
    ),
    "audit.unwritable-export": CodeDoc(
        title="The public key cannot be written to the given file",
        why="The folder is missing or not writable, or the name is a symbolic link.",
        fix="Name a file in a folder that you may write to.",
    ),
    "audit.public-key-invalid": CodeDoc(
        title="The public key file cannot be used",
        why="Checkpoint signatures are checked against Ed25519 public keys in PEM form.",
        fix="Write the file with `goldenpath audit checkpoint --export-public-key FILE`.",
        rule="R51",
    ),
}

_PROBLEMS: dict[str, CodeDoc] = {
    "audit.record-edited": CodeDoc(
        title="A record does not prove itself",
        why="Its bytes do not match its keyed hash: it was changed, or made without the key.",
        fix=_KEEP,
        rule="R51",
    ),
    "audit.record-inserted": CodeDoc(
        title="A line is no record of this log",
        why="The records before and after it follow each other, so it was put between them.",
        fix=_KEEP,
        rule="R51",
    ),
    "audit.record-missing": CodeDoc(
        title="Records are missing",
        why="Sequence numbers have no gaps: the records between two others were removed or moved.",
        fix=_KEEP,
        rule="R51",
    ),
    "audit.record-repeated": CodeDoc(
        title="A record stands there twice", why="A true record was copied behind itself.", fix=_KEEP, rule="R51"
    ),
    "audit.record-misplaced": CodeDoc(
        title="A record stands behind a later one",
        why="A true record was moved, or a copy of an older part was put in.",
        fix=_KEEP,
        rule="R51",
    ),
    "audit.chain-broken": CodeDoc(
        title="A record does not continue the one before it",
        why="Both prove themselves, but the second was written after another record: two copies of the log were joined.",
        fix=_KEEP,
        rule="R51",
    ),
    "audit.key-changed": CodeDoc(
        title="The chain key changes without a link record",
        why="A new key starts a new segment, whose first record names the key before it.",
        fix=_KEEP,
        rule="R51",
    ),
    "audit.segment-missing": CodeDoc(
        title="A segment file is missing", why="Segments are numbered from 1 without a gap.", fix=_KEEP, rule="R51"
    ),
    "audit.segment-unlinked": CodeDoc(
        title="A segment does not begin with its link record",
        why="The first record ties a segment to the one before it.",
        fix=_KEEP,
        rule="R51",
    ),
    "audit.segment-foreign": CodeDoc(
        title="A segment belongs to another log",
        why="Its link record names another chain: the file was taken from elsewhere.",
        fix=_KEEP,
        rule="R51",
    ),
    "audit.segment-misplaced": CodeDoc(
        title="A segment has the name of another one",
        why="Its link record states another number: files were renamed or swapped.",
        fix=_KEEP,
        rule="R51",
    ),
    "audit.tail-torn": CodeDoc(
        title="A segment ends inside a record",
        why="A writer was killed, or the end was cut. After a kill, the next record keeps and names the fragment, and this goes away.",
        fix="Run any audited command, then verify again. If nothing was killed: " + _KEEP,
        rule="R51",
    ),
    "audit.torn-removed": CodeDoc(
        title="A torn fragment that a record names is not there",
        why="Fragments are kept for ever; this one was removed.",
        fix=_KEEP,
        rule="R51",
    ),
    "audit.log-truncated": CodeDoc(
        title="The log ends before a signed record",
        why="Records at the end were removed after a checkpoint had seen them.",
        fix=_KEEP,
        rule="R51",
    ),
    "audit.log-rolled-back": CodeDoc(
        title="The mirror knows more than the log",
        why="The whole folder was put back to an older state, checkpoints included.",
        fix=_KEEP,
        rule="R51",
    ),
    "audit.mirror-behind": CodeDoc(
        title="The mirror misses checkpoints",
        why="It could not be written for a while, or was put back. The proof that it should hold is not there.",
        fix="Run `goldenpath audit checkpoint`, which brings it up to date, and find out why it was behind.",
        rule="R51",
    ),
    "audit.mirror-diverged": CodeDoc(
        title="Log and mirror hold different checkpoints",
        why="One of them was changed, or two logs share one mirror folder.",
        fix="Give every log a mirror folder of its own. " + _KEEP,
        rule="R51",
    ),
    "audit.checkpoint-invalid": CodeDoc(title="A checkpoint is damaged", why="The line is no checkpoint.", fix=_KEEP, rule="R51"),
    "audit.checkpoint-torn": CodeDoc(
        title="The last checkpoint is incomplete",
        why="A process was killed while it signed, or the file was cut.",
        fix="Run `goldenpath audit checkpoint`, then verify again.",
        rule="R51",
    ),
    "audit.checkpoint-signature": CodeDoc(
        title="No trusted key signed a checkpoint",
        why="It was changed, or made with another signing key.",
        fix="Check that the right public key was given. " + _KEEP,
        rule="R51",
    ),
    "audit.checkpoint-chain": CodeDoc(
        title="A checkpoint does not follow the one before it",
        why="Checkpoints name the one before them: one was removed, moved or repeated.",
        fix=_KEEP,
        rule="R51",
    ),
    "audit.checkpoint-foreign": CodeDoc(title="A checkpoint belongs to another log", why="It names another chain.", fix=_KEEP, rule="R51"),
    "audit.checkpoint-mismatch": CodeDoc(
        title="A record is not the one that was signed",
        why="The log was rewritten by somebody who holds the chain key but could not sign.",
        fix=_KEEP,
        rule="R51",
    ),
}

CODES: dict[str, CodeDoc] = {**_WRITING, **_READING, **_PROBLEMS}
