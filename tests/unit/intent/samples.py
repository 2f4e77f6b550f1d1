"""Request files as text, and the words of the shipped enums."""

from __future__ import annotations

from goldenpath.intent.enums import load_enums
from goldenpath.model.enums import Enums
from goldenpath.model.finding import Finding

SEED_002 = """\
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
    # NEW: Security principal hooks
    readPrincipals: ["arn:aws:iam::593517239005:role/goldenpath-idp-eso-role"]
    writePrincipals: ["arn:aws:iam::593517239005:role/github-actions-secrets-writer"]
    breakGlassPrincipals: ["arn:aws:iam::593517239005:role/platform-admin"]
  ttlDays: 30
"""
"""The example of the contract's appendix, as it stands there."""

SEED_001 = """\
apiVersion: goldenpath.io/v1
kind: SecretRequest
metadata:
  id: SEC-0007                      # Mandatory: Audit ID (SEC-XXXX)
  name: payments-db-credentials     # Mandatory: Intent Name
  owner: team-payments              # Mandatory: Accountability
  service: payments                 # Mandatory: Service namespace
  environment: dev                  # Mandatory: Environment
spec:
  provider: aws-secrets-manager      # Mandatory: Provider
  secretType: database-credentials   # Mandatory: Type
  risk:
    tier: medium                     # Mandatory: Governance
  rotation:
    rotationClass: standard          # Mandatory: Security
  lifecycle:
    status: active                   # Mandatory: Lifecycle
  access:
    namespace: payments              # Mandatory: K8s Namespace
    k8sSecretName: payments-db-creds # Mandatory: K8s Secret Name
  ttlDays: 30                       # Mandatory: Cleanup (Days)
"""
"""The example of the flow document, as it stands there; its owner is not among the shipped ones."""


def shipped_enums() -> Enums:
    """The words that ship."""
    enums = load_enums(None).value
    assert enums is not None
    return enums


def sample(**fields: str) -> str:
    """SEED_002 with lines replaced: ``sample(tier="high")`` replaces the value of the line ``tier:``."""
    lines = []
    for line in SEED_002.splitlines():
        name, colon, _ = line.partition(":")
        lines.append(f"{name}{colon} {fields[name.strip()]}" if name.strip() in fields else line)
    return "\n".join(lines) + "\n"


def request_text(request_id: str, *, service: str = "payments", environment: str = "dev", name: str = "", **fields: str) -> str:
    """A valid request that shares nothing with one of another id."""
    unique = name or f"db-{request_id.removeprefix('SEC-')}"
    return sample(
        **{
            "id": request_id,
            "name": unique,
            "service": service,
            "environment": environment,
            "namespace": service,
            "k8sSecretName": unique,
            **fields,
        }
    )


def codes(findings: tuple[Finding, ...]) -> list[str]:
    """The codes of some findings, in order."""
    return [finding.rule for finding in findings]
