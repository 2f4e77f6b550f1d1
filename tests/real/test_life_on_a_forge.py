"""From an empty repository to an applied secret: ``init``, a request, a pull request, reviews and a merge on a real Gitea, with the shipped
workflows as they are, run by act."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.canary import hits_in, scan_tree
from tests.forge.gitea import Gitea
from tests.forge.life import BOT, DEVELOPER, ENGINEER, OUTSIDER, PATH, ForgeLife

pytestmark = [pytest.mark.real]

GREEN = {"goldenpath/policy": "success", "goldenpath/preview": "success"}
MANIFEST = "environments/dev/external-secrets/payments/card-processor-key-sync.yaml"


def test_a_request_goes_from_an_empty_repository_to_its_receipts(gitea: Gitea, tmp_path: Path) -> None:
    life = ForgeLife(gitea, tmp_path / "life", organisation="life")
    life.found()
    number = life.request()
    assert life.pull(number)["user"]["login"] == DEVELOPER

    opened = life.judge(number)
    assert opened.code == 0, opened.log
    assert life.statuses(_head(life, number)) == {**GREEN, "goldenpath/approval": "pending"}, opened.log
    (comment,) = life.comments(number)
    assert "approval is missing" in comment
    assert "| platform | **missing** |" in comment

    # neither the one who asks nor somebody whom the platform does not know can approve it
    life.review(number, by=OUTSIDER)
    assert life.judge(number, "pull_request_review", "submitted").code == 0
    assert life.statuses(_head(life, number))["goldenpath/approval"] == "pending"

    life.review(number)
    assert life.judge(number, "pull_request_review", "submitted").code == 0
    assert life.statuses(_head(life, number)) == {**GREEN, "goldenpath/approval": "success"}

    life.change()
    assert life.judge(number, action="synchronize").code == 0
    assert life.statuses(_head(life, number))["goldenpath/approval"] == "pending", "a review of an older commit does not count"
    life.review(number)
    assert life.judge(number, "pull_request_review", "submitted").code == 0
    assert life.statuses(_head(life, number))["goldenpath/approval"] == "success"
    assert len(life.comments(number)) == 1, "one comment, kept up to date"

    applied = life.apply(life.merge(number))
    assert applied.code == 0, applied.log
    assert "SEC-0001 create: done" in applied.log
    receipts = life.comments(number)[-1]
    assert "awaiting a first value" in receipts
    assert f"approved by {ENGINEER}" in receipts

    value = "not-a-real-key-4eC39HqLyjWDarjtT1"
    life.git(ENGINEER, "pull", "--quiet")
    life.goldenpath(ENGINEER, "seed", "SEC-0001", "--stdin", "API_KEY", "--generate", "WEBHOOK", typed=value)
    life.git(ENGINEER, "fetch", "--quiet")
    assert MANIFEST in life.git(ENGINEER, "ls-tree", "-r", "--name-only", "origin/gitops")
    assert life.goldenpath(ENGINEER, "trace", "SEC-0001")
    assert "intact" in life.goldenpath(ENGINEER, "audit", "verify")

    # the token of the pipeline and the value are nowhere in what is left
    tokens = [gitea.account(BOT).token]
    assert hits_in((opened.log + applied.log).encode(), [*tokens, value]) == []
    assert scan_tree(tmp_path, [*tokens, value]) == []


def test_a_merge_that_nobody_approved_is_not_applied(gitea: Gitea, tmp_path: Path) -> None:
    life = ForgeLife(gitea, tmp_path / "life", organisation="bypass")
    life.found()
    number = life.request()
    life.review(number, by=OUTSIDER)
    applied = life.apply(life.merge(number))
    assert applied.code != 0
    assert "approval.missing" in applied.log
    assert "SEC-0001 create: done" not in applied.log
    life.git(ENGINEER, "fetch", "--quiet")
    assert PATH in life.git(ENGINEER, "ls-tree", "-r", "--name-only", "origin/main"), "it was merged all the same"
    assert "gitops" not in life.git(ENGINEER, "branch", "--remotes")


def _head(life: ForgeLife, number: int) -> str:
    return str(life.pull(number)["head"]["sha"])
