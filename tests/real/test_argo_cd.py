"""Real Argo CD follows a folder of a bare repository by itself: what is committed appears, what is removed goes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.cluster.api_server import ApiServer
from tests.cluster.argo_cd import ArgoCd
from tests.cluster.process import ServerFailed, wait_until
from tests.gitrepo import GitRepo

pytestmark = [pytest.mark.real, pytest.mark.slow]


def note(name: str, text: str = "hello") -> str:
    return yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"said": text}})


class Followed:
    """A bare repository, a working copy that pushes to it, and the Application that follows its folder."""

    def __init__(self, root: Path, argo_cd: ArgoCd, cluster: ApiServer, namespace: str) -> None:
        self.argo_cd, self.cluster, self.namespace = argo_cd, cluster, namespace
        bare = GitRepo(root / "gitops.git", bare=True)
        self.work = GitRepo(root / "work")
        self.work.git("remote", "add", "origin", str(bare.path))
        self.url = f"file://{bare.path}"
        self.first = self.push(
            {"env/dev/kept.yaml": note("kept"), "env/dev/leaving.yaml": note("leaving"), "elsewhere.yaml": note("elsewhere")}
        )
        argo_cd.create_application(namespace, repository=self.url, path="env/dev", namespace=namespace)

    def push(self, files: dict[str, str | bytes | None]) -> str:
        commit = self.work.commit("Change", files)
        self.work.git("push", "-q", "origin", "main")
        return commit

    def names(self) -> set[str]:
        listed = self.cluster.call("GET", f"/api/v1/namespaces/{self.namespace}/configmaps")
        return {item["metadata"]["name"] for item in listed["items"]} - {"kube-root-ca.crt"}

    def said(self, name: str) -> str:
        found = self.cluster.call("GET", f"/api/v1/namespaces/{self.namespace}/configmaps/{name}")
        return str(found["data"]["said"])


@pytest.fixture
def followed(tmp_path: Path, argo_cd: ArgoCd, api_server: ApiServer, namespace: str) -> Iterator[Followed]:
    yield Followed(tmp_path, argo_cd, api_server, namespace)
    argo_cd.recover()
    argo_cd.delete_application(namespace)


def test_what_is_committed_appears_and_what_is_removed_goes(followed: Followed) -> None:
    seen = followed.argo_cd.wait_until_synced(followed.namespace, followed.first)
    assert followed.names() == {"kept", "leaving"}
    assert {resource["name"] for resource in seen["status"]["resources"]} == {"kept", "leaving"}
    second = followed.push({"env/dev/leaving.yaml": None, "env/dev/kept.yaml": note("kept", "changed")})
    followed.argo_cd.refresh(followed.namespace)
    followed.argo_cd.wait_until_synced(followed.namespace, second)
    wait_until(lambda: followed.names() == {"kept"}, what="what was removed is pruned", seconds=60)
    assert followed.said("kept") == "changed"


def test_what_somebody_changes_by_hand_is_put_back(followed: Followed) -> None:
    followed.argo_cd.wait_until_synced(followed.namespace, followed.first)
    followed.cluster.merge(f"/api/v1/namespaces/{followed.namespace}/configmaps/kept", {"data": {"said": "by hand"}})
    assert wait_until(lambda: followed.said("kept") == "hello", what="Argo CD heals", seconds=60)


def test_a_held_controller_syncs_nothing_until_it_goes_on(followed: Followed) -> None:
    followed.argo_cd.wait_until_synced(followed.namespace, followed.first)
    followed.argo_cd.pause()
    second = followed.push({"env/dev/new.yaml": note("new")})
    followed.argo_cd.refresh(followed.namespace)
    with pytest.raises(ServerFailed, match="is synced to"):
        followed.argo_cd.wait_until_synced(followed.namespace, second, seconds=4)
    assert followed.names() == {"kept", "leaving"}
    followed.argo_cd.resume()
    followed.argo_cd.wait_until_synced(followed.namespace, second)
    assert followed.names() == {"kept", "leaving", "new"}


def test_a_folder_with_a_kustomization_is_rendered(followed: Followed) -> None:
    overlay = yaml.safe_dump({"resources": ["kept.yaml"], "namePrefix": "dev-"})
    second = followed.push({"env/dev/kustomization.yaml": overlay, "env/dev/leaving.yaml": None})
    followed.argo_cd.refresh(followed.namespace)
    followed.argo_cd.wait_until_synced(followed.namespace, second)
    assert wait_until(lambda: followed.names() == {"dev-kept"}, what="the names of the overlay", seconds=60)
