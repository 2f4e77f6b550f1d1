"""Machines that apply to the stand-in of AWS: each has a state folder of its own, and the account is all that they share."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.apply_rig import ApplyRig
from tests.builders import FakeClock, FakeEntropy
from tests.faults import Schedule
from tests.standins.aws import StrictAws
from tests.stores import LEASE_SECONDS, options_for

from goldenpath.model.receipt import ApplyReceipt
from goldenpath.model.store import DesiredSecret
from goldenpath.providers.aws.opening import open_secrets_manager
from goldenpath.providers.local.opening import open_journal
from goldenpath.provision.executor import ExecutionLimits, execute
from goldenpath.provision.fence import hold_fence
from goldenpath.provision.retry import Retrier

HISTORY = frozenset({"goldenpath:applied", "goldenpath:changing", "goldenpath:generation"})
LEASE_PATH = "goldenpath/_platform/dev"


def machine(folder: Path, aws: StrictAws, *, clock: FakeClock | None = None, holder: str = "run-1", seed: int = 0) -> ApplyRig:
    """A machine with its own state folder. The stand-in follows the newest machine's clock."""
    clock, entropy = clock or FakeClock(), FakeEntropy(seed)
    aws.follow(clock.now)
    options = options_for("aws-secrets-manager", folder, clock=clock, entropy=entropy, account=aws.account)
    store = open_secrets_manager(options)
    return ApplyRig(store=store, journal=open_journal(folder), clock=clock, entropy=entropy, schedule=Schedule(), holder=holder)


def apply_held(rig: ApplyRig, desired: list[DesiredSecret], *, limits: ExecutionLimits | None = None) -> ApplyReceipt:
    """Apply as the use-case does: the fence first, then look, plan and write under it."""
    retrier = Retrier(clock=rig.clock, entropy=rig.entropy, deadline_seconds=3600)
    with hold_fence(rig.store, "dev", holder=rig.holder, lease_seconds=LEASE_SECONDS, clock=rig.clock, retrier=retrier) as fence:
        return execute(
            rig.plan(desired),
            store=rig.store,
            fence=fence,
            journal=rig.journal,
            clock=rig.clock,
            entropy=rig.entropy,
            correlation_id=rig.holder,
            limits=limits,
        )


def counted(aws: StrictAws, *, since: int = 0) -> Counter[str]:
    """How often each operation was called, the console's calls left out."""
    return Counter(call.operation for call in aws.calls[since:] if not call.is_console)


def shown(aws: StrictAws, paths: list[str]) -> dict[str, object]:
    """What a person with a console sees of records: fields, tags, policy and rotation; who wrote last, and how often cut off, is left out."""
    console = aws.client("secretsmanager")
    seen: dict[str, object] = {}
    for path in paths:
        body = console.describe_secret(SecretId=path)
        tags = {tag["Key"]: tag["Value"] for tag in body["Tags"] if tag["Key"] not in HISTORY}
        policy = console.get_resource_policy(SecretId=path).get("ResourcePolicy", "")
        copies = sorted((copy["Region"], copy["KmsKeyId"]) for copy in body.get("ReplicationStatus", []))
        rotation = tuple(str(body.get(name)) for name in ("RotationEnabled", "RotationLambdaARN", "RotationRules"))
        seen[path] = (body.get("Description", ""), body.get("KmsKeyId", ""), tags, policy, body.get("VersionIdsToStages"), copies, rotation)
    return seen


def in_child(environment: Mapping[str, str], act: Callable[[], None]) -> int:
    """Run ``act`` in a forked process and return how it ended; negative for a signal."""
    pid = os.fork()
    if pid == 0:
        try:
            os.environ.update(environment)
            act()
        except BaseException:  # noqa: BLE001 - the child must never return into the test
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
