"""Identity, deletion and reuse (R13, R54; CASES 24, 30)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.unit.policy.policy_desk import context, deleted, edit, levels, needs_of, new, verdict_on

from goldenpath.model.change import RequestChange
from goldenpath.model.lifecycle import STATES

IDENTITY = [
    ("metadata.name", {"name": "other-name"}),
    ("metadata.service", {"service": "search", "namespace": "search"}),
    ("metadata.environment", {"environment": "staging"}),
    ("spec.provider", {"provider": "openbao"}),
    ("metadata.id", {"id": "SEC-0008"}),
]


@pytest.mark.parametrize(("field", "after"), IDENTITY)
def test_identity_does_not_change(field: str, after: dict[str, Any]) -> None:
    findings = [finding for finding in verdict_on(edit({}, after)).findings if finding.rule == "policy.identity-changed"]
    assert [(finding.field, finding.level) for finding in findings] == [(field, "block")]
    assert "new request" in findings[0].hint


def test_moved_file_is_a_move_even_when_its_content_stayed() -> None:
    moved = msgspec.structs.replace(edit({}, {}), path_after="docs/catalogs/secrets/payments/dev/SEC-0007.yaml")
    (finding,) = verdict_on(moved).findings
    assert (finding.rule, finding.level) == ("policy.identity-changed", "block")
    assert finding.related == ("catalogs/secrets/payments/dev/SEC-0007.yaml",)


@pytest.mark.parametrize("status", STATES)
@pytest.mark.parametrize("is_buried", [True, False])
def test_file_goes_only_when_decommissioned_and_buried(status: str, *, is_buried: bool) -> None:
    using = context(tombstoned_ids=frozenset({"SEC-0007"} if is_buried else ()))
    verdict = verdict_on(deleted(status=status), using=using)
    allowed = status == "decommissioned" and is_buried
    assert levels(verdict) == ({} if allowed else {"file-deletion": "block"})


def test_deletion_needs_the_approvals_of_the_tier_that_goes() -> None:
    assert needs_of(verdict_on(deleted(tier="high"))) == ["owner app-team", "security"]


REUSE = [
    ("id taken at the base", {"ids_at_base": {"SEC-0007": "catalogs/secrets/search/dev/SEC-0007.yaml"}}, "block"),
    ("id in the tombstones", {"tombstoned_ids": frozenset({"SEC-0007"})}, "block"),
    ("path in the tombstones", {"tombstoned_paths": frozenset({"goldenpath/payments/dev/payments-db-credentials"})}, "block"),
    ("all unused", {"tombstoned_ids": frozenset({"SEC-0006"}), "ids_at_base": {"SEC-0001": "x"}}, None),
]


@pytest.mark.parametrize(("facts", "level"), [row[1:] for row in REUSE], ids=[row[0] for row in REUSE])
def test_ids_and_paths_are_used_once(facts: dict[str, Any], level: str | None) -> None:
    assert levels(verdict_on(new(), using=context(**facts))) == ({"id-reuse": level} if level else {})


def test_both_files_of_a_reused_id_are_named() -> None:
    other = "catalogs/secrets/search/dev/SEC-0007.yaml"
    (finding,) = verdict_on(new(), using=context(ids_at_base={"SEC-0007": other})).findings
    assert finding.file == "catalogs/secrets/payments/dev/SEC-0007.yaml"
    assert finding.related == (other,)


def test_change_without_a_side_blocks() -> None:
    verdict = verdict_on(RequestChange(id="SEC-0007", path_after="catalogs/secrets/payments/dev/SEC-0007.yaml"))
    assert levels(verdict) == {"change-unreadable": "block"}
    assert needs_of(verdict) == ["security"], "what cannot be read counts as the strictest tier"
