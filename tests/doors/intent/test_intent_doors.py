"""``validate``, ``schema`` and ``request`` from the outside: output, exit codes, and what they never do."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from tests.canary import hits_in, new_canary, scan_tree
from tests.unit.intent.samples import SEED_002, request_text, sample

from goldenpath.cli.root import run
from goldenpath.intent.contract import load
from goldenpath.intent.schema import KINDS, json_schema
from goldenpath.model.request import SecretRequest

DEV = "catalogs/secrets/payments/dev"
NEEDED = ("--service", "payments", "--name", "db", "--environment", "dev", "--owner", "app-team")


@pytest.fixture
def platform(tmp_path: Path) -> Path:
    write(tmp_path, "goldenpath.yaml", "apiVersion: goldenpath.io/v1\nkind: Platform\n")
    write(tmp_path, f"{DEV}/SEC-0007.yaml", SEED_002)
    return tmp_path


def write(base: Path, path: str, text: str) -> Path:
    file = base / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def call(capsys: pytest.CaptureFixture[str], base: Path, *arguments: str) -> tuple[int, str, str]:
    code = run(["-C", str(base), *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_clean_repository(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, platform, "validate")
    assert code == 0
    assert "2 files checked, no faults" in out


def test_faults_of_all_files_come_in_one_run_with_exit_code_2(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(platform, f"{DEV}/SEC-0008.yaml", sample(tier="High", owner="no"))
    write(platform, f"{DEV}/SEC-0009.yml", "x")
    write(platform, "governance/policy.yaml", "kind: Policy\n")
    write(platform, "schemas/metadata/enums.yaml", "owners: []\n")
    code, out, _ = call(capsys, platform, "validate", "-o", "json")
    found = json.loads(out)
    assert code == 2
    assert {finding["file"] for finding in found["findings"]} == {
        f"{DEV}/SEC-0008.yaml",
        f"{DEV}/SEC-0009.yml",
        "governance/policy.yaml",
        "schemas/metadata/enums.yaml",
    }
    by_rule = {finding["rule"]: finding for finding in found["findings"]}
    assert (by_rule["intent.enum"]["line"], by_rule["intent.enum"]["field"]) == (13, "spec.risk.tier")
    assert by_rule["intent.enum"]["hint"] == "did you mean high?"


@pytest.mark.parametrize("form", ["table", "json", "yaml", "ndjson", "sarif", "junit", "github", "markdown"])
def test_every_format_names_the_fault_and_never_a_pasted_value(form: str, platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    canary = new_canary().replace("<é>", "")
    write(platform, f"{DEV}/SEC-0007.yaml", SEED_002.replace("medium", f'"{canary}"') + f"  password: {canary}\n{canary}: x\n")
    code, out, err = call(capsys, platform, "validate", "-o", form)
    assert code == 2
    assert "intent.unknown-field" in out
    assert hits_in((out + err).encode(), [canary]) == []
    _parse(form, out)


def _parse(form: str, out: str) -> None:
    parsers: dict[str, Any] = {
        "json": json.loads,
        "sarif": json.loads,
        "yaml": yaml.safe_load,
        "junit": ET.fromstring,
        "ndjson": lambda text: [json.loads(line) for line in text.splitlines()],
    }
    assert parsers.get(form, str)(out) is not None


def test_named_files_are_checked_by_themselves(platform: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    bad = write(platform, f"{DEV}/SEC-0008.yaml", request_text("SEC-0008", environment="prod"))
    loose = write(platform, "drafts/mine.yaml", sample(ttlDays="0"))
    code, out, _ = call(capsys, platform, "validate", str(bad), "-o", "json")
    assert (code, [finding["rule"] for finding in json.loads(out)["findings"]]) == (2, ["intent.path-mismatch"])
    code, out, _ = call(capsys, platform, "validate", str(loose), "-o", "json")
    assert (code, [finding["rule"] for finding in json.loads(out)["findings"]]) == (2, ["intent.range"])
    assert call(capsys, platform, "validate", str(platform / DEV / "SEC-0007.yaml"))[0] == 0
    assert call(capsys, platform, "validate", str(platform / "goldenpath.yaml"))[0] == 0
    assert call(capsys, platform, "validate", str(platform / DEV))[0] == 2
    monkeypatch.chdir(platform)
    assert run(["validate", f"{DEV}/SEC-0007.yaml"]) == 0


def test_a_named_folder_is_searched_for_requests(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(platform, "drafts/README.md", "not a request")
    write(platform, "drafts/deep/SEC-0100.yaml", sample(ttlDays="0"))
    write(platform, f"{DEV}/SEC-0008.yaml", request_text("SEC-0008", name="payments-db-credentials"))
    code, out, _ = call(capsys, platform, "validate", str(platform / "drafts"), "-o", "json")
    assert (code, json.loads(out)["files"], [finding["rule"] for finding in json.loads(out)["findings"]]) == (2, 1, ["intent.range"])
    assert call(capsys, platform, "validate", str(platform / DEV))[0] == 0
    code, out, _ = call(capsys, platform, "validate", str(platform), "-o", "json")
    assert (code, {finding["rule"] for finding in json.loads(out)["findings"]}) == (
        2,
        {"intent.duplicate-store-path", "intent.duplicate-external-secret"},
    )


def test_named_files_of_any_kind_are_refused_when_they_are_none(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (platform / DEV / "SEC-0009.yaml").symlink_to("/etc/passwd")
    os.mkfifo(platform / "pipe.yaml")
    for path, rule in ((f"{DEV}/SEC-0009.yaml", "intent.symlink"), ("pipe.yaml", "intent.not-a-file")):
        code, out, _ = call(capsys, platform, "validate", str(platform / path), "-o", "json")
        assert (code, [finding["rule"] for finding in json.loads(out)["findings"]]) == (2, [rule])
    code, _, err = call(capsys, platform, "validate", str(platform / "nothing.yaml"))
    assert code == 2
    assert "intent.file-missing" in err


def test_faulty_settings_hide_no_other_fault_but_the_catalogs(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(platform, "goldenpath.yaml", "kind: Platform\ncatalog: {root: ../x}\nfoo: 1\n")
    write(platform, "governance/approvers.yaml", "kind: x\n")
    code, out, _ = call(capsys, platform, "validate", "-o", "json")
    files = [finding["file"] for finding in json.loads(out)["findings"]]
    assert code == 2
    assert files.count("goldenpath.yaml") == 2
    assert "governance/approvers.yaml" in files


def test_request_validate_is_the_same_verb(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, platform, "request", "validate")[1] == call(capsys, platform, "validate")[1]


@pytest.mark.parametrize("kind", KINDS)
def test_schema_prints_the_schema(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, tmp_path, "schema", kind)
    assert code == 0
    assert json.loads(out) == json.loads(json.dumps(json_schema(kind)))
    assert yaml.safe_load(call(capsys, tmp_path, "schema", kind, "-o", "yaml")[1]) == json.loads(out)


def test_schema_prints_a_request_by_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(call(capsys, tmp_path, "schema")[1])["title"] == "SecretRequest"


def test_new_writes_the_next_id_and_it_validates(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = os.umask(0o077)
    try:
        code, out, _ = call(capsys, platform, "request", "new", *NEEDED, "--key", "password", "--key", "url:url")
    finally:
        os.umask(old)
    file = platform / DEV / "SEC-0008.yaml"
    assert code == 0
    assert f"wrote {DEV}/SEC-0008.yaml" in out
    assert file.stat().st_mode & 0o777 == 0o644
    assert [entry.name for entry in file.parent.iterdir() if entry.name.startswith(".")] == []
    request = load(file.read_bytes(), SecretRequest, file="f").value
    assert request is not None
    assert [(key.name, key.format) for key in request.spec.keys] == [("password", "text"), ("url", "url")]
    assert call(capsys, platform, "validate")[0] == 0


def test_dry_run_prints_the_file_and_writes_nothing(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(platform.rglob("*"))
    code, out, _ = call(capsys, platform, "request", "new", *NEEDED, "--environment", "prd", "--dry-run")
    assert code == 0
    request = load(out.encode(), SecretRequest, file="f").value
    assert request is not None
    assert (request.id, request.environment) == ("SEC-0008", "prod")
    assert sorted(platform.rglob("*")) == before


def test_new_never_prompts_without_a_terminal(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, platform, "request", "new", "--service", "payments")
    assert code == 2
    assert "--name, --environment, --owner" in err


@pytest.mark.parametrize(
    ("flags", "rule"),
    [
        (("--tier", "High"), "intent.enum"),
        (("--name", "a/../../x"), "intent.pattern"),
        (("--service", ".."), "intent.pattern"),
        (("--k8s-secret", "../x"), "intent.pattern"),
        (("--ttl-days", "0"), "intent.range"),
        (("--key", "a b"), "intent.pattern"),
        (("--key", "A", "--key", "a"), "intent.duplicate-declared-key"),
        (("--environment", "PROD"), "cli.invalid-value"),
        (("--description", "a\u202eb"), "intent.control-character"),
        (("--name", "payments-db-credentials", "--provider", "aws-secrets-manager"), "intent.duplicate-store-path"),
        (("--k8s-secret", "payments-db-creds"), "intent.duplicate-target"),
        (("--id", "SEC-0007"), "intent.duplicate-id"),
    ],
)
def test_new_refuses_what_validate_would(flags: tuple[str, ...], rule: str, platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(platform.rglob("*"))
    code, out, err = call(capsys, platform, "request", "new", *NEEDED, *flags)
    assert code == 2
    assert rule in out + err
    assert sorted(platform.rglob("*")) == before


def test_new_never_overwrites_and_never_follows_a_link(
    platform: Path, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    kept = write(platform, f"{DEV}/SEC-0050.yaml", "not a request\n")
    code, _, err = call(capsys, platform, "request", "new", *NEEDED, "--id", "SEC-0050")
    assert (code, kept.read_text()) == (6, "not a request\n")
    assert "intent.file-exists" in err
    (platform / "catalogs/secrets/linked").symlink_to(outside)
    code, _, err = call(capsys, platform, "request", "new", *NEEDED, "--service", "linked")
    assert code == 2
    assert "intent.folder-unsafe" in err
    assert list(outside.iterdir()) == []


def test_new_skips_ids_of_tombstones_and_of_broken_files(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stone = "{id: SEC-0400, provider: local, path: a, decommissionedOn: 2026-01-01}"
    write(platform, "governance/tombstones.yaml", f"apiVersion: goldenpath.io/v1\nkind: Tombstones\ntombstones: [{stone}]\n")
    write(platform, f"{DEV}/SEC-0500.yaml", "broken: [\n")
    code, out, _ = call(capsys, platform, "request", "new", *NEEDED, "-o", "json")
    assert code == 0
    assert json.loads(out)["id"] == "SEC-0501"


def test_show_prints_the_request(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, platform, "request", "show", "SEC-0007")
    assert code == 0
    shown, stated = (load(text.encode(), SecretRequest, file="f").value for text in (out, SEED_002))
    assert shown == stated
    document = json.loads(call(capsys, platform, "request", "show", "SEC-0007", "-o", "json")[1])
    assert document["path"] == f"{DEV}/SEC-0007.yaml"
    code, _, err = call(capsys, platform, "request", "show", "SEC-0999")
    assert (code, "request.unknown" in err) == (6, True)


def test_no_verb_leaves_a_pasted_value_behind(platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    canary = new_canary().replace("<é>", "")
    for flag in ("--owner", "--tier", "--name", "--key", "--provider", "--read-principal"):
        _, out, err = call(capsys, platform, "request", "new", *NEEDED, "--key", "a", flag, canary, "--ttl-days", "0")
        assert hits_in((out + err).encode(), [canary]) == []
    assert scan_tree(platform, [canary]) == []


@pytest.mark.parametrize("mark", ["goldenpath.yaml", ".git"])
def test_a_folder_inside_the_platform_means_the_platform(mark: str, platform: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inside = platform / DEV
    if mark == ".git":
        (platform / "goldenpath.yaml").unlink()
        (platform / ".git").mkdir()
    code, out, _ = call(capsys, inside, "request", "new", *NEEDED)
    assert (code, out.splitlines()[0]) == (0, f"wrote {DEV}/SEC-0008.yaml")
    assert (platform / DEV / "SEC-0008.yaml").is_file()
    code, out, _ = call(capsys, inside, "validate")
    assert (code, "0 files" in out) == (0, False)
    code, out, _ = call(capsys, inside, "request", "show", "SEC-0007")
    assert (code, out.splitlines()[0]) == (0, f"# {DEV}/SEC-0007.yaml")


def test_a_folder_inside_the_platform_is_searched_as_a_part_of_it(
    platform: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(platform, f"{DEV}/SEC-0008.yml", "x")
    monkeypatch.chdir(platform / DEV)
    code = run(["validate", "."])
    out = capsys.readouterr().out
    assert (code, f"{DEV}/SEC-0008.yml" in out, "2 files checked" in out) == (2, True, True), out


def test_a_run_that_saw_no_file_is_no_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path, "notes/todo.txt", "x")
    for arguments in ((), (str(tmp_path / "notes"),)):
        code, _, err = call(capsys, tmp_path, "validate", *arguments)
        assert (code, "[intent.nothing-checked]" in err, "-C" in err) == (2, True, True)
