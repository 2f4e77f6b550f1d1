"""The shipped ApplicationSets, run by Argo CD's own controller on what we render: an Application for each folder, in step, and pruned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from tests.builders import make_request
from tests.cluster.api_client import Json
from tests.cluster.api_server import ApiServer
from tests.cluster.argo_cd import NAMESPACE, ArgoCd
from tests.cluster.process import wait_until
from tests.gitrepo import GitRepo
from tests.house.source_tree import ROOT

from goldenpath.model.request import KeySpec, SecretRequest
from goldenpath.model.settings import EnvironmentSettings, ProjectionSettings, Settings
from goldenpath.projection.overlays import render_overlays
from goldenpath.projection.render import render_environment

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.usefixtures("application_sets", "external_secrets_crds")]

ENVIRONMENTS = ("dev", "test")
# both environments lie in one cluster, so their stores have names of their own
SHARED = Settings(environments={name: EnvironmentSettings(cluster="shared") for name in ENVIRONMENTS})
OVERLAID = msgspec.structs.replace(SHARED, projection=ProjectionSettings(layout="overlays"))
_GROUP = "argoproj.io/v1alpha1"
_SETS = f"/apis/{_GROUP}/namespaces/{NAMESPACE}/applicationsets"
Files = dict[str, str | bytes | None]


class Generated:
    """A bare repository with what we render for two environments of one cluster, and the namespaces that it names."""

    def __init__(self, root: Path, cluster: ApiServer, argo_cd: ArgoCd, namespace: str) -> None:
        self.cluster, self.argo_cd = cluster, argo_cd
        self.namespaces = {name: f"{namespace}-{name}" for name in ENVIRONMENTS}
        for name in self.namespaces.values():
            cluster.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        self.bare, self.work = GitRepo(root / "gitops.git", bare=True), GitRepo(root / "work")
        self.work.git("remote", "add", "origin", str(self.bare.path))

    def requests(self) -> list[SecretRequest]:
        """Two requests for each environment."""
        return [
            self._request(f"SEC-0{number}{index}0", environment, f"{service}-key")
            for number, environment in enumerate(ENVIRONMENTS)
            for index, service in enumerate(("kept", "leaving"), start=1)
        ]

    def push(self, files: Mapping[str, bytes | None]) -> str:
        commit = self.work.commit("Change", dict(files))
        self.work.git("push", "-q", "origin", "main")
        return commit

    def install(self, example: str) -> None:
        """Apply a shipped ApplicationSet, with this repository in it."""
        text = (ROOT / "examples" / "argo-cd" / example).read_text("utf-8")
        address = "https://git.example.com/platform/gitops.git"
        assert text.count(address) == 2
        self.cluster.apply(yaml.safe_load(text.replace(address, f"file://{self.bare.path}")))

    def look_again(self) -> None:
        """Let both look at Git now, instead of in three minutes."""
        self.cluster.merge(f"{_SETS}/goldenpath", {"metadata": {"annotations": {"argocd.argoproj.io/application-set-refresh": "true"}}})
        for name in self.applications():
            self.argo_cd.refresh(name)

    def applications(self) -> set[str]:
        listed = self.cluster.call("GET", f"/apis/{_GROUP}/namespaces/{NAMESPACE}/applications")
        return {each["metadata"]["name"] for each in listed["items"]}

    def external_secrets(self, environment: str) -> set[str]:
        path = f"/apis/external-secrets.io/v1/namespaces/{self.namespaces[environment]}/externalsecrets"
        return {each["metadata"]["name"] for each in self.cluster.call("GET", path)["items"]}

    def await_synced(self, commit: str, *environments: str) -> dict[str, Json]:
        """Return the Applications once each is there and in step with a commit."""
        wanted = {f"goldenpath-{name}" for name in environments}
        wait_until(lambda: wanted <= self.applications(), what="the ApplicationSet makes its Applications", seconds=60)
        return {name: self.argo_cd.wait_until_synced(f"goldenpath-{name}", commit) for name in environments}

    def end(self) -> None:
        if self.cluster.get(f"{_SETS}/goldenpath") is not None:
            self.cluster.call("DELETE", f"{_SETS}/goldenpath?propagationPolicy=Background")
        for name in self.applications():
            self.argo_cd.delete_application(name)
        for name in self.namespaces.values():
            self.cluster.call("DELETE", f"/api/v1/namespaces/{name}")
        self.cluster.call("DELETE", "/apis/external-secrets.io/v1/clustersecretstores")

    def _request(self, request_id: str, environment: str, name: str) -> SecretRequest:
        place = {"namespace": self.namespaces[environment], "k8sSecretName": name}
        about: dict[str, Any] = {"id": request_id, "name": name, "service": "payments", "environment": environment}
        made = make_request({"metadata": about, "spec": {"access": place}})
        return msgspec.structs.replace(made, spec=msgspec.structs.replace(made.spec, keys=(KeySpec(name="password"),)))


@pytest.fixture
def generated(tmp_path: Path, api_server: ApiServer, argo_cd: ArgoCd, namespace: str) -> Iterator[Generated]:
    made = Generated(tmp_path, api_server, argo_cd, namespace)
    yield made
    made.end()


def resources(application: Json) -> set[tuple[str, str]]:
    return {(each["kind"], each["name"]) for each in application["status"]["resources"]}


def test_each_folder_gets_an_application_and_what_leaves_git_leaves_the_cluster(generated: Generated) -> None:
    requests = generated.requests()
    files = {
        f"environments/{name}/{path}": content
        for name in ENVIRONMENTS
        for path, content in render_environment(requests, environment=name, settings=SHARED).items()
    }
    assert {Path(path).name for path in files} > {"inventory.json", "secrets.auto.tfvars.json"}, "the folders hold more than manifests"
    first = generated.push(files)
    generated.install("application-set.yaml")
    synced = generated.await_synced(first, *ENVIRONMENTS)
    for name in ENVIRONMENTS:
        kinds = sorted(kind for kind, _ in resources(synced[name]))
        assert kinds == ["ClusterSecretStore", "ExternalSecret", "ExternalSecret"], "nothing but manifests is applied"
    assert generated.external_secrets("dev") == {"kept-key-sync", "leaving-key-sync"}

    leaving = [path for path in files if "leaving-key" in path and "/dev/" in path and path.endswith(".yaml")]
    folder = [path for path in files if path.startswith("environments/test/")]
    assert leaving
    second = generated.push(dict.fromkeys([*leaving, *folder]))
    generated.look_again()
    generated.await_synced(second, "dev")
    wait_until(lambda: generated.external_secrets("dev") == {"kept-key-sync"}, what="what left Git is pruned", seconds=60)
    wait_until(lambda: generated.applications() == {"goldenpath-dev"}, what="a folder that is gone has no Application", seconds=60)
    assert generated.external_secrets("test") == {"kept-key-sync", "leaving-key-sync"}, "its secrets do not go along"


@pytest.mark.parametrize("layout", ["folders", "overlays"])
def test_what_is_applied_once_stays_in_step(generated: Generated, layout: str) -> None:
    """External Secrets' defaults and Argo CD's self-heal: an Application that is never in step is applied for ever."""
    requests = [request for request in generated.requests() if request.environment == "dev"]
    settings = OVERLAID if layout == "overlays" else SHARED
    rendered = {"environments/dev": render_environment(requests, environment="dev", settings=settings)}
    if layout == "overlays":
        rendered |= render_overlays(requests, environments=("dev",), settings=settings)
    first = generated.push({f"{folder}/{path}": content for folder, files in rendered.items() for path, content in files.items()})
    generated.install("application-set-overlays.yaml" if layout == "overlays" else "application-set.yaml")
    synced = generated.await_synced(first, "dev")["dev"]
    assert {name for kind, name in resources(synced) if kind == "ExternalSecret"} == {"kept-key-sync", "leaving-key-sync"}
    # right after a sync it may compare with what it knew before, see a difference and apply once more
    settled = compared(generated.argo_cd, "normal")
    again = compared(generated.argo_cd, "hard")
    assert again["status"]["operationState"]["finishedAt"] == settled["status"]["operationState"]["finishedAt"], "it was applied again"


def compared(argo_cd: ArgoCd, kind: str) -> Json:
    """Return the application once it was compared again, and is in step."""
    argo_cd.refresh("goldenpath-dev", kind)

    def in_step() -> Json | None:
        found = refreshed(argo_cd)
        return found if found and found["status"]["sync"]["status"] == "Synced" else None

    return wait_until(in_step, what="the application is compared again, and in step", seconds=60)


def refreshed(argo_cd: ArgoCd) -> Json | None:
    """Return the application once nobody waits for a comparison of it."""
    found = argo_cd.application("goldenpath-dev")
    return None if "argocd.argoproj.io/refresh" in found["metadata"].get("annotations", {}) else found
