"""Doctor looks at the forge where reviews count: is it stated, does it answer, has everybody an account there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec import convert
from tests.forge.desk import REPOSITORY, URL, ReviewDesk

from goldenpath.app import doctor
from goldenpath.app.doctor import Check, Patient
from goldenpath.errors import Misconfigured, Unauthenticated
from goldenpath.model.settings import Settings


def looked_at(
    desk: ReviewDesk, *, settings: Settings | None = None, forge: Callable[..., Any] | None = None, is_offline: bool = False
) -> list[Check]:
    place = settings or convert(
        {"approvals": {"source": "reviews"}, "forge": {"kind": "gitea", "url": URL, "repository": REPOSITORY}}, Settings
    )
    services = SimpleNamespace(
        settings=place,
        settings_commit=desk.founded,
        repository=desk.services.repository,
        forge=forge or (lambda _settings: desk.forge),
        is_offline=is_offline,
    )
    patient = Patient(surroundings=cast("Any", None), services=cast("Any", services))
    return list(doctor._guarded("reviews", doctor._reviews, patient))


@pytest.fixture
def desk(tmp_path: Path) -> ReviewDesk:
    return ReviewDesk(tmp_path / "platform")


def test_it_names_who_has_no_account(desk: ReviewDesk) -> None:
    answers, people = looked_at(desk)
    assert (answers.state, answers.message) == ("ok", f"{REPOSITORY} at {URL} answers")
    assert (people.state, people.message) == ("warn", "no account is listed for lee")
    assert desk.forge.calls == ["open_pull_requests"]


def test_where_signed_statements_count_there_is_nothing_to_look_at(desk: ReviewDesk) -> None:
    assert looked_at(desk, settings=Settings()) == []
    assert desk.forge.calls == []


def test_a_forge_that_is_not_stated_is_a_fault(desk: ReviewDesk) -> None:
    (found,) = looked_at(desk, settings=convert({"approvals": {"source": "both"}}, Settings))
    assert (found.state, "forge.url" in found.fix) == ("fail", True)


def test_a_forge_that_does_not_answer_is_a_fault_with_its_code(desk: ReviewDesk) -> None:
    desk.forge.faults = [Unauthenticated("forge.unauthenticated", "the forge does not accept the token", hint="renew it")]
    (found,) = looked_at(desk)
    assert (found.state, "forge.unauthenticated" in found.message, found.fix) == ("fail", True, "renew it")


def test_a_token_that_is_missing_is_a_fault(desk: ReviewDesk) -> None:
    def refuse(_settings: object) -> None:
        raise Misconfigured("forge.token-missing", "there is no token for the forge", hint="export it")

    (found,) = looked_at(desk, forge=refuse)
    assert (found.state, found.fix) == ("fail", "export it")


def test_offline_nobody_is_asked(desk: ReviewDesk) -> None:
    (found,) = looked_at(desk, is_offline=True)
    assert (found.state, found.message) == ("warn", "not looked at: --offline")
    assert desk.forge.calls == []
