"""The exact IAM actions that each use of Secrets Manager needs. A test runs each use under nothing but its actions, and uses all of them.

``lease`` is about ``<prefix>/_platform/<environment>`` alone and comes with every use that writes; the others are about the environment's
records. GetCallerIdentity needs no permission. A KMS key of one's own needs ``kms:Decrypt`` and ``kms:GenerateDataKey`` for whoever
creates, changes, seeds or reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PERMISSIONS: Final[Mapping[str, frozenset[str]]] = {
    "observe": frozenset({"DescribeSecret", "GetResourcePolicy", "ListSecrets"}),
    "apply": frozenset(
        {
            "CancelRotateSecret",
            "CreateSecret",
            "DeleteResourcePolicy",
            "DescribeSecret",
            "GetResourcePolicy",
            "ListSecrets",
            "PutResourcePolicy",
            "RemoveRegionsFromReplication",
            "ReplicateSecretToRegions",
            "RotateSecret",
            "TagResource",
            "UntagResource",
            "UpdateSecret",
        }
    ),
    "seed": frozenset({"DescribeSecret", "GetResourcePolicy", "ListSecrets", "PutSecretValue", "TagResource", "UpdateSecretVersionStage"}),
    "read": frozenset({"DescribeSecret", "GetResourcePolicy", "GetSecretValue"}),
    "rotate": frozenset({"DescribeSecret", "GetResourcePolicy", "ListSecretVersionIds", "TagResource", "UpdateSecretVersionStage"}),
    "restore": frozenset({"DescribeSecret", "GetResourcePolicy", "RestoreSecret", "TagResource"}),
    "retire": frozenset({"DeleteSecret", "DescribeSecret", "TagResource"}),
    "lease": frozenset({"CreateSecret", "DescribeSecret", "GetSecretValue", "ListSecrets", "PutSecretValue", "TagResource"}),
}
"""Actions of ``secretsmanager:`` by use."""
