"""What an Argo CD Application says, and whether a revision of the GitOps repository is applied (R31). Pure.

A refresh only compares. Applied means: Argo CD compared the cluster with the wanted revision or a later one, after it was asked to, and
found no difference. Facts about Argo CD were read in its source, v3.2: the refresh annotation is taken away when the comparison is done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

from goldenpath.model.base import Record
from goldenpath.model.cluster import ClusterObject, ObjectRef

REFRESH: Final = "argocd.argoproj.io/refresh"

_KNOWN_PHASES = frozenset({"Running", "Terminating", "Failed", "Error", "Succeeded"})
_BAD_PHASES = frozenset({"Failed", "Error"})
_FATAL_CONDITIONS = frozenset({"ComparisonError", "InvalidSpecError", "UnknownError", "SyncError", "DeletionError"})


class ApplicationState(Record, frozen=True, kw_only=True):
    """One Application, read. ``revisions`` are what its last comparison was made with, ``operation_revisions`` what its last sync applied.

    ``problems`` names the types of its error conditions; their texts can repeat manifests and stay in the cluster.
    """

    name: str
    sync: str
    health: str
    revisions: tuple[str, ...]
    phase: str
    operation_revisions: tuple[str, ...]
    reconciled_at: str
    problems: tuple[str, ...]
    is_automated: bool
    is_pruning: bool
    is_refreshing: bool
    resources: frozenset[ObjectRef]


class Applied(Record, frozen=True, kw_only=True):
    """Whether the wanted revision is applied. ``waiting`` goes on by itself; ``stuck`` needs somebody, for the reason in ``message``."""

    state: Literal["applied", "waiting", "stuck"]
    code: str = ""
    message: str = ""
    hint: str = ""
    revision: str = ""


def read_application(found: ClusterObject) -> ApplicationState:
    """Return what an Application says; what is not there is empty."""
    status, operation = found.status, _tree(found.status, "operationState")
    automated = _tree(found.spec, "syncPolicy").get("automated")
    is_automated = isinstance(automated, dict) and automated.get("enabled") is not False
    return ApplicationState(
        name=found.meta.name,
        sync=_text(_tree(status, "sync"), "status") or "Unknown",
        health=_text(_tree(status, "health"), "status") or "Unknown",
        revisions=_revisions(_tree(status, "sync")),
        phase=_text(operation, "phase"),
        operation_revisions=_revisions(_tree(operation, "syncResult")),
        reconciled_at=_text(status, "reconciledAt"),
        problems=tuple(sorted(_problems(status))),
        is_automated=is_automated,
        is_pruning=isinstance(automated, dict) and automated.get("prune") is True,
        is_refreshing=REFRESH in found.meta.annotations,
        resources=frozenset(_resources(status)),
    )


def judge_application(state: ApplicationState, *, wanted: str, is_within: Callable[[str], bool]) -> Applied:
    """Return whether ``wanted`` is applied.

    Args:
        state: The Application, read after the refresh was asked for.
        wanted: Full id of the commit that must be applied.
        is_within: Says of a revision whether it contains ``wanted``: the branch may have moved on.
    """
    if state.is_refreshing:
        return Applied(state="waiting", message="Argo CD compares the cluster with Git")
    if state.problems:
        return _stuck(state, "argo.comparison-failed", f"Argo CD reports {', '.join(state.problems)}", "argocd app get shows its words")
    reached = next((revision for revision in state.revisions if revision == wanted or is_within(revision)), "")
    if not reached:
        seen = ", ".join(revision[:12] for revision in state.revisions) or "no revision"
        return Applied(state="waiting", message=f"Argo CD is at {seen}, wanted is {wanted[:12]}")
    if state.sync == "Synced":
        return Applied(state="applied", revision=reached)
    return _not_synced(state, reached)


def _not_synced(state: ApplicationState, revision: str) -> Applied:
    if not state.is_automated:
        return _stuck(
            state,
            "argo.not-automated",
            f"Argo CD sees {revision[:12]} and does not apply it: automated sync is off",
            f"argocd app sync {state.name}, or turn automated sync on",
        )
    if state.phase in _BAD_PHASES and revision in state.operation_revisions:
        return _stuck(state, "argo.sync-failed", f"the sync of {revision[:12]} ended as {state.phase}", "argocd app get shows its words")
    if state.phase == "Succeeded" and revision in state.operation_revisions:
        return Applied(
            state="waiting",
            message=f"Argo CD applied {revision[:12]} and still sees a difference; does it compare on the server's side (ServerSideDiff)?",
        )
    phase = state.phase if state.phase in _KNOWN_PHASES else "not started"
    prune = "" if state.is_pruning else "; its prune is off, so what was removed from Git stays"
    return Applied(state="waiting", message=f"Argo CD applies {revision[:12]} (sync {phase}){prune}")


def _stuck(state: ApplicationState, code: str, message: str, hint: str) -> Applied:
    return Applied(state="stuck", code=code, message=f"{state.name}: {message}", hint=hint)


def _revisions(tree: Mapping[str, object]) -> tuple[str, ...]:
    several = tree.get("revisions")
    named = [each for each in several if isinstance(each, str)] if isinstance(several, list) else []
    return tuple(named or ([_text(tree, "revision")] if _text(tree, "revision") else []))


def _problems(status: Mapping[str, object]) -> set[str]:
    conditions = status.get("conditions")
    found = [_text(each, "type") for each in conditions if isinstance(each, dict)] if isinstance(conditions, list) else []
    return {name for name in found if name in _FATAL_CONDITIONS}


def _resources(status: Mapping[str, object]) -> list[ObjectRef]:
    listed = status.get("resources")
    trees = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return [ObjectRef(kind=_text(each, "kind"), namespace=_text(each, "namespace"), name=_text(each, "name")) for each in trees]


def _tree(tree: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = tree.get(name)
    return found if isinstance(found, dict) else {}


def _text(tree: Mapping[str, object], name: str) -> str:
    found = tree.get(name)
    return found if isinstance(found, str) else ""
