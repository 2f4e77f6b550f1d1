"""``goldenpath policy``: judge a change, explain the rules, list the exceptions. The verdict is the app's; this door shows it."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.state import CliState, pass_state

if TYPE_CHECKING:
    from goldenpath.policy.rule import Rule


@click.group()
@example("goldenpath policy check --base main", "goldenpath policy explain rotation-required")
def policy() -> None:
    """Judge a change; explain rules; list waivers."""


@policy.command()
@click.option("--base", required=True, metavar="REF", help="Protected revision whose rules judge, e.g. main.")
@click.option("--head", default="HEAD", show_default=True, metavar="REF", help="Revision to be judged.")
@click.option("--fail-on", type=click.Choice(["block", "warning"]), default="block", show_default=True, help="What makes the exit code 1.")
@click.option("--require-approval", is_flag=True, help="Exit 5 while an approval is missing.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 instead of 1; what apply accepts stays the same.")
@example("goldenpath policy check --base main", "goldenpath policy check --base origin/main --head feature -o sarif")
@pass_state
def check(state: CliState, *, base: str, head: str, fail_on: str, require_approval: bool, exit_zero: bool) -> int:
    """Judge a change with the rules of its base.

    Exit codes: 0 clean, 1 blocked by a rule, 2 a file cannot be read as a request or policy, 5 approvals missing
    (with --require-approval only).
    """
    from goldenpath.app.check import check_change
    from goldenpath.cli.verdict import exit_code_of, render_verdict

    result = check_change(state.services, base=base, head=head)
    render_verdict(state.output, result)
    code = exit_code_of(result, fails_on_warning=fail_on == "warning", needs_approval=require_approval)
    return Exit.DONE if exit_zero and code is Exit.FINDINGS else code


@policy.command()
@click.argument("rule", required=False)
@example("goldenpath policy explain", "goldenpath policy explain rotation-required", "goldenpath policy explain policy.tier-floor --json")
@pass_state
def explain(state: CliState, rule: str | None) -> None:
    """Say what a rule checks, why, and how to fix it; without RULE, list all rules. Works offline."""
    from goldenpath.policy.explain import explanation
    from goldenpath.policy.rules import BY_NAME, RULES

    if rule is None:
        rows = [(each.name, each.level, "yes" if each.is_waivable else "no", each.doc.title) for each in RULES]
        state.output.data("Rules", {"rules": [_fields(each) for each in RULES]}, text=state.output.table(_RULE_COLUMNS, rows))
        return
    found = BY_NAME.get(rule.removeprefix("policy."))
    if found is None:
        raise _unknown(rule, list(BY_NAME))
    state.output.data("Rule", _fields(found), text=explanation(found))


@policy.command()
@click.option("--ref", default="", metavar="REF", help="Revision to read. [default: the protected branch]")
@example("goldenpath policy waivers", "goldenpath policy waivers -o json")
@pass_state
def waivers(state: CliState, ref: str) -> None:
    """List approved exceptions and how many days each has left."""
    from goldenpath.app.waivers import waivers_today

    found = waivers_today(state.services, ref=ref)
    rows = [(each.rule, each.request, each.owner, each.ticket, each.expires_on, _left(each.days_left, each.state)) for each in found]
    text = state.output.table(_WAIVER_COLUMNS, rows) if rows else "no waivers"
    state.output.data("Waivers", {"waivers": found}, text=text)


_RULE_COLUMNS = ("RULE", "LEVEL", "WAIVABLE", "MEANING")
_WAIVER_COLUMNS = ("RULE", "REQUEST", "OWNER", "TICKET", "EXPIRES", "LEFT")


def _fields(rule: Rule) -> dict[str, Any]:
    doc = rule.doc
    return {
        "code": rule.code,
        "level": rule.level,
        "is_waivable": rule.is_waivable,
        "checks": rule.checks,
        "title": doc.title,
        "why": doc.why,
        "fix": doc.fix,
        "standard": doc.rule,
    }


def _left(days: int, state: str) -> str:
    if state == "active":
        from goldenpath.model.counting import counted

        return counted(days, "day")
    return "expired" if state == "expired" else "never counts"


def _unknown(word: str, names: list[str]) -> Exception:
    from goldenpath.errors import NotFound

    near = difflib.get_close_matches(word.lower(), names, n=3, cutoff=0.4)
    hint = f"nearest: {', '.join(near)}" if near else "goldenpath policy explain lists every rule"
    return NotFound("policy.rule-unknown", "no such rule", hint=hint)
