"""What was merged without review changes no value, no manifest and no place of a record; every refusal is on record (R12, R50, R53)."""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path

import pytest
from tests.e2e.world import SEC_0007, Run, World

from goldenpath.bootstrap import open_platform

AUDIT, ELSEWHERE = "audit:\n  checkpointMirror: ../audit-checkpoints\n", "audit:\n  directory: ../elsewhere\n"
DEV = "catalogs/secrets/payments/dev/SEC-0007.yaml"
EVIL = "payments-db-evil"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = World.make(tmp_path_factory.mktemp("base") / "world")
    made.approved_request()
    assert made.cli("pat", "apply", "--yes").code == 0
    assert seed(made).code == 0
    return made


@pytest.fixture
def world(base: World, tmp_path: Path) -> World:
    return base.copy(tmp_path / "world")


def seed(world: World, request_id: str = "SEC-0007") -> Run:
    return world.cli("pat", "seed", request_id, "--generate", "username", "--generate", "password")


def records(world: World, action: str) -> list[tuple[str, str]]:
    """Return (outcome, error type) of every outcome of an action."""
    entries = json.loads(world.cli("pat", "audit", "tail", "--lines", "1000", "-o", "json").out)["records"]
    return [(entry["outcome"], entry["error_type"]) for entry in entries if entry["action"] == action and entry["phase"] == "outcome"]


def committed(world: World) -> str:
    return world.git("pat", "grep", "-h", "", "main", where=world.gitops)


def test_seed_delivers_no_unreviewed_manifest(world: World) -> None:
    world.propose("evil", {DEV: SEC_0007.replace("payments-db-creds", EVIL)})
    world.merge("evil")
    assert seed(world).code == 0, "the reviewed state stays usable"
    assert EVIL not in committed(world)


def test_seed_of_an_unreviewed_request_is_refused(world: World) -> None:
    billing = SEC_0007.replace("SEC-0007", "SEC-0008").replace("payments", "billing")
    world.propose("new", {"catalogs/secrets/billing/dev/SEC-0008.yaml": billing})
    world.merge("new")
    done = seed(world, "SEC-0008")
    assert done.code == 5, done
    assert "[approval.missing]" in done.err


def test_unreviewed_settings_move_no_audit_log_and_no_manifests(world: World) -> None:
    settings = (world.platform / "goldenpath.yaml").read_text()
    assert AUDIT in settings
    world.propose("evil", {"goldenpath.yaml": settings.replace(AUDIT, ELSEWHERE)})
    world.merge("evil")
    for command in (("get", "SEC-0007", "--reveal"), ("exec", "SEC-0007", "--", "true")):
        done = world.cli("pat", *command)
        assert done.code != 0, done
        assert "[platform.settings-unreviewed]" in done.err
    assert "[platform.settings-unreviewed]" in seed(world).err


def test_a_branch_cannot_name_itself_the_protected_one(world: World) -> None:
    """Checked out and naming itself, with an audit log of its own: no value comes out past the real log."""
    settings = (world.platform / "goldenpath.yaml").read_text()
    assert AUDIT in settings
    moved = settings.replace(AUDIT, ELSEWHERE) + "governance:\n  protectedBranch: evil\n"
    world.propose("evil", {"goldenpath.yaml": moved})
    done = world.cli("dana", "get", "SEC-0007", "--reveal")
    assert done.code != 0, done
    assert "[platform.settings-unreviewed]" in done.err


@pytest.mark.parametrize("named", ["evil", "nowhere"])
def test_a_branch_checked_out_in_a_clone_steers_nothing(world: World, named: str) -> None:
    """Settings name programs that run and servers that get tokens: those of a proposal must not count, whatever it calls protected."""
    settings = (world.platform / "goldenpath.yaml").read_text()
    steering = f"governance:\n  protectedBranch: {named}\nforge:\n  kind: gitea\n  url: https://evil.example.com/api/v1\n"
    program = "projection:\n  kustomize:\n    binary: ./evil.sh\n"
    clone = world.root / "clone"
    world.git("dana", "clone", "--quiet", str(world.platform), str(clone))
    world.propose("evil", {"goldenpath.yaml": settings + steering + program})
    world.git("dana", "fetch", "--quiet", where=clone)
    world.git("dana", "switch", "--quiet", "evil", where=clone)
    services = open_platform(clone)
    assert services.settings.governance.protected_branch == "main"
    assert services.settings_commit == world.git("dana", "rev-parse", "main", where=clone).strip()
    assert (services.settings.forge.url, services.settings.projection.kustomize.binary) == ("", "")


def test_a_refused_apply_is_on_record(world: World) -> None:
    world.propose("evil", {DEV: SEC_0007.replace("payments-db-creds", EVIL)})
    world.merge("evil")
    before = records(world, "platform.apply")
    assert world.cli("pat", "apply", "--yes").code == 5
    assert records(world, "platform.apply")[len(before) :] == [("denied", "approval.missing")]


def test_a_blocked_apply_is_on_record(world: World) -> None:
    world.propose("evil", {DEV: None})
    world.merge("evil")
    assert world.cli("pat", "apply", "--yes").code == 1
    assert ("denied", "apply.policy-blocked") in records(world, "platform.apply")


@pytest.mark.parametrize("verb", ["adopt", "restore"])
def test_a_refused_take_over_is_on_record(world: World, verb: str) -> None:
    assert world.cli("pat", verb, "SEC-0007", "--yes").code == 1
    assert records(world, f"platform.{verb}") == [("denied", "action.not-reviewed")]


@pytest.mark.parametrize(
    ("command", "action"),
    [
        (("get", "SEC-9999", "--reveal"), "secret.read"),
        (("exec", "SEC-9999", "--", "true"), "secret.read"),
        (("seed", "SEC-9999", "--generate", "password"), "platform.seed"),
    ],
)
def test_asking_for_what_is_not_there_is_on_record(world: World, command: tuple[str, ...], action: str) -> None:
    assert world.cli("pat", *command).code != 0
    assert records(world, action)[-1] == ("failed", "request.unknown")


def test_every_effect_of_a_seed_stands_between_an_intent_and_an_outcome(world: World) -> None:
    """R50: the lease too is taken only after the intent is durable."""
    assert seed(world).code == 0
    entries = json.loads(world.cli("pat", "audit", "tail", "--lines", "1000", "-o", "json").out)["records"]
    starts = [number for number, entry in enumerate(entries) if (entry["action"], entry["phase"]) == ("platform.seed", "intent")]
    last = [(entry["action"], entry["phase"]) for entry in entries[starts[-1] :]]
    assert last == [
        ("platform.seed", "intent"),
        ("secret.put-version", "intent"),
        ("secret.put-version", "outcome"),
        ("platform.seed", "outcome"),
    ]


def test_overwriting_drift_is_on_record_as_a_decision(world: World) -> None:
    assert world.cli("pat", "apply", "--yes", "--accept-drift", "SEC-0007").code == 0
    entries = json.loads(world.cli("pat", "audit", "tail", "--lines", "1000", "-o", "json").out)["records"]
    assert "SEC-0007" in json.dumps([entry["details"] for entry in entries if entry["action"] == "platform.apply"][-1])


@pytest.mark.parametrize("verb", ["status", "drift"])
def test_listing_is_on_record_as_a_count(world: World, verb: str) -> None:
    assert world.cli("pat", verb).code == 0
    entries = json.loads(world.cli("pat", "audit", "tail", "--lines", "2", "-o", "json").out)["records"]
    assert [(entry["action"], entry["phase"]) for entry in entries] == [("secret.list", "intent"), ("secret.list", "outcome")]
    assert "payments" not in json.dumps(entries)


def test_a_refused_value_is_on_record_without_a_trace_of_it(world: World) -> None:
    done = world.cli("pat", "seed", "SEC-0007", "--stdin", "password", "--generate", "username", typed=b"********")
    assert done.code != 0
    assert records(world, "platform.seed")[-1] == ("failed", "value.batch-refused")


@pytest.mark.parametrize(
    "variables",
    [
        {"LOGNAME": "somebody-else", "USER": "somebody-else", "LNAME": "somebody-else", "USERNAME": "somebody-else"},
        {"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "somebody-else"},
    ],
    ids=["login-name", "runner"],
)
def test_variables_do_not_hide_who_read_a_value(world: World, variables: dict[str, str]) -> None:
    """R53: what a variable claims may stand on record, the account that the system vouches for must."""
    assert world.cli("pat", "get", "SEC-0007", "--reveal", before=lambda: os.environ.update(variables)).code == 0
    actor = json.loads(world.cli("pat", "audit", "tail", "--lines", "1", "-o", "json").out)["records"][-1]["actor"]
    assert pwd.getpwuid(os.getuid()).pw_name in {actor["id"], actor["display"].removeprefix("run as ")}


@pytest.mark.parametrize(
    ("who", "command"),
    [
        ("pat", ("get", "SEC-0007", "--reveal")),
        ("pat", ("exec", "SEC-0007", "--", "touch", "ran")),
        ("pat", ("seed", "SEC-0007", "--generate", "username", "--generate", "password")),
        ("pat", ("apply", "--yes")),
        ("pat", ("approve", "--head", "next")),
    ],
    ids=lambda part: part[0] if isinstance(part, tuple) else "",
)
def test_without_an_audit_log_nothing_happens(world: World, who: str, command: tuple[str, ...]) -> None:
    """R50, CASE 151: the log cannot be written, so there is no value, no run, no version, no commit, no approval."""
    world.propose("next", {DEV: SEC_0007.replace("standard", "high")})
    before = traces(world)
    log = world.platform / ".goldenpath/audit"
    log.rename(log.with_name("gone"))
    log.write_text("no folder")
    done = world.cli(who, *command)
    assert done.code not in {0, 99}, done
    assert traces(world) == before
    assert not (world.platform / "ran").exists()
    assert "username" not in done.out
    assert "password=" not in done.out


def traces(world: World) -> tuple[str, ...]:
    """Return what an effect would change: manifests, approvals, versions."""
    refs = (world.git("pat", "for-each-ref", "refs/notes"), world.git("pat", "for-each-ref", where=world.gitops))
    services = open_platform(world.platform)
    try:
        records = list(services.store("dev", "aws-secrets-manager").list_records("dev"))
    finally:
        services.close()
    return (*refs, repr(records))
