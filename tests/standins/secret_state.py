"""What Secrets Manager refuses, and tells, because of what is stored: deletion windows, rotation, labels, versions and last access.

Each rule looks at moto's state, or at what the stand-in remembers itself, and is told on its own what AWS does there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tests.standins import moto_state, rotation, secret_limits
from tests.standins.clock import DAY_SECONDS, StandInClock, start_of_day
from tests.standins.rotation import Rotations
from tests.standins.wire import AwsAnswer, AwsRefusal, AwsRequest

VERSIONS_KEPT: Final = 100
DEFAULT_WINDOW_DAYS: Final = 30
_ALLOWED_WHILE_SCHEDULED: Final = frozenset({"DescribeSecret", "ListSecretVersionIds", "RestoreSecret"})
_ENCRYPTS: Final = frozenset({"CreateSecret", "PutSecretValue", "UpdateSecret"})


class SecretRules:
    """The stateful rules of Secrets Manager.

    Args:
        clock: The stand-in's time.
        disabled_keys: KMS keys that cannot be used.
    """

    def __init__(self, clock: StandInClock, disabled_keys: set[str]) -> None:
        self._clock = clock
        self._disabled_keys = disabled_keys
        self._accessed: dict[tuple[str, str], float] = {}
        self.rotations = Rotations(clock)
        self.forced_deletes: list[str] = []
        self.are_forced_deletes_allowed = False

    def reset(self) -> None:
        self._accessed.clear()
        self.rotations.reset()
        self.forced_deletes.clear()
        self.are_forced_deletes_allowed = False

    def check(self, request: AwsRequest) -> None:
        """Refuse what AWS would refuse, before moto sees it. Raises ``AwsRefusal``."""
        self._remove_expired(request)
        if request.operation == "CreateSecret":
            self._check_create(request)
        secret = moto_state.find_secret(request) if "SecretId" in request.parameters else None
        self._check_forced(request)
        if secret is None:
            return
        if secret.is_deleted() and request.operation not in _ALLOWED_WHILE_SCHEDULED:
            raise _request("You can't perform this operation on the secret because it was marked for deletion.")
        self._check_key(request, request.text("KmsKeyId") or secret.kms_key_id or "")
        for operation, rule in _RULES:
            if operation == request.operation:
                rule(request, secret)
        if request.operation in rotation.OPERATIONS:
            self.rotations.check(request, secret)
        if request.operation in _ENCRYPTS:
            self._check_versions(request, secret)

    def own_answer(self, request: AwsRequest) -> AwsAnswer | None:
        """Answer what moto answers otherwise than AWS; None for everything else."""
        secret = moto_state.find_secret(request) if request.operation in rotation.OPERATIONS else None
        return None if secret is None else self.rotations.answer(request, secret)

    def _remove_expired(self, request: AwsRequest) -> None:
        """Do what AWS does some time after the window has passed."""
        secrets = moto_state.backend("secretsmanager", request).secrets
        now = self._clock.seconds()
        for secret in list(secrets.values()):
            if secret.is_deleted() and secret.deleted_date <= now:
                secrets.pop(secret.name)

    def _check_create(self, request: AwsRequest) -> None:
        self._check_key(request, request.text("KmsKeyId"))
        existing = moto_state.find_secret(request, request.text("Name"))
        if existing is not None and existing.is_deleted():
            raise _request("You can't create this secret because a secret with this name is already scheduled for deletion.")

    def _check_key(self, request: AwsRequest, key: str) -> None:
        if key not in self._disabled_keys:
            return
        carries_value = any(request.parameters.get(name) is not None for name in ("SecretString", "SecretBinary"))
        if request.operation in _ENCRYPTS and (carries_value or request.operation == "CreateSecret"):
            raise AwsRefusal("EncryptionFailure", "Secrets Manager can't encrypt the protected secret text using the provided KMS key.")
        if request.operation == "GetSecretValue":
            raise AwsRefusal("DecryptionFailure", "Secrets Manager can't decrypt the protected secret text using the provided KMS key.")

    def _check_forced(self, request: AwsRequest) -> None:
        if request.operation != "DeleteSecret" or not request.parameters.get("ForceDeleteWithoutRecovery"):
            return
        self.forced_deletes.append(request.text("SecretId"))
        if not self.are_forced_deletes_allowed:
            raise AwsRefusal("AccessDeniedException", "the stand-in takes no ForceDeleteWithoutRecovery unless a test allows it")

    def _check_versions(self, request: AwsRequest, secret: Any) -> None:
        """AWS keeps about 100 versions, and removes none that has a label or is younger than a day."""
        if request.text("ClientRequestToken") in secret.versions:
            return
        yesterday = self._clock.seconds() - DAY_SECONDS
        unlabelled = [name for name, version in secret.versions.items() if not version["version_stages"]]
        for name in unlabelled:
            if len(secret.versions) >= VERSIONS_KEPT and secret.versions[name]["createdate"] < yesterday:
                del secret.versions[name]
        if len(secret.versions) >= VERSIONS_KEPT:
            raise AwsRefusal("LimitExceededException", "too many versions were written within 24 hours")

    def amend(self, request: AwsRequest, answer: AwsAnswer) -> AwsAnswer:
        """Return moto's answer as AWS would have given it, and remember what it says about access."""
        if not answer.is_success:
            return answer
        handler = getattr(self, f"_after_{request.operation}", None)
        return answer.with_tree(handler(request, answer.tree())) if handler else answer

    def _after_CreateSecret(self, request: AwsRequest, tree: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - AWS's name
        self._date_version(request, tree)
        return _with_replica_keys(request, tree)

    def _after_ReplicateSecretToRegions(self, request: AwsRequest, tree: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - same
        return _with_replica_keys(request, tree)

    _after_PutSecretValue = _after_UpdateSecret = _after_CreateSecret  # noqa: N815 - same

    def _date_version(self, request: AwsRequest, tree: Mapping[str, Any]) -> None:
        secret = moto_state.find_secret(request, str(tree["ARN"]))
        version = secret.versions.get(tree.get("VersionId"))
        if version is not None and not version.get("standin_dated"):
            version.update(createdate=self._clock.seconds(), standin_dated=True)

    def _after_GetSecretValue(self, request: AwsRequest, tree: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - same
        self._note_access(tree)
        return tree

    def _after_BatchGetSecretValue(self, request: AwsRequest, tree: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - same
        for value in tree["SecretValues"]:
            self._note_access(value)
        return tree

    def _note_access(self, value: Mapping[str, Any]) -> None:
        today = start_of_day(self._clock.seconds())
        self._accessed[value["ARN"], ""] = self._accessed[value["ARN"], value["VersionId"]] = today

    def _after_DescribeSecret(self, request: AwsRequest, tree: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - same
        stages = tree.get("VersionIdsToStages", {})
        labelled = {version: labels for version, labels in stages.items() if labels}
        rotated = self.rotations.shown(moto_state.find_secret(request))
        return {**tree, **rotated, "LastAccessedDate": self._accessed.get((tree["ARN"], "")), "VersionIdsToStages": labelled}

    def _after_ListSecrets(self, request: AwsRequest, tree: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - same
        # AWS lists secrets without saying where their copies are
        shown = [{name: each for name, each in row.items() if name != "ReplicationStatus"} for row in tree["SecretList"]]
        rows = [{**row, **self._listed_rotation(request, row), "LastAccessedDate": self._accessed.get((row["ARN"], ""))} for row in shown]
        return {**tree, "SecretList": rows}

    def _listed_rotation(self, request: AwsRequest, row: Mapping[str, Any]) -> dict[str, Any]:
        secret = moto_state.find_secret(request, str(row["Name"]))
        return {} if secret is None else self.rotations.shown(secret)

    def _after_ListSecretVersionIds(self, request: AwsRequest, tree: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - same
        secret = moto_state.find_secret(request)
        rows = [
            {
                **row,
                "CreatedDate": secret.versions[row["VersionId"]]["createdate"],
                "LastAccessedDate": self._accessed.get((secret.arn, row["VersionId"])),
            }
            for row in tree["Versions"]
            if row["VersionStages"] or request.parameters.get("IncludeDeprecated")
        ]
        return {"ARN": secret.arn, "Name": secret.name, "Versions": rows}

    def _after_UpdateSecretVersionStage(self, request: AwsRequest, tree: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - same
        for version in moto_state.find_secret(request).versions.values():
            version["version_stages"] = list(dict.fromkeys(version["version_stages"]))
        return tree

    def _after_DeleteSecret(self, request: AwsRequest, tree: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - same
        secret = moto_state.find_secret(request)
        if secret is None:
            return tree
        days = request.parameters.get("RecoveryWindowInDays") or DEFAULT_WINDOW_DAYS
        secret.deleted_date = self._clock.seconds() + days * DAY_SECONDS
        return {**tree, "DeletionDate": secret.deleted_date}


def _check_tags(request: AwsRequest, secret: Any) -> None:
    before = {tag["Key"]: tag for tag in secret.tags or []}
    after = before | {tag["Key"]: tag for tag in request.parameters.get("Tags") or []}
    secret_limits.check_tags([tag for tag in after.values() if not tag["Key"].startswith("aws:")], code="InvalidParameterException")


def _check_pending_value(request: AwsRequest, secret: Any) -> None:
    """A version's value never changes; moto lets a pending one be written over."""
    version = secret.versions.get(request.text("ClientRequestToken"))
    if version is None or "AWSPENDING" not in version["version_stages"]:
        return
    has_value = "secret_string" in version or "secret_binary" in version
    sent = (request.parameters.get("SecretString"), request.parameters.get("SecretBinary"))
    if has_value and sent != (version.get("secret_string"), version.get("secret_binary")):
        raise AwsRefusal("ResourceExistsException", "You can't use this ClientRequestToken: its version has another value.")


def _check_stages_total(request: AwsRequest, secret: Any) -> None:
    asked = set(request.parameters.get("VersionStages") or ())
    attached = {stage for version in secret.versions.values() for stage in version["version_stages"]}
    if len(asked | attached) > secret_limits.STAGES_MAX:
        raise AwsRefusal("LimitExceededException", f"a secret has at most {secret_limits.STAGES_MAX} staging labels")


def _check_move(request: AwsRequest, secret: Any) -> None:
    """A label sits on one version: whoever moves it says where it was, and AWSCURRENT never disappears."""
    stage, target, source = (request.text(name) for name in ("VersionStage", "MoveToVersionId", "RemoveFromVersionId"))
    holders = _holders(secret, stage)
    if target and target not in secret.versions:
        raise AwsRefusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret version.")
    if target and holders - {target} and not source:
        raise _parameter(f"The parameter RemoveFromVersionId can't be empty. Staging label {stage} is attached to another version.")
    if source and source not in holders:
        raise _parameter(f"Staging label {stage} is not attached to version {source}.")
    if stage == "AWSCURRENT" and not target:
        raise _parameter("You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.")
    attached = {label for version in secret.versions.values() for label in version["version_stages"]}
    if len(attached | {stage}) > secret_limits.STAGES_MAX:
        raise AwsRefusal("LimitExceededException", f"a secret has at most {secret_limits.STAGES_MAX} staging labels")


def _check_replicate(request: AwsRequest, secret: Any) -> None:
    present = {replica.region for replica in secret.replicas}
    for asked in request.parameters["AddReplicaRegions"]:
        if asked["Region"] in present:
            raise _parameter(f"The secret is already replicated to {asked['Region']}.")


def _check_remove_replicas(request: AwsRequest, secret: Any) -> None:
    strange = set(request.parameters["RemoveReplicaRegions"]) - {replica.region for replica in secret.replicas}
    if strange:
        raise _parameter(f"The secret is not replicated to {', '.join(sorted(strange))}.")


def _with_replica_keys(request: AwsRequest, tree: dict[str, Any]) -> dict[str, Any]:
    """Remember the keys that were asked for: moto says the default one for every replica."""
    keys = {each["Region"]: each.get("KmsKeyId") for each in request.parameters.get("AddReplicaRegions") or ()}
    secret = moto_state.find_secret(request, str(tree["ARN"]))
    for replica in secret.replicas if keys else ():
        if keys.get(replica.region):
            replica.config["KmsKeyId"] = keys[replica.region]
    return tree


_RULES: Final = (
    ("ReplicateSecretToRegions", _check_replicate),
    ("RemoveRegionsFromReplication", _check_remove_replicas),
    ("TagResource", _check_tags),
    ("PutSecretValue", _check_pending_value),
    ("UpdateSecret", _check_pending_value),
    ("PutSecretValue", _check_stages_total),
    ("UpdateSecretVersionStage", _check_move),
)


def _holders(secret: Any, stage: str) -> set[str]:
    return {name for name, version in secret.versions.items() if stage in _stages(version)}


def _stages(version: Mapping[str, Any]) -> Iterable[str]:
    stages: Iterable[str] = version["version_stages"]
    return stages


def _request(message: str) -> AwsRefusal:
    return AwsRefusal("InvalidRequestException", message)


def _parameter(message: str) -> AwsRefusal:
    return AwsRefusal("InvalidParameterException", message)
