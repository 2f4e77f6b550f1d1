"""Codes of the stores, their keys and the platform's own state files."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

_RETRY = "Run the same command again; it continues from what is there."

CODES: dict[str, CodeDoc] = {
    "store.backend-unknown": CodeDoc(
        title="A store's backend does not exist",
        why="goldenpath.yaml names a backend that this version does not have.",
        fix="Use one of the backends that the message lists, in environments.<name>.stores.<provider>.backend.",
    ),
    "store.record-missing": CodeDoc(
        title="No record has this name",
        why="The request was never applied in this store, or its recovery window is over.",
        fix="Run goldenpath apply; for a decommissioned request, make a new one with a new id.",
    ),
    "store.record-exists": CodeDoc(
        title="A record already has the name",
        why="Something that this run did not create is there, and the platform never overwrites what is not its own.",
        fix="Look at it with goldenpath drift. If it should belong to the request, adopt it after review.",
        rule="R20",
    ),
    "store.foreign-record": CodeDoc(
        title="The record belongs to somebody else",
        why="It carries no request id, or another request's. Writing to it could destroy what others rely on.",
        fix="Adopt an untagged record with goldenpath adopt, after review. For another request's record, change the name of yours.",
        rule="R20",
    ),
    "store.scheduled-for-deletion": CodeDoc(
        title="The name is scheduled for deletion",
        why="A decommissioned secret must not come back by accident, and there is no forced deletion.",
        fix="Wait until the date in the message, choose another name, or bring the record back with goldenpath restore, after review.",
        rule="R21",
    ),
    "store.rotation-needs-value": CodeDoc(
        title="Rotation settings for a record without a value",
        why="A store rotates a value; while there is none, nothing can be set. A plan waits with the settings, so somebody took the value "
        "away between the look and the write.",
        fix="Give the secret its value with goldenpath seed, then run goldenpath apply.",
    ),
    "store.rotation-under-way": CodeDoc(
        title="Rotation settings while a version is pending",
        why="AWS refuses other settings while a rotation is under way, and turning it off half way leaves labels where nobody expects "
        "them.",
        fix="Wait until it ends and run goldenpath apply again. When it never ends: goldenpath explain plan.rotation-under-way.",
        rule="R46",
    ),
    "store.no-native-rotation": CodeDoc(
        title="The store has no rotation of its own",
        why="Only AWS Secrets Manager calls a function on a schedule. Settings that nothing acts on would look like rotation.",
        fix="Take spec.rotation.rotator out of the request, or keep the secret in AWS Secrets Manager.",
    ),
    "store.has-replicas": CodeDoc(
        title="The record has copies in other regions",
        why="A record is deleted in its home region only, and somebody may still read a copy.",
        fix="Take the regions out of environments.<name>.replicaRegions and run goldenpath apply; then delete the record.",
        rule="R21",
    ),
    "store.not-scheduled": CodeDoc(
        title="There is no deletion to cancel",
        why="The record is alive.",
        fix="Nothing to do.",
        rule="R21",
    ),
    "store.version-missing": CodeDoc(
        title="The record has no such version",
        why="No value was ever given, or the version is older than the store keeps.",
        fix="Give the secret its value with goldenpath seed.",
    ),
    "store.version-race": CodeDoc(
        title="Another version became current meanwhile",
        why="Somebody wrote a value between our look and our write; overwriting it blindly would lose it.",
        fix="Look at the record, then decide and run again.",
        rule="R19",
    ),
    "store.stage-moved": CodeDoc(
        title="A stage is not where it was thought to be",
        why="Stages move by compare-and-swap; somebody else moved this one.",
        fix="Look at the record, then decide and run again.",
        rule="R19",
    ),
    "store.stage-not-writable": CodeDoc(
        title="A value cannot be put as previous",
        why="previous always is the last good value; it only comes from moving current.",
        fix="Put the value as pending or current.",
        rule="R46",
    ),
    "store.stage-required": CodeDoc(
        title="The stage current cannot be taken away",
        why="Readers would find nothing.",
        fix="Move it to another version.",
        rule="R46",
    ),
    "store.token-reused": CodeDoc(
        title="The same token came with other content",
        why="A token stands for one operation. Other content under it means that two operations are mixed up.",
        fix="Nothing was overwritten. Look at the record and decide; do not retry as is.",
        rule="R18",
    ),
    "store.limit-exceeded": CodeDoc(
        title="A limit of the store",
        why="Real stores refuse it, some only halfway through; so it is refused before the first write.",
        fix="The message names the limit and what came instead.",
        rule="R2",
    ),
    "store.value-empty": CodeDoc(
        title="An empty value",
        why="Empty values have replaced real secrets and caused outages.",
        fix="Give a real value, or leave the key out of the request.",
        rule="R3",
    ),
    "store.value-masked": CodeDoc(
        title="Mask text instead of a value",
        why="A record that was read redacted and is written back destroys the secret.",
        fix="Give the real value.",
        rule="R3",
    ),
    "store.tags-inconsistent": CodeDoc(
        title="Tags and request do not name the same id",
        why="A record whose tag names another owner could never be found again; this is a defect of the caller.",
        fix="Nothing was written. Please report it.",
        rule="R20",
    ),
    "store.sealed-record-corrupt": CodeDoc(
        title="A sealed row was changed or moved",
        why="It does not open at its place: someone edited the store's file, or the disk did.",
        fix="Restore the file from a backup and find out who could write to it; rotate the secret.",
        rule="R39",
    ),
    "store.fenced-out": CodeDoc(
        title="Another run took over",
        why="Writers are numbered, and the store refuses an older one, however late it wakes.",
        fix=_RETRY,
        rule="R19",
    ),
    "store.writer-active": CodeDoc(
        title="Another run is writing in this environment",
        why="One writer per environment.",
        fix="Wait and run again. If that run is dead, its lease ends by itself, or an operator breaks it.",
        rule="R19",
    ),
    "store.throttled": CodeDoc(
        title="The store asks for fewer calls",
        why="The account's rate is used up, perhaps by others. The run slows down and goes on until its deadline.",
        fix=_RETRY,
        rule="R22",
    ),
    "store.busy": CodeDoc(
        title="The store's file is in use",
        why="Another process held it for longer than we wait. Nothing was done.",
        fix=_RETRY,
    ),
    "store.unwritable": CodeDoc(
        title="The store's file did not take the call",
        why="The disk may be full, failing or read-only.",
        fix="Mend the disk, then run the same command again; it continues from what is there.",
    ),
    "key.missing": CodeDoc(
        title="The root key is gone",
        why="This installation was made with a root key. Without it the sealed data cannot be read, and a new key would hide that.",
        fix="Put the key back from its safe copy.",
    ),
    "key.unreadable": CodeDoc(
        title="The root key is damaged",
        why="The file or keyring entry is not what the platform wrote.",
        fix="Put it back from its safe copy; never make a new one for existing data.",
    ),
    "key.unknown": CodeDoc(
        title="The data was sealed under another root key",
        why="The key ring does not hold the key that the data names.",
        fix="Put the key back that belongs to this state folder.",
    ),
    "key.mismatch": CodeDoc(
        title="Key and store do not belong together",
        why="One of them was replaced.",
        fix="Put the matching pair back together.",
    ),
    "key.keyring-missing": CodeDoc(
        title="The keyring package is not installed",
        why="state.keySource is keyring, which needs the optional package.",
        fix="Install goldenpath[keyring], or set state.keySource to file.",
    ),
    "key.keyring-unusable": CodeDoc(
        title="The keyring does not answer",
        why="It is locked, or the machine has none.",
        fix="Unlock it, or set state.keySource to file.",
    ),
    "state.not-private": CodeDoc(
        title="A state file or folder is not private",
        why="Others could read or replace it, it is a link, or it is not ours. It may have been read, so it is not repaired silently.",
        fix="Find out who could use it; then chmod 700 the folder and 600 the file.",
        rule="R58",
    ),
    "state.unusable": CodeDoc(
        title="A state file or folder cannot be used",
        why="The operating system refused it.",
        fix="Check the path and its owner.",
    ),
    "state.unavailable": CodeDoc(
        title="The disk or the system cannot take the platform's state now",
        why="The disk is full, failing or read-only, or the system is out of files or memory. Nothing was half done.",
        fix="Mend that, then run the same command again; it continues from what is there.",
        rule="R18",
    ),
    "state.newer-schema": CodeDoc(
        title="A state file was written by a newer version",
        why="Reading it half right could lose data.",
        fix="Use the version of goldenpath that wrote it, or a newer one.",
        rule="R17",
    ),
    "state.damaged": CodeDoc(
        title="A state file is damaged",
        why="It is not a database, or its pages do not add up.",
        fix="Restore it from a backup. Do not delete it: the platform would start empty.",
    ),
    "journal.busy": CodeDoc(
        title="The journal's file is in use",
        why="Another process held it for longer than we wait. The effect that it announces was not started.",
        fix=_RETRY,
        rule="R18",
    ),
    "journal.unwritable": CodeDoc(
        title="The journal did not take the record",
        why="Without a durable intent nothing is done outside. The disk may be full, failing or read-only.",
        fix="Mend the disk, then run the same command again; it continues from what is there.",
        rule="R18",
    ),
}
