"""A rule in words: for ``policy explain`` and for its page in the reference. Both come from the rule itself, so they cannot drift."""

from __future__ import annotations

from goldenpath.policy.rule import ChangeRule, RequestRule, Rule


def judged_when(rule: Rule) -> str:
    """Return when the rule is judged, in one sentence."""
    if isinstance(rule, ChangeRule):
        return "once per change"
    if isinstance(rule, RequestRule) and rule.is_standing:
        return "for each changed request, and for the whole catalog at apply"
    return "for each changed request"


def waivable_text(rule: Rule) -> str:
    """Return whether a waiver can cover the rule, in one sentence."""
    if not rule.is_waivable:
        return "cannot be waived"
    if rule.level == "info":
        return "needs no waiver: it blocks nothing"
    return "can be waived by the base policy, with owner, ticket and expiry"


def explanation(rule: Rule) -> str:
    """Return the rule as plain text."""
    doc = rule.doc
    lines = [
        f"{rule.code}: {doc.title}",
        "",
        f"Level:    {rule.level}; {waivable_text(rule)}",
        f"Judged:   {judged_when(rule)}",
        f"Checks:   {rule.checks}",
        f"Why:      {doc.why}",
        f"Fix:      {doc.fix}",
    ]
    return "\n".join(lines + ([f"Standard: {doc.rule}"] if doc.rule else []))


def page(rule: Rule) -> str:
    """Return the rule's page in the reference, as Markdown."""
    doc = rule.doc
    standard = f"- Standard: {doc.rule}\n" if doc.rule else ""
    return (
        f"# {rule.name}\n\n{doc.title}. Code: `{rule.code}`.\n\n"
        f"- Level: {rule.level}; {waivable_text(rule)}\n- Judged: {judged_when(rule)}\n{standard}\n"
        f"## What it checks\n\nChecks {rule.checks}\n\n## Why\n\n{doc.why}\n\n## How to fix it\n\n{doc.fix}\n"
    )
