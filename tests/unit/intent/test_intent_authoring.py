"""What is written reads back the same, and no two requests share a derived name (R8, CASES 18)."""

from __future__ import annotations

import random

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.builders import make_request
from tests.unit.intent.samples import SEED_002, shipped_enums
from tests.unit.intent.strategies import labels, requests

from goldenpath.errors import InvalidIntent
from goldenpath.intent.authoring import next_id, write_request
from goldenpath.intent.contract import load
from goldenpath.intent.words import STORE_PROVIDERS
from goldenpath.model.environment import ENVIRONMENTS
from goldenpath.model.naming import external_secret_name, parameter_path, request_file, store_path, target_key
from goldenpath.model.request import SecretRequest
from goldenpath.model.tombstones import Tombstone, Tombstones

ENUMS = shipped_enums()


def random_request(rng: random.Random, number: int) -> SecretRequest:
    """A valid request; names are drawn so that parts often meet at their joints (``a`` + ``b-c`` and ``a-b`` + ``c``)."""
    label = "-".join(rng.choices(("a", "b", "no", "0007", "1e2", "x" * 20), k=rng.randint(1, 2)))
    keys = [{"name": name, "format": "text"} for name in rng.sample(("A", "b_c", "no", "null", "x.y", "_1e2"), k=rng.randrange(4))]
    access = {"namespace": rng.choice((label, "ns")), "k8sSecretName": rng.choice((label, "a.b", f"s-{number}"))}
    spec = {"ttlDays": rng.randint(1, 3650), "keys": keys, "access": access, "provider": rng.choice(STORE_PROVIDERS)}
    description = "".join(rng.choices(" :#-'\"{}[]&*!|>%@`,?~=\\é漢0no🔑", k=rng.randrange(12)))
    service, environment = "-".join(rng.choices(("a", "b", "c"), k=rng.randint(1, 3))), rng.choice(ENVIRONMENTS)
    metadata = {"id": f"SEC-{number:04d}", "name": label, "service": service, "environment": environment, "description": description}
    return make_request({"metadata": metadata, "spec": spec})


def test_ten_thousand_requests_read_back_the_same_and_share_no_name() -> None:
    rng = random.Random(20260115)  # noqa: S311 - requests to repeat, not secrets
    paths: dict[str, tuple[str, str, str]] = {}
    files: set[str] = set()
    for number in range(10_000):
        request = random_request(rng, number)
        meta = request.metadata
        assert write_request(request), "it raises unless the strict reader gives the equal request"
        assert paths.setdefault(store_path(request), (meta.service, meta.environment, meta.name)) == (
            meta.service,
            meta.environment,
            meta.name,
        )
        files.add(request_file(request, root="r"))
    assert len(files) == 10_000


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(requests())
def test_a_request_reads_back_the_same(request_: SecretRequest) -> None:
    data = write_request(request_)
    assert load(data, SecretRequest, file="f").value == request_
    assert write_request(request_) == data


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(requests())
def test_other_yaml_readers_read_it_the_same(request_: SecretRequest) -> None:
    assert msgspec.convert(yaml.safe_load(write_request(request_)), SecretRequest) == request_


def test_the_seeds_example_is_written_as_it_stands() -> None:
    request = load(SEED_002.encode(), SecretRequest, file="f", enums=ENUMS).value
    assert request is not None
    written = write_request(request).decode()
    assert written.startswith(SEED_002.partition("    # NEW")[0])
    assert written.endswith("    breakGlassPrincipals:\n      - arn:aws:iam::593517239005:role/platform-admin\n  ttlDays: 30\n")
    assert write_request(request, schema_url="https://x/y.json").decode() == f"# yaml-language-server: $schema=https://x/y.json\n{written}"


def test_a_list_of_keys_is_readable() -> None:
    request = make_request({"spec": {"keys": [{"name": "password", "generator": {"length": 40}}, {"name": "url", "format": "url"}]}})
    text = write_request(request).decode()
    assert "  keys:\n    - name: password\n      generator:\n        length: 40\n    - name: url\n      format: url\n" in text


@pytest.mark.parametrize("text", ["a\u200bb", "a\u202eb", "a\u2028b", "\u00a0", "\ud800"])
def test_what_would_not_read_back_is_not_written(text: str) -> None:
    with pytest.raises(InvalidIntent) as caught:
        write_request(make_request({"metadata": {"description": text}}))
    assert caught.value.code == "intent.not-writable"


places = st.tuples(labels, st.sampled_from(ENVIRONMENTS), labels)


@settings(max_examples=80)
@given(places, places)
def test_derived_names_are_injective(first: tuple[str, str, str], second: tuple[str, str, str]) -> None:
    def build(place: tuple[str, str, str], request_id: str) -> SecretRequest:
        service, environment, name = place
        return make_request({"metadata": {"id": request_id, "service": service, "environment": environment, "name": name}})

    one, two = build(first, "SEC-0001"), build(second, "SEC-0002")
    assert (store_path(one) == store_path(two)) == (first == second)
    assert (parameter_path(one, "k") == parameter_path(two, "k")) == (first[:2] == second[:2])
    assert (external_secret_name(one) == external_secret_name(two)) == (first[2] == second[2])
    assert request_file(one, root="r") != request_file(two, root="r")


@given(labels, labels, labels, labels)
def test_targets_are_injective(namespace: str, name: str, other_namespace: str, other_name: str) -> None:
    one = make_request({"spec": {"access": {"namespace": namespace, "k8sSecretName": name}}})
    two = make_request({"spec": {"access": {"namespace": other_namespace, "k8sSecretName": other_name}}})
    assert (target_key(one, cluster="c") == target_key(two, cluster="c")) == ((namespace, name) == (other_namespace, other_name))


STONES = Tombstones(tombstones=(Tombstone(id="SEC-0500", provider="local", path="x", decommissioned_on="2026-01-01"),))


@pytest.mark.parametrize(
    ("ids", "stones", "expected"),
    [
        ([], Tombstones(), "SEC-0001"),
        (["SEC-0007", "SEC-0003"], Tombstones(), "SEC-0008"),
        (["SEC-0007"], STONES, "SEC-0501"),
        (["SEC-9999"], Tombstones(), "SEC-10000"),
        (["SEC-00009"], Tombstones(), "SEC-0010"),
    ],
)
def test_the_next_id_was_never_used(ids: list[str], stones: Tombstones, expected: str) -> None:
    assert next_id(ids, stones) == expected


def test_ids_can_run_out() -> None:
    with pytest.raises(InvalidIntent) as caught:
        next_id(["SEC-" + "9" * 12], Tombstones())
    assert caught.value.code == "intent.ids-exhausted"
