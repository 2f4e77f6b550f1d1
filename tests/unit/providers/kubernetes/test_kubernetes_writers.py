"""Who set which fields of an object, as the API server keeps it: names of fields, and never what is in them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from goldenpath.model.cluster import SECRET, FieldWriter
from goldenpath.providers.kubernetes.objects import meta_of

FIELDS = {
    "f:data": {".": {}, "f:password": {}, "f:tls.crt": {}},
    "f:metadata": {"f:labels": {".": {}, "f:goldenpath.io/id": {}}, "f:ownerReferences": {'k:{"uid":"u"}': {}}},
    "f:type": {},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


def writers(*entries: Any) -> tuple[FieldWriter, ...]:
    return meta_of({"name": "x", "managedFields": list(entries)}, SECRET).writers


def test_a_writer_is_known_by_name_time_and_fields() -> None:
    entry = {"manager": "kubectl-edit", "operation": "Update", "time": "2026-01-15T12:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": FIELDS}
    (found,) = writers(entry)
    assert found == FieldWriter(
        manager="kubectl-edit",
        at="2026-01-15T12:00:00.000000Z",
        fields=("data.password", "data.tls.crt", "metadata.labels", "metadata.ownerReferences", "type"),
    )
    assert found.has_set("data")
    assert found.has_set("data.tls.crt")
    assert not found.has_set("spec")
    assert not found.has_set("dat")


def test_a_whole_field_is_named_by_itself() -> None:
    (found,) = writers({"manager": "m", "fieldsV1": {"f:data": {}}})
    assert (found.fields, found.at, found.has_set("data")) == (("data",), "", True)


@given(entries=st.lists(st.dictionaries(st.sampled_from(["manager", "time", "fieldsV1", "operation"]), JSON), max_size=3))
def test_entries_of_any_shape_are_read_without_a_fault(entries: list[dict[str, Any]]) -> None:
    assert len(writers(*entries)) == len(entries)
