"""What these credentials may do in the cluster, command by command, as the cluster itself decides it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from goldenpath.app.doctor import Check
from goldenpath.model.cluster import (
    DAEMON_SET,
    DEPLOYMENT,
    EXTERNAL_SECRET,
    EXTERNAL_SECRETS_GROUP,
    POD,
    SECRET,
    STATEFUL_SET,
    Kind,
)
from goldenpath.ports.cluster import Cluster

_WORKLOADS = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET)
NEEDED: dict[str, tuple[tuple[str, Kind], ...]] = {
    "status": (("list", EXTERNAL_SECRET), ("list", SECRET)),
    "sync": (("list", EXTERNAL_SECRET), ("watch", EXTERNAL_SECRET), ("patch", EXTERNAL_SECRET), ("get", SECRET)),
    "materialize": (("get", SECRET), ("create", SECRET), ("patch", SECRET), ("list", EXTERNAL_SECRET)),
    "materialize --prune": (("list", SECRET), ("delete", SECRET)),
    "rollout": (("list", POD), *((verb, kind) for kind in _WORKLOADS for verb in ("list", "patch"))),
}
"""What each command that touches the cluster asks of it. Leaving one out is fine where nobody runs that command from here."""

CLUSTER_WIDE = frozenset({("materialize --prune", "list")})
"""What is asked of all namespaces at once: leftovers may lie in one that no request names any more."""

_SHOWN = 6


def look_at_rights(cluster: Cluster, namespaces: Sequence[str]) -> Iterator[Check]:
    """Ask for every right in every namespace of the requests; a right in all namespaces is asked for first, and answers for each."""
    is_installed = bool(cluster.served_versions(EXTERNAL_SECRETS_GROUP))
    for command, rights in NEEDED.items():
        asked = [each for each in rights if is_installed or each[1].group != EXTERNAL_SECRETS_GROUP]
        missing = [text for verb, kind in asked for text in _missing(cluster, command, verb, kind, namespaces)]
        name = f"rights: {command}"
        if not missing:
            yield Check(name=name, state="ok", message="these credentials may do all that it needs")
            continue
        more = f", and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        message = f"these credentials may not {'; '.join(missing[:_SHOWN])}{more}"
        yield Check(name=name, state="warn", message=message, fix=f"grant it in a Role, if {command} is run with these credentials")


def _missing(cluster: Cluster, command: str, verb: str, kind: Kind, namespaces: Sequence[str]) -> Iterator[str]:
    if cluster.may(verb, kind):
        return
    if (command, verb) in CLUSTER_WIDE:
        yield f"{verb} {kind.plural} in all namespaces"
        return
    places = [name for name in namespaces if not cluster.may(verb, kind, namespace=name)]
    if places:
        yield f"{verb} {kind.plural} in {', '.join(places)}"
