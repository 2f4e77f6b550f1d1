from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.builders import make_request
from tests.kustomize import needs_kustomize, render_folder, renders

from goldenpath.errors import Conflict, Misconfigured
from goldenpath.model.environment import ENVIRONMENTS
from goldenpath.model.request import KeySpec, SecretRequest
from goldenpath.model.settings import (
    DeliverySettings,
    EnvironmentSettings,
    ExternalSecretsSettings,
    NamingSettings,
    ProjectionSettings,
    Settings,
)
from goldenpath.projection.documents import NODES_MAX, Unreadable, plain, read_documents
from goldenpath.projection.emitter import emit, emit_list
from goldenpath.projection.json_patch import apply_operation, difference, parts_of, pointer
from goldenpath.projection.overlay_lint import Overlay, judge
from goldenpath.projection.overlay_result import is_same, overlay_result
from goldenpath.projection.overlays import KUSTOMIZATION, PLACEHOLDER, render_overlays, wanted_trees
from goldenpath.projection.placeholders import find_placeholder

PLATFORM = Settings(
    naming=NamingSettings(prefix="zerotouch", parameter_prefix="zerotouch"),
    projection=ProjectionSettings(layout="overlays", folders={"prod": "production"}),
    external_secrets=ExternalSecretsSettings(labels={"zerotouch.io/managed": "true"}),
    environments={"test": EnvironmentSettings(cluster="shared"), "staging": EnvironmentSettings(cluster="shared")},
)
HEAD = "tenants/shop/"


def request(number: int, environment: str, name: str, *keys: str, provider: str = "aws-parameter-store", **access: str) -> SecretRequest:
    made = make_request(
        {
            "metadata": {"id": f"SEC-{number:04d}", "service": "shop", "name": name, "environment": environment},
            "spec": {"provider": provider, "access": {"namespace": "shop", "k8sSecretName": name, **access}},
        },
    )
    return msgspec.structs.replace(made, spec=msgspec.structs.replace(made.spec, keys=tuple(KeySpec(name=key) for key in keys)))


def files_of(*requests: SecretRequest, **options: Any) -> dict[str, bytes]:
    rendered = render_overlays(requests, environments=ENVIRONMENTS, settings=PLATFORM, **options)
    return {f"{folder}/{path}".removeprefix(HEAD): data for folder, files in rendered.items() for path, data in files.items()}


def wanted(requests: list[SecretRequest], environment: str, awaiting: frozenset[str] = frozenset()) -> dict[str, Any]:
    return dict(wanted_trees(requests, service="shop", environment=environment, settings=PLATFORM, awaiting=awaiting))


KEYS = st.lists(st.sampled_from([f"KEY_{letter}" for letter in "ABCDEFGH"]), unique=True, max_size=6)


@st.composite
def catalogs(draw: st.DrawFn) -> tuple[list[SecretRequest], frozenset[str]]:
    """Requests of one service over some environments: other keys, orders, namespaces, providers; some of them without a value."""
    requests: list[SecretRequest] = []
    for name in draw(st.lists(st.sampled_from(["db", "api", "cache"]), unique=True, min_size=1)):
        for environment in draw(st.lists(st.sampled_from(ENVIRONMENTS), unique=True, min_size=1)):
            provider = draw(st.sampled_from(["aws-parameter-store", "aws-parameter-store", "aws-secrets-manager", "openbao"]))
            keys = draw(KEYS)
            if provider == "aws-parameter-store" and not keys:
                keys = ["KEY_A"]
            namespace = draw(st.sampled_from(["shop", f"shop-{environment}"]))
            requests.append(request(1000 + len(requests), environment, name, *keys, provider=provider, namespace=namespace))
    awaiting = draw(st.frozensets(st.sampled_from([each.id for each in requests])))
    return requests, awaiting


@given(catalogs())
def test_base_and_overlay_come_to_the_environments_own_manifests(catalog: tuple[list[SecretRequest], frozenset[str]]) -> None:
    requests, awaiting = catalog
    files = files_of(*requests, awaiting=awaiting)
    for environment in {each.environment for each in requests}:
        result = overlay_result(files, PLATFORM.projection.folder(environment))
        expected = wanted(requests, environment, awaiting)
        assert result is not None
        assert result.keys() == expected.keys()
        assert all(is_same(result[name], expected[name]) for name in expected)
        assert not any(find_placeholder(emit(tree).decode()) for tree in result.values())


@given(catalogs(), st.randoms(use_true_random=False))
def test_the_same_requests_give_the_same_bytes(catalog: tuple[list[SecretRequest], frozenset[str]], chance: random.Random) -> None:
    requests, awaiting = catalog
    shuffled = list(requests)
    chance.shuffle(shuffled)
    assert list(files_of(*shuffled, awaiting=awaiting).items()) == list(files_of(*requests, awaiting=awaiting).items())


@given(catalogs())
def test_the_base_reads_nothing_and_knows_nothing_of_values(catalog: tuple[list[SecretRequest], frozenset[str]]) -> None:
    requests, awaiting = catalog
    files, all_there = files_of(*requests, awaiting=awaiting), files_of(*requests)
    base = {path: data for path, data in files.items() if path.startswith("base/")}
    assert base == {path: data for path, data in all_there.items() if path.startswith("base/")}
    for path, data in base.items():
        spec = yaml.safe_load(data).get("spec", {})
        keys = [entry["remoteRef"]["key"] for entry in spec.get("data", [])] + [each["extract"]["key"] for each in spec.get("dataFrom", [])]
        assert all(PLACEHOLDER in key.split("/") for key in keys), path


@given(catalogs(), st.randoms(use_true_random=False))
def test_a_reordered_base_is_never_patched_wrongly(catalog: tuple[list[SecretRequest], frozenset[str]], chance: random.Random) -> None:
    requests, awaiting = catalog
    files = files_of(*requests, awaiting=awaiting)
    for path in [path for path in files if path.startswith("base/external")]:
        files[path] = reordered(files[path], chance)
    for environment in {each.environment for each in requests}:
        result = overlay_result(files, PLATFORM.projection.folder(environment))
        expected = wanted(requests, environment, awaiting)
        assert result is None or all(is_same(result[name], expected[name]) for name in expected)


def reordered(data: bytes, chance: random.Random) -> bytes:
    tree = yaml.safe_load(data)
    chance.shuffle(tree["spec"].get("data", []))
    return emit(tree)


def on_disk(files: Mapping[str, bytes], root: Path) -> Path:
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


@needs_kustomize
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(catalogs(), st.randoms(use_true_random=False))
def test_the_real_kustomize_says_the_same(catalog: tuple[list[SecretRequest], frozenset[str]], chance: random.Random) -> None:
    requests, awaiting = catalog
    files = files_of(*requests, awaiting=awaiting)
    shuffled = {path: reordered(data, chance) if path.startswith("base/external") else data for path, data in files.items()}
    environment = chance.choice(sorted({each.environment for each in requests}))
    expected = wanted(requests, environment, awaiting)
    with tempfile.TemporaryDirectory() as folder:
        overlay = f"overlays/{PLATFORM.projection.folder(environment)}"
        rendered = {each["metadata"]["name"]: each for each in render_folder(on_disk(files, Path(folder) / "right") / overlay)}
        assert rendered.keys() == expected.keys()
        assert all(is_same(rendered[name], expected[name]) for name in expected)
        wrong = on_disk(shuffled, Path(folder) / "shuffled") / overlay
        if renders(wrong):
            again = {each["metadata"]["name"]: each for each in render_folder(wrong)}
            assert all(is_same(again[name], expected[name]) for name in expected)
        else:
            assert overlay_result(shuffled, PLATFORM.projection.folder(environment)) is None


@given(catalogs(), st.data())
def test_what_comes_out_wrong_is_refused(catalog: tuple[list[SecretRequest], frozenset[str]], data: st.DataObject) -> None:
    """Change one reference of a right result to any other one that is about: it never passes as right."""
    requests, _ = catalog
    expected = wanted(requests, requests[0].environment)
    name = data.draw(st.sampled_from(sorted(expected)))
    tree = msgspec.json.decode(msgspec.json.encode(expected[name]))
    entries = [each["remoteRef"] for each in tree["spec"].get("data", [])] + [each["extract"] for each in tree["spec"].get("dataFrom", [])]
    entry = data.draw(st.sampled_from(entries))
    other = data.draw(
        st.sampled_from(
            ["/zerotouch/prod/shop/key_a", "/zerotouch/dev/shop/key_b", "/zerotouch/_ENV_/shop/key_a", "zerotouch/shop/test/db"]
        )
    )
    was, entry["key"] = entry["key"], other
    overlay = Overlay(file=KUSTOMIZATION, environment=requests[0].environment, service="shop", resources=())
    findings = judge(emit(tree), overlay, settings=PLATFORM, requests=requests)
    assert bool(findings) == (was != other)


def test_a_value_that_is_missing_and_a_request_that_is_missing_look_alike() -> None:
    both = [request(1, "dev", "db", "A"), request(2, "prod", "db", "A"), request(3, "prod", "api", "B")]
    files = files_of(*both, awaiting=frozenset({"SEC-0002"}))
    patches = {path: yaml.safe_load(data) for path, data in files.items() if "/patches/" in path}
    gone = {path for path, patch in patches.items() if isinstance(patch, dict)}
    assert gone == {"overlays/dev/patches/api-sync.yaml", "overlays/production/patches/db-sync.yaml"}
    assert all(patches[path]["$patch"] == "delete" for path in gone)
    assert overlay_result(files, "production") is not None
    assert overlay_result(files, "staging") is None, "no request, no overlay"


def test_decommissioned_requests_and_unread_providers_are_in_no_base() -> None:
    over = make_request({"metadata": {"service": "shop"}, "spec": {"lifecycle": {"status": "decommission_requested"}}})
    local = make_request({"metadata": {"service": "shop"}, "spec": {"provider": "local"}})
    assert files_of(over, local) == {}


def test_labels_for_the_force_sync_stay_off_the_secret() -> None:
    tree = yaml.safe_load(files_of(request(1, "dev", "db", "A"))["base/external-secrets/db-sync.yaml"])
    assert tree["metadata"]["labels"] == {"zerotouch.io/managed": "true"}
    assert "zerotouch.io/managed" not in tree["spec"]["target"]["template"]["metadata"]["labels"]


def test_two_requests_of_one_name_are_refused() -> None:
    with pytest.raises(Conflict) as raised:
        files_of(request(1, "dev", "db", "A"), request(2, "dev", "db", "B"))
    assert raised.value.code == "projection.manifest-collision"


@pytest.mark.parametrize(("tenants", "directory"), [("a", "a"), ("a/b", "a"), ("a", "a/b")])
def test_tenants_have_a_folder_of_their_own(tenants: str, directory: str) -> None:
    overlapping = Settings(
        projection=ProjectionSettings(layout="overlays", tenants=tenants), delivery=DeliverySettings(directory=directory)
    )
    with pytest.raises(Misconfigured) as raised:
        render_overlays([], environments=(), settings=overlapping)
    assert raised.value.code == "projection.tenants-overlap"


BROKEN = {
    "another field": ("overlays/dev/kustomization.yaml", b"namePrefix: x-\n"),
    "another patch": ("overlays/dev/kustomization.yaml", b"patchesStrategicMerge: []\n"),
    "no YAML": ("overlays/dev/patches/db-sync.yaml", b"["),
    "two documents": ("overlays/dev/patches/db-sync.yaml", b"---\n- {}\n"),
    "a merge patch": ("overlays/dev/patches/db-sync.yaml", None),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_we_do_not_write_is_no_answer(case: str) -> None:
    files = files_of(request(1, "dev", "db", "A"))
    assert overlay_result(files, "dev") is not None
    path, added = BROKEN[case]
    files[path] = b"kind: ExternalSecret\n" if added is None else files[path] + added
    assert overlay_result(files, "dev") is None
    del files[path]
    assert overlay_result(files, "dev") is None


OPERATIONS: list[tuple[dict[str, Any], Any]] = [
    ({"op": "add", "path": "/a/-", "value": 3}, {"a": [1, 2, 3], "b": {"x/y": "z"}}),
    ({"op": "add", "path": "/a/0", "value": 0}, {"a": [0, 1, 2], "b": {"x/y": "z"}}),
    ({"op": "remove", "path": "/a/-1"}, {"a": [1], "b": {"x/y": "z"}}),
    ({"op": "replace", "path": "/b/x~1y", "value": None}, {"a": [1, 2], "b": {"x/y": None}}),
    ({"op": "test", "path": "/b/x~1y", "value": "z"}, {"a": [1, 2], "b": {"x/y": "z"}}),
    ({"op": "move", "from": "/a/0", "path": "/c"}, {"a": [2], "b": {"x/y": "z"}, "c": 1}),
    ({"op": "copy", "from": "/b", "path": "/c"}, {"a": [1, 2], "b": {"x/y": "z"}, "c": {"x/y": "z"}}),
    ({"op": "test", "path": "/a/0", "value": 2}, None),
    ({"op": "replace", "path": "/a/2", "value": 2}, None),
    ({"op": "add", "path": "/a/4", "value": 2}, None),
    ({"op": "add", "path": "/x/y", "value": 2}, None),
    ({"op": "remove", "path": "/b/z"}, None),
    ({"op": "remove", "path": ""}, None),
    ({"op": "move", "from": "/x", "path": "/c"}, None),
    ({"op": "invent", "path": "/a"}, None),
    ({"path": "/a"}, None),
]


@pytest.mark.parametrize(("operation", "expected"), OPERATIONS)
def test_operations_do_what_rfc_6902_says(operation: dict[str, Any], expected: Any) -> None:
    tree: dict[str, Any] = {"a": [1, 2], "b": {"x/y": "z"}}
    fault = apply_operation(tree, operation)
    assert (bool(fault), tree if expected is not None else None) == (expected is None, expected)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text("ab/~", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab/~", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text("ab/~", max_size=3), JSON, max_size=4), st.dictionaries(st.text("ab/~", max_size=3), JSON, max_size=4))
def test_the_difference_leads_from_one_tree_to_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    tree = msgspec.json.decode(msgspec.json.encode(before))
    assert [fault for operation in difference(before, after) if (fault := apply_operation(tree, operation))] == []
    assert tree == after


@given(st.lists(st.text(max_size=5), min_size=1))
def test_a_pointer_comes_back(parts: list[str]) -> None:
    assert list(parts_of(pointer(*parts))) == parts


@given(st.lists(JSON, max_size=4))
def test_a_list_is_written_as_it_is(tree: list[Any]) -> None:
    assert yaml.safe_load(emit_list(tree, comment="x")) == tree
    documents = read_documents(emit_list(tree))
    assert not isinstance(documents, Unreadable)
    assert [plain(document) for document in documents] == [tree]


def test_a_file_that_multiplies_itself_is_not_read() -> None:
    bomb = "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 8))])
    found = read_documents(bomb.encode())
    assert isinstance(found, Unreadable)
    assert str(NODES_MAX) in found.why
