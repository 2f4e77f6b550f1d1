"""Catalogs to measure with: many valid requests, all different, shaped like the seeds' own example. The same size gives the same bytes."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from goldenpath.intent.enums import DEFAULT_ENUMS

WORK = Path(__file__).with_name(".work")
VERSION = "3"
"""Raised when the generated files change, so that nobody measures an old catalog."""

PER_SERVICE = 20
ENVIRONMENTS = ("dev", "test", "staging", "prod")
_TYPES = ("database-credentials", "api-key", "oauth-client", "third-party-token")
_OWNERS = ("app-team", "platform-team", "database-team")

SETTINGS = """\
apiVersion: goldenpath.io/v1
kind: Platform
environments:
  dev: {account: "593517239005"}
  test: {account: "593517239005"}
  staging: {account: "593517239005"}
  prod: {account: "593517239005"}
"""
POLICY = """\
apiVersion: goldenpath.io/v1
kind: Policy
tiers:
  low: {}
  medium: {rotationNone: warn}
  high: {rotationNone: block}
"""
APPROVERS = """\
apiVersion: goldenpath.io/v1
kind: Approvers
people: []
"""
REQUEST = """\
apiVersion: goldenpath.io/v1
kind: SecretRequest
metadata:
  id: SEC-{number:06d}
  name: {service}-credentials-{number}
  owner: {owner}
  service: {service}
  environment: {environment}
spec:
  provider: aws-secrets-manager
  secretType: {type}
  risk:
    tier: {tier}
  rotation:
    rotationClass: standard
  lifecycle:
    status: active
  access:
    namespace: {service}
    k8sSecretName: {service}-credentials-{number}
    readPrincipals:
      - arn:aws:iam::593517239005:role/{service}-reader
    writePrincipals:
      - arn:aws:iam::593517239005:role/{service}-writer
    breakGlassPrincipals:
      - arn:aws:iam::593517239005:role/break-glass
  ttlDays: 365
"""


def requests(count: int) -> Iterator[tuple[str, bytes]]:
    """Yield (path, bytes) of ``count`` valid requests, about 700 bytes each."""
    for number in range(1, count + 1):
        service = f"service-{number // PER_SERVICE:05d}"
        environment = ENVIRONMENTS[number % len(ENVIRONMENTS)]
        text = REQUEST.format(
            number=number,
            service=service,
            environment=environment,
            owner=_OWNERS[number % len(_OWNERS)],
            type=_TYPES[number % len(_TYPES)],
            tier=("low", "medium", "high")[number % 3],
        )
        yield f"catalogs/secrets/{service}/{environment}/SEC-{number:06d}.yaml", text.encode()


def governance() -> Iterator[tuple[str, bytes]]:
    """Yield the files that steer the gate."""
    yield "goldenpath.yaml", SETTINGS.encode()
    yield "governance/policy.yaml", POLICY.encode()
    yield "governance/approvers.yaml", APPROVERS.encode()
    yield "schemas/metadata/enums.yaml", DEFAULT_ENUMS


def folder(count: int) -> Path:
    """Return a folder with ``count`` requests; one of an earlier run is used again."""
    path = WORK / f"catalog-{VERSION}-{count}"
    done = path / ".complete"
    if not done.exists():
        shutil.rmtree(path, ignore_errors=True)
        for name, content in (*governance(), *requests(count)):
            target = path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        done.touch()
    return path


def repository(count: int) -> Path:
    """Return a repository whose ``main`` holds ``count`` requests and whose ``change`` edits one of them; made by one fast import."""
    path = WORK / f"repository-{VERSION}-{count}"
    done = path / ".git" / "complete"
    if not done.exists():
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        subprocess.run(["git", "init", "-q", "-b", "main", str(path)], check=True)
        with subprocess.Popen(["git", "-C", str(path), "fast-import", "--quiet"], stdin=subprocess.PIPE) as importer:
            assert importer.stdin is not None
            for part in _stream(count):
                importer.stdin.write(part)
        assert importer.returncode == 0
        subprocess.run(["git", "-C", str(path), "pack-refs", "--all"], check=True)
        done.touch()
    return path


def _stream(count: int) -> Iterator[bytes]:
    yield b"commit refs/heads/main\n" + _header(1_768_478_400, b"Catalog")
    for name, content in (*governance(), *requests(count)):
        yield _file(name, content)
    changed, content = next(requests(count))
    yield b"commit refs/heads/change\n" + _header(1_768_478_460, b"Change one request") + b"from refs/heads/main\n"
    yield _file(changed, content.replace(b"ttlDays: 365", b"ttlDays: 180"))


def _header(time: int, subject: bytes) -> bytes:
    person = b"Bench <bench@example.com> %d +0000" % time
    return b"author %s\ncommitter %s\ndata %d\n%s\n" % (person, person, len(subject), subject)


def _file(name: str, content: bytes) -> bytes:
    return b"M 100644 inline %s\ndata %d\n%s\n" % (name.encode(), len(content), content)
