"""Whose a Secret is: of the ExternalSecret that should make it, of nobody, or of somebody else (R27). Pure; metadata alone is looked at."""

from __future__ import annotations

from typing import Literal, NamedTuple

from goldenpath.model.cluster import ObjectMeta, ObjectRef


class Ownership(NamedTuple):
    """``words`` continue a sentence that begins with the Secret; empty when it is the ExternalSecret's own."""

    state: Literal["own", "unowned", "foreign"]
    words: str = ""


OWN = Ownership("own")


def ownership(secret: ObjectMeta, external: ObjectRef, *, uid: str = "") -> Ownership:
    """Return whose a Secret is.

    Args:
        secret: What is there under the target's name.
        external: The ExternalSecret that should make it.
        uid: That of the ExternalSecret in the cluster; empty while there is none, when an earlier one of the same name counts as this one.
    """
    owner = secret.controller
    if owner is None:
        return Ownership("unowned", "has no owner: somebody else made it, or took the reference away")
    if (owner.kind, owner.name) != (external.kind, external.name):
        return Ownership("foreign", f"is owned by {owner.kind} {owner.name}, and not by {external.name}")
    if uid and owner.uid != uid:
        return Ownership("foreign", f"is owned by an earlier {owner.kind} {owner.name}, which is gone")
    return OWN
