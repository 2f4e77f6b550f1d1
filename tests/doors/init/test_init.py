"""``goldenpath init`` from the outside: what it writes, that the result works, and everything that it refuses to touch (R7)."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.app.backstage import SKELETON, TEMPLATE_FILE
from goldenpath.app.scaffold_text import fill, require_plain
from goldenpath.cli.root import run
from goldenpath.errors import InvalidIntent
from goldenpath.intent.folder import Folder
from goldenpath.intent.layout import SCHEMA_FILE
from goldenpath.model.scaffold import PROFILES, Choices
from goldenpath.providers.git.founding import GitFounding
from goldenpath.providers.scaffold import read_templates
from goldenpath.settings import load_settings

Capture = pytest.CaptureFixture[str]
NEVER_TOUCHED = "governance/policy.yaml"


def call(capsys: Capture, *words: str) -> tuple[int, str, str]:
    code = run(list(words))
    said = capsys.readouterr()
    return code, said.out, said.err


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def committed(folder: Path) -> Path:
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "Start")
    return folder


PORTAL_FILE = f"{SKELETON}/catalogs/secrets/${{{{ values.service }}}}/${{{{ values.environment }}}}/${{{{ values.id }}}}.yaml"


def everything_in(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


@pytest.mark.parametrize("profile", PROFILES)
def test_doctor_and_validate_pass_on_the_result(profile: str, tmp_path: Path, capsys: Capture) -> None:
    place = str(tmp_path / "platform")
    assert call(capsys, "init", place, "--profile", profile, "--yes")[0] == 0
    for is_committed in (False, True):
        if is_committed:
            committed(tmp_path / "platform")
        code, out, _ = call(capsys, "-C", place, "doctor", "--json")
        assert (code, json.loads(out)["counts"]["fail"]) == (0, 0), out
        assert call(capsys, "-C", place, "validate")[0] == 0
    assert call(capsys, "-C", place, "policy", "waivers")[0] == 0


@pytest.mark.parametrize("profile", PROFILES)
def test_a_request_in_the_new_repository_is_judged_like_everywhere(profile: str, tmp_path: Path, capsys: Capture) -> None:
    platform = tmp_path / "platform"
    call(capsys, "init", str(platform), "--profile", profile, "--yes")
    committed(platform)
    git(platform, "switch", "--quiet", "--create", "request/one")
    new = ("request", "new", "--service", "payments", "--name", "db", "--environment", "dev", "--owner", "app-team", "--key", "PASSWORD")
    assert call(capsys, "-C", str(platform), *new)[0] == 0
    git(platform, "add", "--all")
    git(platform, "commit", "--quiet", "--message", "Request")
    code, out, err = call(capsys, "-C", str(platform), "policy", "check", "--base", "main", "--json")
    assert code == 0, err
    assert [need["role"] for need in json.loads(out)["approvals"]["missing"]] == ["platform"]


def test_a_dry_run_lists_and_writes_nothing(tmp_path: Path, capsys: Capture) -> None:
    code, out, _ = call(capsys, "init", str(tmp_path / "new"), "--dry-run")
    assert code == 0
    assert "+ goldenpath.yaml" in out
    assert not (tmp_path / "new").exists()


def test_nobody_to_ask_means_nothing_is_written(tmp_path: Path, capsys: Capture) -> None:
    code, _, err = call(capsys, "init", str(tmp_path / "new"))
    assert code == 2
    assert "--yes" in err
    assert not (tmp_path / "new").exists()


def test_what_is_there_stays_byte_for_byte_and_the_rest_is_added(tmp_path: Path, capsys: Capture) -> None:
    platform = tmp_path / "platform"
    (platform / "governance").mkdir(parents=True)
    (platform / NEVER_TOUCHED).write_text("# ours\n")
    (platform / "README.md").write_bytes(b"\xff\xfe our own\r\n")
    committed(platform)
    before = everything_in(platform)
    code, out, _ = call(capsys, "init", str(platform), "--dry-run")
    assert code == 0
    assert "~ governance/policy.yaml  (yours stays" in out
    assert "-# ours\n" in out
    code, out, _ = call(capsys, "init", str(platform), "--yes", "--json")
    after = everything_in(platform)
    assert code == 0
    assert {path: after[path] for path in before} == before
    states = {file["path"]: file["state"] for file in json.loads(out)["files"]}
    assert {path for path, state in states.items() if state == "kept"} == {NEVER_TOUCHED, "README.md"}
    assert set(after) == set(states)


def test_a_second_run_finds_nothing_missing(tmp_path: Path, capsys: Capture) -> None:
    platform = str(tmp_path / "platform")
    call(capsys, "init", platform, "--yes")
    committed(Path(platform))
    before = everything_in(Path(platform))
    code, out, _ = call(capsys, "init", platform)
    assert code == 0
    assert "0 to add" in out
    assert "Nothing was missing." in out
    assert everything_in(Path(platform)) == before


@pytest.mark.parametrize("writes", [0, 1, 9])
def test_an_interrupted_run_is_finished_by_the_next(writes: int, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, half = (tmp_path / name / "platform" for name in ("whole", "half"))
    call(capsys, "init", str(whole), "--yes")
    write_new = Folder.write_new
    done: list[str] = []

    def interrupted(self: Folder, path: str, data: bytes) -> None:
        if len(done) == writes:
            raise KeyboardInterrupt
        done.append(path)
        write_new(self, path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "write_new", interrupted)
        assert call(capsys, "init", str(half), "--yes")[0] == 130
    assert len(everything_in(half)) == writes
    assert call(capsys, "init", str(half), "--yes")[0] == 0
    assert everything_in(half) == everything_in(whole)


def test_what_was_just_written_is_no_change_that_is_in_the_way_and_an_edit_of_it_is(tmp_path: Path, capsys: Capture) -> None:
    platform = tmp_path / "platform"
    call(capsys, "init", str(platform), "--yes")
    assert call(capsys, "init", str(platform))[0] == 0
    (platform / "governance" / "policy.yaml").write_text("# edited\n")
    code, out, _ = call(capsys, "init", str(platform), "--json")
    assert (code, json.loads(out)["code"]) == (6, "init.dirty")
    assert "governance/policy.yaml" in json.loads(out)["message"]


def test_settings_that_are_there_decide_where_files_go(tmp_path: Path, capsys: Capture) -> None:
    platform = tmp_path / "platform"
    platform.mkdir()
    (platform / "goldenpath.yaml").write_text(
        "apiVersion: goldenpath.io/v1\nkind: Platform\ncatalog:\n  root: docs/catalogs/secrets\n"
        "governance:\n  policy: rules/policy.yaml\n  protectedBranch: trunk\nenvironments:\n  test: {}\n"
    )
    code, _, err = call(capsys, "init", str(platform), "--yes", "--branch", "ignored")
    assert code == 0, err
    assert (platform / "rules" / "policy.yaml").is_file()
    assert not (platform / "governance" / "policy.yaml").exists()
    workflow = yaml.safe_load((platform / ".github" / "workflows" / "secret-request-apply.yml").read_text())
    assert workflow[True]["push"]["branches"] == ["trunk"]
    assert workflow[True]["push"]["paths"][:2] == ["docs/catalogs/secrets/**", "goldenpath.yaml"]
    assert "rules/policy.yaml" in workflow[True]["push"]["paths"]
    assert workflow["jobs"]["apply"]["strategy"]["matrix"]["include"] == [{"environment": "test", "role": "GOLDENPATH_ROLE_TEST"}]
    assert git(platform, "symbolic-ref", "HEAD").strip() == "refs/heads/trunk"


def test_a_repository_with_a_remote_publishes_manifests_there(tmp_path: Path, capsys: Capture) -> None:
    platform = tmp_path / "platform"
    platform.mkdir()
    committed(platform)
    git(platform, "remote", "add", "origin", str(tmp_path / "elsewhere.git"))
    call(capsys, "init", str(platform), "--yes")
    assert load_settings((platform / "goldenpath.yaml").read_bytes()).delivery.remote == "origin"


@pytest.mark.parametrize(
    ("first", "present", "expected"),
    [("trunk", "", "trunk"), ("master", "feature", "master"), ("main", "feature", "main"), ("trunk", "x", "x")],
)
def test_the_protected_branch_is_the_one_that_the_repository_has(
    first: str, present: str, expected: str, tmp_path: Path, capsys: Capture
) -> None:
    platform = tmp_path / "platform"
    platform.mkdir()
    git(platform, "init", "--quiet", f"--initial-branch={first}")
    if present:
        git(platform, "commit", "--quiet", "--allow-empty", "--message", "Start")
        git(platform, "switch", "--quiet", "--create", present)
    assert call(capsys, "init", str(platform), "--yes")[0] == 0
    assert load_settings((platform / "goldenpath.yaml").read_bytes()).governance.protected_branch == expected
    assert call(capsys, "-C", str(platform), "doctor", "--json")[0] in ((0,) if not present else (0, 1))


def dirty(root: Path) -> Path:
    committed(root)
    (root / "change.txt").touch()
    return root


def foreign(root: Path) -> Path:
    (root / "thesis.txt").touch()
    return root


def inside(root: Path) -> Path:
    committed(root)
    (root / "part").mkdir()
    return root / "part"


def faulty(root: Path) -> Path:
    (root / "goldenpath.yaml").write_text("kind: Platform\nkind: Platform\n")
    return root


def a_link(root: Path) -> Path:
    (root / "real").mkdir()
    (root / "link").symlink_to("real")
    return root / "link"


def a_file(root: Path) -> Path:
    (root / "file").touch()
    return root / "file"


def linked_folder(root: Path) -> Path:
    (root / "outside").mkdir()
    platform = root / "platform"
    platform.mkdir()
    (platform / "governance").symlink_to("../outside")
    return committed(platform)


def linked_file(root: Path) -> Path:
    platform = root / "platform"
    platform.mkdir()
    (platform / "README.md").symlink_to("../outside.md")
    return committed(platform)


def folder_in_the_way(root: Path) -> Path:
    (root / "CODEOWNERS").mkdir()
    (root / "CODEOWNERS" / "x").touch()
    return committed(root)


def empty_folder_in_the_way(root: Path) -> Path:
    (root / "CODEOWNERS").mkdir()
    return committed(root)


def bare(root: Path) -> Path:
    git(root, "init", "--quiet", "--bare")
    return root


REFUSED = [
    (dirty, "init.dirty"), (foreign, "init.foreign-folder"), (inside, "init.inside-repository"), (faulty, "settings.invalid"),
    (a_link, "init.not-a-folder"), (a_file, "init.not-a-folder"), (linked_folder, "init.in-the-way"), (linked_file, "init.in-the-way"),
    (folder_in_the_way, "init.in-the-way"), (empty_folder_in_the_way, "init.in-the-way"), (bare, "git.bare-repository"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "code"), REFUSED, ids=[make.__name__ for make, _ in REFUSED])
def test_a_place_that_is_not_ours_to_fill_is_left_as_it_is(
    make: Callable[[Path], Path], code: str, tmp_path: Path, capsys: Capture
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    place = make(root)
    before = sorted(root.rglob("*"))
    exit_code, out, _ = call(capsys, "init", str(place), "--yes", "--json")
    assert exit_code in (2, 6)
    assert json.loads(out)["code"] == code
    assert sorted(root.rglob("*")) == before


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    found = GitFounding.found

    def and_somebody_else(self: GitFounding, branch: str) -> None:
        found(self, branch)
        (tmp_path / "new" / "README.md").write_text("somebody else's\n")

    monkeypatch.setattr(GitFounding, "found", and_somebody_else)
    code, out, _ = call(capsys, "init", str(tmp_path / "new"), "--yes", "--json")
    assert (code, json.loads(out)["code"]) == (6, "intent.file-exists")
    assert (tmp_path / "new" / "README.md").read_text() == "somebody else's\n"


@pytest.mark.parametrize("umask", [0o077, 0o000])
def test_files_are_readable_and_not_writable_for_others_whatever_the_umask(umask: int, tmp_path: Path, capsys: Capture) -> None:
    before = os.umask(umask)
    try:
        call(capsys, "init", str(tmp_path / "new"), "--yes")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "new").rglob("*") if path.is_file() and ".git/" not in str(path)} == {0o644}


@pytest.mark.parametrize(("forge", "has_github", "has_gitlab"), [("github", True, False), ("gitlab", False, True), ("all", True, True)])
def test_pipelines_are_those_of_the_forge(forge: str, has_github: bool, has_gitlab: bool, tmp_path: Path, capsys: Capture) -> None:
    call(capsys, "init", str(tmp_path / "new"), "--forge", forge, "--yes")
    assert (tmp_path / "new" / ".github").exists() is has_github
    assert (tmp_path / "new" / ".gitlab-ci.yml").exists() is has_gitlab


def test_generated_variables_stay_in_git_and_state_does_not(tmp_path: Path, capsys: Capture) -> None:
    platform = tmp_path / "new"
    call(capsys, "init", str(platform), "--yes")

    def is_ignored(path: str) -> bool:
        return subprocess.run(["git", "check-ignore", "--quiet", path], cwd=platform, check=False).returncode == 0

    assert not is_ignored("environments/dev/terraform/secrets.auto.tfvars.json")
    assert is_ignored(".goldenpath/root.key")
    assert is_ignored("terraform/terraform.tfstate")
    assert is_ignored("terraform/.terraform/x")
    assert is_ignored(".env.dev")


@pytest.mark.parametrize(
    ("profile", "waiting"), [("goldenpath", []), ("zerotouch", ["dev", "staging", "prod"]), ("tcs", ["dev", "staging"])]
)
def test_whoever_has_to_state_an_account_is_told(profile: str, waiting: list[str], tmp_path: Path, capsys: Capture) -> None:
    code, out, _ = call(capsys, "init", str(tmp_path / "new"), "--profile", profile, "--yes", "--json")
    assert (code, json.loads(out)["without_account"]) == (0, waiting)
    _, out, _ = call(capsys, "init", str(tmp_path / "other"), "--profile", profile, "--yes")
    assert ("state the account of" in out) is bool(waiting)


def test_hooks_run_the_command_of_this_machine_and_fetch_nothing(tmp_path: Path, capsys: Capture) -> None:
    call(capsys, "init", str(tmp_path / "new"), "--yes")
    repositories = yaml.safe_load((tmp_path / "new" / ".pre-commit-config.yaml").read_text())["repos"]
    assert [each["repo"] for each in repositories] == ["local"]
    hooks = {hook["id"]: hook for hook in repositories[0]["hooks"]}
    assert {hook["language"] for hook in hooks.values()} == {"system"}
    files = re.compile(hooks["goldenpath-validate"]["files"])
    for path in ("catalogs/secrets/payments/dev/SEC-0007.yaml", "goldenpath.yaml", "governance/policy.yaml", "schemas/metadata/enums.yaml"):
        assert files.search(path), path
    assert not files.search("docs/other.yaml")


def test_whoever_governs_is_asked(tmp_path: Path, capsys: Capture) -> None:
    platform = tmp_path / "new"
    call(capsys, "init", str(platform), "--organisation", "acme", "--yes")
    lines = [line.split() for line in (platform / "CODEOWNERS").read_text().splitlines() if line and not line.startswith("#")]
    owners = {line[0]: set(line[1:]) for line in lines}
    for path in ("/governance/", "/schemas/", "/.github/", "/goldenpath.yaml", "/CODEOWNERS", "/.gitlab-ci.yml"):
        assert owners[path] == {"@acme/platform-team", "@acme/security-team"}
    settings = load_settings((platform / "goldenpath.yaml").read_bytes())
    assert {".github", ".gitlab-ci.yml", "CODEOWNERS"} <= set(settings.governance.protected_paths)


@pytest.mark.parametrize("profile", PROFILES)
def test_every_blank_of_every_template_is_filled(profile: str, tmp_path: Path, capsys: Capture) -> None:
    call(capsys, "init", str(tmp_path / "new"), "--profile", profile, "--yes")
    assert [path for path, data in everything_in(tmp_path / "new").items() if b"@@" in data] == []
    assert set(everything_in(tmp_path / "new")) == set(read_templates(profile)) | {SCHEMA_FILE, TEMPLATE_FILE, PORTAL_FILE}


def test_the_portal_form_is_the_one_that_its_own_command_makes(tmp_path: Path, capsys: Capture) -> None:
    platform = tmp_path / "new"
    call(capsys, "init", str(platform), "--organisation", "acme", "--yes")
    assert "github.com?owner=acme&repo=new" in (platform / TEMPLATE_FILE).read_text()
    place = "github.com?owner=acme&repo=new"
    assert call(capsys, "-C", str(platform), "backstage", "template", "--check", "--repository", place)[0] == 0
    call(capsys, "init", str(tmp_path / "elsewhere"), "--forge", "gitlab", "--yes")
    assert not (tmp_path / "elsewhere" / TEMPLATE_FILE).exists(), "Backstage opens no pull request there by itself"


def test_governance_is_the_same_as_in_the_example() -> None:
    example = Path(__file__).parents[3] / "examples" / "platform"
    for path in ("governance/policy.yaml", "governance/tombstones.yaml", "schemas/metadata/enums.yaml"):
        assert read_templates("goldenpath")[path] == (example / path).read_bytes()


@given(word=st.text(min_size=1), name=st.sampled_from(["branch", "catalog", "action", "organisation", "remote"]))
def test_no_word_adds_a_line_or_a_key(word: str, name: str) -> None:
    """What is accepted is a plain word, so a workflow that it goes into has the same lines and the same keys."""
    try:
        require_plain(msgspec.structs.replace(Choices(), **{name: word}))
    except InvalidIntent:
        return
    assert word.isascii()
    assert not set(word) & set("\n\r\"'${}#: \\*?[],&!|>%`")
    assert yaml.safe_load(fill(b"key: @@W@@\n", {"W": f"x{word}"})) == {"key": f"x{word}"}


@pytest.mark.parametrize(
    "words",
    [
        ("--action", "evil/action@main"),
        ("--action", "evil/action@" + "a" * 39),
        ("--branch", "main\n    paths: []"),
        ("--catalog", "../outside"),
        ("--catalog", "/etc"),
        ("--organisation", "a b"),
    ],
)
def test_a_choice_that_could_become_code_is_refused(words: tuple[str, str], tmp_path: Path, capsys: Capture) -> None:
    code, out, _ = call(capsys, "init", str(tmp_path / "new"), *words, "--yes", "--json")
    assert (code, json.loads(out)["code"]) == (2, "init.choice-invalid")
    assert not (tmp_path / "new").exists()


def test_new_requests_point_editors_to_the_schema_of_the_platforms_own_words(tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "new"
    call(capsys, "init", str(folder), "--yes")
    asked = ("--service", "payments", "--name", "db", "--environment", "dev", "--owner", "app-team")
    code, _, _ = call(capsys, "-C", str(folder), "request", "new", *asked)
    assert code == 0
    (written,) = (folder / "catalogs/secrets/payments/dev").iterdir()
    first = written.read_text().splitlines()[0]
    assert (written.parent / first.removeprefix("# yaml-language-server: $schema=")).resolve() == (folder / SCHEMA_FILE).resolve()
    words = folder / "schemas/metadata/enums.yaml"
    words.write_text(words.read_text().replace("app-team", "cards-team"))
    (folder / SCHEMA_FILE).unlink()
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Words")
    call(capsys, "-C", str(folder), "init", "--yes")
    assert "cards-team" in (folder / SCHEMA_FILE).read_text()
