"""``goldenpath lint`` with the real Kustomize: overlays of all authors are judged, each fault at the line that makes it (CASES 64, 66)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.canary import hits_in, new_canary
from tests.e2e.parameters import EXAMPLE
from tests.gitrepo import GitRepo
from tests.kustomize import needs_kustomize

from goldenpath.cli.root import run

pytestmark = needs_kustomize

BASE = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: service-db
spec:
  # _ENV_ in a comment is nobody's path
  secretStoreRef: {name: aws-parameter-store, kind: ClusterSecretStore}
  data:
    - secretKey: DATABASE_URL
      remoteRef:
        key: /zerotouch/_ENV_/service/database_url
    - secretKey: DATABASE_PASSWORD
      remoteRef:
        key: /zerotouch/_ENV_/service/database_password
"""
URL_LINE, PASSWORD_LINE = 11, 14
ENTRY = """\
- {{op: test, path: /spec/data/{0}/secretKey, value: {1}}}
- op: replace
  path: /spec/data/{0}/remoteRef/key
  value: /zerotouch/{3}/service/{2}
"""
PATCH = ENTRY.format(0, "DATABASE_URL", "database_url", "prod") + ENTRY.format(1, "DATABASE_PASSWORD", "database_password", "prod")
KUSTOMIZATION = """\
resources:
  - ../../base
patches:
  - path: patches/secrets.yaml
    target: {kind: ExternalSecret, name: service-db}
"""
OVERLAY = "tenants/service/overlays/production"
CLEAN = {
    "tenants/service/base/kustomization.yaml": "resources:\n  - external-secrets/db-es.yaml\n",
    "tenants/service/base/external-secrets/db-es.yaml": BASE,
    f"{OVERLAY}/kustomization.yaml": KUSTOMIZATION,
    f"{OVERLAY}/patches/secrets.yaml": PATCH,
}
ES, KUST, SECRETS = "tenants/service/base/external-secrets/db-es.yaml", f"{OVERLAY}/kustomization.yaml", f"{OVERLAY}/patches/secrets.yaml"

Lint = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def lint(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Lint:
    """Write files over the clean ones (None: without it), lint, and return exit code, JSON and stderr."""
    GitRepo(tmp_path / "repo")
    monkeypatch.chdir(tmp_path / "repo")

    def call(files: dict[str, str | None] | None = None, *arguments: str) -> tuple[int, dict[str, Any], str]:
        for path, text in {**CLEAN, **(files or {})}.items():
            if text is not None:
                target = tmp_path / "repo" / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
        code = run(["lint", *(arguments or ("tenants",)), "-o", "json"])
        said = capsys.readouterr()
        return code, json.loads(said.out), said.err

    return call


def found(answer: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(each["rule"], each["file"], each["line"]) for each in answer["findings"]]


def test_an_overlay_by_hand_that_is_right_is_clean(lint: Lint) -> None:
    code, answer, _ = lint()
    assert (code, found(answer), answer["overlays"]) == (0, [], [OVERLAY])


def swapped(text: str, one: str, other: str) -> str:
    return text.replace(one, "\0").replace(other, one).replace("\0", other)


REORDERED = BASE[: BASE.index("    - secretKey")] + "".join(
    f"    - secretKey: {key}\n      remoteRef:\n        key: /zerotouch/_ENV_/service/{key.lower()}\n" for key in ("DATABASE_PASSWORD", "DATABASE_URL")
)  # fmt: skip
UNTESTED = "\n".join(line for line in PATCH.splitlines() if "op: test" not in line) + "\n"
INLINE = KUSTOMIZATION.replace(
    "  - path: patches/secrets.yaml\n", "  - patch: |-\n" + "".join(f"      {line}\n" for line in UNTESTED.splitlines()[:3])
)

FAULTS: dict[str, tuple[dict[str, str | None], set[tuple[str, str, int]]]] = {
    "an entry that no patch touches": (
        {SECRETS: ENTRY.format(0, "DATABASE_URL", "database_url", "prod")},
        {("overlay.entry-unpatched", ES, PASSWORD_LINE)},
    ),
    "no patch at all": (
        {KUST: "resources: [../../base]\n"},
        {("overlay.entry-unpatched", ES, URL_LINE), ("overlay.entry-unpatched", ES, PASSWORD_LINE)},
    ),
    "a patch for nothing": (
        {KUST: KUSTOMIZATION + "  - path: patches/secrets.yaml\n    target: {kind: ExternalSecret, name: service-bd}\n"},
        {("overlay.patch-unmatched", KUST, 6)},
    ),
    "a patch for another kind": (
        {KUST: KUSTOMIZATION + "  - path: patches/secrets.yaml\n    target: {kind: PushSecret, name: service-.*}\n"},
        {("overlay.patch-unmatched", KUST, 6)},
    ),
    "a base in another order": ({ES: REORDERED}, {("overlay.test-failed", SECRETS, 1)}),
    "replaced without a test": (
        {SECRETS: UNTESTED},
        {("projection.patch-by-index", SECRETS, 1), ("projection.patch-by-index", SECRETS, 4)},
    ),
    "the same in place": (
        {KUST: INLINE, SECRETS: PATCH},
        {("projection.patch-by-index", KUST, 5), ("overlay.entry-unpatched", ES, PASSWORD_LINE)},
    ),
    "a reordered base without tests": (
        {ES: REORDERED, SECRETS: UNTESTED},
        {
            ("projection.patch-by-index", SECRETS, 1),
            ("projection.patch-by-index", SECRETS, 4),
            ("overlay.wrong-entry", SECRETS, 3),
            ("overlay.wrong-entry", SECRETS, 6),
            ("overlay.key-mismatch", SECRETS, 3),
            ("overlay.key-mismatch", SECRETS, 6),
        },
    ),
    "two paths exchanged behind right tests": (
        {SECRETS: swapped(PATCH, "service/database_url", "service/database_password")},
        {
            ("overlay.wrong-entry", SECRETS, 4),
            ("overlay.wrong-entry", SECRETS, 8),
            ("overlay.key-mismatch", SECRETS, 4),
            ("overlay.key-mismatch", SECRETS, 8),
        },
    ),
    "another environment's path": (
        {SECRETS: PATCH.replace("/prod/service/database_url", "/staging/service/database_url")},
        {("projection.key-of-other-environment", SECRETS, 4)},
    ),
    "an environment's alias in a path": (
        {SECRETS: PATCH.replace("/prod/service/database_url", "/production/service/database_url")},
        {("projection.key-of-other-environment", SECRETS, 4)},
    ),
    "another environment's store, by a merge patch": (
        {
            KUST: KUSTOMIZATION + "patchesStrategicMerge: [patches/store.yaml]\n",
            f"{OVERLAY}/patches/store.yaml": "kind: ExternalSecret\napiVersion: external-secrets.io/v1\nmetadata: {name: service-db}\n"
            "spec:\n  secretStoreRef: {name: aws-parameter-store-dev}\n",
        },
        {("projection.store-of-other-environment", f"{OVERLAY}/patches/store.yaml", 5)},
    ),
    "a path that leads nowhere": (
        {SECRETS: PATCH + "- {op: test, path: /spec/data/2/secretKey, value: X}\n"},
        {("overlay.operation-misses", SECRETS, 9)},
    ),
    "an entry of another name": (
        {ES: BASE.replace("secretKey: DATABASE_URL", "secretKey: DB_URL"), SECRETS: PATCH.replace("value: DATABASE_URL", "value: DB_URL")},
        {("overlay.key-mismatch", SECRETS, 4)},
    ),
    "a folder that is no environment": (
        {"tenants/service/overlays/prod-eu/kustomization.yaml": "resources: [../../base]\n"},
        {("overlay.environment-unknown", "tenants/service/overlays/prod-eu", 0)},
    ),
    "a namespace that is still open": (
        {ES: BASE.replace("  name: service-db\n", "  name: service-db\n  namespace: ${ENV}\n")},
        {("projection.placeholder-left", ES, 5)},
    ),
    "a placeholder in another kind": (
        {
            "tenants/service/base/kustomization.yaml": "resources: [external-secrets/db-es.yaml, config.yaml]\n",
            "tenants/service/base/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  SHELL: $ENV ${ENV}\n  PATH: /_ENV_/x\n",
        },
        {("projection.placeholder-left", "tenants/service/base/config.yaml", 6)},
    ),
    "a remote base": ({KUST: KUSTOMIZATION.replace("../../base", "https://example.com/base")}, {("overlay.remote-reference", KUST, 2)}),
    "a remote patch": (
        {KUST: KUSTOMIZATION.replace("patches/secrets.yaml", "http://u:p@127.0.0.1:1/p.yaml")},
        {("overlay.remote-reference", KUST, 4)},
    ),
    "a chart": ({KUST: KUSTOMIZATION + "helmCharts: [{name: x}]\n"}, {("overlay.field-refused", KUST, 6)}),
    "a plugin, written otherwise": ({KUST: KUSTOMIZATION + "Transformers: [x.yaml]\n"}, {("overlay.field-refused", KUST, 6)}),
    "values in Git": ({KUST: KUSTOMIZATION + "secretGenerator: [{name: x, literals: [a=b]}]\n"}, {("overlay.field-refused", KUST, 6)}),
    "a file of somebody else": (
        {KUST: KUSTOMIZATION.replace("patches/secrets.yaml", "../../base/external-secrets/db-es.yaml")},
        {("overlay.reference-outside", KUST, 4)},
    ),
    "out of the repository": ({KUST: KUSTOMIZATION.replace("../../base", "../../../../../base")}, {("overlay.reference-outside", KUST, 2)}),
    "a base that is not there": ({KUST: KUSTOMIZATION.replace("../../base", "../../bas")}, {("overlay.reference-missing", KUST, 2)}),
    "a circle": ({"tenants/service/base/kustomization.yaml": "resources: [../overlays/production]\n"}, {("overlay.reference-missing", "tenants/service/base/kustomization.yaml", 1)}),
    "no YAML": ({SECRETS: "- op: [\n"}, {("projection.manifest-unreadable", SECRETS, 2), ("overlay.not-rendered", KUST, 0)}),
    "a kustomization that is a list": ({KUST: "- a\n"}, {("projection.manifest-unreadable", KUST, 0)}),
    "a merge patch for nothing": (
        {
            KUST: KUSTOMIZATION + "  - path: patches/gone.yaml\n",
            f"{OVERLAY}/patches/gone.yaml": "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: gone}\n$patch: delete\n",
        },
        {("overlay.patch-unmatched", KUST, 6), ("overlay.not-rendered", KUST, 0)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_found_where_it_is_made(lint: Lint, case: str) -> None:
    files, expected = FAULTS[case]
    code, answer, _ = lint(files)
    assert set(found(answer)) == expected
    assert code == 1
    assert all(each["message"] and each["is_blocking"] for each in answer["findings"])


FULLWIDTH = "".join(chr(ord(letter) + 0xFEE0) for letter in "_ENV_")
BOLD = "_" + "".join(chr(0x1D5D4 + ord(letter) - ord("A")) for letter in "ENV") + "_"
SPELLINGS = [
    "_ENV_", "__ENV__", "_env_", "${ENV}", "%5FENV_", "%5fenv%5f", FULLWIDTH, "_E\u200bNV_", BOLD, "{{ .Env }}", "$(ENV)", "<env>", "%255FENV%255F",
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_the_placeholder_comes_through(lint: Lint, spelling: str) -> None:
    path = json.dumps(f"/zerotouch/{spelling}/service/database_url", ensure_ascii=False)
    code, answer, _ = lint(
        {ES: BASE.replace("/zerotouch/_ENV_/service/database_url", path), SECRETS: PATCH[PATCH.index("- {op: test, path: /spec/data/1") :]}
    )
    assert (code, found(answer)) == (1, [("overlay.entry-unpatched", ES, URL_LINE)])
    code, answer, _ = lint({ES: BASE, SECRETS: PATCH.replace("/zerotouch/prod/service/database_url", path)})
    assert (code, found(answer)) == (1, [("projection.placeholder-left", SECRETS, 4)])


def test_tests_after_an_entry_was_removed_count_for_what_stands_there_now(lint: Lint) -> None:
    removal = "- {op: test, path: /spec/data/0/secretKey, value: DATABASE_URL}\n- {op: remove, path: /spec/data/0}\n"
    last = ENTRY.format(0, "DATABASE_PASSWORD", "database_password", "prod")
    assert lint({SECRETS: removal + last})[0] == 0
    code, answer, _ = lint({SECRETS: removal + "".join(last.splitlines(keepends=True)[1:])})
    assert (code, found(answer)) == (1, [("projection.patch-by-index", SECRETS, 3)])


def test_prefixes_namespaces_components_and_selectors_are_followed(lint: Lint) -> None:
    files: dict[str, str | None] = {
        "tenants/service/base/kustomization.yaml": "namePrefix: a-\nnamespace: shop\nresources: [external-secrets/db-es.yaml]\n",
        f"{OVERLAY}/kustomization.yaml": "namePrefix: b-\nresources: [../../middle]\npatches:\n  - path: patches/secrets.yaml\n"
        "    target: {group: external-secrets.io, version: v1, kind: External.*, name: 'x|a-service-.*', namespace: shop}\n",
        "tenants/service/middle/kustomization.yaml": "nameSuffix: -z\nresources: [../base]\ncomponents: [../extra]\n",
        "tenants/service/extra/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        "patches:\n  - target: {kind: ExternalSecret}\n    patch: |-\n      - {op: add, path: /spec/refreshInterval, value: 1h}\n",
    }
    assert found(lint(files)[1]) == []
    wrong = f"{OVERLAY}/kustomization.yaml"
    files[wrong] = str(files[wrong]).replace("namespace: shop}", "namespace: shops}")
    assert ("overlay.patch-unmatched", wrong, 4) in found(lint(files)[1])


def test_one_environment_or_one_overlay(lint: Lint) -> None:
    staging = {path.replace("production", "staging"): text.replace("prod", "staging") for path, text in CLEAN.items() if OVERLAY in path}
    staging["tenants/service/overlays/staging/kustomization.yaml"] = KUSTOMIZATION
    assert lint(staging)[1]["overlays"] == [OVERLAY, "tenants/service/overlays/staging"]
    assert lint(staging, "tenants", "-e", "stg")[1]["overlays"] == ["tenants/service/overlays/staging"]
    assert lint(staging, OVERLAY)[1]["overlays"] == [OVERLAY]
    code, answer, _ = lint(staging, OVERLAY, "--environment", "staging")
    assert (code, answer["code"]) == (2, "overlay.nothing-found"), "its folder says prod"


def test_nothing_to_check_is_not_clean(lint: Lint, tmp_path: Path) -> None:
    (tmp_path / "repo" / "empty").mkdir()
    code, answer, _ = lint({}, "empty")
    assert (code, answer["code"]) == (2, "overlay.nothing-found")


def test_a_link_is_not_followed(lint: Lint, tmp_path: Path) -> None:
    lint()
    (tmp_path / "repo" / ES).unlink()
    (tmp_path / "outside.yaml").write_text(BASE)
    (tmp_path / "repo" / ES).symlink_to(tmp_path / "outside.yaml")
    code = run(["lint", "tenants"])
    assert code == 1


def test_what_files_hold_is_not_repeated(lint: Lint, capsys: pytest.CaptureFixture[str]) -> None:
    canary = new_canary()
    config = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: c}}\nstringData:\n  a: ${{ENV:-{canary}}}\n  b: '_ENV_ {canary}'\n"
    files = {
        "tenants/service/base/kustomization.yaml": "resources: [external-secrets/db-es.yaml, config.yaml]\n",
        "tenants/service/base/config.yaml": config,
        SECRETS: PATCH + f"- {{op: test, path: /metadata/name, value: x}}\n{canary}: [\n",
    }
    code, answer, errors = lint(files)
    assert code == 1
    assert not hits_in((json.dumps(answer) + errors).encode(), [canary])
    code, answer, errors = lint({**files, SECRETS: PATCH})
    assert {rule for rule, *_ in found(answer)} == {"projection.placeholder-left"}
    assert not hits_in((json.dumps(answer) + errors).encode(), [canary])


@pytest.mark.parametrize("form", ["table", "sarif", "junit", "github", "markdown", "ndjson", "yaml"])
def test_every_format_names_file_and_rule(lint: Lint, capsys: pytest.CaptureFixture[str], form: str) -> None:
    lint({SECRETS: UNTESTED})
    assert run(["lint", "tenants", "-o", form]) == 1
    out = capsys.readouterr().out
    assert "projection.patch-by-index" in out
    assert "patches/secrets.yaml" in out


def test_without_a_program_the_verb_says_what_is_missing(lint: Lint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    only_git = tmp_path / "bin"
    only_git.mkdir()
    (only_git / "git").symlink_to(str(shutil.which("git")))
    monkeypatch.setenv("PATH", str(only_git))
    code, answer, _ = lint()
    assert (code, answer["code"]) == (2, "overlay.renderer-missing")
    assert "kubectl" in answer["hint"]


class Platform:
    """The platform of seed 003 on a protected branch, and tenants of its own beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(EXAMPLE, root / "platform")
        approvers = {"apiVersion": "goldenpath.io/v1", "kind": "Approvers", "people": []}
        (root / "platform" / "governance" / "approvers.yaml").write_text(json.dumps(approvers))
        for arguments in (["init", "-q", "-b", "main"], ["add", "--all"], ["commit", "-q", "-m", "Found"]):
            subprocess.run(["git", *arguments], cwd=root / "platform", check=True)
        GitRepo(root / "gitops")
        self.write(CLEAN)

    def write(self, files: dict[str, str]) -> None:
        for path, text in files.items():
            target = self.root / "gitops" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text.replace("service-db", "service-db-sync"))

    def lint(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
        code = run(["-C", str(self.root / "platform"), "lint", *arguments, "-o", "json"])
        return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return Platform(tmp_path)


TARGET = BASE.replace("  data:\n", "  target: {name: service-db}\n  data:\n").replace(
    "  name: service-db\n", "  name: service-db\n  namespace: service\n", 1
)


def test_a_known_request_is_compared_with_its_overlay(platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    platform.write({ES: TARGET})
    base = platform.root / "gitops" / ES
    base.write_text(base.read_text().replace("target: {name: service-db-sync}", "target: {name: service-db}"))
    assert platform.lint(capsys)[0] == 0, "the GitOps repository's own tenants, when no folder is named"
    base.write_text(
        base.read_text().replace("target: {name: service-db}", "target: {name: other}").replace("namespace: service", "namespace: else")
    )
    platform.write({SECRETS: PATCH.replace("/prod/service/database_url", "/prod/other/database_url")})
    code, answer = platform.lint(capsys)
    unlike = {
        (each["field"], each["got"], each["expected"]) for each in answer["findings"] if each["rule"] == "overlay.differs-from-request"
    }
    assert (code, unlike) == (
        1,
        {
            ("metadata.namespace", "else", "service"),
            ("spec.target.name", "other", "service-db"),
            ("spec.data.0.remoteRef.key", "/zerotouch/prod/other/database_url", "/zerotouch/prod/service/database_url"),
        },
    )


def test_an_undeclared_and_a_missing_key_are_found(platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    text = TARGET.replace("DATABASE_PASSWORD", "DEBUG").replace("database_password", "debug")
    platform.write({ES: text, SECRETS: PATCH.replace("DATABASE_PASSWORD", "DEBUG").replace("database_password", "debug")})
    _code, answer = platform.lint(capsys)
    messages = [each["message"] for each in answer["findings"] if each["rule"] == "overlay.differs-from-request"]
    assert any("DATABASE_PASSWORD is not as SEC-0303" in message for message in messages)
    assert any("DEBUG is not as SEC-0303" in message for message in messages)


def test_settings_of_a_branch_do_not_choose_the_program(platform: Platform, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    evil.chmod(0o700)
    with (platform.root / "platform" / "goldenpath.yaml").open("a", encoding="utf-8") as settings:
        settings.write(f"\nprojection: {{kustomize: {{binary: {evil}}}}}\n")
    platform.lint(capsys)
    assert not (tmp_path / "ran").exists()
    assert os.access(evil, os.X_OK)
