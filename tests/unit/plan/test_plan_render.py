"""Plans for people: signs, counts last, nothing forged, nothing hidden."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace
from tests.stores import make_desired, make_rotation

from goldenpath.model.plan import Plan
from goldenpath.model.settings import EnvironmentSettings, ExternalSecretsSettings, PriceSettings, Settings, StoreSettings
from goldenpath.model.store import TAG_APPLIED, DesiredSecret, StoreRecord, VersionInfo
from goldenpath.plan.cost import apply_calls, estimate_cost, polls_per_month
from goldenpath.plan.planner import make_plan
from goldenpath.plan.render import counts_line, render_markdown, render_text

SECRETS_MANAGER = StoreSettings(backend="aws-secrets-manager")
NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def record_of(desired: DesiredSecret, **changes: object) -> StoreRecord:
    tags = (*desired.tags, (TAG_APPLIED, desired.applied_tag))
    return replace(StoreRecord(ref=desired.ref, description=desired.description, policy=desired.policy, tags=tags), **changes)


def plan_of(desired: list[DesiredSecret], observed: list[StoreRecord], **over: object) -> Plan:
    plan = make_plan(environment="dev", commit="c" * 40, account="store-1", desired=desired, observed=observed, now=NOW, ttl_seconds=60)
    return replace(plan, **over)


@pytest.fixture
def every_kind() -> Plan:
    names = ("create", "update", "drift", "blocked", "unchanged")
    wanted = {name: make_desired(f"SEC-000{number}", path=name) for number, name in enumerate(names)}
    observed = [
        record_of(make_desired("SEC-0001", path="update", description="older", policy='{"Version":"1"}')),
        record_of(wanted["drift"], description="by hand"),
        record_of(make_desired("", path="blocked")),
        record_of(wanted["unchanged"]),
        record_of(make_desired("SEC-0009", path="orphan")),
    ]
    return plan_of(list(wanted.values()), observed)


def test_each_step_has_its_sign_and_counts_come_last(every_kind: Plan) -> None:
    lines = render_text(every_kind).splitlines()
    signs = {line.split()[1]: line[0] for line in lines if line[:1] in "+~!?=" and line[1:2] == " "}
    assert signs == {"SEC-0000": "+", "SEC-0001": "~", "SEC-0002": "!", "SEC-0003": "!", "SEC-0009": "?"}
    assert lines[-1] == "Plan: 1 to add, 1 to change, 0 to destroy"
    assert "1 unchanged" in lines
    assert "    ~ description: older -> database" in lines
    assert "    ~ description: by hand -> database" in lines
    assert any("plan.drift" in line for line in lines)
    assert any("store.foreign-record" in line for line in lines)
    assert render_text(every_kind, show_unchanged=True).count("SEC-0004") == 1


def test_markdown_shows_the_same_steps(every_kind: Plan) -> None:
    page = render_markdown(every_kind)
    assert page.rstrip().endswith("**Plan: 1 to add, 1 to change, 0 to destroy**")
    for number in (0, 1, 2, 3, 9):
        assert f"SEC-000{number}" in page
    assert "SEC-0004" not in page
    assert page.count("<details>") == page.count("</details>") == 3


def test_the_same_plan_renders_to_the_same_bytes(every_kind: Plan) -> None:
    assert render_text(every_kind) == render_text(every_kind)
    assert render_markdown(every_kind) == render_markdown(every_kind)


@pytest.mark.parametrize(("creates", "updates"), [(0, 0), (1, 0), (2, 1), (0, 3)])
def test_the_counts_line_is_the_familiar_one(creates: int, updates: int) -> None:
    desired = [make_desired(f"SEC-{number:04d}", path=f"p{number}") for number in range(creates + updates)]
    observed = [record_of(replace(each, description="older")) for each in desired[creates:]]
    observed = [
        replace(each, tags=tuple({**dict(each.tags), TAG_APPLIED: replace(want, description="older").applied_tag}.items()))
        for each, want in zip(observed, desired[creates:], strict=True)
    ]
    assert counts_line(plan_of(desired, observed)) == f"Plan: {creates} to add, {updates} to change, 0 to destroy"


HOSTILE = [
    "line\n::error::forged",
    "\n::add-mask::x",
    "\x1b[31mred\x1b[0m",
    "\r\x08overwrite",
    "\u202egnp.exe",
    "\u2028::set-output name=x::y",
    "<img src=x onerror=alert(1)>",
    "</pre></details><script>alert(1)</script>",
    "| forged | row |",
    "@everyone [click](javascript:alert(1)) `code` **bold**",
    "```\n# heading",
    "Plan: 0 to add, 0 to change, 0 to destroy",
]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_stays_text(text: str) -> None:
    desired = make_desired(path="p", description="fine")
    edited = record_of(desired, description=text, tags=((TAG_APPLIED, ""), ("goldenpath:id", "SEC-0007"), (text, text)), policy=text)
    orphan = record_of(make_desired("SEC-0009", path="orphan"), tags=(("goldenpath:id", text or "x"),))
    plan = plan_of([desired], [edited, orphan], commit=text, account=text)
    for page in (render_text(plan), render_markdown(plan)):
        assert all(char == "\n" or char.isprintable() for char in page)
        assert not any(line.lstrip().startswith(("::", "##[")) for line in page.splitlines())
        assert page.rstrip().strip("*").splitlines()[-1].strip("*") == counts_line(plan)
    markdown = render_markdown(plan)
    for forbidden in ("<img", "<script", "@everyone", "](", "| forged", "**bold**", "```"):
        assert forbidden not in markdown
    assert markdown.count("</pre>") == markdown.count("<pre>")


def test_a_policy_is_shown_as_a_diff_of_lines(every_kind: Plan) -> None:
    text = render_text(every_kind)
    assert "- {\n" not in text
    assert '        -   "Version": "1"' in text
    assert '        +   "Version": "2012-10-17"' in text


def test_a_policy_that_is_no_json_is_shown_as_it_is() -> None:
    desired = make_desired(policy="{}")
    assert "not json" in render_text(plan_of([desired], [record_of(desired, policy="not json")]))


@pytest.mark.parametrize(
    ("interval", "calls"), [("1h", 720), ("30m", 1440), ("15s", 172_800), ("0", 0), ("0h", 0), ("24h", 30), ("7h", 103), ("1000h", 1)]
)
def test_polling_follows_the_refresh_interval(interval: str, calls: int) -> None:
    assert polls_per_month(interval) == calls


def test_cost_is_records_and_polling_at_the_settings_prices(every_kind: Plan) -> None:
    settings = Settings(
        prices={"aws-secrets-manager": PriceSettings(record_month=0.5, per_10000_calls=100.0)},
        external_secrets=ExternalSecretsSettings(refresh_interval="1h"),
    )
    keys = dict.fromkeys(("SEC-0000", "SEC-0001", "SEC-0003", "SEC-0009"), 3)
    cost = estimate_cost(every_kind, settings=settings, store=SECRETS_MANAGER, keys=keys)
    assert (cost.records, cost.added_records) == (6, 1)
    assert cost.polling_calls_month == 2 * 720
    assert cost.dollars_month == pytest.approx(6 * 0.5 + 14.4)
    assert cost.added_dollars_month == pytest.approx(0.5 + 7.2)
    assert cost.apply_calls == apply_calls(every_kind) == 1 + 5 + 2 + (1 + 2 + 1)


PRICES = {
    "Secrets Manager": (StoreSettings(backend="aws-secrets-manager"), {}, 1, 720, 0.40),
    "standard parameters": (StoreSettings(backend="aws-parameter-store"), {}, 4, 3 * 720, 0.0),
    "advanced parameters": (StoreSettings(backend="aws-parameter-store", parameter_tier="advanced"), {}, 4, 3 * 720, 0.21),
    "a price of one's own": (StoreSettings(backend="openbao"), {"openbao": PriceSettings(record_month=2.0)}, 1, 720, 2.0),
    "a kind without a price": (StoreSettings(backend="openbao"), {}, 1, 720, 0.0),
}


@pytest.mark.parametrize(("store", "prices", "billed", "calls", "dollars"), PRICES.values(), ids=PRICES)
def test_each_kind_of_store_has_its_own_price(
    store: StoreSettings, prices: dict[str, PriceSettings], *, billed: int, calls: int, dollars: float
) -> None:
    """One new request with three keys: Parameter Store bills and polls each key, and keeps one parameter for the request itself."""
    settings = Settings(prices=prices, external_secrets=ExternalSecretsSettings(refresh_interval="1h"))
    cost = estimate_cost(plan_of([make_desired("SEC-0007")], []), settings=settings, store=store, keys={"SEC-0007": 3})
    assert (cost.billed_records, cost.added_billed_records, cost.polling_calls_month) == (billed, billed, calls)
    assert cost.dollars_month == cost.added_dollars_month == pytest.approx(dollars, abs=0.011)


def test_a_copy_in_another_region_is_billed_like_a_record() -> None:
    copied = make_desired("SEC-0007", replicas={"eu-west-1": "", "us-west-2": ""})
    cost = estimate_cost(plan_of([copied], []), settings=Settings(), store=SECRETS_MANAGER, keys={})
    assert (cost.records, cost.billed_records, cost.apply_calls) == (1, 3, 1 + 1 + 2)
    assert cost.dollars_month == pytest.approx(3 * 0.40)
    assert apply_calls(plan_of([copied], [record_of(make_desired("SEC-0007"))])) == 1 + 1 + (1 + 1 + 1)


def test_rotation_that_waits_is_named_and_costs_nothing_and_setting_it_is_one_call() -> None:
    rotated = make_desired(rotation=make_rotation())
    waiting = plan_of([rotated], [record_of(make_desired())])
    assert [(step.action, step.reason) for step in waiting.steps] == [("unchanged", "plan.rotation-waits")]
    assert apply_calls(waiting) == 1
    for page in (render_text(waiting), render_markdown(waiting)):
        assert "1 whose native rotation waits for a first value" in page
        assert "rotation-waits" in page.replace("&#45;", "-")
    made = plan_of([rotated], [])
    assert [(step.action, step.reason) for step in made.steps] == [("create", "plan.rotation-waits")]
    assert made.steps[0].desired == make_desired(), "what is made is without it"
    valued = replace(record_of(make_desired()), versions=(VersionInfo(id="v1", stages=("current",)),))
    setting = plan_of([rotated], [valued])
    assert f"+ rotation: {rotated.rotation}" in render_text(setting)
    assert apply_calls(setting) == 1 + 1 + (1 + 1 + 1)


def test_an_update_is_as_many_calls_as_it_changes_things() -> None:
    old = make_desired(tags={"goldenpath:old": "x"})
    new = replace(make_desired(), description="other", policy="")
    assert apply_calls(plan_of([new], [record_of(old)])) == 1 + 1 + (1 + 1 + 1 + 2 + 1)
    assert apply_calls(plan_of([replace(old, description="other")], [record_of(old)])) == 1 + 1 + (1 + 1 + 1)


def test_an_empty_plan_costs_one_look() -> None:
    cost = estimate_cost(plan_of([], []), settings=Settings(), store=SECRETS_MANAGER, keys={})
    assert (cost.apply_calls, cost.records, cost.dollars_month) == (1, 0, 0.0)


def test_an_embedded_store_is_neither_polled_nor_paid_for(every_kind: Plan) -> None:
    keys = {"SEC-0000": 2, "SEC-0001": 2}
    paid = estimate_cost(every_kind, settings=Settings(), store=SECRETS_MANAGER, keys=keys)
    free = estimate_cost(every_kind, settings=Settings(), store=StoreSettings(), keys=keys)
    assert paid.dollars_month > 0
    assert (free.polling_calls_month, free.dollars_month, free.added_dollars_month, free.is_embedded) == (0, 0.0, 0.0, True)
    assert (free.apply_calls, free.records, free.added_records) == (paid.apply_calls, paid.records, paid.added_records)


@pytest.mark.parametrize(("backend", "is_embedded"), [("local", True), ("memory", True), ("aws", False)])
def test_only_the_platforms_own_stores_are_embedded(backend: str, is_embedded: bool) -> None:
    assert EnvironmentSettings(stores={"x": StoreSettings(backend=backend)}).store("x").is_embedded is is_embedded
    assert EnvironmentSettings().store("x").is_embedded, "nothing configured is the embedded store"
