"""Every rule is documented where people look: the catalogue, its page in the reference, ``policy explain``.

Pages are written by the rule; after a change: ``python tests/unit/policy/test_policy_rule_pages.py``.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from goldenpath.model.codes import all_codes
from goldenpath.policy.explain import explanation, page
from goldenpath.policy.rule import Rule
from goldenpath.policy.rules import BY_NAME, RULES

ROOT = Path(__file__).parents[3]
PAGES = ROOT / "docs" / "reference" / "rules"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_page_says_what_the_rule_says(rule: Rule) -> None:
    assert (PAGES / f"{rule.name}.md").read_text(encoding="utf-8") == page(rule)


def test_no_page_without_a_rule() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} - {"index"} == set(BY_NAME)


def test_index_links_every_page() -> None:
    assert (PAGES / "index.md").read_text(encoding="utf-8") == index()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_explanation_is_complete(rule: Rule) -> None:
    text = explanation(rule)
    assert rule.code in text
    assert rule.doc.why in text
    assert rule.doc.fix in text
    assert rule.checks.endswith(".")
    assert all_codes()[rule.code].title


def test_rules_have_one_file_and_one_code_each() -> None:
    files = {path.stem for path in (ROOT / "src/goldenpath/policy/rules").glob("*.py")} - {"__init__"}
    assert files == {rule.name.replace("-", "_") for rule in RULES}
    assert len({rule.code for rule in RULES}) == len(RULES)


def test_every_code_of_the_package_is_in_the_catalogue() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/goldenpath/policy").rglob("*.py"))
    codes = set(re.findall(r'"((?:policy|approval)\.[a-z-]+)"', text))
    assert codes <= set(all_codes())
    assert len(codes) > len(RULES)


def index() -> str:
    lines = [
        "# Rules of the gate",
        "",
        "`goldenpath policy explain RULE` prints the same offline.",
        "",
        "| Rule | Level | Meaning |",
        "| --- | --- | --- |",
    ]
    return "\n".join([*lines, *(f"| [{rule.name}]({rule.name}.md) | {rule.level} | {rule.doc.title} |" for rule in RULES)]) + "\n"


if __name__ == "__main__":
    PAGES.mkdir(parents=True, exist_ok=True)
    for each in RULES:
        (PAGES / f"{each.name}.md").write_text(page(each), encoding="utf-8")
    (PAGES / "index.md").write_text(index(), encoding="utf-8")
