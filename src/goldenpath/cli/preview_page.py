"""The preview as text, Markdown and JSON. Renders what ``app.preview`` found; decides nothing."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

import msgspec

from goldenpath.app.preview import EnvironmentPreview, FileChange, PreviewResult
from goldenpath.cli.approval_lines import approval_rows, approvals_payload
from goldenpath.cli.formats import clean
from goldenpath.cli.formats.markdown import escape
from goldenpath.cli.infrastructure_page import payload as infrastructure_payload
from goldenpath.cli.infrastructure_page import text_lines
from goldenpath.cli.output import Output
from goldenpath.cli.rotation_lines import rotation_line
from goldenpath.model.counting import counted
from goldenpath.model.plan import Plan
from goldenpath.plan.cost import CostEstimate
from goldenpath.plan.render import render_markdown as plan_markdown
from goldenpath.plan.render import render_text as plan_text
from goldenpath.projection.access_table import ACTIONS
from goldenpath.projection.role_lint import QUESTIONS


def payload(result: PreviewResult) -> dict[str, Any]:
    """Return the JSON document of a preview."""
    check = result.check
    return {
        "change_digest": check.change.digest,
        "base": check.base,
        "merge_base": check.change.merge_base,
        "head": check.change.head,
        "is_blocked": check.verdict.is_blocked,
        "findings": check.verdict.findings,
        "approvals": approvals_payload(check),
        "requests": [change.id for change in check.change.requests],
        "environments": [_environment_payload(each) for each in result.environments],
    }


def render_text(result: PreviewResult, output: Output) -> str:
    """Return the page for a terminal."""
    check = result.check
    lines = [output.paint("Gate"), f"  {_verdict(result)}"]
    lines += [f"  {finding.level}: {clean(finding.message)} [{finding.rule}]" for finding in check.verdict.findings]
    lines += ["", output.paint("Approvals"), *(f"  {line}" for line in approval_rows(check))]
    for each in result.environments:
        lines += ["", *_environment_text(each, output)]
    lines += ["", f"Change digest {check.change.digest}"]
    return "\n".join(lines)


def render_markdown(result: PreviewResult) -> str:
    """Return the page for a pull request comment; long parts are folded."""
    check = result.check
    lines = [f"### {escape(_verdict(result))}", ""]
    lines += [f"- {escape(finding.level)}: {escape(finding.message)} `{finding.rule}`" for finding in check.verdict.findings]
    lines += ["", "**Approvals**", "", *(f"- {escape(line)}" for line in approval_rows(check)), ""]
    for each in result.environments:
        lines += _environment_markdown(each)
    lines += [f"Change digest `{check.change.digest}`", ""]
    return "\n".join(lines)


def _verdict(result: PreviewResult) -> str:
    check = result.check
    if check.verdict.is_blocked:
        blocking = sum(finding.is_blocking for finding in check.verdict.findings)
        return f"Blocked: {counted(blocking, 'finding')} must be resolved"
    if not check.change.requests and not check.change.governance_paths:
        return "Nothing governed changes"
    return "Passes and is approved" if check.is_approved else "Passes; approval is missing"


def _environment_text(each: EnvironmentPreview, output: Output) -> Iterator[str]:
    yield output.paint(f"Store ({each.environment})")
    yield from (f"  {_painted(line, output)}" for line in _unseen_lines(each))
    for planned in each.plans:
        yield from (f"  {_painted(line, output)}" for line in plan_text(planned.plan).splitlines())
    for proposed in each.infrastructure:
        yield from ("", output.paint(f"Terraform ({each.environment})"))
        yield from (f"  {_painted(line, output)}" for line in text_lines(proposed))
    yield from _access_text(each, output)
    yield ""
    yield output.paint(f"Manifests ({each.environment})")
    for file in each.files:
        yield f"  {file.sign} {file.path}{_waiting_note(file, '  ')}"
        yield from (f"      {_painted(line, output)}" for line in diff_lines(file))
    yield from ("", output.paint("Consumers"))
    for consumer in each.consumers:
        yield f"  {consumer.request_id}: Secret {consumer.namespace}/{consumer.k8s_secret} in cluster {consumer.cluster}"
        yield from (f"    read in the store by {principal}" for principal in consumer.principals)
    yield from ("", output.paint("Rotation"), *(f"  {request_id}: {rotation_line(native)}" for request_id, native in each.rotations))
    yield from ("", output.paint("Cost"), *(f"  {line}" for cost in each.cost for line in cost_lines(cost)))
    if each.unseen:
        yield f"  {_UNSEEN_COST}"


def _access_text(each: EnvironmentPreview, output: Output) -> Iterator[str]:
    for request_id, rows in each.access:
        if rows:
            yield from ("", output.paint(f"Access to {request_id}"))
            table = output.table(
                ("who", "principal", *ACTIONS), [(row.group, row.principal, *(answer for _, answer in row.answers)) for row in rows]
            )
            yield from (f"  {line}" for line in table.splitlines())
    if each.roles:
        yield from ("", output.paint(f"Roles ({each.environment})"))
        table = output.table(
            ("role", "store", *QUESTIONS), [(row.role, row.provider, *(said for _, said in row.answers)) for row in each.roles]
        )
        yield from (f"  {line}" for line in table.splitlines())


def _environment_markdown(each: EnvironmentPreview) -> Iterator[str]:
    yield f"#### {escape(each.environment)}"
    yield ""
    yield from (*(f"- {escape(line)}" for line in _unseen_lines(each)), *([""] if each.unseen else []))
    for planned in each.plans:
        yield plan_markdown(planned.plan)
    for proposed in each.infrastructure:
        yield from ("<details><summary>Terraform</summary>", "", "```diff")
        yield from (line.replace("```", "'''") for line in text_lines(proposed))
        yield from ("```", "", "</details>", "")
    for file in each.files:
        note = _waiting_note(file, " ")
        yield from (f"<details><summary><code>{file.sign} {escape(file.path)}</code>{note}</summary>", "", "```diff")
        yield from (line.replace("```", "'''") for line in diff_lines(file))
        yield from ("```", "", "</details>", "")
    for request_id, rows in each.access:
        if rows:
            yield from (f"<details><summary>Access to {escape(request_id)}</summary>", "")
            yield "| who | principal | " + " | ".join(ACTIONS) + " |"
            yield "|" + " --- |" * (len(ACTIONS) + 2)
            for row in rows:
                yield f"| {escape(row.group)} | {escape(row.principal)} | " + " | ".join(answer for _, answer in row.answers) + " |"
            yield from ("", "</details>", "")
    yield from _roles_markdown(each)
    yield from (f"- {escape(f'{request_id}: {rotation_line(native)}')}" for request_id, native in each.rotations)
    yield from (f"- {escape(line)}" for cost in each.cost for line in cost_lines(cost))
    if each.unseen:
        yield f"- {_UNSEEN_COST}"
    yield ""


_UNSEEN_COST = "unknown: the store was not observed"


def _roles_markdown(each: EnvironmentPreview) -> Iterator[str]:
    if each.roles:
        yield from (f"<details><summary>Roles of {escape(each.environment)}</summary>", "")
        yield "| role | store | " + " | ".join(QUESTIONS) + " |"
        yield "|" + " --- |" * (len(QUESTIONS) + 2)
        yield from (f"| {row.role} | {row.provider} | " + " | ".join(said for _, said in row.answers) + " |" for row in each.roles)
        yield from ("", "</details>", "")


def _unseen_lines(each: EnvironmentPreview) -> Iterator[str]:
    """Say of each store that was not looked at that nothing is known, so that no reader takes silence for "unchanged"."""
    for store in each.unseen:
        yield f"? {store.provider}: store not observed (--offline); what it holds, and what an apply would change, is unknown"
        yield from (f"? {request_id}: unknown" for request_id in store.request_ids)


def _waiting_note(file: FileChange, space: str) -> str:
    if file.waits is None:
        return f"{space}(committed once the secret has a value; whether it has one is unknown)"
    return f"{space}(committed after the first value)" if file.waits else ""


def diff_lines(file: FileChange) -> Iterator[str]:
    """Yield the signed lines of one file's change; a file that is new or gone is shown whole."""
    before, after = _lines(file.before), _lines(file.after)
    if not before or not after:
        yield from (f"+ {line}" for line in after)
        yield from (f"- {line}" for line in before)
        return
    for line in difflib.unified_diff(before, after, lineterm="", n=2):
        if line.startswith("@@"):
            yield line
        elif not line.startswith(("---", "+++")):
            yield f"{line[0]} {line[1:]}"


def _lines(data: bytes | None) -> list[str]:
    return [] if data is None else [clean(line) if line.strip() else line for line in data.decode("utf-8").splitlines()]


def cost_lines(cost: CostEstimate) -> Iterator[str]:
    """Yield what a plan costs, now and each month."""
    yield f"{counted(cost.apply_calls, 'store call')} to apply; {counted(cost.records, 'record')} ({cost.added_records} new)"
    if cost.is_embedded:
        yield "no cost: the embedded store is part of the platform"
        return
    calls = counted(cost.polling_calls_month, "polling call")
    billed = f"{counted(cost.billed_records, 'billed record')} (+{cost.added_billed_records})"
    yield f"${cost.dollars_month:.2f} a month (+${cost.added_dollars_month:.2f}) for {billed} and {calls}"


def _painted(line: str, output: Output) -> str:
    color = {"+": "green", "-": "red", "~": "yellow", "!": "yellow", "?": "yellow"}.get(line.lstrip()[:1])
    return output.paint(line, color) if color else line


def _timeless(plan: Plan) -> Plan:
    """Return the plan without its times: the same change gives the same bytes whenever it is looked at (R23)."""
    return msgspec.structs.replace(plan, created_at="", expires_at="")


def _environment_payload(each: EnvironmentPreview) -> dict[str, Any]:
    return {
        "environment": each.environment,
        "is_store_observed": not each.unseen,
        "unseen": [{"provider": store.provider, "requests": store.request_ids} for store in each.unseen],
        "plans": [{"provider": planned.provider, "digest": planned.plan.digest, "plan": _timeless(planned.plan)} for planned in each.plans],
        "infrastructure": [infrastructure_payload(proposed) for proposed in each.infrastructure],
        "files": [
            {
                "path": file.path,
                "action": {"+": "create", "-": "remove", "~": "change"}[file.sign],
                "waits_for_value": file.waits,
                "content": None if file.after is None else file.after.decode("utf-8"),
            }
            for file in each.files
        ],
        "consumers": [
            {
                "request_id": consumer.request_id,
                "cluster": consumer.cluster,
                "namespace": consumer.namespace,
                "k8s_secret": consumer.k8s_secret,
                "principals": consumer.principals,
            }
            for consumer in each.consumers
        ],
        "access": dict(each.access),
        "roles": each.roles,
        "rotations": dict(each.rotations),
        "cost": each.cost,
    }
