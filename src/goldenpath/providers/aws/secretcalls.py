"""The calls to one secret that the store is made of, each with the answers that are no failures. Decides nothing.

Records are addressed by name: a partial ARN is ambiguous for names that end in a hyphen and six characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from goldenpath.model.rotation import NativeRotation
from goldenpath.model.secret import SecretRef
from goldenpath.model.store import DesiredSecret, Replicas
from goldenpath.providers.aws.calls import Answer, AwsCalls
from goldenpath.providers.aws.secretrecords import rotation_rules, tag_list

SERVICE: Final = "secretsmanager"
PAGE: Final = 100
MISSING: Final = "ResourceNotFoundException"
EXISTS: Final = "ResourceExistsException"
INVALID_REQUEST: Final = "InvalidRequestException"
INVALID_PARAMETER: Final = "InvalidParameterException"
QUOTA: Final = "LimitExceededException"


class SecretCalls:
    """Sends them.

    Args:
        calls: The door to the account.
    """

    def __init__(self, calls: AwsCalls) -> None:
        self._calls = calls

    def send(self, operation: str, ref: SecretRef, *expected: str, **parameters: Any) -> Answer:
        """Send one call about one record; ``expected`` are the errors that are answers."""
        return self._calls.send(SERVICE, operation, subject=str(ref), expected=frozenset(expected), SecretId=ref.path, **parameters)

    def describe(self, ref: SecretRef) -> dict[str, Any] | None:
        """Return what AWS shows of a record; None for a free name."""
        answer = self.send("DescribeSecret", ref, MISSING)
        return None if answer.code else answer.body

    def policy(self, ref: SecretRef) -> str | None:
        """Return the resource policy, empty for none; None when the record is gone, or scheduled for deletion."""
        answer = self.send("GetResourcePolicy", ref, MISSING, INVALID_REQUEST)
        return None if answer.code else str(answer.body.get("ResourcePolicy") or "")

    def put_policy(self, ref: SecretRef, policy: str) -> None:
        """Attach a resource policy, or take it away; one that would open the record to the world is refused by AWS."""
        if policy:
            self.send("PutResourcePolicy", ref, ResourcePolicy=policy, BlockPublicPolicy=True)
        else:
            self.send("DeleteResourcePolicy", ref)

    def tag(self, ref: SecretRef, tags: Mapping[str, str]) -> None:
        """Add or change tags."""
        self.send("TagResource", ref, Tags=tag_list(tags))

    def untag(self, ref: SecretRef, keys: Iterable[str]) -> None:
        """Take tags away."""
        self.send("UntagResource", ref, TagKeys=sorted(keys))

    def replicate(self, ref: SecretRef, replicas: Replicas) -> None:
        """Have copies made in more regions; a secret that has the name there already is never overwritten."""
        self.send("ReplicateSecretToRegions", ref, AddReplicaRegions=_replica_list(replicas), ForceOverwriteReplicaSecret=False)

    def remove_replicas(self, ref: SecretRef, regions: Iterable[str]) -> None:
        """Take the copies in some regions away."""
        self.send("RemoveRegionsFromReplication", ref, RemoveReplicaRegions=sorted(regions))

    def rotate(self, ref: SecretRef, rotation: NativeRotation, *, token: str) -> None:
        """Set when which function changes the value. No value changes now: AWS only lets the function test what is current."""
        self.send(
            "RotateSecret",
            ref,
            RotationLambdaARN=rotation.function,
            RotationRules=rotation_rules(rotation),
            RotateImmediately=False,
            ClientRequestToken=token,
        )

    def stop_rotation(self, ref: SecretRef) -> None:
        """Turn rotation off; the value stays."""
        self.send("CancelRotateSecret", ref)

    def create(self, desired: DesiredSecret, *, tags: Mapping[str, str], token: str) -> Answer:
        """Create an empty record. The name being taken is an answer, in either of the two ways in which AWS says so."""
        ref = desired.ref
        given = {"Description": desired.description, "KmsKeyId": desired.kms_key}
        wanted: dict[str, Any] = {name: text for name, text in given.items() if text}
        if desired.replica_regions:
            wanted |= {"AddReplicaRegions": _replica_list(desired.replica_regions), "ForceOverwriteReplicaSecret": False}
        return self._calls.send(
            SERVICE,
            "CreateSecret",
            subject=str(ref),
            expected=frozenset({EXISTS, INVALID_REQUEST}),
            Name=ref.path,
            Tags=tag_list(tags),
            ClientRequestToken=token,
            **wanted,
        )

    def pages(self, prefix: str) -> Iterator[dict[str, Any]]:
        """Yield every secret below a prefix, those scheduled for deletion included, as listed."""
        following: dict[str, Any] = {}
        while True:
            body = self._calls.send(
                SERVICE,
                "ListSecrets",
                subject=prefix,
                Filters=[{"Key": "name", "Values": [prefix]}],
                IncludePlannedDeletion=True,
                MaxResults=PAGE,
                **following,
            ).body
            yield from body.get("SecretList") or ()
            if not body.get("NextToken"):
                return
            following = {"NextToken": str(body["NextToken"])}

    def has_version(self, ref: SecretRef, version_id: str) -> bool:
        """Say whether AWS still keeps a version, labelled or not."""
        following: dict[str, str] = {}
        while True:
            body = self.send("ListSecretVersionIds", ref, IncludeDeprecated=True, MaxResults=PAGE, **following).body
            if any(version["VersionId"] == version_id for version in body.get("Versions") or ()):
                return True
            if not body.get("NextToken"):
                return False
            following = {"NextToken": str(body["NextToken"])}


def _replica_list(replicas: Replicas) -> list[dict[str, str]]:
    return [{"Region": region, **({"KmsKeyId": key} if key else {})} for region, key in replicas]
