"""A manifest against the object in the cluster: every change is found at its field, and nothing that the API server fills in."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import make_request
from tests.canary import new_canary

from goldenpath.delivery.manifest_fields import NOT_SHOWN, ManifestField, differing_fields
from goldenpath.intent.reader import read_plain
from goldenpath.model.drift import DriftIgnore
from goldenpath.model.settings import Settings
from goldenpath.projection.external_secret import ExternalSecrets

Path = tuple[str | int, ...]


def spec_of(**over: Any) -> dict[str, Any]:
    request = make_request({"spec": over})
    content = ExternalSecrets("dev", settings=Settings()).render(request)
    return dict(read_plain(content)["spec"])


WANTED = spec_of()
PARAMETERS = spec_of(provider="aws-parameter-store", keys=[{"name": "USER"}, {"name": "PASSWORD"}])


def leaves(tree: Any, path: Path = ()) -> list[Path]:
    if isinstance(tree, dict):
        return [found for name, value in tree.items() for found in leaves(value, (*path, name))]
    if isinstance(tree, list):
        return [found for number, value in enumerate(tree) for found in leaves(value, (*path, number))]
    return [path]


def changed(tree: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """The tree with another value at a path; None takes it out."""
    copied = copy.deepcopy(tree)
    inner: Any = copied
    for part in path[:-1]:
        inner = inner[part] if not isinstance(inner, dict) else inner.setdefault(part, {})
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return copied


def defaulted(tree: dict[str, Any]) -> dict[str, Any]:
    """What the API server makes of a manifest (defaults of the CRD, v0.20.4)."""
    found = changed(changed(tree, ("target", "template", "engineVersion"), "v2"), ("target", "template", "mergePolicy"), "Replace")
    plain = {"conversionStrategy": "Default", "decodingStrategy": "None", "metadataPolicy": "None"}
    for entry in found.get("dataFrom", []):
        entry["extract"] |= plain
    for entry in found.get("data", []):
        entry["remoteRef"] |= plain
    return {**found, "refreshInterval": "1h0m0s"}


def compare(
    found: dict[str, Any], *, wanted: dict[str, Any] = WANTED, committed: dict[str, Any] | None = None, **ignored: DriftIgnore
) -> tuple[ManifestField, ...]:
    entries = {f"external-secret:{name}": entry for name, entry in ignored.items()}
    return differing_fields(wanted, found, committed, entries)


@pytest.mark.parametrize("wanted", [WANTED, PARAMETERS])
def test_what_the_api_server_fills_in_is_no_difference(wanted: dict[str, Any]) -> None:
    assert compare(wanted, wanted=wanted) == ()
    assert compare(defaulted(wanted), wanted=wanted) == ()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("target", "template", "engineVersion"), "v1"),
        (("dataFrom", 0, "extract", "decodingStrategy"), "Auto"),
        (("dataFrom", 0, "extract", "metadataPolicy"), "Fetch"),
        (("target", "immutable"), True),
        (("refreshPolicy",), "CreatedOnce"),
        (("refreshInterval",), "0"),
        (("refreshInterval",), "61m"),
    ],
)
def test_another_text_in_a_field_with_a_default_is_a_difference(path: Path, value: Any) -> None:
    (field,) = compare(changed(defaulted(WANTED), path, value))
    assert field.found == str(value).replace("True", "true")


@given(data=st.data(), tree=st.sampled_from([WANTED, PARAMETERS]))
def test_one_change_is_found_at_its_field_alone(data: st.DataObject, tree: dict[str, Any]) -> None:
    path = data.draw(st.sampled_from(leaves(tree)))
    is_removed = data.draw(st.booleans())
    found = changed(defaulted(tree), path, None if is_removed else "changed-by-hand")
    fields = compare(found, wanted=tree, committed=tree)
    if path[0] == "data" and path[-1] == "secretKey":
        # the entry is addressed by this very name: another name is another entry
        assert {field.field.partition(".")[2].partition("[")[0] for field in fields} == {"data"}
        return
    (field,) = fields
    assert field.field.endswith(str(path[-1]))
    assert (field.state, field.left) == ("drift", "wanted")
    assert (field.found is None) == is_removed


@given(name=st.text("abcdefgh", min_size=1), value=st.one_of(st.text(min_size=1), st.integers(), st.booleans()))
def test_a_field_that_nobody_asked_for_is_a_difference_and_its_text_is_not_shown(name: str, value: Any) -> None:
    (field,) = compare({**WANTED, f"x{name}": value})
    assert (field.field, field.wanted, field.found) == (f"spec.x{name}", None, NOT_SHOWN)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (("target", "template", "data"), "spec.target.template.data.key"),
        (("target", "template", "metadata", "annotations"), "spec.target.template.metadata.annotations.key"),
        (("target", "template", "metadata", "labels", "name"), None),
        (("provider", "fake"), "spec.provider.fake.key"),
    ],
)
def test_a_value_that_somebody_wrote_into_a_manifest_is_never_repeated(path: Path, shown: str | None) -> None:
    canary = new_canary("typed")
    found = changed(WANTED, path, {"key": canary} if shown else canary)
    fields = compare(found)
    assert canary not in repr(fields)
    assert [field.found for field in fields] == [NOT_SHOWN]
    assert shown is None or fields[0].field == shown


def test_the_git_ops_repository_says_who_is_ahead() -> None:
    by_hand = changed(WANTED, ("target", "deletionPolicy"), "Delete")
    older = changed(WANTED, ("refreshInterval",), "15m")
    assert [(each.state, each.left) for each in compare(by_hand, committed=WANTED)] == [("drift", "wanted")]
    assert [(each.state, each.left) for each in compare(older, committed=older)] == [("pending", "found")]
    assert [(each.state, each.left) for each in compare(by_hand, committed=older)] == [("drift", "wanted")]
    assert [(each.state, each.left) for each in compare(by_hand, committed={})] == [("drift", "neither")]
    assert [(each.state, each.left) for each in compare(by_hand, committed=None)] == [("drift", "unknown")]


def test_only_how_often_it_refreshes_can_be_ignored() -> None:
    entry = DriftIgnore(field="external-secret:refreshInterval", reason="load test", owner="app-team", request="SEC-0007")
    found = changed(changed(WANTED, ("refreshInterval",), "10s"), ("target", "deletionPolicy"), "Delete")
    states = {field.field: (field.state, field.reason) for field in compare(found, refreshInterval=entry)}
    assert states == {"spec.refreshInterval": ("ignored", "load test"), "spec.target.deletionPolicy": ("drift", "")}


def test_the_order_of_namespaces_is_no_difference() -> None:
    wanted = {"conditions": [{"namespaces": ["a", "b"]}]}
    assert compare({"conditions": [{"namespaces": ["b", "a"]}]}, wanted=wanted) == ()
    (field,) = compare({"conditions": [{"namespaces": ["b", "a", "kube-system"]}]}, wanted=wanted)
    assert (field.field, field.wanted, field.found) == ("spec.conditions[0].namespaces", "a, b", "a, b, kube-system")
    (gone,) = compare({"conditions": []}, wanted=wanted)
    assert gone.found is None
