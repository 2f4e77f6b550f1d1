"""Injecting a service's values into Parameter Store, from the command line to a stand-in of AWS (R29, CASES 68 to 78)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.e2e.parameters import FOLDER, NAMES, VALUES, Zerotouch
from tests.e2e.world import SEC_0007, World
from tests.standins.aws import StrictAws
from tests.standins.fixtures import aws, aws_server  # noqa: F401 - fixtures


@pytest.fixture
def zerotouch(tmp_path: Path, aws: StrictAws) -> Zerotouch:  # noqa: F811 - the fixture
    return Zerotouch.make(tmp_path / "world", aws)


def test_a_key_becomes_a_secure_parameter_with_key_and_tag(zerotouch: Zerotouch) -> None:
    done = zerotouch.inject(VALUES, "--yes")
    assert done.code == 0, done.err
    found = zerotouch.parameter("/zerotouch/prod/service/database_url")
    assert (found["Type"], found["Value"], found["Version"]) == ("SecureString", VALUES["DATABASE_URL"], 1)
    described = zerotouch.console.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [FOLDER + "database_url"]}])
    assert described["Parameters"][0]["KeyId"] == "alias/zerotouch-prod"
    assert zerotouch.tags(FOLDER + "database_url") == {
        "goldenpath:environment": "prod",
        "goldenpath:id": "SEC-0303",
        "goldenpath:owner": "app-team",
        "goldenpath:service": "service",
        "goldenpath:tier": "high",
    }
    assert zerotouch.tags(FOLDER + "api_token")["goldenpath:id"] == "SEC-0304"
    answer = json.loads(done.out)
    assert (answer["written"], answer["unchanged"], answer["not_written"]) == (list(NAMES), [], [])


def test_the_same_values_again_write_nothing(zerotouch: Zerotouch) -> None:
    for _ in range(3):
        assert zerotouch.inject(VALUES, "--yes").code == 0
    assert sorted(zerotouch.puts()) == list(NAMES), "one write each, and no lease was taken for nothing"
    assert zerotouch.aws.count("PutParameter") == len(NAMES) + 2
    assert set(zerotouch.versions().values()) == {1}


def test_only_what_changed_is_written(zerotouch: Zerotouch) -> None:
    zerotouch.inject(VALUES, "--yes")
    done = zerotouch.inject({**VALUES, "API_TOKEN": "tok-2bbdd831"}, "--yes")
    assert json.loads(done.out)["written"] == [FOLDER + "api_token"]
    assert zerotouch.versions() == {FOLDER + "api_token": 2, FOLDER + "database_password": 1, FOLDER + "database_url": 1}


BAD_KEYS = ("API-KEY", "A B", "9X", "", "E\u0301", "aws_x", "Ssm", "/".join("abcdefghijklmnop"))


def test_all_bad_keys_are_named_before_the_first_write(zerotouch: Zerotouch) -> None:
    done = zerotouch.inject({**VALUES, **dict.fromkeys(BAD_KEYS, "canary-1f8a")}, "--yes")
    assert done.code == 2
    for key in BAD_KEYS:
        assert f"the key {key!a} " in json.loads(done.out)["message"]
    assert "canary" not in done.out + done.err
    assert zerotouch.aws.mutating() == []


@pytest.mark.parametrize("spellings", [("DATABASE_URL", "database_url"), ("Database_Url", "DATABASE_URL")])
def test_two_spellings_of_one_key_are_refused_by_pair(zerotouch: Zerotouch, spellings: tuple[str, str]) -> None:
    done = zerotouch.inject({spellings[0]: "https://a.example", spellings[1]: "https://b.example"}, "--yes")
    assert (done.code, all(ascii(name) in done.err for name in spellings)) == (2, True)
    assert "parameter.key-collision" in done.err
    assert zerotouch.aws.mutating() == []


UNFIT = {
    "reference": "before{{x}}after",
    "empty": "",
    "nul": "a\x00b",
    "too-large": "x" * 4097,
    "placeholder": "********",
}


@pytest.mark.parametrize(("rule", "value"), [*UNFIT.items(), ("too-large", "\u00e9" * 4096)], ids=[*UNFIT, "umlauts"])
def test_values_that_parameter_store_would_spoil_are_refused_here(zerotouch: Zerotouch, rule: str, value: str) -> None:
    done = zerotouch.inject({**VALUES, "API_TOKEN": value}, "--yes")
    assert (done.code, f"[value.{rule}]" in done.err) == (2, True), done.err
    assert zerotouch.aws.mutating() == []


def test_the_largest_value_of_the_tier_is_taken_as_it_is(zerotouch: Zerotouch) -> None:
    value = "\u00e9\r\n=" * 819  # 4,095 bytes, an end that trimming would change
    assert zerotouch.inject({"API_TOKEN": value}, "--yes").code == 0
    assert zerotouch.parameter(FOLDER + "api_token")["Value"] == value


@pytest.mark.parametrize("value", ["https://example.invalid/x", "file:///etc/passwd", "http://[", " padded =", "a\n-----\nb=="])
def test_a_value_is_never_opened_trimmed_or_split(zerotouch: Zerotouch, value: str) -> None:
    assert zerotouch.inject({"API_TOKEN": value}, "--yes").code == 0
    assert zerotouch.parameter(FOLDER + "api_token")["Value"] == value


def test_no_key_is_no_success(zerotouch: Zerotouch) -> None:
    done = zerotouch.inject({}, "--yes")
    assert (done.code, "parameter.batch-empty" in done.err) == (2, True)
    assert zerotouch.inject({}, "--yes", "--allow-empty").code == 0
    assert zerotouch.aws.mutating() == []


def test_a_key_that_nobody_declares_is_refused(zerotouch: Zerotouch) -> None:
    done = zerotouch.inject({**VALUES, "NEW_KEY": "x1y2z3"}, "--yes")
    assert (done.code, "parameter.key-undeclared" in done.err) == (2, True)
    assert zerotouch.aws.mutating() == []


def test_throttled_for_good_after_one_the_rest_is_written_by_a_rerun(zerotouch: Zerotouch) -> None:
    zerotouch.aws.faults.throttle_after(1, operation="PutParameter", resource=FOLDER + "*")
    done = zerotouch.inject(VALUES, "--yes", "--retries", "0")
    answer = json.loads(done.out)
    assert (done.code, len(answer["written"]), len(answer["not_written"])) == (4, 1, 2), done.err
    assert {receipt["code"] for receipt in answer["parameters"] if receipt["outcome"] == "not-written"} <= {
        "store.throttled",
        "provision.deadline",
        "provision.retries",
    }
    zerotouch.aws.faults.clear()
    again = json.loads(zerotouch.inject(VALUES, "--yes").out)
    assert (again["written"], again["unchanged"]) == (answer["not_written"], answer["written"])
    assert set(zerotouch.versions().values()) == {1}


def test_one_that_is_denied_holds_no_other_up(zerotouch: Zerotouch) -> None:
    zerotouch.aws.faults.deny("PutParameter", resource=FOLDER + "api_token")
    done = zerotouch.inject(VALUES, "--yes")
    answer = json.loads(done.out)
    assert (done.code, answer["not_written"], len(answer["written"])) == (1, [FOLDER + "api_token"], 2)
    assert [receipt["code"] for receipt in answer["parameters"] if receipt["outcome"] == "refused"] == ["store.access-denied"]


def test_what_is_there_and_not_ours_stops_the_batch(zerotouch: Zerotouch) -> None:
    console = zerotouch.console
    console.put_parameter(Name=FOLDER + "database_url", Value="clear", Type="String")
    console.put_parameter(Name=FOLDER + "api_token", Value="theirs", Type="SecureString")
    console.put_parameter(
        Name=FOLDER + "database_password", Value="other", Type="SecureString", Tags=[{"Key": "goldenpath:id", "Value": "SEC-0304"}]
    )
    done = zerotouch.inject(VALUES, "--yes")
    assert done.code == 6
    faults = json.loads(done.out)["message"].split("]")
    for name, rule in (("database_url", "wrong-type"), ("api_token", "foreign"), ("database_password", "foreign")):
        assert any(name in fault and fault.endswith(f"[parameter.{rule}") for fault in faults), faults
    assert zerotouch.aws.mutating() == []


def test_another_spelling_that_is_there_already_stops_the_batch(zerotouch: Zerotouch) -> None:
    zerotouch.console.put_parameter(Name=FOLDER + "API_TOKEN", Value="older", Type="SecureString")
    done = zerotouch.inject(VALUES, "--yes")
    assert (done.code, "parameter.key-collision" in done.err) == (6, True)
    assert zerotouch.aws.mutating() == []


def test_a_labelled_oldest_version_is_refused_and_no_label_is_moved(zerotouch: Zerotouch) -> None:
    zerotouch.inject(VALUES, "--yes")
    name = FOLDER + "api_token"
    for number in range(2, 101):
        zerotouch.console.put_parameter(Name=name, Value=f"v{number}", Type="SecureString", Overwrite=True)
    zerotouch.console.label_parameter_version(Name=name, ParameterVersion=1, Labels=["kept"])
    before = len(zerotouch.aws.mutating())
    done = zerotouch.inject({**VALUES, "DATABASE_PASSWORD": "another-83hd"}, "--yes")
    assert (done.code, "parameter.version-labelled" in done.err) == (6, True)
    assert len(zerotouch.aws.mutating()) == before
    assert zerotouch.console.get_parameter_history(Name=name, MaxResults=1)["Parameters"][0]["Labels"] == ["kept"]


@pytest.mark.parametrize("word", ["production", "prd"])
def test_an_alias_is_the_environment(zerotouch: Zerotouch, word: str) -> None:
    assert zerotouch.inject(VALUES, "--yes", environment=word).code == 0
    assert sorted(zerotouch.versions()) == list(NAMES)


@pytest.mark.parametrize("word", ["PROD", "Prod", "live"])
def test_other_spellings_of_an_environment_are_refused(zerotouch: Zerotouch, word: str) -> None:
    assert zerotouch.inject(VALUES, "--yes", environment=word).code == 2
    assert zerotouch.aws.calls == []


def test_a_dry_run_tells_and_writes_nothing(zerotouch: Zerotouch) -> None:
    done = zerotouch.inject(VALUES, "--dry-run")
    assert (done.code, json.loads(done.out)["not_written"]) == (0, list(NAMES))
    assert zerotouch.aws.mutating() == []


def test_prod_is_asked_for_by_name(zerotouch: Zerotouch) -> None:
    done = zerotouch.inject(VALUES)
    assert (done.code, "cli.confirmation-needed" in done.err) == (2, True)
    assert zerotouch.aws.mutating() == []


def test_a_value_as_argument_is_refused_without_echo(zerotouch: Zerotouch) -> None:
    for arguments in (("API_TOKEN=canary-77d1",), ("--from-env", "API_TOKEN=canary-77d1"), ("--value", "canary-77d1")):
        done = zerotouch.cli("inject", "--service", "service", "--environment", "prod", "--yes", *arguments)
        assert (done.code, "canary" in done.out + done.err) == (2, False)
        assert "value.on-command-line" in done.err
    assert zerotouch.aws.calls == []


def test_prune_lists_then_removes_what_is_no_longer_declared(zerotouch: Zerotouch) -> None:
    zerotouch.inject(VALUES, "--yes")
    tag = [{"Key": "goldenpath:id", "Value": "SEC-0304"}]
    gone = [{"Key": "goldenpath:id", "Value": "SEC-0999"}]
    there = {
        "old_token": (tag, "OLD_TOKEN of SEC-0304"),
        "copied_tag": (tag, "ours, and nobody else's"),
        "copied_tag_and_note": (tag, "OLD_TOKEN of SEC-0304"),
        "other_note": (tag, "OTHER_NOTE of SEC-0303"),
        "foreign": ([], "FOREIGN of SEC-0304"),
        "of_a_request_that_is_gone": (gone, "OF_A_REQUEST_THAT_IS_GONE of SEC-0999"),
    }
    for key, (tags, note) in there.items():
        zerotouch.console.put_parameter(Name=FOLDER + key, Value="v", Type="SecureString", Tags=tags, Description=note)
    zerotouch.console.put_parameter(Name=FOLDER + "plain", Value="v", Type="String", Tags=tag, Description="PLAIN of SEC-0304")
    assert json.loads(zerotouch.inject(VALUES, "--dry-run").out)["prunable"] == [FOLDER + "old_token"]
    asked = zerotouch.inject(VALUES, "--prune")
    assert (asked.code, FOLDER + "old_token" in asked.err) == (2, True)
    done = zerotouch.inject(VALUES, "--prune", "--yes")
    assert json.loads(done.out)["pruned"] == [FOLDER + "old_token"]
    assert sorted(zerotouch.versions()) == sorted([*NAMES, FOLDER + "plain", *(FOLDER + key for key in there if key != "old_token")])


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_is_resolved_by_looking(zerotouch: Zerotouch, when: str) -> None:
    zerotouch.aws.faults.drop("PutParameter", when=when, resource=FOLDER + "api_token")  # type: ignore[arg-type]
    done = zerotouch.inject(VALUES, "--yes")
    assert done.code == 0, done.out
    assert set(zerotouch.versions().values()) == {1}


def test_a_list_that_lags_neither_overwrites_nor_fails(zerotouch: Zerotouch) -> None:
    zerotouch.console.put_parameter(Name="/zerotouch/prod/other/key", Value="v", Type="SecureString")
    zerotouch.aws.faults.lag_lists(300)
    assert zerotouch.inject(VALUES, "--yes").code == 0
    done = zerotouch.inject({**VALUES, "API_TOKEN": "tok-2bbdd831"}, "--yes")
    assert (done.code, json.loads(done.out)["written"]) == (0, [FOLDER + "api_token"]), done.err
    assert zerotouch.versions()[FOLDER + "database_url"] == 1


def test_credentials_of_another_account_are_refused_before_anything(zerotouch: Zerotouch) -> None:
    zerotouch.aws.use_account(zerotouch.aws.runner_key, "111111111111")
    done = zerotouch.inject(VALUES, "--yes")
    assert done.code == 3
    assert {call.operation for call in zerotouch.aws.calls} == {"GetCallerIdentity"}


def test_the_other_verbs_see_what_was_injected(zerotouch: Zerotouch) -> None:
    applied = zerotouch.cli("apply", "--environment", "prod", "--yes")
    assert applied.code == 0, applied.err
    assert zerotouch.inject(VALUES, "--yes").code == 0
    shown = zerotouch.cli("get", "SEC-0303", "--reveal", "--reason", "test", "-o", "json")
    assert json.loads(shown.out)["values"] == {key: VALUES[key] for key in ("DATABASE_PASSWORD", "DATABASE_URL")}
    assert zerotouch.cli("apply", "--environment", "prod", "--yes").code == 0
    manifest = zerotouch.world.git(
        "pat", "show", "main:tenants/service/overlays/production/patches/service-db-sync.yaml", where=zerotouch.world.gitops
    )
    assert 'value: "/zerotouch/prod/service/database_url"' in manifest, "seed 003, the reading side"
    again = zerotouch.cli("apply", "--environment", "prod", "--dry-run")
    assert (again.code, "Nothing to do" in again.out) == (0, True), again.out
    status = zerotouch.cli("status", "--environment", "prod", "-o", "json")
    assert status.code == 0, status.err


def test_a_request_is_seeded_too(zerotouch: Zerotouch) -> None:
    zerotouch.cli("apply", "--environment", "prod", "--yes")
    done = zerotouch.cli("seed", "SEC-0304", "--stdin", "API_TOKEN", "--yes", typed=VALUES["API_TOKEN"])
    assert done.code == 0, done.err
    assert json.loads(zerotouch.inject({"API_TOKEN": VALUES["API_TOKEN"]}, "--yes").out)["unchanged"] == [FOLDER + "api_token"]


def test_values_come_from_named_variables_and_private_files_only(zerotouch: Zerotouch, tmp_path: Path) -> None:
    options = ("inject", "--service", "service", "--environment", "prod", "--yes", "-o", "json")
    dotenv = tmp_path / "values.env"
    dotenv.write_text("DATABASE_PASSWORD='a=b ==\nc'\n", encoding="utf-8")
    dotenv.chmod(0o644)
    link = tmp_path / "link.env"
    link.symlink_to(dotenv)
    for path in (dotenv, link):
        refused = zerotouch.cli(*options, "--dotenv", str(path))
        assert (refused.code, "value.file-unsafe" in refused.err) == (2, True)
    unset = zerotouch.cli(*options, "--from-env", "API_TOKEN", "--from-env", "DATABASE_URL")
    assert (unset.code, "parameter.value-unset" in unset.err, "DATABASE_URL" in unset.err) == (2, True, True)
    dotenv.chmod(0o600)
    twice = zerotouch.cli(*options, "--dotenv", str(dotenv), "--from-env", "DATABASE_PASSWORD", variables={"DATABASE_PASSWORD": "x1y2"})
    assert (twice.code, "value.key-repeated" in twice.err) == (2, True)
    assert zerotouch.aws.mutating() == []
    done = zerotouch.cli(*options, "--dotenv", str(dotenv), "--from-env", "API_TOKEN", variables={"API_TOKEN": "t9k8", "API_TOKEN_2": "no"})
    assert sorted(json.loads(done.out)["written"]) == [FOLDER + "api_token", FOLDER + "database_password"]
    assert zerotouch.parameter(FOLDER + "database_password")["Value"] == "a=b ==\nc"


def test_an_environment_without_parameter_store_says_what_to_do(tmp_path: Path) -> None:
    world = World.make(tmp_path / "world")
    text = SEC_0007.replace("aws-secrets-manager", "aws-parameter-store")
    world.approved_request(text)
    done = world.cli("pat", "inject", "--service", "payments", "--environment", "dev", "--json-file", "-", typed=b'{"username":"u1v2"}')
    assert (done.code, "parameter.not-a-parameter-store" in done.err, "goldenpath seed" in done.err) == (2, True, True)


def test_a_service_that_declares_nothing_is_named(zerotouch: Zerotouch) -> None:
    done = zerotouch.inject(VALUES, "--yes", service="nobody")
    assert (done.code, "parameter.service-unknown" in done.err) == (6, True)
    assert zerotouch.aws.calls == []
