"""A platform whose whole chain is real: store at the stand-in for AWS, a bare Git repository, Argo CD, External Secrets, an API server."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from tests.cluster.api_client import Json
from tests.cluster.api_server import ApiServer
from tests.cluster.argo_cd import ArgoCd
from tests.cluster.external_secrets import ExternalSecrets
from tests.cluster.process import wait_until
from tests.e2e.cloud import ACCOUNT, Cloud
from tests.e2e.world import Run
from tests.house.source_tree import ROOT
from tests.standins.aws import StrictAws

ROLE = f"arn:aws:iam::{ACCOUNT}:role/goldenpath-eso-dev"
APPLICATION = "goldenpath-dev"
_EXTERNAL_SECRETS = "/apis/external-secrets.io/v1/namespaces/payments/externalsecrets"
_STORE = """\
    stores:
      aws-secrets-manager:
        backend: aws-secrets-manager
    kubernetes:
      kubeconfig: {kubeconfig}
      context: real
      argoCd:
        application: goldenpath-{{environment}}
"""


class ClusterLife:
    """SEC-0007's platform, before its first apply. ``origin`` is the bare repository that Argo CD reads."""

    def __init__(self, root: Path, *, cluster: ApiServer, external_secrets: ExternalSecrets, argo_cd: ArgoCd, aws: StrictAws) -> None:
        self.cluster, self.external_secrets, self.argo_cd, self.aws = cluster, external_secrets, argo_cd, aws
        root.mkdir(parents=True)
        store = _STORE.format(kubeconfig=cluster.kubeconfig)
        self.cloud = Cloud.make(root / "world", aws, store=store, remote="origin")
        self.world = self.cloud.world
        self.origin = root / "gitops.git"
        self._use_origin()
        external_secrets.act_as_role(ROLE)
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "payments"}})
        self._install_application()

    def cli(self, *arguments: str, typed: bytes = b"", before: Callable[[], None] = lambda: None) -> Run:
        return self.cloud.cli(*arguments, typed=typed, before=before)

    def document(self, *arguments: str, code: int = 0) -> Any:
        """Run a command with ``-o json`` and return what it says."""
        done = self.cli(*arguments, "-o", "json")
        assert done.code == code, (arguments, done)
        return json.loads(done.out)

    def seed(self, password: str) -> None:
        seeded = self.cloud.seed(json.dumps({"username": "payments_app", "password": password}).encode())
        assert seeded.code == 0, seeded
        (self.world.root / "values.json").unlink()

    def withdraw(self) -> str:
        """Take the manifest out of Git as ``apply`` does when a request leaves (the dwell of its states is tested elsewhere)."""
        path = "environments/dev/external-secrets/payments/payments-db-credentials-sync.yaml"
        for command in (("rm", "--quiet", path), ("commit", "--quiet", "--message", "Withdraw"), ("push", "--quiet", "origin", "main")):
            self.world.git("pat", *command, where=self.world.gitops)
        return self.revision()

    def revision(self) -> str:
        """The newest commit of the GitOps repository."""
        return self.world.git("pat", "rev-parse", "main", where=self.world.gitops).strip()

    def receipt(self, *arguments: str, code: int = 0) -> Any:
        """Run ``sync SEC-0007`` and return its one receipt."""
        (environment,) = self.document("sync", "SEC-0007", *arguments, code=code)["environments"]
        (receipt,) = environment["receipts"]
        return receipt

    def seams(self) -> dict[str, str]:
        return {seam["name"]: seam["state"] for seam in self.document("trace", "SEC-0007")["seams"]}

    def standing(self) -> str:
        rows = self.document("status", "-e", "dev")["requests"]
        return str(next(row["cluster"] for row in rows if row["id"] == "SEC-0007"))

    def secret(self) -> Json | None:
        return self.cluster.get("/api/v1/namespaces/payments/secrets/payments-db-creds")

    def password(self) -> str | None:
        found = self.secret()
        return base64.b64decode(found["data"]["password"]).decode() if found else None

    def external_secret(self) -> Json | None:
        return self.cluster.get(f"{_EXTERNAL_SECRETS}/payments-db-credentials-sync")

    def end(self) -> None:
        """Take out of the cluster what the life brought there. The namespace stays: it would take ten seconds to go."""
        self.argo_cd.delete_application(APPLICATION)
        self.cluster.call("DELETE", _EXTERNAL_SECRETS)
        wait_until(lambda: not self.cluster.call("GET", _EXTERNAL_SECRETS)["items"], what="the ExternalSecrets are gone", seconds=60)
        self.cluster.call("DELETE", "/api/v1/namespaces/payments/secrets")
        self.cluster.call("DELETE", "/apis/external-secrets.io/v1/clustersecretstores")

    def _use_origin(self) -> None:
        """Put a bare repository between the platform and Argo CD, as a forge would."""
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main", "--bare", str(self.origin)], check=True)
        self.world.git("pat", "remote", "add", "origin", str(self.origin), where=self.world.gitops)
        self.world.git("pat", "push", "--quiet", "origin", "main", where=self.world.gitops)

    def _install_application(self) -> None:
        """Make the shipped Application, with this repository in it."""
        tree = yaml.safe_load((ROOT / "examples" / "argo-cd" / "application.yaml").read_text("utf-8"))
        tree["spec"]["source"]["repoURL"] = f"file://{self.origin}"
        self.cluster.apply(tree)
