"""The Terraform engine over a stand-in binary: what is written, what is refused, and every way in which a command can end badly."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.canary import new_canary
from tests.standins.terraform import StandInTerraform, change

from goldenpath.errors import GoldenpathError, ProviderRefused
from goldenpath.model.infrastructure import ExistingRecord, InfrastructurePlan, InfrastructureRoot, ReaderRole
from goldenpath.model.settings import TerraformBackend, TerraformSettings
from goldenpath.providers.terraform.engine import TerraformEngine, module_folder
from goldenpath.providers.terraform.reading import IGNORED_TAGS, read_plan, read_state
from goldenpath.providers.terraform.root import render_cli_config, render_imports, render_root

VARIABLES = json.dumps({"goldenpath_secrets": {"SEC-0007": {"name": "goldenpath/a/dev/b"}}}).encode()


@pytest.fixture
def stand_in(tmp_path: Path) -> StandInTerraform:
    return StandInTerraform(tmp_path / "bin")


def root(**over: object) -> InfrastructureRoot:
    base = {"environment": "dev", "variables": VARIABLES, "account": "123456789012", "region": "us-east-1"}
    return InfrastructureRoot(**{**base, **over})  # type: ignore[arg-type]


def engine(tmp_path: Path, stand_in: StandInTerraform, **settings: object) -> TerraformEngine:
    configured = TerraformSettings(binary=stand_in.binary, **settings)  # type: ignore[arg-type]
    return TerraformEngine(tmp_path / "state", configured, grace_seconds=0.2)


def run(
    tmp_path: Path, stand_in: StandInTerraform, *, wanted: InfrastructureRoot | None = None, applies: bool = True
) -> InfrastructurePlan:
    with engine(tmp_path, stand_in).open(wanted or root(), is_preview=not applies) as workspace:
        plan = workspace.plan()
        if applies:
            workspace.apply()
    return plan


def test_it_plans_applies_and_then_has_nothing_to_do(tmp_path: Path, stand_in: StandInTerraform) -> None:
    first = run(tmp_path, stand_in)
    assert first.ids("create") == ("SEC-0007",)
    assert stand_in.commands == ["version", "init", "state pull", "plan", "show", "apply"]
    assert stand_in.applied == [{"SEC-0007": {"name": "goldenpath/a/dev/b"}}]
    assert run(tmp_path, stand_in).changes == ()


def test_a_preview_applies_and_forgets_nothing(tmp_path: Path, stand_in: StandInTerraform) -> None:
    run(tmp_path, stand_in)
    state = tmp_path / "state" / "terraform" / "dev.tfstate"
    before = state.read_bytes()
    shown = run(tmp_path, stand_in, wanted=root(variables=b'{"goldenpath_secrets":{}}'), applies=False)
    assert shown.forgotten == ("SEC-0007",)
    assert state.read_bytes() == before
    assert len(stand_in.applied) == 1


def test_what_no_request_asks_for_leaves_the_state_and_is_not_destroyed(tmp_path: Path, stand_in: StandInTerraform) -> None:
    run(tmp_path, stand_in)
    gone = run(tmp_path, stand_in, wanted=root(variables=b'{"goldenpath_secrets":{}}'))
    assert (gone.forgotten, gone.changes) == (("SEC-0007",), ())


def test_a_tainted_record_is_imported_instead_of_replaced(tmp_path: Path, stand_in: StandInTerraform) -> None:
    run(tmp_path, stand_in)
    state = tmp_path / "state" / "terraform" / "dev.tfstate"
    document = json.loads(state.read_text())
    document["resources"][0]["instances"][0]["status"] = "tainted"
    state.write_text(json.dumps(document))
    existing = (ExistingRecord(request_id="SEC-0007", name="goldenpath/a/dev/b", has_policy=False),)
    plan = run(tmp_path, stand_in, wanted=root(existing=existing))
    assert [(each.request_id, each.is_import, each.fields) for each in plan.changes] == [("SEC-0007", True, ())]


def test_only_records_that_the_state_lacks_are_imported(tmp_path: Path, stand_in: StandInTerraform) -> None:
    run(tmp_path, stand_in)
    existing = (ExistingRecord(request_id="SEC-0007", name="goldenpath/a/dev/b", has_policy=True),)
    assert run(tmp_path, stand_in, wanted=root(existing=existing)).changes == ()
    assert not (tmp_path / "state" / "terraform" / "dev" / "imports.tf.json").exists()


@pytest.mark.parametrize("command", ["version", "init", "state pull", "plan", "show", "apply"])
@pytest.mark.parametrize(
    ("fault", "code"), [(1, "terraform.command-failed"), (127, "terraform.command-failed"), ("truncate", "terraform.output-unreadable")]
)
def test_a_command_that_fails_is_an_error_with_a_code(
    command: str, fault: int | str, code: str, tmp_path: Path, stand_in: StandInTerraform
) -> None:
    if fault == "truncate" and command != "show":
        command = "show"
    stand_in.faults = {command: fault}
    stand_in.noise = canary = new_canary()
    with pytest.raises(GoldenpathError) as raised:
        run(tmp_path, stand_in)
    assert raised.value.code == code
    assert canary not in f"{raised.value!r} {raised.value} {raised.value.hint}"
    log = tmp_path / "state" / "terraform" / "dev" / "run.log"
    assert canary in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert stand_in.applied == []


@pytest.mark.parametrize("fault", ["hang", "stubborn"])
def test_a_command_that_does_not_end_is_stopped(fault: str, tmp_path: Path, stand_in: StandInTerraform) -> None:
    stand_in.faults = {"plan": fault}
    made = TerraformEngine(tmp_path / "state", TerraformSettings(binary=stand_in.binary), grace_seconds=0.1)
    with made.open(root(), is_preview=False) as workspace:
        object.__setattr__(workspace._terraform, "timeout_seconds", 1.0)
        with pytest.raises(GoldenpathError) as raised:
            workspace.plan()
    assert (raised.value.code, raised.value.retry_after_seconds is not None) == ("terraform.timeout", True)


def test_a_plan_is_applied_once_and_never_one_that_was_not_made(tmp_path: Path, stand_in: StandInTerraform) -> None:
    with engine(tmp_path, stand_in).open(root(), is_preview=False) as workspace:
        for prepared in (False, True):
            if prepared:
                workspace.plan()
                workspace.apply()
            with pytest.raises(ProviderRefused) as raised:
                workspace.apply()
            assert raised.value.code == "terraform.no-plan"
    assert not (tmp_path / "state" / "terraform" / "dev" / "plan.bin").exists()


def test_a_plan_left_by_a_killed_run_is_never_applied(tmp_path: Path, stand_in: StandInTerraform) -> None:
    run(tmp_path, stand_in)
    (tmp_path / "state" / "terraform" / "dev" / "plan.bin").write_text("of a run that died")
    with (
        engine(tmp_path, stand_in).open(root(), is_preview=False) as workspace,
        pytest.raises(ProviderRefused, match="no saved plan"),
    ):
        workspace.apply()


def test_two_runs_do_not_share_a_folder(tmp_path: Path, stand_in: StandInTerraform) -> None:
    made = engine(tmp_path, stand_in)
    with made.open(root(), is_preview=False), pytest.raises(GoldenpathError) as raised, made.open(root(), is_preview=False):
        pass
    assert raised.value.code == "terraform.workspace-busy"
    with made.open(root(), is_preview=False), made.open(root(), is_preview=True):
        pass


@pytest.mark.parametrize(("version", "code"), [("1.6.6", "terraform.version"), ("0.15.0", "terraform.version"), ("x", "terraform.version")])
def test_an_old_terraform_is_refused(version: str, code: str, tmp_path: Path, stand_in: StandInTerraform) -> None:
    stand_in.version = version
    with pytest.raises(GoldenpathError) as raised:
        run(tmp_path, stand_in)
    assert raised.value.code == code


def test_a_missing_terraform_is_refused(tmp_path: Path) -> None:
    made = TerraformEngine(tmp_path / "state", TerraformSettings(binary="no-such-terraform"))
    with pytest.raises(GoldenpathError) as raised, made.open(root(), is_preview=False):
        pass
    assert raised.value.code == "terraform.missing"


def test_environments_never_share_a_state(tmp_path: Path, stand_in: StandInTerraform) -> None:
    shared = TerraformBackend(type="s3", config={"bucket": "states", "key": "all"})
    with pytest.raises(GoldenpathError) as raised, engine(tmp_path, stand_in, backend=shared).open(root(), is_preview=False):
        pass
    assert raised.value.code == "terraform.backend-shared"
    own = TerraformBackend(type="s3", config={"bucket": "states", "key": "{environment}/goldenpath"})
    with engine(tmp_path, stand_in, backend=own).open(root(), is_preview=False):
        written = json.loads((tmp_path / "state" / "terraform" / "dev" / "main.tf.json").read_text())
    assert written["terraform"]["backend"] == {"s3": {"bucket": "states", "key": "dev/goldenpath"}}


def test_a_preview_of_a_remote_state_works_on_a_copy(tmp_path: Path, stand_in: StandInTerraform) -> None:
    own = TerraformBackend(type="s3", config={"bucket": "states", "key": "{environment}/goldenpath"})
    made = engine(tmp_path, stand_in, backend=own)
    with made.open(root(), is_preview=False) as workspace:
        workspace.plan()
        workspace.apply()
    before = (stand_in.folder / "remote.tfstate").read_bytes()
    with made.open(root(variables=b'{"goldenpath_secrets":{}}'), is_preview=True) as workspace:
        assert workspace.plan().forgotten == ("SEC-0007",)
    assert (stand_in.folder / "remote.tfstate").read_bytes() == before


def test_terraform_gets_credentials_and_nothing_that_steers_it(
    tmp_path: Path, stand_in: StandInTerraform, monkeypatch: pytest.MonkeyPatch
) -> None:
    unwanted = {"TF_LOG": "trace", "TF_CLI_ARGS": "-destroy", "TF_VAR_goldenpath_secrets": "{}", "GITHUB_TOKEN": "x", "TF_WORKSPACE": "b"}
    for name, text in {**unwanted, "AWS_ACCESS_KEY_ID": "AKIA"}.items():
        monkeypatch.setenv(name, text)
    run(tmp_path, stand_in)
    for call in stand_in.calls:
        assert call["variables"]["AWS_ACCESS_KEY_ID"] == "AKIA"
        assert not unwanted.keys() & call["variables"].keys()
        assert (call["variables"]["TF_INPUT"], call["variables"]["TF_IN_AUTOMATION"]) == ("0", "1")


def test_everything_that_is_written_is_private(tmp_path: Path, stand_in: StandInTerraform) -> None:
    old = os.umask(0)
    try:
        run(tmp_path, stand_in)
    finally:
        os.umask(old)
    place = tmp_path / "state" / "terraform" / "dev"
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    for name in ("main.tf.json", "secrets.auto.tfvars.json", "run.log", "terraform.rc"):
        assert stat.S_IMODE((place / name).stat().st_mode) == 0o600
    assert (place / "secrets.auto.tfvars.json").read_bytes() == VARIABLES


def test_the_root_names_account_role_and_documents() -> None:
    role = ReaderRole(name="goldenpath-dev-external-secrets", trust_policy='{"a":"${b}"}', policy="{}")
    made = root(role_arn="arn:aws:iam::123456789012:role/ci", profile="p", session_name="goldenpath-1", reader_role=role)
    document = json.loads(render_root(made, backend="local", backend_config={"path": "/x/${HOME}"}))
    assert document["provider"]["aws"] == {
        "region": "us-east-1",
        "allowed_account_ids": ["123456789012"],
        "profile": "p",
        "assume_role": [{"role_arn": "arn:aws:iam::123456789012:role/ci", "session_name": "goldenpath-1"}],
    }
    assert document["terraform"]["backend"] == {"local": {"path": "/x/$${HOME}"}}
    assert document["module"]["catalog"]["external_secrets_role"]["trust_policy"] == '{"a":"$${b}"}'


def test_imports_name_policies_and_rotation_only_where_there_are_some() -> None:
    records = [
        ExistingRecord(request_id=f"SEC-000{number}", name=f"n{number}", has_policy=number == 1, has_rotation=number == 2)
        for number in (2, 1)
    ]
    document = json.loads(render_imports(records))
    assert document["locals"] == {
        "existing": {"SEC-0001": "n1", "SEC-0002": "n2"},
        "restricted": {"SEC-0001": "SEC-0001"},
        "rotating": {"SEC-0002": "SEC-0002"},
    }
    assert [each["to"] for each in document["import"]] == [
        "module.catalog.aws_secretsmanager_secret.this[each.key]",
        "module.catalog.aws_secretsmanager_secret_policy.this[each.key]",
        "module.catalog.aws_secretsmanager_secret_rotation.this[each.key]",
    ]


def test_the_mirror_is_the_only_source_when_one_is_set() -> None:
    assert render_cli_config(None) == b"disable_checkpoint = true\n"
    text = render_cli_config('/mirror"${x}').decode()
    assert 'path = "/mirror\\"$${x}"' in text
    assert "direct" not in text


def test_the_module_ignores_the_bookkeeping_that_is_ignored_here() -> None:
    text = (module_folder() / "main.tf").read_text()
    assert all(f'tags["{name}"]' in text and f'tags_all["{name}"]' in text for name in IGNORED_TAGS)
    assert "prevent_destroy = true" in text


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({}, ("SEC-0007", "secret", "update")),
        ({"change": {"actions": ["delete", "create"]}}, ("SEC-0007", "secret", "replace")),
        ({"change": {"actions": ["create", "delete"]}}, ("SEC-0007", "secret", "replace")),
        ({"change": {"actions": ["forget"]}}, ("SEC-0007", "secret", "delete")),
        ({"change": {"actions": ["something-new"]}}, ("SEC-0007", "secret", "delete")),
        ({"module_address": "module.other"}, ("", "unknown", "update")),
        ({"type": "aws_s3_bucket"}, ("", "unknown", "update")),
        ({"type": "aws_secretsmanager_secret_version"}, ("", "unknown", "update")),
        ({"index": "not an id"}, ("", "unknown", "update")),
        ({"index": 3}, ("", "unknown", "update")),
        ({"type": "aws_iam_role", "name": "external_secrets"}, ("", "role", "update")),
    ],
)
def test_an_address_is_mapped_to_its_request_or_to_nobody(over: dict[str, object], expected: tuple[str, str, str]) -> None:
    document = {"format_version": "1.2", "resource_changes": [change("SEC-0007", "update", **over)]}
    found = read_plan(json.dumps(document).encode())[0]
    assert (found.request_id, found.part, found.action) == expected


FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:rotate"
DAILY = {"rotation_lambda_arn": FUNCTION, "rotation_rules": [{"automatically_after_days": 90, "duration": "", "schedule_expression": ""}]}
WINDOW = [{"automatically_after_days": None, "duration": "3h", "schedule_expression": "rate(90 days)"}]


@pytest.mark.parametrize(
    ("before", "after", "fields"),
    [
        (None, DAILY, [("rotation", "", f"{FUNCTION} every 90 days")]),
        (DAILY, None, [("rotation", f"{FUNCTION} every 90 days", "")]),
        (
            DAILY,
            {**DAILY, "rotation_rules": WINDOW},
            [("rotation", f"{FUNCTION} every 90 days", f"{FUNCTION} rate(90 days) for 3 h")],
        ),
        ({**DAILY, "rotate_immediately": None}, {**DAILY, "rotate_immediately": False}, []),
        (DAILY, {**DAILY, "rotation_rules": [{"automatically_after_days": 90, "duration": None, "schedule_expression": None}]}, []),
    ],
)
def test_rotation_is_spelled_as_in_our_own_plan(before: object, after: object, fields: list[tuple[str, str, str]]) -> None:
    actions = ["create"] if before is None else ["delete"] if after is None else ["update"]
    said = change(
        "SEC-0007", actions[0], type="aws_secretsmanager_secret_rotation", change={"actions": actions, "before": before, "after": after}
    )
    (found,) = read_plan(json.dumps({"format_version": "1.2", "resource_changes": [said]}).encode())
    assert found.part == "rotation"
    assert [(each.field, each.before, each.after) for each in found.fields] == fields


def test_copies_are_spelled_as_in_our_own_plan() -> None:
    """What Terraform notes beside region and key, and the account's own key by its alias, are no state that anybody asked for."""
    key = "arn:aws:kms:eu-central-1:123456789012:key/1a2b3c4d"
    west = {"region": "eu-west-1", "kms_key_id": "alias/aws/secretsmanager", "status": "InSync", "last_accessed_date": ""}
    before = {"replica": [west]}
    after = {"replica": [{"region": "eu-west-1", "kms_key_id": None}, {"region": "eu-central-1", "kms_key_id": key}]}

    def fields(old: Mapping[str, object], new: Mapping[str, object]) -> list[tuple[str, str, str]]:
        document = {"format_version": "1.2", "resource_changes": [change("SEC-0007", "update", change={"before": old, "after": new})]}
        return [(each.field, each.before, each.after) for each in read_plan(json.dumps(document).encode())[0].fields]

    assert fields(before, after) == [("replicas", "eu-west-1", f"eu-central-1 ({key}), eu-west-1")]
    assert fields(before, {"replica": [{**west, "kms_key_id": None}]}) == []


PLAN = json.dumps({"format_version": "1.2", "resource_changes": [change("SEC-0007", "update")]}).encode()


@given(cut=st.integers(min_value=0, max_value=len(PLAN) - 1))
def test_a_plan_that_is_cut_off_is_never_an_empty_one(cut: int) -> None:
    with pytest.raises(ProviderRefused) as raised:
        read_plan(PLAN[:cut])
    assert raised.value.code == "terraform.output-unreadable"


TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["version", "resources", "instances", "mode", "type"]), inner)
    ),
    max_leaves=12,
)


@given(tree=TREES)
def test_foreign_json_is_refused_or_understood_and_never_breaks_us(tree: object) -> None:
    for read in (read_plan, read_state):
        said = "understood"
        try:
            assert read(json.dumps(tree).encode()) == ()
        except ProviderRefused as error:
            said = error.code
        assert said in {"understood", "terraform.output-unreadable"}


@pytest.mark.parametrize("over", [{"format_version": "2.0"}, {"errored": True}])
def test_a_plan_of_another_format_or_with_errors_is_refused(over: dict[str, object]) -> None:
    with pytest.raises(ProviderRefused):
        read_plan(json.dumps({"format_version": "1.2", "resource_changes": [], **over}).encode())
