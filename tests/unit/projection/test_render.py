from __future__ import annotations

import json
import random
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders import make_request
from tests.unit.projection.platform_sample import platform

from goldenpath.errors import Conflict, Misconfigured
from goldenpath.model.policy import ClassCadence
from goldenpath.model.request import KeySpec, SecretRequest
from goldenpath.model.settings import EnvironmentSettings, ExternalSecretsSettings, OpenBaoSettings, Settings
from goldenpath.plan.desired import desired_secret
from goldenpath.projection.external_secret import SECRET_TYPES, kubernetes_type
from goldenpath.projection.iam import resource_policy
from goldenpath.projection.render import render_environment
from goldenpath.projection.stores import find_unprojected, store_name

ES = "external-secrets/payments/payments-db-credentials-sync.yaml"
STORE = "cluster-secret-stores/aws-secrets-manager.yaml"
TFVARS = "terraform/secrets.auto.tfvars.json"

# seed 002's appendix, field for field but for the API version (D9)
SEED_SPEC = {
    "refreshInterval": "1h",
    "secretStoreRef": {"name": "aws-secrets-manager", "kind": "ClusterSecretStore"},
    "target": {"name": "payments-db-creds", "creationPolicy": "Owner"},
    "dataFrom": [{"extract": {"key": "goldenpath/payments/dev/payments-db-credentials"}}],
}
SEED_STORE_PROVIDER = {
    "aws": {
        "service": "SecretsManager",
        "region": "us-east-1",
        "auth": {"jwt": {"serviceAccountRef": {"name": "eso-irsa-sa", "namespace": "external-secrets"}}},
    },
}


def rendered(*requests: SecretRequest, settings: Settings | None = None, **options: Any) -> dict[str, bytes]:
    return render_environment(requests, environment="dev", settings=settings or Settings(), **options)


def other(identity: str, name: str, **access: str) -> SecretRequest:
    return make_request({"metadata": {"id": identity, "name": name}, "spec": {"access": {"k8sSecretName": name, **access}}})


def with_keys(secret_type: str, *names: str) -> SecretRequest:
    request = make_request()
    keys = tuple(KeySpec(name=name) for name in names)
    return msgspec.structs.replace(request, spec=msgspec.structs.replace(request.spec, secret_type=secret_type, keys=keys))


def test_external_secret_has_the_seeds_fields() -> None:
    manifest = yaml.safe_load(rendered(make_request())[ES])
    assert manifest["apiVersion"] == "external-secrets.io/v1"
    assert manifest["kind"] == "ExternalSecret"
    assert manifest["metadata"] == {"name": "payments-db-credentials-sync", "namespace": "payments"}
    target = manifest["spec"].pop("target")
    assert manifest["spec"] == {name: value for name, value in SEED_SPEC.items() if name != "target"}
    assert target.pop("template")
    assert target == {**SEED_SPEC["target"], "deletionPolicy": "Retain"}  # type: ignore[dict-item]


def test_the_secrets_metadata_is_explicit_so_tracking_marks_are_not_copied() -> None:
    template = yaml.safe_load(rendered(make_request())[ES])["spec"]["target"]["template"]
    assert template == {
        "type": "Opaque",
        "metadata": {
            "labels": {
                "app.kubernetes.io/managed-by": "goldenpath",
                "goldenpath.io/environment": "dev",
                "goldenpath.io/id": "SEC-0007",
                "goldenpath.io/owner": "app-team",
                "goldenpath.io/service": "payments",
            },
        },
    }


def test_store_has_the_seeds_fields_and_the_environments_namespaces() -> None:
    manifest = yaml.safe_load(rendered(make_request(), other("SEC-0008", "b", namespace="billing"))[STORE])
    assert manifest["metadata"] == {"name": "aws-secrets-manager"}
    assert manifest["spec"] == {"provider": SEED_STORE_PROVIDER, "conditions": [{"namespaces": ["billing", "payments"]}]}


def test_settings_reach_the_manifests() -> None:
    settings = Settings(
        external_secrets=ExternalSecretsSettings(api_version="external-secrets.io/v1beta1", store_name="vaulted", refresh_interval="5m"),
        environments={"dev": EnvironmentSettings(region="eu-west-3")},
    )
    files = rendered(make_request(), settings=settings)
    manifest, store = yaml.safe_load(files[ES]), yaml.safe_load(files["cluster-secret-stores/vaulted.yaml"])
    assert (manifest["apiVersion"], manifest["spec"]["refreshInterval"]) == ("external-secrets.io/v1beta1", "5m")
    assert (store["apiVersion"], store["spec"]["provider"]["aws"]["region"]) == ("external-secrets.io/v1beta1", "eu-west-3")


def test_openbao_requests_get_a_store_of_their_own() -> None:
    settings = Settings(environments={"dev": EnvironmentSettings(openbao=OpenBaoSettings(server="https://bao.example:8200"))})
    files = rendered(make_request({"spec": {"provider": "openbao"}}), settings=settings)
    assert yaml.safe_load(files[ES])["spec"]["secretStoreRef"]["name"] == "openbao"
    vault = yaml.safe_load(files["cluster-secret-stores/openbao.yaml"])["spec"]["provider"]["vault"]
    assert (vault["server"], vault["path"], vault["version"]) == ("https://bao.example:8200", "secret", "v2")
    assert vault["auth"]["kubernetes"] == {
        "mountPath": "kubernetes",
        "role": "external-secrets",
        "serviceAccountRef": {"name": "eso-irsa-sa", "namespace": "external-secrets"},
    }
    assert STORE not in files


def test_two_environments_in_one_cluster_never_share_a_store() -> None:
    settings = Settings(environments={"dev": EnvironmentSettings(cluster="shared"), "test": EnvironmentSettings(cluster="shared")})
    names = {store_name("aws-secrets-manager", environment, settings=settings) for environment in ("dev", "test", "prod")}
    assert names == {"aws-secrets-manager-dev", "aws-secrets-manager-test", "aws-secrets-manager"}


def test_two_providers_never_share_a_store_name() -> None:
    with pytest.raises(Misconfigured) as caught:
        rendered(make_request(), settings=Settings(external_secrets=ExternalSecretsSettings(store_name="openbao")))
    assert caught.value.code == "projection.store-name-taken"


STATES = {"active": (True, True), "deprecated": (True, True), "decommission_requested": (False, True), "decommissioned": (False, False)}


@pytest.mark.parametrize(("status", "expected"), STATES.items())
def test_lifecycle_decides_what_exists(status: str, expected: tuple[bool, bool]) -> None:
    files = rendered(make_request({"spec": {"lifecycle": {"status": status}}}))
    tfvars = json.loads(files[TFVARS])["goldenpath_secrets"]
    assert (ES in files, "SEC-0007" in tfvars) == expected
    assert (STORE in files) == expected[0]
    entry = json.loads(files["inventory.json"])["secrets"][0]
    assert (entry["lifecycle"], entry["manifest"]) == (status, ES if expected[0] else None)


def test_a_request_without_a_value_waits() -> None:
    files = rendered(make_request(), awaiting=frozenset({"SEC-0007"}))
    assert ES not in files
    assert STORE in files
    assert "SEC-0007" in json.loads(files[TFVARS])["goldenpath_secrets"]
    assert json.loads(files["inventory.json"])["secrets"][0]["is_awaiting_value"] is True


def test_other_environments_are_left_out_and_no_request_means_no_file() -> None:
    assert rendered(make_request({"metadata": {"environment": "prod"}})) == {}
    assert rendered() == {}


@pytest.mark.parametrize("provider", ["local", "memory", "aws-parameter-store", "unheard-of"])
def test_a_provider_that_no_cluster_reads_is_listed_and_reported(provider: str) -> None:
    request = make_request({"spec": {"provider": provider}})
    assert sorted(rendered(request)) == ["inventory.json", TFVARS]
    assert [(finding.rule, finding.level, finding.got) for finding in find_unprojected((request, make_request()))] == [
        ("projection.provider-not-projectable", "info", provider),
    ]


def test_two_requests_for_one_manifest_are_refused() -> None:
    clash = make_request({"metadata": {"id": "SEC-0008", "service": "search"}, "spec": {"access": {"k8sSecretName": "other"}}})
    with pytest.raises(Conflict) as caught:
        rendered(make_request(), clash)
    assert caught.value.code == "projection.manifest-collision"
    assert "SEC-0007" in caught.value.message
    assert "SEC-0008" in caught.value.message


TYPES = [
    (("tls-private-key", "tls.crt", "tls.key"), "kubernetes.io/tls"),
    (("tls-private-key", "tls.key"), "Opaque"),
    (("tls-private-key",), "Opaque"),
    (("container-registry-credential", ".dockerconfigjson"), "kubernetes.io/dockerconfigjson"),
    (("container-registry-credential", "token"), "Opaque"),
    (("generic", "tls.crt", "tls.key", ".dockerconfigjson"), "Opaque"),
    (("kubernetes.io/service-account-token", "token"), "Opaque"),
]


@pytest.mark.parametrize(("arguments", "expected"), TYPES)
def test_secret_type_comes_from_the_closed_list(arguments: tuple[str, ...], expected: str) -> None:
    assert kubernetes_type(with_keys(*arguments)) == expected
    assert expected in SECRET_TYPES


@given(st.text(max_size=40), st.lists(st.text(max_size=20), max_size=4))
@settings(max_examples=50)
def test_no_input_reaches_a_type_outside_the_list(secret_type: str, names: list[str]) -> None:
    assert kubernetes_type(with_keys(secret_type, *names)) in SECRET_TYPES
    assert "kubernetes.io/service-account-token" not in SECRET_TYPES


def test_tfvars_are_one_map_of_containers() -> None:
    settings = platform(kms_key="alias/platform")
    rotation = {"standard": ClassCadence(every_days=90, max_age_days=97)}
    files = rendered(
        make_request({"metadata": {"description": "Main database"}}), other("SEC-0008", "b"), settings=settings, rotation=rotation
    )
    variables = json.loads(files[TFVARS])
    assert list(variables) == ["goldenpath_secrets"]
    entry = variables["goldenpath_secrets"]["SEC-0007"]
    assert json.loads(entry.pop("policy"))["Version"] == "2012-10-17"
    assert entry == {
        "name": "goldenpath/payments/dev/payments-db-credentials",
        "description": "Main database",
        "kms_key": "alias/platform",
        "recovery_window_in_days": 14,
        "rotation_class": "standard",
        "rotation_days": 90,
        "tags": {
            "goldenpath:environment": "dev",
            "goldenpath:id": "SEC-0007",
            "goldenpath:owner": "app-team",
            "goldenpath:service": "payments",
            "goldenpath:tier": "medium",
        },
    }
    assert list(variables["goldenpath_secrets"]) == ["SEC-0007", "SEC-0008"]


@pytest.mark.parametrize(("tier", "chosen", "expected"), [("low", None, 7), ("medium", None, 14), ("high", None, 30), ("high", 21, 21)])
def test_recovery_window_follows_the_tier(tier: str, chosen: int | None, expected: int) -> None:
    lifecycle = {"recoveryWindowInDays": chosen} if chosen else {}
    request = make_request({"spec": {"risk": {"tier": tier}, "lifecycle": lifecycle}})
    assert json.loads(rendered(request)[TFVARS])["goldenpath_secrets"]["SEC-0007"]["recovery_window_in_days"] == expected


def test_same_bytes_whatever_the_order_of_requests() -> None:
    requests = [other(f"SEC-{number:04d}", f"name-{number}") for number in range(30)]
    shuffled = requests.copy()
    random.shuffle(shuffled)
    first = rendered(*requests)
    assert list(rendered(*shuffled).items()) == list(first.items())
    assert list(first) == sorted(first)


LABEL = st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)


@given(st.lists(st.tuples(LABEL, LABEL), min_size=1, max_size=12, unique=True))
@settings(max_examples=50)
def test_paths_are_injective_and_stay_inside(pairs: list[tuple[str, str]]) -> None:
    requests = [other(f"SEC-{number:04d}", name, namespace=namespace) for number, (namespace, name) in enumerate(pairs)]
    manifests = [path for path in rendered(*requests) if path.startswith("external-secrets/")]
    assert len(manifests) == len(pairs)
    assert all(part not in ("", ".", "..") for path in manifests for part in path.split("/"))


def test_terraform_and_our_own_apply_want_the_same_container() -> None:
    request, settings = make_request(), platform(kms_key="alias/platform")
    ours = desired_secret(request, settings=settings, policy_document=resource_policy(request, settings=settings), cadences={})
    theirs = json.loads(rendered(request, settings=settings)[TFVARS])["goldenpath_secrets"]["SEC-0007"]
    assert (theirs["name"], theirs["description"], theirs["kms_key"], theirs["policy"]) == (
        ours.ref.path,
        ours.description,
        ours.kms_key,
        ours.policy,
    )
    assert tuple(sorted(theirs["tags"].items())) == ours.tags
