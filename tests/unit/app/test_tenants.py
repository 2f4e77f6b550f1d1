"""Which folders an apply writes beside its own, what it refuses, and the last look at what overlays come to before a commit."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest
from tests.builders import make_request

from goldenpath.app.tenants import Place, around, belongs_to, lint_results, place_of
from goldenpath.delivery.listing import LISTING, write_listing
from goldenpath.errors import Conflict
from goldenpath.model.request import KeySpec, SecretRequest
from goldenpath.model.settings import ProjectionSettings, Settings
from goldenpath.projection.overlays import render_overlays

OVERLAID = Settings(projection=ProjectionSettings(layout="overlays", folders={"prod": "production"}))
BASE, DEV, PROD = "tenants/shop/base", "tenants/shop/overlays/dev", "tenants/shop/overlays/production"


def request(number: int, environment: str, *keys: str) -> SecretRequest:
    made = make_request(
        {
            "metadata": {"id": f"SEC-{number:04d}", "service": "shop", "name": "db", "environment": environment},
            "spec": {"provider": "aws-parameter-store", "access": {"namespace": "shop", "k8sSecretName": "db"}},
        }
    )
    return msgspec.structs.replace(made, spec=msgspec.structs.replace(made.spec, keys=tuple(KeySpec(name=key) for key in keys)))


def rendered(requests: list[SecretRequest], *environments: str, awaiting: tuple[str, ...] = ()) -> dict[str, dict[str, bytes]]:
    return render_overlays(requests, environments=environments, settings=OVERLAID, awaiting=frozenset(awaiting))


def committed(files: Mapping[str, Mapping[str, bytes]]) -> dict[str, bytes]:
    """The repository after a delivery of ``files``."""
    content = {f"{place}/{path}": data for place, mine in files.items() for path, data in mine.items()}
    return content | {f"{place}/{LISTING}": write_listing(mine) for place, mine in files.items()}


BOTH = [request(1, "dev", "A"), request(2, "prod", "A")]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (f"{BASE}/kustomization.yaml", Place("shop")),
        (BASE, Place("shop")),
        (f"{PROD}/patches/x.yaml", Place("shop", "prod", "production")),
        ("tenants/shop/overlays/prd", Place("shop", "prod", "prd")),
        ("tenants/shop/overlays/else/x", Place("shop", "else", "else")),
        ("tenants/shop/overlays", None),
        ("tenants/shop/README.md", None),
        ("environments/prod/inventory.json", None),
        ("other/shop/base/x", None),
    ],
)
def test_a_path_tells_whose_it_is(path: str, place: Place | None) -> None:
    assert place_of(path, settings=OVERLAID) == place


def test_what_is_shared_counts_for_each_environment_that_is_applied() -> None:
    def of(path: str, *applied: str) -> list[str]:
        return [name for name in applied if belongs_to(path, name, environments=applied, settings=OVERLAID)]

    assert of(f"{BASE}/x", "dev", "staging") == ["dev", "staging"]
    assert of(f"{PROD}/x", "dev", "staging") == ["dev", "staging"], "written anew because the base under it changes"
    assert of(f"{PROD}/x", "dev", "prod") == ["prod"]
    assert of("environments/dev/inventory.json", "dev", "prod") == ["dev"]
    assert of("README.md", "dev") == []


def test_an_unchanged_base_touches_nobody_else() -> None:
    current = committed(rendered(BOTH, "dev", "prod"))
    assert around(rendered(BOTH, "dev"), current, BOTH, ["dev"], settings=OVERLAID) == {}


def test_the_others_are_written_anew_on_a_new_base_and_come_to_the_same() -> None:
    current = committed(rendered(BOTH, "dev", "prod", awaiting=("SEC-0002",)))
    now = [request(1, "dev", "A", "B"), BOTH[1]]
    more = around(rendered(now, "dev"), current, now, ["dev"], settings=OVERLAID)
    assert more == {PROD: rendered(now, "prod", awaiting=("SEC-0002",))[PROD]}, "what had no value still has none"


def test_a_new_secret_in_dev_is_taken_away_in_prod() -> None:
    current = committed(rendered(BOTH, "dev", "prod"))
    other = msgspec.structs.replace(BOTH[0], metadata=msgspec.structs.replace(BOTH[0].metadata, id="SEC-0009", name="cache"))
    more = around(rendered([*BOTH, other], "dev"), current, [*BOTH, other], ["dev"], settings=OVERLAID)
    assert b"$patch" in more[PROD]["patches/cache-sync.yaml"]
    assert b"SEC-0002" in more[PROD]["patches/db-sync.yaml"]


CHANGES: dict[str, list[SecretRequest]] = {
    "another key": [request(1, "dev", "B"), request(2, "prod", "A", "B")],
    "another id": [request(1, "dev", "B"), request(7, "prod", "A")],
    "no request any more": [request(1, "dev", "B")],
}


@pytest.mark.parametrize("case", CHANGES)
def test_an_environment_that_would_change_is_named_not_changed(case: str) -> None:
    current, now = committed(rendered(BOTH, "dev", "prod")), CHANGES[case]
    with pytest.raises(Conflict) as raised:
        around(rendered(now, "dev"), current, now, ["dev"], settings=OVERLAID)
    assert (raised.value.code, "prod" in raised.value.message, raised.value.subject) == ("delivery.base-shared", True, "tenants/shop")
    together = around(rendered(now, "dev", "prod"), current, now, ["dev", "prod"], settings=OVERLAID)
    assert together == ({PROD: {}} if case == "no request any more" else {})


def test_what_nothing_is_rendered_into_any_more_is_given_up() -> None:
    current = committed(rendered(BOTH, "dev", "prod"))
    assert around({}, current, [], ["dev", "prod"], settings=OVERLAID) == {BASE: {}, DEV: {}, PROD: {}}
    with pytest.raises(Conflict):
        around({}, current, [], ["dev"], settings=OVERLAID)
    hidden = committed(rendered(BOTH, "dev", "prod", awaiting=("SEC-0002",)))
    assert around({}, hidden, [], ["dev"], settings=OVERLAID) == {BASE: {}, DEV: {}, PROD: {}}, "prod had nothing of it"
    alone = {path: data for path, data in current.items() if not path.endswith(LISTING)}
    assert around({}, alone, [], ["dev", "prod"], settings=OVERLAID) == {}, "without a listing they are somebody else's"


def test_the_last_look_sees_what_an_overlay_comes_to() -> None:
    files = rendered(BOTH, "dev", "prod")
    changed = [f"{BASE}/kustomization.yaml"]
    assert lint_results(files, changed, ["dev", "prod"], settings=OVERLAID) == ()
    patch = files[PROD]["patches/db-sync.yaml"]
    files[PROD]["patches/db-sync.yaml"] = patch.replace(b"/goldenpath/prod/shop/a", b"/goldenpath/dev/shop/a")
    assert [finding.rule for finding in lint_results(files, changed, ["prod"], settings=OVERLAID)] == [
        "projection.key-of-other-environment"
    ]
    files[PROD]["patches/db-sync.yaml"] = patch[: patch.index(b'- op: test\n  path: "/spec/data/0/secretKey"')]
    assert {finding.rule for finding in lint_results(files, changed, ["prod"], settings=OVERLAID)} == {
        "projection.placeholder-left",
        "projection.key-without-environment",
    }
    files[PROD]["patches/db-sync.yaml"] = patch.replace(b"value: A\n", b"value: B\n")
    assert [finding.rule for finding in lint_results(files, changed, ["prod"], settings=OVERLAID)] == ["projection.manifest-unreadable"]
    assert lint_results(files, ["environments/prod/inventory.json"], ["prod"], settings=OVERLAID) == (), "what is not touched is not read"
