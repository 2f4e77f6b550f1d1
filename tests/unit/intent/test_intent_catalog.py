"""Whole catalogs, from git objects and from disk: names, kinds of entries, agreement, uniqueness (R6, R7, R9, D1)."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.unit.intent.samples import codes, request_text, sample, shipped_enums
from tests.unit.intent.stand_in_repository import StandInRepository

from goldenpath.intent.catalog import Catalog, read_catalog, read_entries, read_folder
from goldenpath.model.settings import CatalogSettings, EnvironmentSettings, Settings
from goldenpath.model.tombstones import Tombstone, Tombstones, TombstoneTarget
from goldenpath.ports.repository import TreeEntry

ENUMS = shipped_enums()
ROOT = "catalogs/secrets"
DEV = f"{ROOT}/payments/dev"
GOOD = {f"{DEV}/SEC-0007.yaml": request_text("SEC-0007")}
NO_STONES = Tombstones()

STRAYS = {
    f"{DEV}/SEC-0300.yml": "intent.path-suffix",
    f"{DEV}/SEC-0300.YAML": "intent.path-suffix",
    f"{DEV}/SEC-0300.yaml.bak": "intent.path-suffix",
    f"{DEV}/SEC-0300.yaml~": "intent.path-suffix",
    f"{DEV}/.SEC-0300.yaml.swp": "intent.path-suffix",
    f"{DEV}/README.md": "intent.path-suffix",
    f"{DEV}/.gitkeep": "intent.path-suffix",
    f"{DEV}/notes.yaml": "intent.path-name",
    f"{DEV}/sec-0300.yaml": "intent.path-name",
    f"{DEV}/SEC-300.yaml": "intent.path-name",
    f"{DEV}/SEC-0300 .yaml": "intent.path-name",
    f"{DEV}/SEC-0300.metadata.yml": "intent.path-suffix",
    f"{DEV}/x.metadata.yaml": "intent.path-name",
    f"{DEV}/more/SEC-0300.yaml": "intent.path-depth",
    f"{ROOT}/payments/SEC-0300.yaml": "intent.path-depth",
    f"{ROOT}/SEC-0300.yaml": "intent.path-depth",
    f"{ROOT}/Payments/dev/SEC-0300.yaml": "intent.path-name",
    f"{ROOT}/pay_ments/dev/SEC-0300.yaml": "intent.path-name",
    f"{ROOT}/{'a' * 64}/dev/SEC-0300.yaml": "intent.path-name",
    f"{ROOT}/payments/Dev/SEC-0300.yaml": "intent.path-name",
    f"{ROOT}/payments/qa/SEC-0300.yaml": "intent.path-name",
    f"{ROOT}/p\u0430yments/dev/SEC-0300.yaml": "intent.path-name",
    f"{ROOT}/payments/dev/SEC-0300\n::add-mask::x.yaml": "intent.path-name",
    f"{ROOT}/payments/dev/$(touch pwned).yaml": "intent.path-name",
    f"{ROOT}/payments/dev/\udcff.yaml": "intent.path-name",
    "docs/catalogs/secrets/payments/dev/SEC-0300.yaml": "intent.wrong-root",
    "docs/catalogs/secrets/SEC-0300.yml": "intent.wrong-root",
    "docs/catalogs/secrets/sec-0300.txt": "intent.wrong-root",
}


def at_commit(
    files: Mapping[str, str | bytes | tuple[str, bytes]], settings: Settings | None = None, stones: Tombstones = NO_STONES
) -> Catalog:
    git = StandInRepository()
    return read_catalog(git.reader, git.commit(files), settings=settings or Settings(), enums=ENUMS, tombstones=stones)


def on_disk(base: Path, files: dict[str, str], settings: Settings | None = None) -> Catalog:
    for path, text in files.items():
        target = base / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
    return read_folder(base, settings=settings or Settings(), enums=ENUMS, tombstones=NO_STONES)


def rules_at(catalog: Catalog, path: str) -> list[str]:
    return [finding.rule for finding in catalog.findings if finding.file == path]


@pytest.mark.parametrize("path", STRAYS)
def test_nothing_stands_in_the_catalog_without_a_meaning(path: str) -> None:
    catalog = at_commit({**GOOD, path: request_text("SEC-0300")})
    assert STRAYS[path] in codes(catalog.findings)
    assert [entry.request.id for entry in catalog.entries] == ["SEC-0007"]
    for finding in catalog.findings:
        assert (finding.file + finding.message + "".join(finding.related)).isprintable()
        finding.file.encode("utf-8")


@pytest.mark.parametrize("path", [path for path in STRAYS if "\udcff" not in path and "/" not in path.removeprefix(DEV + "/")])
def test_the_same_holds_on_disk(path: str, tmp_path: Path) -> None:
    assert STRAYS[path] in codes(on_disk(tmp_path, {**GOOD, path: request_text("SEC-0300")}).findings)


@pytest.mark.parametrize(
    ("mode", "rule"),
    [("120000", "intent.symlink"), ("160000", "intent.submodule"), ("040000", "intent.not-a-file"), ("100600", "intent.not-a-file")],
)
def test_only_regular_files_are_read_from_git(mode: str, rule: str) -> None:
    for path in (f"{DEV}/SEC-0300.yaml", f"{ROOT}/linked", ROOT):
        git = StandInRepository()
        commit = git.commit({path: (mode, request_text("SEC-0300").encode())})
        catalog = read_catalog(git.reader, commit, settings=Settings(), enums=ENUMS, tombstones=NO_STONES)
        assert codes(catalog.findings) == [rule]
        assert git.read == [], "the target of a link is never opened"


def test_the_catalog_root_must_be_a_folder() -> None:
    assert codes(at_commit({ROOT: "x"}).findings) == ["intent.not-a-file"]


def test_case_variants_are_a_collision_on_any_file_system() -> None:
    catalog = at_commit({**GOOD, f"{DEV}/sec-0007.yaml": "x", f"{ROOT}/Payments/dev/SEC-0008.yaml": "x"})
    collisions = [finding for finding in catalog.findings if finding.rule == "intent.case-collision"]
    assert [finding.file for finding in collisions] == [f"{DEV}/SEC-0007.yaml", f"{DEV}/sec-0007.yaml"]
    assert all(finding.related for finding in collisions)


@pytest.mark.parametrize(
    ("path", "fields", "field"),
    [
        (f"{DEV}/SEC-0007.yaml", {"environment": "prod"}, "metadata.environment"),
        (f"{ROOT}/search/dev/SEC-0007.yaml", {}, "metadata.service"),
        (f"{DEV}/SEC-0008.yaml", {}, "metadata.id"),
    ],
)
def test_path_and_content_agree(path: str, fields: dict[str, str], field: str) -> None:
    catalog = at_commit({path: sample(**fields)})
    (finding,) = catalog.findings
    assert (finding.rule, finding.file, finding.field) == ("intent.path-mismatch", path, field)
    assert finding.line > 0
    assert catalog.entries == ()


@pytest.mark.parametrize(("folder", "word"), [("production", "prod"), ("prod", "prd"), ("stg", "stage"), ("pr", "ephemeral")])
def test_an_alias_agrees_with_its_environment(folder: str, word: str) -> None:
    catalog = at_commit({f"{ROOT}/payments/{folder}/SEC-0007.yaml": request_text("SEC-0007", environment=word)})
    assert catalog.findings == ()


def test_either_well_known_root_can_be_in_use_and_the_other_is_refused() -> None:
    settings = Settings(catalog=CatalogSettings(root="docs/catalogs/secrets"))
    files = {"docs/catalogs/secrets/payments/dev/SEC-0007.yaml": request_text("SEC-0007"), f"{DEV}/SEC-0008.yaml": request_text("SEC-0008")}
    catalog = at_commit(files, settings)
    assert [(finding.rule, finding.file) for finding in catalog.findings] == [("intent.wrong-root", f"{DEV}/SEC-0008.yaml")]
    own = Settings(catalog=CatalogSettings(root="platform/secrets"))
    assert codes(at_commit(files, own).findings) == ["intent.wrong-root"] * 2


def test_a_page_beside_the_unused_root_is_nobodys_request() -> None:
    assert at_commit({**GOOD, "docs/catalogs/secrets/README.md": "x"}).findings == ()


CLASHES = {
    "id": ({"name": "other", "k8sSecretName": "other", "request_id": "SEC-0007"}, "intent.duplicate-id", "search"),
    "store path": ({"name": "db-0007", "k8sSecretName": "other"}, "intent.duplicate-store-path", "payments"),
    "target": ({"k8sSecretName": "db-0007", "namespace": "payments"}, "intent.duplicate-target", "search"),
    "manifest": ({"name": "db-0007", "namespace": "payments", "k8sSecretName": "other"}, "intent.duplicate-external-secret", "search"),
}


@pytest.mark.parametrize("what", CLASHES)
def test_what_two_requests_take_is_named_in_both_files(what: str) -> None:
    fields, rule, service = CLASHES[what]
    other = fields.get("request_id", "SEC-0302")
    text = request_text(other, service=service, **{name: value for name, value in fields.items() if name != "request_id"})
    path = f"{ROOT}/{service}/dev/{other}.yaml"
    catalog = at_commit({**GOOD, path: text})
    found = [finding for finding in catalog.findings if finding.rule == rule]
    assert {finding.file for finding in found} == {path, f"{DEV}/SEC-0007.yaml"}
    assert {finding.related for finding in found} == {(path,), (f"{DEV}/SEC-0007.yaml",)}
    assert all(finding.line for finding in found)


def test_leading_zeros_make_no_other_id() -> None:
    catalog = at_commit({**GOOD, f"{DEV}/SEC-00007.yaml": request_text("SEC-00007", name="other")})
    assert codes(catalog.findings) == ["intent.duplicate-id"] * 2


def test_a_misplaced_request_still_holds_what_it_takes() -> None:
    catalog = at_commit({**GOOD, f"{DEV}/SEC-0008.yaml": request_text("SEC-0007", name="other")})
    assert codes(catalog.findings) == ["intent.duplicate-id", "intent.duplicate-id", "intent.path-mismatch"]


def test_environments_in_one_cluster_share_its_namespaces() -> None:
    files = {**GOOD, f"{ROOT}/payments/test/SEC-0008.yaml": request_text("SEC-0008", environment="test", k8sSecretName="db-0007")}
    assert at_commit(files).findings == ()
    shared = Settings(environments={name: EnvironmentSettings(cluster="one") for name in ("dev", "test")})
    assert codes(at_commit(files, shared).findings) == ["intent.duplicate-target"] * 2


def test_parameter_names_meet_after_normalisation() -> None:
    def text(request_id: str, key: str) -> str:
        return request_text(request_id, provider="aws-parameter-store") + f"  keys:\n  - name: {key}\n"

    files = {f"{DEV}/SEC-0001.yaml": text("SEC-0001", "DATABASE_URL"), f"{DEV}/SEC-0002.yaml": text("SEC-0002", "Database_Url")}
    assert codes(at_commit(files).findings) == ["intent.duplicate-parameter"] * 2
    files[f"{DEV}/SEC-0002.yaml"] = text("SEC-0002", "OTHER")
    assert at_commit(files).findings == ()


STORE = "goldenpath/payments/dev/db-0007"
STONES = {
    "id": (Tombstone(id="SEC-0007", provider="local", path="x", decommissioned_on="2026-01-01"), "intent.tombstoned-id"),
    "id with zeros": (Tombstone(id="SEC-000007", provider="local", path="x", decommissioned_on="2026-01-01"), "intent.tombstoned-id"),
    "path": (
        Tombstone(id="SEC-0001", provider="aws-secrets-manager", path=STORE, decommissioned_on="2026-01-01"),
        "intent.tombstoned-path",
    ),
    "path in the account": (
        Tombstone(id="SEC-0001", provider="aws-secrets-manager", path=STORE, account="123456789012", decommissioned_on="2026-01-01"),
        "intent.tombstoned-path",
    ),
    "target": (
        Tombstone(
            id="SEC-0001",
            provider="local",
            path="x",
            decommissioned_on="2026-01-01",
            target=TombstoneTarget(cluster="dev", namespace="payments", k8s_secret_name="db-0007"),
        ),
        "intent.tombstoned-target",
    ),
}
ACCOUNT = Settings(environments={"dev": EnvironmentSettings(account="123456789012")})


@pytest.mark.parametrize("what", STONES)
def test_what_a_tombstone_holds_is_never_taken_again(what: str) -> None:
    stone, rule = STONES[what]
    catalog = at_commit(GOOD, ACCOUNT, Tombstones(tombstones=(stone,)))
    assert codes(catalog.findings) == [rule]
    assert stone.id in catalog.findings[0].message


def test_another_accounts_tombstone_does_not_hold_here() -> None:
    stone = Tombstone(id="SEC-0001", provider="aws-secrets-manager", path=STORE, account="210987654321", decommissioned_on="2026-01-01")
    assert at_commit(GOOD, ACCOUNT, Tombstones(tombstones=(stone,))).findings == ()


def test_the_file_of_a_decommissioned_request_may_stay_but_not_come_back() -> None:
    stone = Tombstone(id="SEC-0007", provider="aws-secrets-manager", path=STORE, decommissioned_on="2026-01-01")
    stones = Tombstones(tombstones=(stone,))
    ended = {f"{DEV}/SEC-0007.yaml": request_text("SEC-0007", status="decommissioned")}
    assert at_commit(ended, stones=stones).findings == ()
    assert sorted(codes(at_commit(GOOD, stones=stones).findings)) == ["intent.tombstoned-id", "intent.tombstoned-path"]


SIDE = "apiVersion: goldenpath.io/v1\nkind: SecretRequestMetadata\nmetadata:\n  id: SEC-0007\n"


@pytest.mark.parametrize(
    ("side", "rules"),
    [
        (SIDE, []),
        (SIDE + "  owner: app-team\n  service: payments\n  environment: dev\nspec:\n  risk: {tier: medium}\n", []),
        (SIDE + "  owner: sre-team\n", ["intent.sidecar-mismatch"]),
        (SIDE + "  owner: sre-team\nspec:\n  risk:\n    tier: high\n", ["intent.sidecar-mismatch"] * 2),
        (SIDE + "  service: search\n", ["intent.path-mismatch"]),
        (SIDE.replace("0007", "0008"), ["intent.path-mismatch"]),
        (SIDE + "  owner: nobody\n", ["intent.enum"]),
        (SIDE + "  value: x\n", ["intent.unknown-field"]),
        (SIDE + "metadata: {}\n", ["intent.duplicate-key"]),
    ],
)
def test_a_sidecar_agrees_with_its_request(side: str, rules: list[str]) -> None:
    assert codes(at_commit({**GOOD, f"{DEV}/SEC-0007.metadata.yaml": side}).findings) == rules


def test_a_sidecar_needs_its_request() -> None:
    assert codes(at_commit({f"{DEV}/SEC-0007.metadata.yaml": SIDE}).findings) == ["intent.sidecar-orphan"]


def test_every_fault_of_every_file_is_listed_in_one_run() -> None:
    catalog = at_commit({f"{DEV}/SEC-000{n}.yaml": sample(tier="no", owner="0x1f") for n in range(1, 6)} | {f"{DEV}/x": "y"} | GOOD)
    assert len(catalog.findings) == 11
    assert [entry.request.id for entry in catalog.entries] == ["SEC-0007"]


def test_entries_of_a_change_are_read_by_themselves() -> None:
    git = StandInRepository()
    commit = git.commit({**GOOD, f"{DEV}/SEC-0008.yml": "x", "docs/catalogs/secrets/SEC-0009.yaml": "x", "other/file": "x"})
    entries = [entry for root in ("catalogs", "docs", "other") for entry in git.list_tree(commit, root)]
    catalog = read_entries(git.reader, entries, settings=Settings(), enums=ENUMS)
    assert [entry.request.id for entry in catalog.entries] == ["SEC-0007"]
    assert sorted(codes(catalog.findings)) == ["intent.path-suffix", "intent.wrong-root"]
    assert read_entries(git.reader, [TreeEntry(path="a", mode="100644", oid="x")], settings=Settings(), enums=ENUMS).entries == ()


def test_links_on_disk_are_never_opened(tmp_path: Path) -> None:
    base = tmp_path / "repo"
    outside = tmp_path / "outside"
    (outside / "dev").mkdir(parents=True)
    (outside / "dev" / "SEC-0009.yaml").write_text(request_text("SEC-0009", service="linked"))
    on_disk(base, GOOD)
    (base / DEV / "SEC-0001.yaml").symlink_to(base / DEV / "SEC-0007.yaml")
    (base / DEV / "SEC-0002.yaml").symlink_to("SEC-0001.yaml")
    (base / DEV / "SEC-0003.yaml").symlink_to("nothing")
    (base / DEV / "SEC-0004.yaml").symlink_to("SEC-0004.yaml")
    (base / ROOT / "linked").symlink_to(outside)
    catalog = on_disk(base, {})
    assert codes(catalog.findings) == ["intent.symlink"] * 5
    assert [entry.request.id for entry in catalog.entries] == ["SEC-0007"]


@pytest.mark.parametrize("part", ["catalogs", ROOT])
def test_a_linked_root_is_refused(part: str, tmp_path: Path) -> None:
    real = tmp_path / "real"
    on_disk(real, GOOD)
    base = tmp_path / "repo"
    (base / part).parent.mkdir(parents=True, exist_ok=True)
    (base / part).symlink_to(real / part)
    assert codes(on_disk(base, {}).findings) == ["intent.symlink"]


@pytest.fixture
def odd_entries(tmp_path: Path) -> Iterator[Path]:
    on_disk(tmp_path, GOOD)
    os.mkfifo(tmp_path / DEV / "SEC-0001.yaml")
    listener = socket.socket(socket.AF_UNIX)
    current = Path.cwd()
    os.chdir(tmp_path / DEV)
    listener.bind("SEC-0002.yaml")
    os.chdir(current)
    yield tmp_path
    listener.close()


def test_pipes_and_sockets_do_not_hang(odd_entries: Path) -> None:
    assert codes(on_disk(odd_entries, {}).findings) == ["intent.not-a-file"] * 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not read the file")
def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    on_disk(tmp_path, {**GOOD, f"{DEV}/SEC-0001.yaml": "x", f"{ROOT}/search/dev/SEC-0002.yaml": "x"})
    for path in (tmp_path, *tmp_path.parents):
        path.chmod(path.stat().st_mode | 0o055)
    (tmp_path / DEV / "SEC-0001.yaml").chmod(0)
    (tmp_path / ROOT / "search").chmod(0)
    os.seteuid(65534)
    try:
        catalog = on_disk(tmp_path, {})
    finally:
        os.seteuid(0)
    assert [(finding.rule, finding.file) for finding in catalog.findings] == [
        ("intent.unreadable", f"{DEV}/SEC-0001.yaml"),
        ("intent.unreadable", f"{ROOT}/search"),
    ]


def test_a_deep_folder_ends(tmp_path: Path) -> None:
    deep = tmp_path / ROOT / "/".join("d" * 40)
    deep.mkdir(parents=True)
    (deep / "SEC-0001.yaml").write_text("x")
    assert codes(on_disk(tmp_path, {}).findings) == ["intent.unreadable"]


def test_disk_and_commit_say_the_same(tmp_path: Path) -> None:
    files = {
        **GOOD,
        f"{DEV}/SEC-0008.yaml": request_text("SEC-0007"),
        f"{DEV}/SEC-0009.yml": "x",
        f"{DEV}/SEC-0007.metadata.yaml": SIDE + "  owner: sre-team\n",
        f"{DEV}/SEC-0010.yaml": sample(tier="no"),
    }
    committed, found = at_commit({**files}), on_disk(tmp_path, files)
    assert found.findings == committed.findings
    assert [entry.request for entry in found.entries] == [entry.request for entry in committed.entries]
    assert at_commit({}).findings == ()
    assert on_disk(tmp_path / "empty", {}).entries == ()
