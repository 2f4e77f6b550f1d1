"""A verdict in which a stranger's text stands in every place that a pull request fills: for each door that shows one."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from goldenpath.app.judged import Judged
from goldenpath.model.finding import ApprovalNeed, Finding, Verdict
from goldenpath.model.forge import PullRequest
from goldenpath.policy.waivers import ListedWaiver

HOSTILE = (
    "@everyone #1 GH-12 <img src=x onerror=alert(1)> <!-- goldenpath:pull-request --> </details> | a | b |\n::add-mask::x\r\n"
    "![x](https://evil.example/x.png) [y](javascript:alert(1)) `c` ```\n# h\n\u202e\u2066\u200b\x1b[31m\x00 www.evil.example"
    " ##[set-env name=P]v %0A::error::z {{7*7}} $(touch pwned) \udcff"
)
PULL = PullRequest(
    number=12, title=HOSTILE, body=HOSTILE, author=HOSTILE, state="open", head_sha="1" * 40, head_ref=HOSTILE, head_repository=HOSTILE,
    base_ref="main", base_sha="2" * 40, is_fork=True, url=HOSTILE, updated_at="",
)  # fmt: skip


def spoilt(judged: Judged, foreign: str, findings: int = 1) -> Judged:
    """The same verdict with ``foreign`` in every place that a pull request fills."""
    check, waiver = judged.check, ListedWaiver(
        rule=foreign, request=foreign, owner=foreign, ticket=foreign, reason=foreign, expires_on=foreign, days_left=3, state="active"
    )  # fmt: skip
    finding = Finding(
        rule="policy.rotation-required", level="block", message=foreign, subject=foreign, file=foreign, line=1, column=1, field=foreign,
        got=foreign, expected=foreign, hint=foreign, related=(foreign,), waived_by="",
    )  # fmt: skip
    need = ApprovalNeed(role="owner", owner=foreign, because=(foreign,))
    change = check.change.requests[0]
    assert change.after is not None
    known = foreign.encode("utf-8", "replace").decode()  # the strict reader takes no other text into a request
    metadata = msgspec.structs.replace(change.after.metadata, description=known, owner=known, requester=known, service=known)
    changed = msgspec.structs.replace(change, before=change.after, after=msgspec.structs.replace(change.after, metadata=metadata))
    spoilt_check = replace(
        check,
        verdict=Verdict(findings=(finding,) * findings, needs=(need,)),
        change=msgspec.structs.replace(check.change, requests=(changed,), governance_paths=(foreign, "policy.yaml")),
        approvals=msgspec.structs.replace(check.approvals, missing=(need,), met=()),
    )
    environments = tuple(
        replace(
            each,
            files=tuple(replace(file, path=foreign, after=foreign.encode("utf-8", "replace")) for file in each.files[:1]),
            consumers=tuple(replace(consumer, namespace=foreign, cluster=foreign) for consumer in each.consumers),
        )
        for each in judged.preview.environments
    )
    return replace(judged, preview=replace(judged.preview, check=spoilt_check, environments=environments), waivers=(waiver,))
