"""CASE 17: a request's principals are judged by ``validate`` already, each with its list, index and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from goldenpath.cli.root import cli

REQUEST = """\
apiVersion: goldenpath.io/v1
kind: SecretRequest
metadata:
  id: SEC-0007
  name: payments-db-credentials
  owner: app-team
  service: payments
  environment: dev
spec:
  provider: aws-secrets-manager
  secretType: database-credentials
  risk:
    tier: medium
  rotation:
    rotationClass: standard
  lifecycle:
    status: active
  access:
    namespace: payments
    k8sSecretName: payments-db-creds
    readPrincipals: [{read}]
    breakGlassPrincipals: [{glass}]
  ttlDays: 30
"""
SETTINGS = 'apiVersion: goldenpath.io/v1\nkind: Platform\nenvironments:\n  dev:\n    account: "593517239005"\n'
GOOD = '"arn:aws:iam::593517239005:role/reader"'
OTHER = '"arn:aws:iam::593517239005:role/admin"'
FOREIGN = '"arn:aws:iam::999999999999:role/reader"'

CASES = [
    # read          break-glass  rules found
    (GOOD, OTHER, []),
    ('"*"', OTHER, ["policy.principal-invalid"]),
    ('"arn:aws:iam::*:role/x"', OTHER, ["policy.principal-invalid"]),
    ('"arn:aws:iam::593517239005:root"', OTHER, ["policy.principal-invalid"]),
    ('"arn:aws:iam::...:role/x"', OTHER, ["policy.principal-invalid"]),
    (FOREIGN, OTHER, ["policy.principal-account"]),
    (GOOD, GOOD, ["policy.principal-overlap"]),
    ('"*", ' + FOREIGN, OTHER, ["policy.principal-account", "policy.principal-invalid"]),
]


@pytest.mark.parametrize("is_named", [False, True], ids=["whole-tree", "one-file"])
@pytest.mark.parametrize(("read", "glass", "rules"), CASES)
def test_validate_judges_principals(tmp_path: Path, read: str, glass: str, rules: list[str], is_named: bool) -> None:
    (tmp_path / "goldenpath.yaml").write_text(SETTINGS)
    file = tmp_path / "catalogs/secrets/payments/dev/SEC-0007.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(REQUEST.format(read=read, glass=glass))
    done = CliRunner().invoke(
        cli, ["-C", str(tmp_path), "-o", "json", "validate", *([str(file)] if is_named else [])], standalone_mode=False
    )
    findings = json.loads(done.stdout)["findings"]
    assert sorted(finding["rule"] for finding in findings) == rules
    assert all(finding["line"] in (21, 22) for finding in findings)
