"""Codes of the scheduled report."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "report.ttl-expired": CodeDoc(
        title="The term of a secret ran out",
        why="Nobody has said for longer than its term that the secret is still needed. It blocks its other changes; nothing is deleted.",
        fix="Set spec.renewedOn to today, or spec.lifecycle.status to deprecated, and have it reviewed.",
        rule="R56",
    ),
    "report.ttl-ends": CodeDoc(
        title="The term of a secret ends soon",
        why="After that day its other changes wait for a renewal.",
        fix="Renew it now by a reviewed change, or deprecate it.",
        rule="R56",
    ),
    "report.rotation-overdue": CodeDoc(
        title="A value is older than its rotation class allows",
        why="The older a value, the more places have seen it. The class of the request says how old is too old.",
        fix="Give it a new value with goldenpath seed, or find out why its rotator did not run.",
        rule="R46",
    ),
    "report.rotation-due": CodeDoc(
        title="A value is due for rotation",
        why="Its class asks for a new one about now; after its maximum age it counts as overdue.",
        fix="Give it a new value with goldenpath seed.",
        rule="R46",
    ),
    "report.waiver-ends": CodeDoc(
        title="An exception ends soon",
        why="When it ends, the rule that it suspends blocks again, mostly at a bad moment.",
        fix="Mend the cause and remove the waiver, or have a new expiry reviewed in a change of its own.",
    ),
    "report.waiver-dead": CodeDoc(
        title="An exception no longer counts",
        why="It ended, or it names a rule that cannot be waived, or gives no reason. It only misleads whoever reads the policy.",
        fix="Remove it from the policy by a reviewed change.",
    ),
}
