"""The words that a platform allows (D3, D4): the shipped list, and how a platform's own file is read.

Owners, secret types and rotation classes are free. Tiers, environments and lifecycle states are not: code gives them a meaning
(order of tiers, the lifecycle table), so a file may leave some out but not invent one.
"""

from __future__ import annotations

from typing import Final

from goldenpath.intent.contract import Loaded, load
from goldenpath.model.enums import Enums

ENUMS_FILE: Final = "schemas/metadata/enums.yaml"

DEFAULT_ENUMS: Final = b"""\
owners:
  - platform-team
  - security-team
  - operations-team
  - sre-team
  - app-team
  - database-team
environments:
  - dev
  - test
  - staging
  - prod
  - ephemeral
security:
  secret_types:
    description: What kind of secret it is
    values:
      - database-credentials
      - api-key
      - oauth-client
      - webhook-secret
      - signing-key
      - encryption-key
      - tls-private-key
      - container-registry-credential
      - third-party-token
      - generic
  risk_tiers:
    description: How bad it is when the secret leaks
    values:
      - low
      - medium
      - high
  rotation_classes:
    description: How often the value changes
    values:
      - none
      - standard
      - high
  lifecycle_status:
    description: Where the secret is in its life
    values:
      - active
      - deprecated
      - decommission_requested
      - decommissioned
"""
"""The file that ships; a platform copies it and adds its own owners."""


def load_enums(data: bytes | None, *, file: str = ENUMS_FILE) -> Loaded[Enums]:
    """Return the words of ``data``; None means that the platform has no file of its own and gets :data:`DEFAULT_ENUMS`."""
    return load(DEFAULT_ENUMS if data is None else data, Enums, file=file)
