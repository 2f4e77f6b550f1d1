"""Codes of plans: what a step waits for, and why a plan is refused."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

_NEW_PLAN = "Make a new plan, and have it approved again where it changed."

CODES: dict[str, CodeDoc] = {
    "plan.drift": CodeDoc(
        title="A record was changed outside the platform",
        why="A field is neither as the request wants it nor as the platform left it. Overwriting it silently could undo an urgent fix.",
        fix="Look at before and after; then accept the drift for this request id to overwrite it, or change the request.",
        rule="R24",
    ),
    "plan.replica-not-in-sync": CodeDoc(
        title="A copy in another region is not in sync",
        why="AWS is still copying, or could not: a secret of the same name is there, or the region's KMS key cannot be used. "
        "Whoever reads that copy gets an old value or none.",
        fix="Wait when it is in progress. When it failed, look at the secret in that region, take the cause away, and let AWS "
        "replicate again (aws secretsmanager replicate-secret-to-regions).",
    ),
    "plan.rotation-waits": CodeDoc(
        title="Native rotation waits for a first value",
        why="A store rotates a value, so there is nothing to set while there is none. The record itself is as wanted.",
        fix="Give the secret its value with goldenpath seed; the apply after that sets the rotation.",
    ),
    "plan.rotation-under-way": CodeDoc(
        title="A version is pending beside the current one",
        why="The store's function is at work, or stopped half way. AWS takes no other rotation settings meanwhile, and turning rotation "
        "off could leave a value behind that only the target knows.",
        fix="Wait when it has just begun. When it never ends, read the function's log, find out which of the two values the target takes, "
        "and take the label away: aws secretsmanager update-secret-version-stage --version-stage AWSPENDING --remove-from-version-id ID.",
        rule="R46",
    ),
    "plan.ignore-expired": CodeDoc(
        title="An entry of the drift ignore list is past its last day",
        why="What it covered counts as drift again, and an apply waits for a decision about it.",
        fix="Take the entry out, or have a new expiry reviewed; to overwrite the drift instead: goldenpath apply --accept-drift ID.",
        rule="R24",
    ),
    "plan.missing-record": CodeDoc(
        title="A record that an apply made is gone",
        why="The request stands, and a commit that asks for it was applied, so somebody took the record away; its value went with it.",
        fix="Find out who and why. goldenpath apply makes an empty record; then give it a value, a new one if the old may be known.",
        rule="R24",
    ),
    "plan.unmanaged-record": CodeDoc(
        title="A record below our prefix carries none of our tags",
        why="The platform did not make it, so it neither changes nor deletes it; whoever looks for secrets there finds it all the same.",
        fix="Write a request for its path and have it adopted, or move it out of the platform's prefix.",
        rule="R20",
    ),
    "plan.none-saved": CodeDoc(
        title="The folder holds no saved plan",
        why="An empty folder is more often a wrong path than a wish to do nothing.",
        fix="Save plans with goldenpath apply --dry-run --out FOLDER, or name the folder that holds them.",
        rule="R19",
    ),
    "plan.orphan": CodeDoc(
        title="A record of ours that no request explains",
        why="A deleted file is never a decommission, so nothing is deleted.",
        fix="Put the request back, or take it through its lifecycle to decommissioned.",
        rule="R13",
    ),
    "plan.awaiting-retirement": CodeDoc(
        title="The record of a decommissioned request still exists",
        why="Deletion is the retirement's work and needs its evidence first.",
        fix="Nothing to do here.",
        rule="R55",
    ),
    "plan.duplicate-request": CodeDoc(
        title="Two requests share an id or a path",
        why="One would overwrite the other.",
        fix="Give one of them another id or name.",
        rule="R9",
    ),
    "plan.other-environment": CodeDoc(
        title="A plan got a request of another environment",
        why="Plans are made for one environment; mixing them could write in the wrong account.",
        fix="This is a defect of the caller. Please report it.",
        rule="R33",
    ),
    "plan.expired": CodeDoc(title="The plan is too old", why="The world has moved on since it was made.", fix=_NEW_PLAN, rule="R19"),
    "plan.other-commit": CodeDoc(
        title="The plan is for another commit", why="What was reviewed is not what would be applied.", fix=_NEW_PLAN, rule="R19"
    ),
    "plan.other-account": CodeDoc(
        title="The plan is for another store", why="It was computed from another account's records.", fix=_NEW_PLAN, rule="R19"
    ),
    "plan.provider-changed": CodeDoc(
        title="A record changed since the plan was made",
        why="Doing what was planned could overwrite somebody's work.",
        fix=_NEW_PLAN,
        rule="R19",
    ),
    "plan.unreadable": CodeDoc(
        title="The file is not a saved plan", why="Nothing is applied from a file that is half understood.", fix=_NEW_PLAN
    ),
    "plan.altered": CodeDoc(
        title="The saved plan was edited",
        why="Its digest does not fit its content, so it is not what anybody approved.",
        fix=_NEW_PLAN,
        rule="R19",
    ),
}
