"""The comment on a pull request: readable, cut only between blocks, and deaf to what hostile text would like to be (R11; CASES 33)."""

from __future__ import annotations

import re
from dataclasses import replace

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.e2e.world import SEC_0007, World
from tests.pull_hostile import HOSTILE, PULL, spoilt
from tests.pull_rig import FILE

from goldenpath.app.judged import Judged, PullRequestFault
from goldenpath.app.preview import preview_change
from goldenpath.app.pull_receipts import MergeReceipts, RequestReceipt
from goldenpath.bootstrap import open_platform
from goldenpath.cli.comment_blocks import Block, assemble, fenced, folded
from goldenpath.cli.pr_comment import comment_blocks, text
from goldenpath.cli.pr_pages import COMMENT_MAX, comment_text, page_text, summary_text
from goldenpath.cli.pr_receipts import receipt_blocks
from goldenpath.errors import Conflict

OUR_TAGS = {"details", "summary", "code", "br", "pre"}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """A real verdict about a real change."""
    world = World.make(tmp_path_factory.mktemp("comment") / "world")
    world.propose("request", {FILE: SEC_0007})
    services = replace(open_platform(world.platform), is_offline=True)
    return Judged(pull=PULL, preview=preview_change(services, base="main", head="request"))


def outside_fences(page: str) -> str:
    """The page without code blocks, in which a renderer obeys nothing."""
    lines, fence = [], ""
    for line in page.split("\n"):
        mark = re.match(r"`{3,}", line)
        if not fence and mark:
            fence = mark[0]
        elif fence and line == fence:
            fence = ""
        elif not fence:
            lines.append(line)
    assert not fence, "a fence stays open"
    return "\n".join(lines)


def expect_harmless(page: str) -> None:
    shown = outside_fences(page)
    assert not re.search(r"[@#](?=[\w(])(?<!&#)", re.sub(r"^#{3,4} ", "", shown, flags=re.MULTILINE))
    assert not re.search(r"\]\(|!\[|(?<![\w&])https?://|javascript:alert\(|(?i:gh-\d)", shown)
    assert {tag.lower() for tag in re.findall(r"</?([A-Za-z!-]+)", shown)} <= OUR_TAGS
    assert shown.count("<details>") == shown.count("</details>") == shown.count("<summary>") == shown.count("</summary>")
    assert all(char.isprintable() or char == "\n" for char in page)
    assert not re.search(r"(?:^|\n)\s*::|##\[", page)
    for block in re.findall(r"(?:^\|.*\|\n)+", shown + "\n", re.MULTILINE):
        assert len({row.count("|") for row in block.splitlines()}) == 1, block


def test_hostile_text_in_every_place_stays_text(judged: Judged) -> None:
    page = comment_text(spoilt(judged, HOSTILE))
    expect_harmless(page)
    assert "onerror" in page, "it is shown, as text"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(foreign=st.text(max_size=80) | st.text("@#|`~<>[]()!:/\n\r-_*{}$%&;\\GHgh19 www.", max_size=60))
def test_any_text_in_every_place_stays_text(judged: Judged, foreign: str) -> None:
    expect_harmless(page_text(spoilt(judged, foreign)))


@settings(max_examples=100)
@given(st.text(max_size=200))
def test_a_cell_is_one_line_without_a_border(foreign: str) -> None:
    shown = text(foreign)
    assert "\n" not in shown
    assert "|" not in shown
    assert "<" not in shown


def test_the_order_is_the_one_that_a_reviewer_reads(judged: Judged) -> None:
    page = comment_text(spoilt(judged, "plain"))
    order = [
        "| Concern |",
        "#### Findings",
        "#### Changes",
        "#### Approvals",
        "#### Exceptions used",
        "#### Cost",
        "#### On merge",
        "Plan digest",
    ]
    places = [page.index(part) for part in order]
    assert places == sorted(places)
    assert "blocked by 1 finding" in page
    assert re.search(r"owner side .*plain.* \| \*\*missing\*\*", page)
    assert "| 3 |" in page, "days left of the exception"


def test_a_page_beyond_the_limit_loses_whole_blocks_and_says_where_the_rest_is(judged: Judged) -> None:
    outcome = spoilt(judged, "x" * 1500, findings=200)
    page = comment_text(outcome, url="https://forge.example/run/7")
    assert len(page) <= COMMENT_MAX < len(page_text(outcome))
    assert "Left out to stay within the limit" in page
    assert "https://forge.example/run/7" in page
    assert "Plan digest" in page
    assert page.index("| Concern |") < 200
    whole = page_text(outcome)
    for block in comment_blocks(outcome):
        assert block.text in whole
        assert block.text in page or (block.title and block.title in page and block.text[:200] not in page)


@settings(max_examples=100)
@given(sizes=st.lists(st.integers(1, 300), max_size=12), limit=st.integers(900, 2000))
def test_a_cut_never_goes_through_a_block(sizes: list[int], limit: int) -> None:
    blocks = [Block("", "head\n"), *(Block(f"b{number}", chr(97 + number) * size + "\n") for number, size in enumerate(sizes))]
    page = assemble(blocks, limit=limit, pointer="see there")
    assert len(page) <= limit
    for block in blocks:
        assert block.text in page or f"{block.title}" in page.partition("Left out")[2]


@pytest.mark.parametrize("count", [21, 1000, 20_000])
def test_a_page_of_very_many_blocks_stays_within_the_limit(count: int) -> None:
    """A change of a whole catalog leaves out more blocks than there is room to name."""
    blocks = [Block("", "head\n"), *(Block(f"<code>+ dev/manifest-{number:06}.yaml</code>", "x" * 5000) for number in range(count))]
    page = assemble(blocks, limit=COMMENT_MAX, pointer="see there")
    assert len(page) <= COMMENT_MAX
    assert page.startswith("head\n")
    assert page.count("manifest-") <= 20
    assert "see there" in page
    told = re.search(r"and (\d+) more", page)
    left_out = count - page.count("x" * 5000)
    assert left_out == page.count("manifest-") + (int(told[1]) if told else 0)


def test_a_summary_takes_what_a_runner_takes_in_bytes(judged: Judged) -> None:
    """A runner drops a summary above one MiB, and a character can have four bytes."""
    page = summary_text(spoilt(judged, "\U0001f511" * 1900, findings=400))
    assert len(page.encode()) <= 1 << 20
    assert "Plan digest" in page


def test_a_fence_is_longer_than_any_inside() -> None:
    lines = list(fenced(["````", "x", "```"], language="diff"))
    assert lines[0] == "`````diff"
    assert lines[-1] == "`````"
    assert folded("t", lines).text.endswith("</details>\n")


def test_what_could_not_be_judged_says_so_and_nothing_else(judged: Judged) -> None:
    fault = PullRequestFault(pull=PULL, error=Conflict("pr.moved", f"it moved {HOSTILE}", hint=HOSTILE))
    page = comment_text(fault)
    expect_harmless(page)
    assert "could not be judged" in page
    assert "success" not in page
    assert {concern.state for concern in fault.concerns} == {"error"}


def test_receipts_of_a_whole_catalog_fit_a_comment(judged: Judged) -> None:
    change = judged.preview.check.change.requests[0]
    gone = Conflict("store.foreign-record", "m")
    receipts = tuple(RequestReceipt(change=msgspec.structs.replace(change, id=f"SEC-{number}"), error=gone) for number in range(2000))
    blocks = list(receipt_blocks(MergeReceipts(pull=PULL, commit="c" * 40, receipts=receipts)))
    page = assemble(blocks, limit=COMMENT_MAX, pointer="see there")
    assert len(page) <= COMMENT_MAX < sum(len(block.text) for block in blocks)
    assert "not everything has arrived" in page
    expect_harmless(page)
    assert all(any(f"| SEC-{number} |" in block.text for block in blocks) for number in range(2000))
