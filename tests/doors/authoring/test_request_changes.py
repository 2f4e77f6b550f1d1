"""Changes of requests from the outside, in a real repository: working tree, branch, pull request; what is refused, and from when it is not."""

from __future__ import annotations

import json
import os
import pty
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
import yaml
from tests.builders import FakeClock
from tests.canary import hits_in, new_canary, scan_tree
from tests.e2e.world import SEC_0007, Run, World
from tests.forge_fake import FakeForge

from goldenpath.app.services import Services
from goldenpath.cli.state import CliState
from goldenpath.model.forge import PullRequest
from goldenpath.providers.system import SystemClock

PATH = "catalogs/secrets/payments/dev/SEC-0007.yaml"
COMMENTED = SEC_0007.replace("  owner: app-team\n", "  owner: app-team   # pays for it\n").replace("spec:\n", "spec:  # what\n")
SIDECAR = (
    "apiVersion: goldenpath.io/v1\nkind: SecretRequestMetadata\nmetadata:\n  id: SEC-0007\n  owner: app-team # here too\n"
    "spec:\n  risk: {tier: medium}\n"
)
NEW = ("request", "new", "--service", "search", "--name", "index-key", "--environment", "dev", "--owner", "app-team")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World.make(tmp_path_factory.mktemp("made") / "world")
    world.approve({PATH: COMMENTED, PATH.replace(".yaml", ".metadata.yaml"): SIDECAR}, branch="first")
    return world


@pytest.fixture
def world(made: World, tmp_path: Path) -> World:
    return made.copy(tmp_path / "world")


def dana(world: World, *words: str, before: Callable[[], None] | None = None) -> Run:
    return world.cli("dana", *words, before=before)


def document(run: Run) -> dict[str, object]:
    assert run.code == 0, run
    found: dict[str, object] = json.loads(run.out)
    return found


def shown(world: World, ref: str, path: str = PATH) -> str:
    return world.git("dana", "show", f"{ref}:{path}")


def on_day(day: str) -> Callable[[], None]:
    """Let a forked run live on another day."""
    moment = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC)

    def patch() -> None:
        SystemClock.now = lambda _self: moment  # type: ignore[method-assign,assignment]

    return patch


def days_later(count: int) -> str:
    return datetime.fromtimestamp(datetime.now(UTC).timestamp() + count * 86_400, UTC).strftime("%Y-%m-%d")


# --- edit -----------------------------------------------------------------------------------------------------------------------


def test_an_edit_changes_its_lines_and_the_sidecar_with_them(world: World) -> None:
    run = dana(world, "request", "edit", "SEC-0007", "--owner", "sre-team", "--tier", "high", "-o", "json")
    sidecar = PATH.replace(".yaml", ".metadata.yaml")
    assert document(run)["files"] == [sidecar, PATH]
    assert (world.platform / PATH).read_text() == COMMENTED.replace("app-team ", "sre-team ").replace("medium", "high")
    assert (world.platform / sidecar).read_text() == SIDECAR.replace("app-team", "sre-team").replace("medium", "high")
    assert dana(world, "validate").code == 0
    assert world.git("dana", "status", "--porcelain").splitlines() == [f" M {sidecar}", f" M {PATH}"]


def test_an_edit_keeps_a_sidecar_that_says_nothing_about_it(world: World) -> None:
    run = dana(world, "request", "edit", "SEC-0007", "--ttl-days", "60", "--add-key", "url:url", "--remove-key", "username", "-o", "json")
    assert document(run)["files"] == [PATH]
    assert (world.platform / PATH).read_text() == COMMENTED.replace("ttlDays: 30", "ttlDays: 60").replace(
        "    - name: username\n    - name: password\n", "    - name: password\n    - name: url\n      format: url\n"
    )


def test_an_edit_that_was_cut_short_is_finished_by_the_next_run(world: World) -> None:
    sidecar = PATH.replace(".yaml", ".metadata.yaml")
    world.write(sidecar, SIDECAR.replace("app-team", "sre-team"))
    assert document(dana(world, "request", "edit", "SEC-0007", "--owner", "sre-team", "-o", "json"))["files"] == [PATH]
    assert dana(world, "validate").code == 0


def test_a_dry_run_shows_the_difference_and_writes_nothing(world: World) -> None:
    run = dana(world, "request", "edit", "SEC-0007", "--description", "Key: of payments", "--dry-run")
    assert (run.code, '+  description: "Key: of payments"\n' in run.out) == (0, True), run
    assert world.git("dana", "status", "--porcelain") == ""


def test_an_edit_that_says_the_same_writes_nothing(world: World) -> None:
    run = dana(world, "request", "edit", "SEC-0007", "--owner", "app-team", "-o", "json")
    assert document(run)["is_changed"] is False
    assert world.git("dana", "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("flags", "code", "rule"),
    [
        (("--tier", "High"), 2, "intent.enum"),
        (("--ttl-days", "0"), 2, "intent.range"),
        (("--description", "a\u202eb"), 2, "intent.control-character"),
        (("--add-key", "PASSWORD"), 2, "intent.duplicate-declared-key"),
        (("--add-key", "password"), 2, "request.item-there"),
        (("--remove-key", "gone"), 2, "request.item-unknown"),
        (("--remove-read-principal", "arn:aws:iam::593517239005:role/x"), 2, "request.item-unknown"),
        (("--rotation", "none", "--tier", "high"), 1, "policy.rotation-required"),
        (("--recovery-window", "3"), 2, "intent.range"),
        ((), 2, "cli.missing-argument"),
    ],
)
def test_a_bad_edit_is_refused_and_nothing_is_written(flags: tuple[str, ...], code: int, rule: str, world: World) -> None:
    run = dana(world, "request", "edit", "SEC-0007", *flags)
    assert (run.code, rule in run.out + run.err) == (code, True), run
    assert world.git("dana", "status", "--porcelain") == ""


def test_an_unknown_request_and_a_faulty_sidecar_are_named(world: World) -> None:
    assert "request.unknown" in dana(world, "request", "edit", "SEC-9999", "--owner", "sre-team").err
    world.write(PATH.replace(".yaml", ".metadata.yaml"), SIDECAR + "more: 1\n")
    run = dana(world, "request", "edit", "SEC-0007", "--ttl-days", "60")
    assert (run.code, "request.sidecar-faulty" in run.err, "SEC-0007.metadata.yaml:8" in run.err) == (2, True, True), run


# --- the lifecycle (CASES 161, 162) -----------------------------------------------------------------------------------------------


def merged_at(world: World, status: str) -> None:
    """Bring the request to a state, each step on a day of its own, long enough after the one before."""
    steps = ("active", "deprecated", "decommission_requested", "decommissioned")
    for step in steps[1 : steps.index(status) + 1]:
        text = (world.platform / PATH).read_text()
        world.propose(f"to-{step}", {PATH: text.replace(f"status: {steps[steps.index(step) - 1]}", f"status: {step}")})
        world.merge(f"to-{step}")


def test_a_request_is_deprecated_when_its_dwell_is_over_and_not_before(world: World) -> None:
    early = dana(world, "request", "deprecate", "SEC-0007")
    assert (early.code, f"earliest allowed date {days_later(7)}" in early.out) == (1, True), early
    assert world.git("dana", "status", "--porcelain") == ""
    later = dana(world, "request", "deprecate", "SEC-0007", before=on_day(days_later(8)))
    assert later.code == 0, later
    assert (world.platform / PATH).read_text() == COMMENTED.replace("status: active", "status: deprecated")


def test_a_skipped_step_names_the_step_between_and_the_earliest_date(world: World) -> None:
    run = dana(world, "request", "decommission", "SEC-0007", "-o", "json")
    (finding,) = [each for each in json.loads(run.out)["findings"] if each["rule"] == "policy.lifecycle-step"]
    assert run.code == 1
    assert finding["hint"] == (
        f"first deprecated, in a change of its own (from {days_later(7)}); "
        f"earliest allowed date for decommission_requested: {days_later(14)}"
    )


def test_two_steps_in_a_working_tree_are_one_change(world: World) -> None:
    assert dana(world, "request", "deprecate", "SEC-0007", before=on_day(days_later(8))).code == 0
    run = dana(world, "request", "decommission", "SEC-0007", before=on_day(days_later(40)))
    assert (run.code, "policy.lifecycle-step" in run.out) == (1, True), run


@pytest.mark.parametrize(
    ("status", "verb", "code", "says"),
    [
        ("active", "deprecate", 0, "deprecated"),
        ("active", "decommission", 1, "policy.lifecycle-step"),
        ("active", "withdraw", 6, "request.wrong-direction"),
        ("deprecated", "deprecate", 0, "says that already"),
        ("deprecated", "decommission", 0, "decommission_requested"),
        ("deprecated", "withdraw", 0, "says that already"),
        ("decommission_requested", "deprecate", 6, "goldenpath request withdraw SEC-0007"),
        ("decommission_requested", "decommission", 0, "says that already"),
        ("decommission_requested", "withdraw", 0, "deprecated"),
        ("decommissioned", "deprecate", 1, "policy.lifecycle-step"),
        ("decommissioned", "decommission", 1, "policy.lifecycle-step"),
        ("decommissioned", "withdraw", 6, "no step leads back from there"),
    ],
)
def test_every_state_and_verb(status: str, verb: str, code: int, says: str, world: World) -> None:
    merged_at(world, status)
    run = dana(world, "request", verb, "SEC-0007", before=on_day(days_later(30)))
    assert (run.code, says in run.out + run.err + (world.platform / PATH).read_text()) == (code, True), run


def test_a_renewal_is_dated_today_and_only_once(world: World) -> None:
    assert dana(world, "request", "renew", "SEC-0007", before=on_day("2027-02-03")).code == 0
    assert (world.platform / PATH).read_text() == COMMENTED.replace("  ttlDays: 30\n", '  ttlDays: 30\n  renewedOn: "2027-02-03"\n')
    again = dana(world, "request", "renew", "SEC-0007", before=on_day("2027-02-03"))
    assert (again.code, "says that already" in again.out) == (0, True), again


# --- branches ---------------------------------------------------------------------------------------------------------------------


def test_a_branch_gets_the_change_and_the_working_tree_keeps_what_it_has(world: World) -> None:
    world.git("dana", "switch", "--quiet", "--create", "elsewhere")
    world.write("notes.txt", "mine\n")
    world.git("dana", "add", "notes.txt")
    world.write("catalogs/secrets/payments/dev/SEC-0044.yaml", "half a thought\n")
    before = world.git("dana", "status", "--porcelain"), world.git("dana", "rev-parse", "HEAD", "main")
    run = dana(world, "request", "edit", "SEC-0007", "--ttl-days", "60", "--branch", "request/longer", "-o", "json")
    told = document(run)
    assert told["commit"] == world.git("dana", "rev-parse", "request/longer").strip()
    assert (world.git("dana", "status", "--porcelain"), world.git("dana", "rev-parse", "HEAD", "main")) == before
    assert shown(world, "request/longer") == COMMENTED.replace("ttlDays: 30", "ttlDays: 60")
    assert world.git("dana", "diff", "--name-only", "main", "request/longer").split() == [PATH]
    assert world.git("dana", "log", "-1", "--format=%an <%ae>|%s", "request/longer").strip() == (
        "Dana Developer <dana@example.com>|Edit SEC-0007 payments/dev/payments-db-credentials"
    )
    assert world.git("dana", "log", "-1", "--format=%P", "request/longer") == world.git("dana", "rev-parse", "main")


def test_a_second_change_goes_on_from_the_branch(world: World) -> None:
    assert dana(world, "request", "edit", "SEC-0007", "--ttl-days", "60", "--branch", "request/x").code == 0
    assert dana(world, "request", "edit", "SEC-0007", "--owner", "sre-team", "--branch", "request/x").code == 0
    assert "owner: sre-team" in shown(world, "request/x")
    assert "ttlDays: 60" in shown(world, "request/x")
    assert len(world.git("dana", "rev-list", "main..request/x").split()) == 2


def test_a_new_request_on_a_branch_takes_the_next_id_of_the_protected_branch(world: World) -> None:
    world.write("catalogs/secrets/payments/dev/SEC-0900.yaml", SEC_0007.replace("SEC-0007", "SEC-0900"))
    told = document(dana(world, *NEW, "--branch", "request/search", "-o", "json"))
    assert (told["id"], told["path"]) == ("SEC-0201", "catalogs/secrets/search/dev/SEC-0201.yaml")
    assert not (world.platform / str(told["path"])).exists()
    assert shown(world, "request/search", str(told["path"])).startswith("apiVersion: goldenpath.io/v1\n")
    assert world.cli("pat", "policy", "check", "--base", "main", "--head", "request/search").code in {0, 5}


@pytest.mark.parametrize("is_staged", [False, True])
def test_a_file_with_a_change_of_its_own_is_refused(is_staged: bool, world: World) -> None:
    world.write(PATH, COMMENTED.replace("ttlDays: 30", "ttlDays: 31"))
    if is_staged:
        world.git("dana", "add", PATH)
        world.write(PATH, COMMENTED)
    run = dana(world, "request", "edit", "SEC-0007", "--owner", "sre-team", "--branch", "request/x")
    assert (run.code, "request.dirty-file" in run.err, PATH in run.err) == (6, True, True), run
    assert world.git("dana", "branch", "--list", "request/x") == ""


@pytest.mark.parametrize(
    ("branch", "code", "says"),
    [("first/x", 6, "git.branch-name-taken"), ("main", 2, "request.branch-protected"), ("../x", 2, "git.branch-invalid"), ("-x", 2, "git.branch-invalid"), ("open", 6, "git.branch-checked-out")],
)  # fmt: skip
def test_a_branch_that_cannot_be_used_is_refused(branch: str, code: int, says: str, world: World) -> None:
    world.git("dana", "switch", "--quiet", "--create", "open")
    run = dana(world, "request", "edit", "SEC-0007", "--ttl-days", "60", "--branch", branch)
    assert (run.code, says in run.err) == (code, True), run


def test_nobody_is_committed_as_nobody(world: World) -> None:
    def nameless() -> None:
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            del os.environ[name]
        os.environ["GIT_CONFIG_GLOBAL"] = os.devnull
        os.environ["GIT_CONFIG_NOSYSTEM"] = "1"

    run = dana(world, "request", "renew", "SEC-0007", "--branch", "request/x", before=nameless)
    assert (run.code, "git.identity-missing" in run.err) == (2, True), run


# --- pull requests ----------------------------------------------------------------------------------------------------------------


class Forge:
    """What forked runs see of a forge: each writes what it was asked into a file."""

    def __init__(self, world: World) -> None:
        self.remote = world.root / "origin.git"
        world.git("pat", "clone", "--quiet", "--bare", str(world.platform), str(self.remote))
        world.git("pat", "remote", "add", "origin", str(self.remote))
        self._file = world.root / "opened.json"

    def arm(self) -> None:
        seen, fake = self._file, FakeForge(clock=FakeClock())

        class Told(FakeForge):
            def open_pull_request(self, *, head: str, base: str, title: str, body: str) -> PullRequest:
                seen.write_text(json.dumps({"head": head, "base": base, "title": title, "body": body}))
                fake.heads[head] = "0" * 40
                return fake.open_pull_request(head=head, base=base, title=title, body=body)

        services = CliState.services.func  # type: ignore[attr-defined]

        def with_forge(state: CliState) -> Services:
            wired: Services = services(state)
            return replace(wired, forge=lambda _settings: Told())

        CliState.services = property(with_forge)  # type: ignore[assignment,method-assign]

    def opened(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self._file.read_text())
        return found


def test_open_commits_pushes_and_opens_the_pull_request(world: World) -> None:
    forge = Forge(world)
    told = document(dana(world, *NEW, "--description", "<!-- x --> | @all", "--open", "-o", "json", before=forge.arm))
    assert told["branch"] == "request/request-sec-0201"
    assert str(told["url"]).startswith("https://forge.example/")
    tip = world.git("dana", "ls-remote", str(forge.remote), "refs/heads/request/request-sec-0201").split()[0]
    assert tip == told["commit"]
    opened = forge.opened()
    assert (opened["head"], opened["base"]) == ("request/request-sec-0201", "main")
    assert opened["title"] == "Request SEC-0201 search/dev/index-key"
    assert "| Risk tier | medium |" in opened["body"]
    assert "@all" not in opened["body"] + opened["title"]


def test_open_starts_from_the_newest_protected_branch(world: World) -> None:
    forge = Forge(world)
    other = world.root / "other"
    world.git("pat", "clone", "--quiet", str(forge.remote), str(other))
    moved = SEC_0007.replace("SEC-0007", "SEC-0300").replace("payments-db", "other-db").replace("credentials", "words")
    (other / "catalogs/secrets/payments/dev/SEC-0300.yaml").write_text(moved)
    world.git("pat", "add", "--all", where=other)
    world.git("pat", "commit", "--quiet", "--message", "More", where=other)
    world.git("pat", "push", "--quiet", "origin", "main", where=other)
    told = document(dana(world, *NEW, "--open", "-o", "json", before=forge.arm))
    assert told["id"] == "SEC-0301"
    assert world.git("dana", "merge-base", str(told["branch"]), "origin/main") == world.git("pat", "rev-parse", "main", where=other)


def test_a_branch_that_the_remote_has_further_on_is_not_overwritten(world: World) -> None:
    forge = Forge(world)
    assert dana(world, "request", "renew", "SEC-0007", "--branch", "request/x").code == 0
    world.git("pat", "push", "--quiet", "origin", "main:refs/heads/elsewhere")
    world.git("pat", "-C", str(forge.remote), "update-ref", "refs/heads/request/x", "refs/heads/elsewhere")
    world.git("pat", "-C", str(forge.remote), "symbolic-ref", "HEAD", "refs/heads/main")
    other = world.root / "other"
    world.git("pat", "clone", "--quiet", "--branch", "request/x", str(forge.remote), str(other))
    world.git("pat", "commit", "--quiet", "--allow-empty", "--message", "Theirs", where=other)
    world.git("pat", "push", "--quiet", "origin", "request/x", where=other)
    theirs = world.git("pat", "ls-remote", str(forge.remote), "refs/heads/request/x")
    run = dana(world, "request", "edit", "SEC-0007", "--owner", "sre-team", "--branch", "request/x", "--open", before=forge.arm)
    assert (run.code, "git.branch-moved" in run.err) == (6, True), run
    assert world.git("pat", "ls-remote", str(forge.remote), "refs/heads/request/x") == theirs


def test_a_forge_that_refuses_leaves_a_branch_to_go_on_from(world: World) -> None:
    forge = Forge(world)
    run = dana(world, "request", "renew", "SEC-0007", "--open")
    assert (run.code, "forge." in run.err) == (2, True), run
    assert "renewedOn" in shown(world, "request/renew-sec-0007")
    again = document(
        dana(
            world,
            "request",
            "edit",
            "SEC-0007",
            "--ttl-days",
            "60",
            "--branch",
            "request/renew-sec-0007",
            "--open",
            "-o",
            "json",
            before=forge.arm,
        )
    )
    assert str(again["url"]).startswith("https://forge.example/")


def test_open_without_a_remote_says_so(world: World) -> None:
    run = dana(world, "request", "renew", "SEC-0007", "--open")
    assert (run.code, "git.remote-missing" in run.err, "--open" in run.err) == (2, True, True), run
    assert world.git("dana", "branch", "--list", "request/*") == ""


def test_open_without_a_network_says_so(world: World) -> None:
    Forge(world)
    offline = dana(world, "request", "renew", "SEC-0007", "--open", "--offline")
    assert (offline.code, "cli.offline" in offline.err) == (2, True), offline
    assert world.git("dana", "branch", "--list", "request/*") == ""


# --- what a person sees -----------------------------------------------------------------------------------------------------------


def test_a_person_on_a_terminal_is_asked_with_the_platforms_words(world: World) -> None:
    answers = ("pay ments", "payments", "card-key", "prd", "staging", "app-team", "api-key", "", "")
    code, screen = on_a_terminal(world, ("request", "new", "--provider", "openbao"), answers)
    assert code == 0, screen
    for question in (
        "service that the secret belongs to: ",
        "environment (dev, test, staging, prod, ephemeral): ",
        "type (database-credentials, api-key, ",
        "risk tier (low, medium, high) [medium]: ",
        "rotation class (none, standard, high) [standard]: ",
    ):
        assert question in screen
    assert "pay ments [" not in screen.partition("warning: ")[2], "an answer is not repeated"
    written = (world.platform / "catalogs/secrets/payments/prod/SEC-0201.yaml").read_text()
    assert "  name: card-key\n  owner: app-team\n" in written
    assert "  secretType: api-key\n  risk:\n    tier: medium\n" in written


def test_no_usable_answer_ends_the_questions(world: World) -> None:
    code, screen = on_a_terminal(world, ("request", "new"), ("A B", "", "x_"))
    assert (code, "--service: no usable answer" in screen) == (2, True), screen
    assert world.git("dana", "status", "--porcelain") == ""


def on_a_terminal(world: World, words: tuple[str, ...], answers: tuple[str, ...]) -> tuple[int, str]:
    """Run the command on a terminal of its own, type the answers, and return the exit code and what was shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        environment = {name: word for name, word in world.environment("dana").items() if name != "CI"}
        os.chdir(world.platform)
        os.execve(sys.executable, [sys.executable, "-m", "goldenpath", *words], environment)  # noqa: S606
    os.write(terminal, "".join(f"{answer}\n" for answer in answers).encode())
    screen = b""
    with suppress(OSError):  # a terminal without anybody at its other end is at its end
        while part := os.read(terminal, 4096):
            screen += part
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), screen.decode().replace("\r\n", "\n")


def test_new_files_point_editors_to_the_platforms_schema_when_it_is_there(world: World) -> None:
    schema = dana(world, "schema", "request", "--platform")
    assert schema.code == 0
    properties = json.loads(schema.out)["$defs"]["Metadata"]["properties"]
    assert "app-team" in properties["owner"]["enum"]
    assert properties["service"]["description"] == "Service that the secret belongs to"
    world.propose("schema", {"schemas/goldenpath/request.json": schema.out})
    world.merge("schema")
    told = document(dana(world, *NEW, "--branch", "request/x", "-o", "json"))
    first = shown(world, "request/x", str(told["path"])).splitlines()[0]
    assert first == "# yaml-language-server: $schema=../../../../schemas/goldenpath/request.json"
    linked = (world.platform / str(told["path"])).parent / first.partition("=")[2]
    assert os.path.normpath(linked) == str(world.platform / "schemas/goldenpath/request.json")
    refused = dana(world, "schema", "policy", "--platform")
    assert (refused.code, "request and sidecar" in refused.err) == (2, True), refused


def test_the_platforms_schema_takes_what_the_reader_takes(world: World) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(dana(world, "schema", "request", "--platform").out))
    tree = yaml.safe_load(SEC_0007)
    assert validator.is_valid(tree)
    tree["metadata"]["owner"] = "nobody"
    assert not validator.is_valid(tree)


def test_list_filters_and_tells_the_terms(world: World) -> None:
    every = document(dana(world, "request", "list", "-o", "json"))["requests"]
    assert isinstance(every, list)
    assert [row["id"] for row in every] == ["SEC-0007", "SEC-0200"]
    assert every[0]["ends"] == days_later(30)

    def ids(*flags: str, day: str | None = None) -> list[str]:
        rows = document(dana(world, "request", "list", *flags, "-o", "json", before=on_day(day) if day else None))["requests"]
        assert isinstance(rows, list)
        return [row["id"] for row in rows]

    assert ids("--service", "payments") == ["SEC-0007"]
    assert ids("-e", "production") == ["SEC-0200"]
    assert ids("--owner", "app-team", "--tier", "medium", "--state", "active") == ["SEC-0007"]
    assert ids("--tier", "high", "--tier", "medium") == ["SEC-0007"]
    assert ids("--expiring", "7") == []
    assert ids("--expiring", "7", day=days_later(25)) == ["SEC-0007"]
    assert ids("--expiring", "0", day=days_later(31)) == ["SEC-0007"]
    assert "payments-db-credentials" in dana(world, "request", "list").out
    for flags in (("--owner", "nobody"), ("--tier", "High"), ("--state", "done")):
        refused = dana(world, "request", "list", *flags)
        assert (refused.code, "request.filter-unknown" in refused.err) == (2, True), refused


def test_no_verb_leaves_a_pasted_value_behind(world: World) -> None:
    canary = new_canary().replace("<é>", "")
    for flag in ("--owner", "--tier", "--type", "--namespace", "--add-key", "--remove-key", "--remove-read-principal", "--branch"):
        run = dana(world, "request", "edit", "SEC-0007", "--ttl-days", "60", flag, canary)
        assert run.code in {1, 2}, (flag, run)
        assert hits_in((run.out + run.err).encode(), [canary]) == [], flag
    assert scan_tree(world.platform, [canary]) == []
