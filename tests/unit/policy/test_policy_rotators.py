"""A rotator that would rotate nothing is refused; cadences of types are cadences (D13, R13, R15)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from tests.builders import deep_merge
from tests.unit.policy.policy_desk import DEV, SETTINGS, context, edit, levels, new, shipped_policy, verdict_on

from goldenpath.model.rotators import usable_rotator, wanted_rotation
from goldenpath.model.settings import Settings
from goldenpath.policy.compiled import CompiledPolicy
from goldenpath.policy.gate import judge_catalog
from goldenpath.policy.weakening import weakenings

FUNCTION = f"arn:aws:lambda:us-east-1:{DEV}:function:rotate"
POSTGRES = {
    "lambdaArn": FUNCTION,
    "roleArn": f"arn:aws:iam::{DEV}:role/rotate",
    "secretTypes": ["database-credentials"],
    "options": ["superuser"],
}
SUNDAYS = {**POSTGRES, "window": {"opensAt": 2, "hours": 3, "weekday": "SUN"}}
STORES = {"aws-secrets-manager": {"backend": "aws-secrets-manager"}}


def platform(**dev: Any) -> Settings:
    """The desk's platform, whose dev declares rotators and keeps its secrets at AWS."""
    place = {"rotators": {"postgres": POSTGRES, "sundays": SUNDAYS}, "stores": STORES, **dev}
    return msgspec.convert(deep_merge(msgspec.to_builtins(SETTINGS), {"environments": {"dev": place}}), Settings)


NO_CADENCE = {"rotation": {"weekly": {"everyDays": 5, "maxAgeDays": 9}, "never": {"everyDays": 1001, "maxAgeDays": 2000}}}
BLOCKED = {"rotator-unusable": "block"}
AS_ASKED = [
    # what is asked for                              request                                                            dev      findings
    ("one for this type", {"rotator": "postgres"}, {}, {}),
    ("with an option that it knows", {"rotator": "postgres", "options": {"superuser": "goldenpath/a/dev/admin"}}, {}, {}),
    ("none at all", {}, {}, {}),
    ("none at all at the highest tier", {"tier": "high", "rotation": "high"}, {}, {}),
    ("options and no rotator", {"options": {"superuser": "x"}}, {}, BLOCKED),
    ("one that nobody declared", {"rotator": "mysql"}, {}, BLOCKED),
    ("one of another environment", {"rotator": "postgres", "environment": "staging"}, {}, {**BLOCKED}),
    ("another type", {"rotator": "postgres", "type": "api-key"}, {}, BLOCKED),
    ("class none", {"rotator": "postgres", "rotation": "none", "tier": "low"}, {}, BLOCKED),
    ("another provider", {"rotator": "postgres", "provider": "openbao"}, {}, BLOCKED),
    ("Parameter Store", {"rotator": "postgres", "provider": "aws-parameter-store"}, {}, BLOCKED),
    ("an embedded store", {"rotator": "postgres"}, {"stores": {"aws-secrets-manager": {"backend": "local"}}}, BLOCKED),
    ("an option that it does not know", {"rotator": "postgres", "options": {"colour": "red"}}, {}, BLOCKED),
    ("an option that is no tag", {"rotator": "postgres", "options": {"superuser": "a;b"}}, {}, BLOCKED),
    ("an option that is too long", {"rotator": "postgres", "options": {"superuser": "a" * 257}}, {}, BLOCKED),
    ("a window that comes too rarely", {"rotator": "sundays", "rotation": "weekly"}, {}, BLOCKED),
    ("a window that is in time", {"rotator": "sundays"}, {}, {}),
    ("five days without a window", {"rotator": "postgres", "rotation": "weekly"}, {}, {}),
    ("more days than AWS takes", {"rotator": "postgres", "rotation": "never"}, {}, BLOCKED),
    ("a request on its way out", {"rotator": "mysql", "status": "decommission_requested"}, {}, {}),
]


@pytest.mark.parametrize(("asked", "dev", "findings"), [row[1:] for row in AS_ASKED], ids=[row[0] for row in AS_ASKED])
def test_a_rotator_is_used_or_refused_and_nothing_between(asked: dict[str, Any], dev: dict[str, Any], findings: dict[str, Any]) -> None:
    using = context(NO_CADENCE, settings=platform(**dev))
    change = new(**asked)
    verdict = judge_catalog([change.current], using) if "status" in asked else verdict_on(change, using=using)
    assert {each.rule.removeprefix("policy."): each.level for each in verdict.findings if "rotator" in each.rule} == findings
    wanted = wanted_rotation(change.current, using.settings, using.policy.rotation)
    is_rotated = not findings and "rotator" in asked and "status" not in asked
    assert bool(wanted) is is_rotated
    assert bool(usable_rotator(change.current, using.settings, using.policy.rotation)) is is_rotated


def test_the_finding_names_the_field_and_what_there_is() -> None:
    verdict = verdict_on(new(rotator="mysql"), using=context(settings=platform()))
    (finding,) = (each for each in verdict.findings if each.rule == "policy.rotator-unusable")
    assert (finding.field, finding.got, finding.expected) == ("spec.rotation.rotator", "mysql", "postgres, sundays")
    assert "environments.dev.rotators" in finding.hint
    longest = verdict_on(new(rotator="postgres", options={"superuser": "canary;" * 60}), using=context(settings=platform()))
    assert "canary" not in str(longest.findings), "what an option says is not repeated"


def test_a_rotator_is_judged_with_the_whole_catalog_too() -> None:
    verdict = judge_catalog([new(rotator="mysql").current], context(settings=platform()))
    assert [each.rule for each in verdict.findings if each.is_blocking] == ["policy.rotator-unusable"]


def test_a_type_can_have_a_cadence_of_its_own() -> None:
    own = {"rotation": {"standard": {"secretTypes": {"database-credentials": {"everyDays": 45, "maxAgeDays": 60}}}}}
    using = context(own, settings=platform())
    for rotator, cadence in (("postgres", "every 45 days"), ("sundays", "cron(0 2 ? * SUN#1 *) for 3 h")):
        wanted = wanted_rotation(new(rotator=rotator).current, using.settings, using.policy.rotation)
        assert wanted is not None
        assert wanted.cadence == cadence
    slower = replace(
        using, policy=shipped_policy({"rotation": {"standard": {"secretTypes": {"api-key": {"everyDays": 20, "maxAgeDays": 30}}}}})
    )
    to_high = edit({"type": "api-key", "rotation": "standard", "tier": "low"}, {"type": "api-key", "rotation": "high", "tier": "low"})
    assert levels(verdict_on(to_high, using=slower)) == {"rotation-weakened": "warn"}, "30 days are slower than the type's 20"


@pytest.mark.parametrize(
    ("before", "after", "fields"),
    [
        ({}, {"api-key": 30}, []),
        ({"api-key": 30}, {}, ["rotation.standard.secretTypes"]),
        ({"api-key": 30}, {"api-key": 31}, ["rotation.standard.secretTypes"]),
        ({"api-key": 30}, {"api-key": 29}, []),
        ({}, {"api-key": 91}, ["rotation.standard.secretTypes"]),
    ],
)
def test_a_slower_cadence_of_a_type_gives_something_up(before: dict[str, int], after: dict[str, int], fields: list[str]) -> None:
    def compiled(days: dict[str, int]) -> CompiledPolicy:
        types = {name: {"everyDays": every, "maxAgeDays": every + 10} for name, every in days.items()}
        return CompiledPolicy(shipped_policy({"rotation": {"standard": {"secretTypes": types}}}), SETTINGS)

    assert [field for field, _ in weakenings(compiled(before), compiled(after))] == fields
