from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders import make_request

from goldenpath.model.settings import EnvironmentSettings, Settings
from goldenpath.projection.lint import lint_files
from goldenpath.projection.placeholders import find_placeholder
from goldenpath.projection.render import render_environment

MANIFEST = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: service-db
spec:
  secretStoreRef:
    name: {store}
    kind: ClusterSecretStore
  data:
    - secretKey: DATABASE_URL
      remoteRef:
        key: {key}
"""
KEY_LINE = 12
STORE_LINE = 7


def lint(text: str, *, environment: str = "staging", name: str = "es.yaml", platform: Settings | None = None) -> list[tuple[str, int]]:
    findings = lint_files({name: text.encode()}, environment=environment, settings=platform or Settings())
    assert all(finding.level == "block" and finding.file == name for finding in findings)
    return [(finding.rule, finding.line) for finding in findings]


def manifest(key: str, store: str = "aws-secrets-manager") -> str:
    return MANIFEST.format(key=key, store=store)


SURVIVORS = [
    "_ENV_", "__ENV__", "___ENV___", "${ENV}", "${ ENV }", "$ENV", "$(ENV)", "%5FENV_", "%5fENV%5f", "%255FENV%255F", "%24%7BENV%7D", "{{ENV}}",
    "{{ .Env }}", "{{ .Values.env }}", "{{- .Values.environment -}}", "<ENV>", "<env>", "<%= env %>", "%ENV%", "@ENV@", "@@ENV@@", "[ENV]", "{env}",
    "_env_", "__env__", "_Env_", "_ENVIRONMENT_", "__environment__", "${ENVIRONMENT}", "${ENV:-dev}", "${var.env}", "#{ENV}#", "!ENV!", "$$ENV",
    "_ENV", "ENV_", "${ENV_NAME}", "\\x5fENV\\x5f", "\\u005fENV_", "\\U0000005FENV_", "${environment_name}",
]  # fmt: skip


@pytest.mark.parametrize("spelling", SURVIVORS)
def test_a_placeholder_in_a_key_is_refused_with_file_and_line(spelling: str) -> None:
    quoted = f'"/zerotouch/{spelling}/service/database_url"'
    assert ("projection.placeholder-left", KEY_LINE) in lint(manifest(quoted))


@pytest.mark.parametrize("spelling", ["_ENV_", "${ENV}", "%5FENV_", "__ENV__"])
@pytest.mark.parametrize("name", ["patch.yaml", "kustomization.yml", "values.json", "README", "nested/deep.txt"])
def test_placeholders_are_found_in_any_rendered_file(spelling: str, name: str) -> None:
    assert ("projection.placeholder-left", 2) in lint(f"first: 1\npath: /x/{spelling}/y\n", name=name)


@pytest.mark.parametrize(
    "text",
    [
        "database_env_url",
        "MY_ENV_VAR",
        "environment",
        "/zerotouch/dev/payments/env_file",
        "envoy",
        "$ENVOY",
        "invent_",
        "env",
        "MY__ENV_VAR",
        "A___ENV__B",
        "_ENV_VAR",
    ],
)
def test_real_names_are_no_placeholders(text: str) -> None:
    assert find_placeholder(f"key: {text}") == ""


@pytest.mark.parametrize("piece", ["{", "_", "${env", "{{a.", "$(", "<%= ", "%25", "\\\\u005c", "[", "@", "$ENV_", "env"])
def test_long_lines_take_no_more_time_than_their_length(piece: str) -> None:
    assert len(find_placeholder("x" + piece * 100_000)) < 100


KEYS = [
    ("/zerotouch/staging/service/database_url", None),
    ("goldenpath/payments/staging/db", None),
    ("/zerotouch/prod/service/database_url", "projection.key-of-other-environment"),
    ("/zerotouch/stg/service/database_url", "projection.key-of-other-environment"),
    ("/zerotouch/production/service/database_url", "projection.key-of-other-environment"),
    ("goldenpath/payments/prod/db", "projection.key-of-other-environment"),
    ("goldenpath/staging/prod/db", "projection.key-of-other-environment"),
    ("/zerotouch/Staging/service/database_url", "projection.key-without-environment"),
    ("/zerotouch/service/database_url", "projection.key-without-environment"),
    ("goldenpath/payments/db", "projection.key-without-environment"),
    ("//staging/service/x", "projection.key-without-environment"),
    ("/zerotouch/staging//x", "projection.key-without-environment"),
    ("''", "projection.key-charset"),
    ("'/zerotouch/staging/service/a b'", "projection.key-charset"),
    ("/zerotouch/%73taging/service/x", "projection.key-charset"),
]


@pytest.mark.parametrize(("key", "rule"), KEYS)
def test_a_key_stays_in_its_environment(key: str, rule: str | None) -> None:
    assert lint(manifest(key)) == ([(rule, KEY_LINE)] if rule else [])


def test_every_way_to_read_a_key_is_judged() -> None:
    text = """\
kind: List
items:
  - kind: ExternalSecret
    spec:
      dataFrom:
        - extract: {key: goldenpath/a/prod/b}
        - find:
            path: /zerotouch/prod/service
          sourceRef:
            storeRef: {name: prod-store}
---
kind: ExternalSecret
spec: {data: [{remoteRef: {key: goldenpath/a/staging/b, key: goldenpath/a/prod/b}}]}
"""
    assert lint(text) == [
        ("projection.key-of-other-environment", 6),
        ("projection.key-of-other-environment", 8),
        ("projection.store-of-other-environment", 10),
        ("projection.key-of-other-environment", 13),
    ]


def test_a_cluster_external_secret_is_judged_like_those_that_it_makes() -> None:
    text = "kind: ClusterExternalSecret\nspec:\n  externalSecretSpec:\n    secretStoreRef: {name: prod}\n    data: [{remoteRef: {key: a/b/prod/c}}]\n"
    assert lint(text) == [("projection.store-of-other-environment", 4), ("projection.key-of-other-environment", 5)]


def test_an_entry_may_be_patched_by_its_number_once_it_is_proved_which_one_it_is() -> None:
    test = "- {op: test, path: /spec/data/0/secretKey, value: A}\n"
    replace = "- {op: replace, path: /spec/data/0/remoteRef/key, value: /x/staging/y/a}\n"
    assert lint(test + replace) == []
    assert lint(replace + test) == [("projection.patch-by-index", 1)]
    assert lint(test.replace("/0/", "/1/") + replace) == [("projection.patch-by-index", 2)]
    assert lint(test.replace("secretKey", "remoteRef/property") + replace) == [("projection.patch-by-index", 2)]


STORES = [("aws-secrets-manager", True), ("openbao", True), ("aws-secrets-manager-prod", False), ("prod", False), ("''", False)]


@pytest.mark.parametrize(("store", "is_ours"), STORES)
def test_a_manifest_names_its_own_environments_store(store: str, *, is_ours: bool) -> None:
    expected = [] if is_ours else [("projection.store-of-other-environment", STORE_LINE)]
    assert lint(manifest("goldenpath/a/dev/b", store), environment="dev") == expected


def test_in_a_shared_cluster_the_other_environments_store_is_refused() -> None:
    shared = Settings(environments={"dev": EnvironmentSettings(cluster="one"), "prod": EnvironmentSettings(cluster="one")})
    text = manifest("goldenpath/a/dev/b", "aws-secrets-manager-prod")
    assert lint(text, environment="dev", platform=shared) == [("projection.store-of-other-environment", STORE_LINE)]
    assert lint(manifest("goldenpath/a/dev/b", "aws-secrets-manager-dev"), environment="dev", platform=shared) == []


CONDITIONS = [
    ("conditions: [{namespaces: [payments]}]", True),
    ("conditions: []", False),
    ("provider: {}", False),
    ("conditions: [{namespaces: []}]", False),
    ("conditions: [{namespaces: [a]}, {namespaceSelector: {}}]", False),
    ("conditions: [{namespaceRegexes: ['.*']}]", False),
    ("conditions: [{namespaces: [a], namespaceSelector: {matchLabels: {}}}]", False),
]


@pytest.mark.parametrize(("spec", "is_limited"), CONDITIONS)
def test_a_store_names_its_namespaces(spec: str, *, is_limited: bool) -> None:
    text = f"kind: ClusterSecretStore\nmetadata: {{name: aws-secrets-manager}}\nspec:\n  {spec}\n"
    assert lint(text) == ([] if is_limited else [("projection.store-unrestricted", 4)])


PATCHES = [
    ("- {op: replace, path: /spec/data/0/remoteRef/key, value: /zerotouch/staging/s/k}", ["projection.patch-by-index"]),
    (
        "- {op: replace, path: /spec/dataFrom/12/extract/key, value: goldenpath/a/prod/b}",
        ["projection.key-of-other-environment", "projection.patch-by-index"],
    ),
    ("- {op: replace, path: /spec/refreshInterval, value: 5m}", []),
    ("- {op: remove}", []),
    ("- plain", []),
]


@pytest.mark.parametrize(("text", "rules"), PATCHES)
def test_patches_address_entries_by_key(text: str, rules: list[str]) -> None:
    assert sorted(rule for rule, _line in lint(text)) == rules


BROKEN = {"unclosed": "a: [1", "tabs": "a:\n\t- b", "control": "a: \x01", "nesting": "[" * 3000}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    assert [rule for rule, _line in lint(text)] == ["projection.manifest-unreadable"]


def test_bytes_that_are_no_text_are_refused() -> None:
    findings = lint_files({"a.yaml": b"\xff\xfe"}, environment="dev", settings=Settings())
    assert [finding.rule for finding in findings] == ["projection.manifest-unreadable"]


def test_an_alias_bomb_and_a_loop_are_only_looked_at() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    assert lint(bomb) == []
    assert lint("kind: &k ExternalSecret\nspec: &s\n  spec: *s\n  data: &d [*s, *d]\n") == []


def test_what_we_render_is_clean() -> None:
    requests = [
        make_request({"metadata": {"id": f"SEC-{number:04d}", "name": f"name-{number}"}, "spec": {"provider": provider}})
        for number, provider in enumerate(("aws-secrets-manager", "openbao"))
    ]
    files = render_environment(requests, environment="dev", settings=Settings())
    assert lint_files(files, environment="dev", settings=Settings()) == ()
    wrong = {finding.rule for finding in lint_files(files, environment="test", settings=Settings())}
    assert wrong == {"projection.key-of-other-environment"}


@given(st.text(max_size=80))
@settings(max_examples=150)
def test_any_text_gets_an_answer(text: str) -> None:
    findings = lint_files({"x.yaml": text.encode("utf-8", "replace")}, environment="dev", settings=Settings())
    assert all(finding.level == "block" for finding in findings)
