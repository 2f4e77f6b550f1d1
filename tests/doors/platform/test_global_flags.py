"""``--retries``, ``--offline``, ``--config`` and ``--env``: what each does for every verb, and what none of them can loosen (CASES 183)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.e2e.world import SEC_0007, Run, World

from goldenpath.cli.offline import NEED_STORES
from goldenpath.cli.root import VERBS
from goldenpath.errors import ProviderUnavailable
from goldenpath.providers import registry
from goldenpath.providers.git.manifests import GitManifests
from goldenpath.providers.git.remote import push_race
from goldenpath.providers.local.store import LocalStore

STAGING = (
    SEC_0007.replace("SEC-0007", "SEC-0008")
    .replace("environment: dev", "environment: staging")
    .replace("name: payments-db-credentials", "name: payments-db-other")
)
WORDS = {
    "materialize": ["--environment", "dev", "--yes"],
    "apply": ["--yes"],
    "exec": ["SEC-0007", "--", "true"],
    "seed": ["SEC-0007", "--generate", "password"],
    "inject": ["--service", "payments", "--environment", "dev", "--from-env", "HOME", "--yes"],
    "demo": ["unused"],
    "status": [],
    "drift": [],
    "orphans": [],
    "report": [],
    "pr": ["check", "--number", "1"],
    "diff": ["--from", "dev", "--to", "prod"],
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World.make(tmp_path / "world")
    world.approved_request()
    return world


def sources(run: Run) -> dict[str, tuple[object, str]]:
    assert run.code == 0, run
    return {entry["name"]: (entry["value"], entry["source"]) for entry in json.loads(run.out)["settings"]}


def with_variables(world: World, variables: dict[str, str], *words: str) -> Run:
    return world.cli("pat", *words, before=lambda: os.environ.update(variables))


def everything_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def refuse_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_options: object) -> object:
        raise AssertionError("a store or a remote was opened")

    monkeypatch.setattr(registry, "open_store", refuse)
    monkeypatch.setattr(GitManifests, "__init__", refuse)


# --- offline --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", sorted(NEED_STORES))
def test_a_verb_that_needs_a_store_refuses_before_it_does_anything(verb: str, world: World) -> None:
    before = everything_below(world.root)
    run = world.cli("pat", "--offline", verb, *WORDS.get(verb, ["SEC-0007"]), "-o", "json") if verb != "exec" else None
    run = run or world.cli("pat", "-o", "json", "exec", "--offline", *WORDS["exec"])
    document = json.loads(run.out)
    assert (run.code, document["code"]) == (2, "cli.offline")
    assert "--offline" in document["hint"]
    assert everything_below(world.root) == before


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["validate"], 0),
        (["policy", "check", "--base", "main", "--head", "proposal"], 0),
        (["policy", "waivers"], 0),
        (["request", "show", "SEC-0007"], 0),
        (["approve", "--head", "proposal"], 0),
        (["preview", "--base", "main", "--head", "proposal"], 0),
        (["audit", "tail"], 0),
        (["doctor"], 0),
        (["config", "show"], 0),
        (["explain", "cli.offline"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_every_other_verb_works_without_a_store_or_a_remote(
    words: list[str], code: int, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert words[0] in VERBS.keys() - NEED_STORES
    world.propose("proposal", {"catalogs/secrets/payments/dev/SEC-0007.yaml": SEC_0007.replace("ttlDays: 30", "ttlDays: 20")})
    with monkeypatch.context() as patched:
        refuse_stores(patched)
        run = with_variables(world, {"GOLDENPATH_OFFLINE": "1"}, *words)
    assert run.code == code, run
    assert "AssertionError" not in run.err


def preview(world: World, *words: str) -> Run:
    return world.cli("pat", "preview", "--base", "main", "--head", "proposal", *words)


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_an_offline_preview_never_says_unchanged(form: str, world: World) -> None:
    assert world.cli("pat", "apply", "--yes").code == 0
    world.propose("proposal", {"catalogs/secrets/payments/dev/SEC-0007.yaml": SEC_0007.replace("ttlDays: 30", "ttlDays: 20")})
    shown = preview(world, "--offline", "-o", form)
    assert shown.code == 0
    assert "store not observed" in shown.out
    assert "SEC-0007: unknown" in shown.out
    assert "unknown: the store was not observed" in shown.out
    assert not any(word in shown.out for word in ("unchanged", "to add", "to change", "a month", "No changes"))
    assert "store not observed" not in preview(world, "-o", form).out


def test_an_offline_preview_is_plain_to_a_machine(world: World) -> None:
    world.propose("proposal", {"catalogs/secrets/payments/staging/SEC-0008.yaml": STAGING})
    offline, online = (json.loads(preview(world, "-o", "json", *words).out) for words in (["--offline"], []))
    (unseen,), (seen,) = offline["environments"], online["environments"]
    assert (unseen["is_store_observed"], unseen["plans"], unseen["cost"]) == (False, [], [])
    assert unseen["unseen"] == [{"provider": "aws-secrets-manager", "requests": ["SEC-0008"]}]
    assert (seen["is_store_observed"], seen["unseen"]) == (True, [])
    assert len(seen["plans"]) == 1
    waits = {file["path"]: file["waits_for_value"] for file in unseen["files"]}
    assert None in waits.values()
    assert True not in waits.values()
    same = ("change_digest", "findings", "approvals", "is_blocked")
    assert [offline[name] for name in same] == [online[name] for name in same]


# --- retries --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "calls"), [(["--retries", "0"], 1), (["--retries", "3"], 4)])
def test_retries_bound_the_calls_to_a_store(words: list[str], calls: int, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = world.root / "calls"

    def away(_store: LocalStore) -> str:
        counted.write_text(counted.read_text() + "x" if counted.exists() else "x")
        raise ProviderUnavailable("store.busy", "away", retry_after_seconds=0.0)

    with monkeypatch.context() as patched:
        patched.setattr(LocalStore, "identity", away)
        run = world.cli("pat", "apply", "--dry-run", "-o", "json", *words)
    assert (run.code, json.loads(run.out)["code"]) == (4, "store.busy")
    assert len(counted.read_text()) == calls


@pytest.mark.parametrize(("retries", "attempts"), [("0", 1), ("2", 3), ("99", 5)])
def test_retries_bound_push_races_and_never_raise_the_reviewed_limit(
    retries: str, attempts: int, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = world.root / "pushes"

    def lost(*_arguments: object, **_options: object) -> str:
        counted.write_text(counted.read_text() + "x" if counted.exists() else "x")
        raise push_race("refs/heads/main")

    with monkeypatch.context() as patched:
        patched.setattr(GitManifests, "commit", lost)
        run = with_variables(world, {"GOLDENPATH_RETRIES": retries}, "apply", "--yes", "-o", "json")
    assert json.loads(run.out)["code"] == "delivery.push-race"
    assert len(counted.read_text()) == attempts


@pytest.mark.parametrize("word", ["-1", "101", "many", "1.5", "inf", ""])
def test_retries_have_an_end(word: str, world: World) -> None:
    assert world.cli("pat", "status", f"--retries={word}").code == 2


# --- config ---------------------------------------------------------------------------------------------------------------------


def test_config_names_the_platform_from_anywhere(world: World) -> None:
    elsewhere = {"GOLDENPATH_DIRECTORY": str(world.gitops)}
    file = str(world.platform / "goldenpath.yaml")
    for words in (["--config", file, "request", "show", "SEC-0007"], ["request", "show", "SEC-0007", "--config", file]):
        assert "SEC-0007" in with_variables(world, elsewhere, *words).out
    shown = sources(with_variables(world, elsewhere, "--config", file, "config", "show", "--json"))
    assert shown["command.config_file"] == (file, "flag")
    assert shown["command.directory"] == (str(world.platform), "flag")


@pytest.mark.parametrize("what", ["missing", "another name", "a link", "a folder", "not at the root"])
def test_config_must_be_the_file_that_is_in_force(what: str, world: World) -> None:
    real = world.platform / "goldenpath.yaml"
    other = world.root / "other"
    (other / "below").mkdir(parents=True)
    (other / ".git").mkdir()
    path = other / ("below/goldenpath.yaml" if what == "not at the root" else "my.yaml" if what == "another name" else "goldenpath.yaml")
    if what == "a link":
        path.symlink_to(real)
    elif what == "a folder":
        path.mkdir()
    elif what != "missing":
        path.write_bytes(real.read_bytes())
    run = world.cli("pat", "--config", str(path), "config", "show")
    assert run.code == 2
    assert "the goldenpath.yaml at the root of a platform repository" in run.err
    assert str(path) not in run.err


@pytest.mark.parametrize(
    "words",
    [
        ["-C", ".", "--config", "goldenpath.yaml", "version"],
        ["--config", "goldenpath.yaml", "-C", ".", "version"],
        ["-C", ".", "version", "--config", "goldenpath.yaml"],
        ["--config", "goldenpath.yaml", "version", "-C", "."],
        ["version", "--config", "goldenpath.yaml", "-C", "."],
        ["version", "-C", ".", "--config", "goldenpath.yaml"],
    ],
    ids=" ".join,
)
def test_two_answers_to_which_platform_are_refused(words: list[str], world: World) -> None:
    run = world.cli("pat", *words)
    assert (run.code, "give one of them" in run.err) == (2, True)


def test_config_loosens_nothing_that_the_protected_branch_says(world: World) -> None:
    text = world.platform.joinpath("goldenpath.yaml").read_text()
    assert "\naudit:\n" in text
    loose = text.replace("\naudit:\n", "\naudit:\n  directory: elsewhere\n").replace("audit-checkpoints", "nowhere")
    world.propose("proposal", {"catalogs/secrets/payments/dev/SEC-0007.yaml": SEC_0007.replace("tier: medium", "tier: high")})
    world.write("goldenpath.yaml", loose)
    file = str(world.platform / "goldenpath.yaml")
    plain, named = (
        world.cli("pat", *words, "policy", "check", "--base", "main", "--head", "proposal", "-o", "json")
        for words in ([], ["--config", file])
    )
    assert (named.code, named.out) == (plain.code, plain.out)
    assert world.cli("pat", "--config", file, "apply", "--yes").code == 0
    assert (world.platform / ".goldenpath" / "audit").is_dir()
    assert not (world.platform / "elsewhere").exists()
    assert not (world.root / "nowhere").exists()


def test_no_variable_names_another_settings_file(world: World) -> None:
    run = with_variables(world, {"GOLDENPATH_CONFIG": str(world.platform / "goldenpath.yaml")}, "status", "-o", "json")
    assert (run.code, json.loads(run.out)["code"]) == (2, "settings.variable")


# --- environment ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def two(world: World) -> World:
    world.propose("second", {"catalogs/secrets/payments/staging/SEC-0008.yaml": STAGING})
    assert world.cli("pat", "approve", "--head", "second").code == 0
    world.merge("second")
    return world


def environments_of(run: Run) -> set[str]:
    assert run.code == 0, run
    document = json.loads(run.out)
    rows = document.get("requests") or [each["plan"] for each in document["plans"]]
    return {row["environment"] for row in rows}


@pytest.mark.parametrize("verb", [["status"], ["apply", "--dry-run"]], ids=" ".join)
@pytest.mark.parametrize(
    ("variable", "words", "expected"),
    [
        ("", [], {"dev", "staging"}),
        ("", ["--env", "dev"], {"dev"}),
        ("", ["--profile", "stg"], {"staging"}),
        ("stage", [], {"staging"}),
        ("staging", ["--env", "dev"], {"dev"}),
        ("staging", ["-e", "dev"], {"dev"}),
        ("", ["--env", "staging", "-e", "dev"], {"dev"}),
        ("", ["-e", "dev", "-e", "staging", "--env", "prod"], {"dev", "staging"}),
    ],
)
def test_the_most_explicit_environment_wins(verb: list[str], variable: str, words: list[str], expected: set[str], two: World) -> None:
    run = with_variables(two, {"GOLDENPATH_ENV": variable}, *verb, "-o", "json", *words)
    assert environments_of(run) >= expected
    assert environments_of(run) & {"dev", "staging"} == expected
    assert ("GOLDENPATH_ENV" in run.err) == (variable != "" and not words)


def test_an_apply_narrowed_by_a_variable_says_so_even_when_quiet(two: World) -> None:
    run = with_variables(two, {"GOLDENPATH_ENV": "dev"}, "apply", "--yes", "-q")
    assert run.code == 0
    assert "only dev is applied, as GOLDENPATH_ENV says" in run.err


def test_saved_plans_count_more_than_a_variable(two: World) -> None:
    plans = str(two.root / "plans")
    assert two.cli("pat", "apply", "--env", "staging", "--dry-run", "--out", plans).code == 0
    run = with_variables(two, {"GOLDENPATH_ENV": "dev"}, "apply", "--plan", plans, "--yes", "-o", "json")
    assert environments_of(run) == {"staging"}


@pytest.mark.parametrize("word", ["Dev", "DEV", "qa", "prod ", "", "all"])
def test_an_environment_that_is_none_is_refused(word: str, world: World) -> None:
    assert world.cli("pat", f"--env={word}", "status").code == 2
    assert world.cli("pat", "status", f"--profile={word}").code == 2
    assert with_variables(world, {"GOLDENPATH_ENV": word}, "status").code == (2 if word else 0)


def test_a_new_request_takes_the_default_environment(world: World) -> None:
    words = ["request", "new", "--service", "search", "--name", "api", "--owner", "app-team", "--dry-run"]
    assert "environment: staging" in world.cli("pat", "--env", "stg", *words).out
    assert "environment: dev" in world.cli("pat", "--env", "stg", *words, "--environment", "dev").out


def test_config_show_names_where_each_flag_came_from(world: World) -> None:
    variables = {"GOLDENPATH_ENV": "stg", "GOLDENPATH_RETRIES": "3", "GOLDENPATH_OFFLINE": "1"}
    shown = sources(with_variables(world, variables, "config", "show", "--json", "--retries", "2"))
    assert shown["command.environment"] == ("staging", "GOLDENPATH_ENV")
    assert shown["command.retry_limit"] == (2, "flag")
    assert shown["command.is_offline"] == (True, "GOLDENPATH_OFFLINE")
    assert shown["command.config_file"] == (None, "default")
