"""What a pull request's one comment says: the verdict first, then changes, approvals, exceptions, cost, what a merge does, the digest.

Everything that comes from the pull request, names of files and people included, is foreign text and passes ``clean`` and ``escape``:
no mention, link, image, HTML, table border or workflow command survives (R11). No value is known here. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from goldenpath.app.judged import Concern, Judged, PullRequestFault
from goldenpath.app.preview import EnvironmentPreview, PreviewResult
from goldenpath.app.request_fields import changed_fields
from goldenpath.cli.approval_lines import need_name
from goldenpath.cli.comment_blocks import Block, fenced, folded, section, table
from goldenpath.cli.formats import clean, facts_of, level_of, place_of
from goldenpath.cli.formats.markdown import escape
from goldenpath.cli.preview_page import cost_lines, diff_lines
from goldenpath.cli.rotation_lines import rotation_line
from goldenpath.model.change import RequestChange
from goldenpath.model.counting import counted
from goldenpath.model.finding import Finding
from goldenpath.plan.render import render_markdown as plan_markdown
from goldenpath.projection.access_table import ACTIONS

FINDINGS_IN_A_BLOCK = 10
"""Findings of one table: a comment that is too long loses whole tables, so no single one may be too long."""
REQUESTS_IN_A_BLOCK = 20
PATHS_SHOWN = 50

_SIGNS = {"success": "\u2705", "failure": "\u274c", "error": "\u26a0\ufe0f", "pending": "\u23f3"}


def comment_blocks(judged: Judged) -> list[Block]:
    """Return the page of a judged pull request, in reading order."""
    result = judged.preview
    blocks = [Block("", "\n".join((f"### Goldenpath: {_headline(judged)}", "", *_verdict_table(judged.concerns), "")))]
    blocks += finding_blocks(judged.findings)
    blocks += _change_blocks(result)
    blocks.append(_approvals(result))
    blocks += _exceptions(judged)
    blocks.append(section("Cost", _cost(result)))
    blocks.append(section("On merge", _on_merge(result)))
    blocks.append(Block("", "\n".join(_footer(result))))
    blocks += [block for each in result.environments for block in _environment_blocks(each)]
    return blocks


def fault_blocks(fault: PullRequestFault) -> list[Block]:
    """Return the page of a pull request that could not be judged: it blocks, and says what was in the way."""
    error = fault.error
    lines = [
        "### Goldenpath: could not be judged",
        "",
        *_verdict_table(fault.concerns),
        "",
        f"{text(error.message)} <code>{text(error.code)}</code>",
        "",
    ]
    lines += [f"Next: {text(error.hint)}", ""] if error.hint else []
    lines += ["Until this is mended the change counts as blocked.", ""]
    return [Block("", "\n".join(lines))]


def text(foreign: str) -> str:
    """Return foreign text as Markdown that shows exactly it."""
    return escape(clean(foreign))


def _code(foreign: str) -> str:
    return f"<code>{text(foreign)}</code>"


def _headline(judged: Judged) -> str:
    check = judged.preview.check
    blocking = sum(finding.is_blocking for finding in judged.findings)
    if blocking:
        return f"blocked by {counted(blocking, 'finding')}"
    if not check.change.requests and not check.change.governance_paths:
        return "nothing governed changes"
    return "passes and is approved" if check.approvals.is_satisfied else "passes, approval is missing"


def _verdict_table(concerns: Sequence[Concern]) -> Iterator[str]:
    rows = [(f"{_SIGNS[each.state]} {each.name}", each.state, text(each.summary)) for each in concerns]
    return table(("Concern", "State", "What"), rows)


def finding_blocks(findings: Sequence[Finding]) -> Iterator[Block]:
    """Yield tables of findings, what blocks first; each a block of its own, small enough to be left out whole."""
    ordered = sorted(findings, key=lambda finding: (not finding.is_blocking, finding.level != "warn", finding.sort_key))
    chunks = [ordered[start : start + FINDINGS_IN_A_BLOCK] for start in range(0, len(ordered), FINDINGS_IN_A_BLOCK)]
    for number, chunk in enumerate(chunks, 1):
        title = "Findings" if len(chunks) == 1 else f"Findings {number} of {len(chunks)}"
        yield section(title, table(("Level", "Rule", "Where", "What"), (_finding_row(finding) for finding in chunk)))


def _finding_row(finding: Finding) -> tuple[str, ...]:
    what = [text(finding.message), *(f"*{label}:* {text(fact)}" for label, fact in facts_of(finding))]
    return (f"**{level_of(finding)}**", text(finding.rule), text(place_of(finding)), "<br>".join(what))


def _change_blocks(result: PreviewResult) -> Iterator[Block]:
    change = result.check.change
    if not change.requests and not change.governance_paths:
        yield section("Changes", ["No request and no steering file changes."])
    starts = range(0, len(change.requests), REQUESTS_IN_A_BLOCK)
    for number, start in enumerate(starts, 1):
        title = "Changes" if len(starts) == 1 else f"Changes {number} of {len(starts)}"
        chunk = change.requests[start : start + REQUESTS_IN_A_BLOCK]
        yield section(title, table(("", "Request", "Service", "Environment", "Tier", "What"), (_change_row(each) for each in chunk)))
    if change.governance_paths:
        shown = [f"- {_code(path)}" for path in change.governance_paths[:PATHS_SHOWN]]
        more = len(change.governance_paths) - len(shown)
        told = ["Steering files change; the ones of the base judged this pull request:", "", *shown]
        yield section("Steering files", [*told, *([f"- and {more} more"] if more > 0 else [])])


def _change_row(change: RequestChange) -> tuple[str, ...]:
    request = change.current
    sign = "+" if change.before is None else "-" if change.after is None else "~"
    place = (request.metadata.service, request.environment, request.spec.risk.tier)
    return (sign, text(change.id), *(text(part) for part in place), _change_text(change))


def _change_text(change: RequestChange) -> str:
    if change.before is None:
        return "new request"
    if change.after is None:
        return "the file is deleted; that is no decommission, and the record stays"
    fields = [f"{_code(name)}: {text(old) or '(none)'} \u2192 {text(new) or '(none)'}" for name, old, new in changed_fields(change)]
    return "<br>".join(fields) or "moved"


def _approvals(result: PreviewResult) -> Block:
    approvals = result.check.approvals
    rows = [(text(need_name(met.need)), "given", text(met.person), text("; ".join(met.need.because))) for met in approvals.met]
    rows += [(text(need_name(need)), "**missing**", "", text("; ".join(need.because))) for need in approvals.missing]
    lines = list(table(("Needed", "State", "By", "Because"), rows)) if rows else ["None needed."]
    if approvals.rejected:
        lines += ["", "Not counted:", ""]
        lines += [
            f"- {text(each.approval.statement.approver or 'unknown')}: {text(each.reason)} {_code(each.code)}"
            for each in approvals.rejected
        ]
    return section("Approvals", lines)


def _exceptions(judged: Judged) -> Iterator[Block]:
    if judged.waivers:
        rows = [
            (text(each.rule), text(each.request), text(each.ticket), text(each.owner), text(each.expires_on), str(each.days_left))
            for each in judged.waivers
        ]
        yield section("Exceptions used", table(("Rule", "Request", "Ticket", "Owner", "Until", "Days left"), rows))


def _environment_blocks(each: EnvironmentPreview) -> Iterator[Block]:
    name = text(each.environment)
    for planned in each.plans:
        yield folded(f"Plan for {text(planned.provider)} in {name}", plan_markdown(planned.plan).splitlines())
    for file in each.files:
        waits = " (unknown whether it waits for a value)" if file.waits is None else " (after the first value)" if file.waits else ""
        yield folded(f"<code>{file.sign} {name}/{text(file.path)}</code>{waits}", fenced(diff_lines(file), language="diff"))
    for request_id, rows in each.access:
        if rows:
            cells = [(text(row.group), text(row.principal), *(text(answer) for _, answer in row.answers)) for row in rows]
            yield folded(f"Access to {text(request_id)}", table(("Who", "Principal", *ACTIONS), cells))


def _cost(result: PreviewResult) -> Iterator[str]:
    told = [f"- {text(each.environment)}: {text(line)}" for each in result.environments for cost in each.cost for line in cost_lines(cost)]
    told += [f"- {text(each.environment)}: unknown, the stores were not looked at" for each in result.environments if each.unseen]
    yield from told or ["- none"]


def _on_merge(result: PreviewResult) -> Iterator[str]:
    if not result.environments:
        yield "- nothing happens in a store or cluster"
    for each in result.environments:
        signs = [file.sign for file in each.files]
        name = text(each.environment)
        unseen = " (not looked at: whoever judges a pull request holds no credential)" if each.unseen else ""
        yield f"- {name}: the stores are made to match the whole catalog{unseen}; nothing is ever deleted by a merge"
        yield f"- {name}: manifests: {signs.count('+')} new, {signs.count('~')} changed, {signs.count('-')} removed"
        if any(file.waits is not False for file in each.files):
            yield f"- {name}: a manifest waits until its secret has a first value (<code>goldenpath seed</code>)"
        for consumer in each.consumers:
            where = f"{consumer.namespace}/{consumer.k8s_secret} in {consumer.cluster}"
            yield f"- {text(consumer.request_id)}: Secret {text(where)}"
        yield from (f"- {text(request_id)}: {text(rotation_line(native))}" for request_id, native in each.rotations)


def _footer(result: PreviewResult) -> Iterator[str]:
    check = result.check
    yield f"Plan digest <code>{text(check.change.digest)}</code>. An approval is bound to it; a new commit or a moved base makes another."
    yield ""
    yield (
        f"Head <code>{text(check.change.head[:12])}</code>, merge base <code>{text(check.change.merge_base[:12])}</code>, "
        f"judged by the rules of <code>{text(check.base[:12])}</code>."
    )
    yield ""
