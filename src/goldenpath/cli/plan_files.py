"""Plans as files in a folder: one per environment and provider, named after both, and one for the manifests.

Says nothing of how a plan is made or applied.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from goldenpath.app.planning import ScopePlan
    from goldenpath.delivery.outline import Outline
    from goldenpath.model.plan import Plan

_SUFFIX = ".plan.json"
_MANIFESTS = "manifests.json"


def save_plans(plans: Sequence[ScopePlan], folder: Path) -> None:
    """Write each plan into ``folder``, which is made if need be. Plans hold no values."""
    from goldenpath.plan.freshness import dump_plan

    folder.mkdir(parents=True, exist_ok=True)
    for each in plans:
        (folder / f"{each.plan.environment}.{each.provider}{_SUFFIX}").write_bytes(dump_plan(each.plan))


def load_plans(folder: Path) -> dict[tuple[str, str], Plan]:
    """Return the plans of ``folder`` by environment and provider.

    Raises:
        InvalidIntent: ``plan.none-saved`` for a folder without plans, ``plan.unreadable`` and ``plan.altered`` for a faulty one.
    """
    from goldenpath.errors import InvalidIntent

    plans = dict(_load_plan(path) for path in sorted(folder.glob(f"*{_SUFFIX}")))
    if not plans:
        raise InvalidIntent(
            "plan.none-saved", "the folder holds no saved plan", subject=str(folder), hint=f"goldenpath apply --dry-run --out {folder}"
        )
    return plans


def save_manifests(manifests: Outline, folder: Path) -> None:
    """Write beside the plans which files would be committed, with the checksums of their content."""
    from goldenpath.delivery.outline import dump_outline

    (folder / _MANIFESTS).write_bytes(dump_outline(manifests))


def load_manifests(folder: Path) -> Outline:
    """Return which files the plans of ``folder`` were shown with.

    Raises:
        InvalidIntent: ``plan.none-saved`` when that is not in the folder, ``plan.unreadable`` and ``plan.altered`` when it is faulty.
    """
    from goldenpath.delivery.outline import load_outline
    from goldenpath.errors import InvalidIntent

    file = folder / _MANIFESTS
    if not file.is_file():
        raise InvalidIntent(
            "plan.none-saved",
            f"the folder holds no {_MANIFESTS}, which belongs to the saved plans",
            subject=str(folder),
            hint=f"goldenpath apply --dry-run --out {folder}",
        )
    return load_outline(file.read_bytes(), file=str(file))


def _load_plan(path: Path) -> tuple[tuple[str, str], Plan]:
    from goldenpath.errors import InvalidIntent
    from goldenpath.plan.freshness import load_plan

    plan = load_plan(path.read_bytes(), file=str(path))
    environment, _, provider = path.name.removesuffix(_SUFFIX).partition(".")
    if environment != plan.environment or not provider:
        raise InvalidIntent(
            "plan.unreadable",
            f"expected the name {plan.environment}.<provider>{_SUFFIX}, as it was saved",
            subject=str(path),
            hint="give the file its name back, or make a new plan",
        )
    return (environment, provider), plan
