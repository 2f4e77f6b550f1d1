"""A plan for people: text for terminals and logs, Markdown for a pull request. Signs read without colour; counts come last.

A plan holds no value, and everything it shows of the outside world is neutralised first.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator

import msgspec

from goldenpath.model.plan import Action, FieldChange, Plan, Step
from goldenpath.plan.planner import AWAITING_RETIREMENT, ROTATION_UNDER_WAY, ROTATION_WAITS, step_ref
from goldenpath.plan.text import cell, plain

SIGNS: dict[Action, str] = {"create": "+", "update": "~", "drift": "!", "blocked": "!", "orphan": "?", "unchanged": "="}
_WORDS: dict[Action, str] = {
    "create": "create",
    "update": "change",
    "drift": "drift, needs a decision",
    "blocked": "blocked",
    "orphan": "orphan, left alone",
    "unchanged": "unchanged",
}
_SHOWN_FIELDS = ("description", "kms_key", "policy", "replicas", "rotation")


def render_text(plan: Plan, *, show_unchanged: bool = False) -> str:
    """Return the plan as lines that start with their sign; the last line counts."""
    lines = [f"Environment {plain(plan.environment)} at {plain(plan.commit[:12])}, store {plain(plan.account)}"]
    for step in _visible(plan, show_unchanged=show_unchanged):
        lines += _step_lines(step)
    return "\n".join([*lines, *_late_replicas(plan, plain), *_remarks(plan), counts_line(plan)]) + "\n"


def render_markdown(plan: Plan, *, show_unchanged: bool = False) -> str:
    """Return the plan as a table with folded details; the last line counts."""
    steps = list(_visible(plan, show_unchanged=show_unchanged))
    lines = [f"**{cell(plan.environment)}** at {_code(plan.commit[:12])}", ""]
    if steps:
        lines += ["| | Request | Record | What | Why |", "|---|---|---|---|---|"]
        lines += [
            f"| `{SIGNS[step.action]}` | {cell(step.request_id)} | {cell(step_ref(step).path)} | {_what(step)} | {_why(step)} |"
            for step in steps
        ]
        lines.append("")
    for step in steps:
        lines += _folded(step)
    return "\n".join([*lines, *_late_replicas(plan, cell), *_remarks(plan), f"**{counts_line(plan)}**"]) + "\n"


def counts_line(plan: Plan) -> str:
    """Return ``Plan: 2 to add, 1 to change, 0 to destroy``; a plan never destroys, and says so."""
    return f"Plan: {plan.count('create')} to add, {plan.count('update')} to change, 0 to destroy"


def _visible(plan: Plan, *, show_unchanged: bool) -> Iterator[Step]:
    return (step for step in plan.steps if step.action != "unchanged" or step.reason or show_unchanged)


def _late_replicas(plan: Plan, shown: Callable[[str], str]) -> Iterator[str]:
    """Yield a line for each copy in another region that is not in sync; no part of the plan, which changes nothing about it."""
    for step in plan.steps:
        for region, status in (step.observed.replication if step.observed is not None else ()) or ():
            yield shown(f"replica of {step.request_id} in {region} is not in sync: {status}")


def _remarks(plan: Plan) -> list[str]:
    counted: tuple[tuple[Action, str], ...] = (
        ("drift", "changed outside the platform: decide with --accept-drift, or change the request"),
        ("blocked", "blocked: nothing is done about them until the reason is gone"),
        ("orphan", "without a request: reported, never deleted here"),
    )
    remarks = [f"{plan.count(action)} {text}" for action, text in counted if plan.count(action)]
    waiting = (
        (AWAITING_RETIREMENT, "awaiting retirement"),
        (ROTATION_WAITS, "whose native rotation waits for a first value"),
        (ROTATION_UNDER_WAY, "in the middle of a rotation"),
    )
    counts = [(sum(step.reason == reason for step in plan.steps), text) for reason, text in waiting]
    return [*remarks, *(f"{count} {text}" for count, text in counts if count), f"{plan.count('unchanged')} unchanged"]


def _step_lines(step: Step) -> Iterator[str]:
    ref = step_ref(step)
    reason = f" [{plain(step.reason)}]" if step.reason else ""
    yield f"{SIGNS[step.action]} {plain(step.request_id)} {plain(str(ref))}  {_WORDS[step.action]}{reason}"
    if step.detail:
        yield f"    {plain(step.detail)}"
    yield from (f"    {line}" for line in _detail_lines(step))


def _detail_lines(step: Step) -> Iterator[str]:
    if step.action == "create" and step.desired is not None:
        for name in _SHOWN_FIELDS:
            yield from _change_lines(FieldChange(field=name, before="", after=getattr(step.desired, name)))
        for key, value in step.desired.tags:
            yield from _change_lines(FieldChange(field=f"tags.{key}", before="", after=value))
    for change in step.changes:
        yield from _change_lines(change)


def _change_lines(change: FieldChange) -> Iterator[str]:
    name = plain(change.field)
    if change.before == change.after:
        return
    if change.field == "policy":
        yield f"~ {name}:" if change.before and change.after else f"{'+' if change.after else '-'} {name}:"
        yield from (f"    {line}" for line in _policy_diff(change.before, change.after))
    elif not change.before:
        yield f"+ {name}: {plain(change.after)}"
    elif not change.after:
        yield f"- {name}: {plain(change.before)}"
    else:
        yield f"~ {name}: {plain(change.before)} -> {plain(change.after)}"


def _policy_diff(before: str, after: str) -> Iterator[str]:
    lines = difflib.ndiff(_pretty(before), _pretty(after)) if before and after else _one_sided(before, after)
    return (plain(line) for line in lines if not line.startswith("?"))


def _one_sided(before: str, after: str) -> Iterator[str]:
    sign = "+" if after else "-"
    return (f"{sign} {line}" for line in _pretty(before or after))


def _pretty(policy: str) -> list[str]:
    try:
        return msgspec.json.format(policy, indent=2).splitlines() if policy else []
    except msgspec.DecodeError:
        return policy.splitlines()


def _what(step: Step) -> str:
    fields = ", ".join(cell(change.field) for change in step.changes)
    return _WORDS[step.action] + (f": {fields}" if fields else "")


def _why(step: Step) -> str:
    return " ".join(part for part in (_code(step.reason) if step.reason else "", cell(step.detail)) if part)


def _folded(step: Step) -> list[str]:
    details = list(_detail_lines(step))
    if not details:
        return []
    summary = f"<details><summary>{cell(step.request_id)} {cell(step_ref(step).path)}</summary>"
    return [summary, "", "<pre>", *(cell(line) for line in details), "</pre>", "", "</details>", ""]


def _code(text: str) -> str:
    return f"<code>{cell(text)}</code>"
