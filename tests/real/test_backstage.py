"""Backstage's own scaffolder runs the form, and writes what ``request new`` writes; its own schemas judge what we give it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.backstage_rig import Backstage, DryRun
from tests.cluster.built import require_built
from tests.unit.intent.strategies import labels, requests

from goldenpath.app.author import Author, draft, open_author
from goldenpath.app.backstage import TEMPLATE_FILE, portal_files, write_portal_files
from goldenpath.app.request_tree import request_tree
from goldenpath.cli.demo_setup import example_platform
from goldenpath.intent.layout import SCHEMA_FILE
from goldenpath.intent.portal_form import TEXT_PATTERN
from goldenpath.model.request import SecretRequest
from goldenpath.model.settings import Settings
from goldenpath.projection.backstage import CatalogPlaces, render_catalog

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

REPOSITORY = "github.com?owner=acme&repo=platform"
FORM: dict[str, Any] = {
    "service": "payments",
    "name": "card-processor-key",
    "environment": "dev",
    "owner": "app-team",
    "secretType": "api-key",
    "tier": "medium",
    "rotationClass": "standard",
    "provider": "aws-secrets-manager",
    "ttlDays": 365,
}
FULL = FORM | {
    "keys": [{"name": "API_KEY"}, {"name": "no", "format": "url"}, {"name": "0007", "format": "text"}],
    "description": "Key of the Café (old), asked by 2 teams",
    "adr": "ADR-0143",
    "namespace": "pay",
    "k8sSecretName": "cards.v1",
}
HOSTILE = (
    "two\nlines", "trailing\n", 'a "quoted" word', "it's", "{{ 7*7 }}", "${{ 7*7 }}", "{% raw %}", "a: b", "- item", "# comment", "&anchor", "*alias",
    "!tag", "| block", "> fold", "%YAML 1.2", "`x`", "$(touch pwned)", "a\\b", "<script>", "\u202eabc", "a\u00a0b", "::add-mask::x", "a\tb",
    "${{ secrets.TOKEN }}", "../../x", "AKIA" + "X" * 60,
)  # fmt: skip


class Platform:
    """A platform with the form written into it."""

    def __init__(self, root: Path, backstage: Backstage) -> None:
        self.root = root
        self._backstage = backstage
        write_portal_files(root, portal_files(root, repository=REPOSITORY))
        self.template = yaml.safe_load((root / TEMPLATE_FILE).read_text())

    @property
    def author(self) -> Author:
        return open_author(self.root)

    def send(self, form: dict[str, Any]) -> DryRun:
        files = {str(path.relative_to(self.root)): path.read_bytes() for path in sorted(self.root.rglob("*")) if path.is_file()}
        return self._backstage.dry_run(self.template, form, files)

    def written(self, form: dict[str, Any]) -> dict[str, bytes]:
        """The files that the pull request would hold."""
        run = self.send(form)
        assert run.status == 200, run
        return {path.removeprefix("change/"): data for path, data in run.files.items() if path.startswith("change/")}

    def expected(self, form: dict[str, Any]) -> dict[str, bytes]:
        """The files of ``request new`` for the same answers."""
        drafted = draft(self.author, request_tree(answers(form)))
        assert drafted.findings == ()
        return dict(drafted.files)


def answers(form: dict[str, Any]) -> dict[str, Any]:
    """The form's words by the names that the command line has for them."""
    names = {"secretType": "secret_type", "rotationClass": "rotation_class", "ttlDays": "ttl_days", "k8sSecretName": "k8s_secret_name"}
    keys = [":".join((key["name"], *([key["format"]] if "format" in key else []))) for key in form.get("keys", [])]
    return {"read_principals": (), "write_principals": (), **{names.get(name, name): value for name, value in form.items()}, "keys": keys}


@pytest.fixture(scope="module")
def backstage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backstage]:
    server = Backstage(folder=tmp_path_factory.mktemp("backstage"), installed=require_built("backstage"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def platform(backstage: Backstage, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    return new_platform(tmp_path_factory.mktemp("platform"), backstage)


def new_platform(root: Path, backstage: Backstage, **files: str) -> Platform:
    for path in sorted(example_platform().rglob("*")):
        if path.is_file():
            files.setdefault(str(path.relative_to(example_platform())), path.read_text())
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Platform(root, backstage)


@pytest.mark.parametrize("form", [FORM, FULL, FORM | {"keys": []}, FORM | {"name": "no", "service": "null"}, FORM | {"name": "0007"}])
def test_the_form_writes_what_the_command_line_writes(form: dict[str, Any], platform: Platform) -> None:
    assert platform.written(form) == platform.expected(form)


def test_the_id_is_the_next_free_one_of_catalog_and_tombstones(backstage: Backstage, tmp_path: Path) -> None:
    stone = "{id: SEC-0400, provider: local, path: a, decommissionedOn: 2026-01-01}"
    stones = f"apiVersion: goldenpath.io/v1\nkind: Tombstones\ntombstones: [{stone}]\n"
    platform = new_platform(tmp_path / "stones", backstage, **{"governance/tombstones.yaml": stones})
    assert list(platform.written(FORM)) == ["catalogs/secrets/payments/dev/SEC-0401.yaml"]
    folder = platform.root / "catalogs/secrets/payments/dev"
    folder.mkdir(parents=True)
    (folder / "SEC-98765.yaml").write_text("broken: [\n")
    (folder.parent.parent / "SEC-999999.txt").write_text("not a request\n")
    assert platform.written(FORM) == platform.expected(FORM)
    assert list(platform.written(FORM)) == ["catalogs/secrets/payments/dev/SEC-98766.yaml"]


def test_the_first_request_and_the_line_for_editors(backstage: Backstage, tmp_path: Path) -> None:
    root = tmp_path / "first"
    settings = "apiVersion: goldenpath.io/v1\nkind: Platform\ncatalog: {root: docs/catalogs/secrets}\n"
    (root / SCHEMA_FILE).parent.mkdir(parents=True)
    (root / SCHEMA_FILE).write_text("{}\n")
    (root / "goldenpath.yaml").write_text(settings)
    platform = Platform(root, backstage)
    ((path, data),) = platform.written(FORM).items()
    assert path == "docs/catalogs/secrets/payments/dev/SEC-0001.yaml"
    assert data.startswith(b"# yaml-language-server: $schema=../../../../../schemas/goldenpath/request.json\napiVersion")
    assert {path: data} == platform.expected(FORM)


_keys: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"name": st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)}, optional={"format": st.sampled_from(["text", "url", "pem"])}
)
_needed: dict[str, st.SearchStrategy[Any]] = {
    "service": labels,
    "name": labels,
    "environment": st.sampled_from(["dev", "test", "ephemeral"]),
    "ttlDays": st.integers(1, 3650),
}
_optional: dict[str, st.SearchStrategy[Any]] = {
    "description": st.from_regex(TEXT_PATTERN, fullmatch=True).filter(lambda text: not text.endswith("\n")),
    "keys": st.lists(_keys, max_size=3, unique_by=lambda key: str(key["name"]).lower().replace("-", "_")),
}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.fixed_dictionaries(_needed, optional=_optional))
def test_any_form_that_is_accepted_is_written_the_same(platform: Platform, form: dict[str, Any]) -> None:
    whole = FORM | form | {"provider": "openbao"}
    assert platform.written(whole) == platform.expected(whole)


@pytest.mark.parametrize("field", ["service", "name", "owner", "description", "adr", "namespace", "k8sSecretName", "secretType"])
def test_hostile_words_are_refused_by_the_form_itself(field: str, platform: Platform) -> None:
    for word in HOSTILE:
        if field == "description" and word == "../../x":
            continue  # a path is a word like others in a sentence
        run = platform.send(FORM | {field: word})
        assert (run.status, set(run.errors)) == (400, {f"instance.{field}"}), (field, word, run)


@pytest.mark.parametrize(
    "change",
    [
        {"value": "x"}, {"tier": "High"}, {"environment": "production"}, {"ttlDays": 0}, {"ttlDays": "30"}, {"ttlDays": 1.5},
        {"keys": [{"name": "a b"}]}, {"keys": [{"name": "a", "value": "x"}]}, {"keys": [{"name": "x" * 65}]}, {"keys": "a"},
        {"tier": "high", "rotationClass": "none"}, {"service": None}, {"id": "SEC-0001"}, {"requester": "somebody"},
    ],
    ids=str,
)  # fmt: skip
def test_what_the_contract_refuses_the_form_refuses(change: dict[str, Any], platform: Platform) -> None:
    assert platform.send(FORM | change).status == 400


def test_a_form_that_lacks_an_answer_is_refused(platform: Platform) -> None:
    for name in FORM:
        assert platform.send({field: word for field, word in FORM.items() if field != name}).status == 400


def test_branch_and_title_are_those_of_the_command_line(platform: Platform) -> None:
    log = platform.send(FORM).log
    assert '"branchName": "request/request-sec-0201"' in log
    assert '"title": "Request SEC-0201 payments/dev/card-processor-key"' in log
    assert '"targetBranchName": "main"' in log


def test_the_template_and_every_entity_fit_backstages_own_schemas(platform: Platform, backstage: Backstage) -> None:
    found: list[SecretRequest] = []

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(requests())
    def gather(request_: SecretRequest) -> None:
        found.append(request_)

    gather()
    places = CatalogPlaces(system="{service}", source="https://github.com/acme/platform/blob/main/")
    catalog = render_catalog([(each, f"catalogs/{each.id}.yaml") for each in found], settings=msgspec.convert(
        {"apiVersion": "goldenpath.io/v1", "kind": "Platform"}, Settings), places=places)  # fmt: skip
    entities = [document for document in yaml.safe_load_all(catalog) if document]
    assert len(entities) > len({each.id for each in found})
    assert [fault for fault in backstage.faults_of([platform.template, *entities]) if fault] == []
    assert backstage.faults_of([{**platform.template, "spec": {}}, {**entities[0], "metadata": {"name": "a b"}}]) != ["", ""]
