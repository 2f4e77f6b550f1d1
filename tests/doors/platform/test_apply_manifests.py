"""What an apply would commit is shown and asked about like what it would do in a store, and nothing beyond what was shown is committed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.world import Run, World

from goldenpath.app import deliver
from goldenpath.cli import confirm
from goldenpath.cli.root import run as run_here
from goldenpath.delivery.listing import LISTING, checksum

INVENTORY = "environments/{}/inventory.json"
EXTERNAL_SECRET = "environments/dev/external-secrets/payments/payments-db-credentials-sync.yaml"
Happening = Callable[[], None]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Everything is applied and seeded in dev and prod; nothing is left to do."""
    made = World.make(tmp_path_factory.mktemp("base") / "world")
    made.approved_request()
    assert made.cli("pat", "apply", "--yes").code == 0
    assert made.cli("pat", "seed", "SEC-0007", "--generate", "username", "--generate", "password").code == 0
    return made


@pytest.fixture
def world(base: World, tmp_path: Path) -> World:
    return base.copy(tmp_path / "world")


def gitops(world: World, *arguments: str) -> str:
    return world.git("pat", *arguments, where=world.gitops)


def manifests(world: World) -> str:
    return gitops(world, "rev-parse", "main").strip()


def revert_delivery(world: World, environment: str) -> None:
    """Take an environment's files out of the GitOps repository together with their listing: they are to be generated anew."""
    gitops(world, "rm", "-r", "--quiet", f"environments/{environment}")
    gitops(world, "commit", "--quiet", "--message", f"Take {environment} out")


def edit(world: World, path: str, text: str = "by hand\n") -> None:
    (world.gitops / path).parent.mkdir(parents=True, exist_ok=True)
    (world.gitops / path).write_text(text)
    gitops(world, "add", "--all")
    gitops(world, "commit", "--quiet", "--message", "By hand")


def at_a_terminal(*answers: str, meanwhile: Happening = lambda: None) -> Happening:
    """Let a person answer; ``meanwhile`` happens while they think about the last question."""
    left = list(answers)

    def arm() -> None:
        def ask(_output: object, question: str) -> str:
            sys.stderr.write(f"{question}\n")
            if len(left) == 1:
                meanwhile()
            return left.pop(0)

        os.environ.pop("CI", None)
        for stream in (sys.stdin, sys.stderr):
            stream.isatty = lambda: True  # type: ignore[method-assign]
        confirm.ask = ask  # type: ignore[assignment]

    return arm


def plan(world: World, *flags: str) -> dict[str, Any]:
    run = world.cli("pat", "apply", "--dry-run", "-o", "json", *flags)
    assert run.code == 0, run.err
    document: dict[str, Any] = json.loads(run.out)
    return document


def files_of(document: dict[str, Any], environment: str = "dev") -> list[tuple[str, str, bool]]:
    parts = [part for part in document["manifests"] if part["environment"] == environment]
    return [(file["path"], file["action"], file["is_drift"]) for part in parts for file in part["files"]]


def refused(run: Run, code: str, exit_code: int = 6) -> None:
    assert (run.code, f"[{code}]" in run.err) == (exit_code, True), run


def test_a_first_apply_shows_what_it_commits_and_what_waits(tmp_path: Path) -> None:
    world = World.make(tmp_path / "world")
    world.approved_request()
    before = manifests(world)
    document = plan(world, "--environment", "dev")
    shown = [path for path, _, _ in files_of(document)]
    assert document["awaiting_value"] == ["SEC-0007"]
    assert EXTERNAL_SECRET not in shown
    assert shown == sorted(shown)
    text = world.cli("pat", "apply", "--dry-run", "--environment", "dev").out
    assert "Awaiting a first value, without an ExternalSecret until then: SEC-0007" in text
    assert f"+ {INVENTORY.format('dev')}" in text
    assert text.splitlines()[-1] == f"Manifests: {len(shown)} to add, 0 to change, 0 to remove"
    assert manifests(world) == before, "a dry run commits nothing"
    done = world.cli("pat", "apply", "--environment", "dev", "--yes", "-o", "json")
    assert sorted(json.loads(done.out)["delivery"]["written"]) == shown, "what is shown is what is committed"
    assert files_of(plan(world, "--environment", "dev")) == []


def test_nothing_to_do_is_said_of_both(world: World) -> None:
    text = world.cli("pat", "apply", "--dry-run", "--environment", "dev").out
    assert text.startswith("Nothing to do: stores and manifests match ")


def test_new_changed_and_removed_files_have_their_signs(world: World) -> None:
    changed = edit_listing_and_leave_a_stale_file(world)
    gitops(world, "rm", "--quiet", INVENTORY.format("dev"))
    gitops(world, "commit", "--quiet", "--message", "Lose the inventory")
    document = plan(world, "--environment", "dev")
    assert (INVENTORY.format("dev"), "create", True) in files_of(document)
    assert (changed, "remove", False) in files_of(document)
    text = world.cli("pat", "apply", "--dry-run", "--environment", "dev").out
    assert f"\n+ {INVENTORY.format('dev')}  changed by hand\n" in text
    assert f"\n- {changed}\n" in text
    assert text.splitlines()[-1] == "Manifests: 1 to add, 1 to change, 1 to remove"


def edit_listing_and_leave_a_stale_file(world: World) -> str:
    """Add a file that an earlier release generated, with its line in the listing; return its path."""
    stale = "environments/dev/stale.yaml"
    listing = f"environments/dev/{LISTING}"
    text = (world.gitops / listing).read_text()
    (world.gitops / listing).write_text(text + f"{checksum(b'stale' + bytes([10]))}  stale.yaml\n")
    edit(world, stale, "stale\n")
    return stale


def test_only_manifests_differ_and_prod_must_be_typed(world: World) -> None:
    revert_delivery(world, "prod")
    before = manifests(world)
    run = world.cli("pat", "apply", before=at_a_terminal("y"))
    refused(run, "cli.declined", 130)
    assert manifests(world) == before
    count = len(files_of(plan(world), "prod"))
    assert count > 1
    assert f"This will commit {count} manifests in prod. Type prod to go on:" in run.err
    assert f"+ {INVENTORY.format('prod')}" in run.err, "the person sees what they are asked about"
    assert world.cli("pat", "apply", before=at_a_terminal("prod")).code == 0
    assert manifests(world) != before


def test_without_a_person_only_manifests_need_the_flag_too(world: World) -> None:
    revert_delivery(world, "dev")
    before = manifests(world)
    refused(world.cli("pat", "apply", "--environment", "dev"), "cli.confirmation-needed", 2)
    assert manifests(world) == before
    assert world.cli("pat", "apply", "--environment", "dev", "--yes").code == 0
    assert manifests(world) != before


def test_nothing_to_do_asks_nothing(world: World) -> None:
    before = manifests(world)
    run = world.cli("pat", "apply")
    assert (run.code, manifests(world)) == (0, before), run.err


def test_steps_and_manifests_are_counted_together(tmp_path: Path) -> None:
    world = World.make(tmp_path / "world")
    world.approved_request()
    count = len(files_of(plan(world, "--environment", "dev")))
    run = world.cli("pat", "apply", "--environment", "dev", before=at_a_terminal("n"))
    assert f"This will apply 1 step and commit {count} manifests in dev. Go on? [y/N]" in run.err


def test_more_than_was_shown_is_refused_before_the_first_step(tmp_path: Path) -> None:
    world = World.make(tmp_path / "world")
    world.approved_request()
    before = world.cli("pat", "status", "-o", "json").out
    seen = len(files_of(plan(world, "--environment", "dev")))

    def meanwhile() -> None:
        edit(world, "environments/dev/.goldenpath-old", "")  # the branch moves: harmless by itself
        rendered = deliver.rendered

        def other(*arguments: Any) -> dict[str, dict[str, bytes]]:
            files = rendered(*arguments)
            files["dev"]["more.yaml"] = b"more: 1\n"
            return files

        deliver.rendered = other  # type: ignore[assignment]

    run = world.cli("pat", "apply", "--environment", "dev", before=at_a_terminal("y", meanwhile=meanwhile))
    refused(run, "delivery.not-seen")
    assert "more.yaml" in run.err
    assert world.cli("pat", "status", "-o", "json").out == before, "no step was done"
    assert len(files_of(plan(world, "--environment", "dev"))) == seen, "nothing was committed"


def test_an_edit_by_hand_after_the_question_is_not_overwritten(world: World) -> None:
    revert_delivery(world, "dev")
    assert world.cli("pat", "apply", "--environment", "dev", "--yes").code == 0
    edit(world, INVENTORY.format("dev"))

    def meanwhile() -> None:
        edit(world, EXTERNAL_SECRET, "urgent: fix\n")

    run = world.cli("pat", "apply", "--environment", "dev", "--accept-manifest-drift", before=at_a_terminal("y", meanwhile=meanwhile))
    refused(run, "delivery.not-seen")
    assert (world.gitops / EXTERNAL_SECRET).read_text() == "urgent: fix\n"


def test_when_another_run_commits_the_same_meanwhile_the_apply_goes_on(world: World) -> None:
    revert_delivery(world, "dev")
    assert len(files_of(plan(world, "--environment", "dev"))) > 1
    head = manifests(world)

    def meanwhile() -> None:
        if os.fork() == 0:  # another run on the same machine
            os._exit(run_here(["apply", "--environment", "dev", "--yes"]))
        assert os.waitstatus_to_exitcode(os.wait()[1]) == 0

    run = world.cli("pat", "apply", "--environment", "dev", before=at_a_terminal("y", meanwhile=meanwhile))
    assert run.code == 0, run.err
    assert gitops(world, "rev-list", "--count", f"{head}..main").strip() == "1", "committed once"


def test_manifests_that_are_held_up_are_shown_not_asked_about_and_not_committed(world: World) -> None:
    edit(world, INVENTORY.format("dev"))
    before = manifests(world)
    text = world.cli("pat", "apply", "--dry-run", "--environment", "dev").out
    assert f"~ {INVENTORY.format('dev')}  changed by hand" in text
    assert "--accept-manifest-drift" in text
    refused(world.cli("pat", "apply", "--environment", "dev"), "delivery.drift")
    assert manifests(world) == before
    run = world.cli("pat", "apply", "--environment", "dev", "--accept-manifest-drift", before=at_a_terminal("y"))
    assert run.code == 0, run.err
    assert "This will commit 1 manifest in dev." in run.err


def test_a_file_in_the_way_is_named(world: World) -> None:
    revert_delivery(world, "dev")
    edit(world, INVENTORY.format("dev"))
    assert [part["foreign"] for part in plan(world, "--environment", "dev")["manifests"]] == [[INVENTORY.format("dev")]]
    assert f"! {INVENTORY.format('dev')}  in the way" in world.cli("pat", "apply", "--dry-run", "--environment", "dev").out
    refused(world.cli("pat", "apply", "--environment", "dev"), "delivery.foreign-file")


def test_a_plan_is_the_same_twice(world: World) -> None:
    revert_delivery(world, "dev")
    assert plan(world)["manifests"] == plan(world)["manifests"]
