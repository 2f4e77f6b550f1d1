"""What Parameter Store refuses, and tells, because of what is stored: types, tiers, deleted names, and two writers at once."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from tests.standins import moto_state, secret_limits
from tests.standins.clock import StandInClock
from tests.standins.wire import AwsAnswer, AwsRefusal, AwsRequest

REST_SECONDS: Final = 30.0
"""How long a deleted name must rest before it is created again."""

_Name = tuple[str, str, str]


class ParameterRules:
    """The stateful rules of Parameter Store.

    Args:
        clock: The stand-in's time.
        disabled_keys: KMS keys that cannot be used.
    """

    def __init__(self, clock: StandInClock, disabled_keys: set[str]) -> None:
        self._clock = clock
        self._disabled_keys = disabled_keys
        self._deleted: dict[_Name, float] = {}
        self._writers: set[_Name] = set()
        self._lock = threading.Lock()

    def reset(self) -> None:
        self._deleted.clear()

    @contextmanager
    def writing(self, request: AwsRequest) -> Iterator[None]:
        """Hold the name of a PutParameter while it is under way. Raises ``AwsRefusal`` ``TooManyUpdates`` for the second writer."""
        if request.service != "ssm" or request.operation != "PutParameter":
            yield
            return
        name = _name(request, request.text("Name").strip())
        with self._lock:
            if name in self._writers:
                raise AwsRefusal("TooManyUpdates", "There are concurrent updates for a resource that supports one update at a time.")
            self._writers.add(name)
        try:
            yield
        finally:
            self._writers.discard(name)

    def check(self, request: AwsRequest) -> None:
        """Refuse what AWS would refuse, before moto sees it. Raises ``AwsRefusal``."""
        if request.operation == "PutParameter":
            self._check_put(request)
        if request.operation == "AddTagsToResource":
            _check_tags(request)
        if request.operation == "GetParameter" and request.parameters.get("WithDecryption"):
            self._check_readable(request, request.text("Name"))
        if request.operation == "GetParameters" and request.parameters.get("WithDecryption"):
            for name in request.parameters["Names"]:
                self._check_readable(request, name)

    def _check_put(self, request: AwsRequest) -> None:
        versions = moto_state.find_parameter(request, request.text("Name"))
        if not versions:
            self._check_rested(request)
        kind = request.text("Type") or (versions[-1].parameter_type if versions else "")
        key = request.text("KeyId") or (versions[-1].keyid if versions else "") or ""
        if kind == "SecureString" and key in self._disabled_keys:
            raise AwsRefusal("InvalidKeyId", "The KMS key is disabled.")
        if not versions or not request.parameters.get("Overwrite"):
            return
        if kind != versions[-1].parameter_type:
            raise AwsRefusal("HierarchyTypeMismatchException", "Parameter Store does not support changing a parameter type in a hierarchy.")
        if versions[-1].tier == "Advanced" and request.text("Tier") == "Standard":
            raise AwsRefusal("ValidationException", "You can't downgrade an advanced-tier parameter to a standard-tier parameter.")

    def _check_rested(self, request: AwsRequest) -> None:
        since = self._deleted.get(_name(request, request.text("Name")))
        if since is not None and self._clock.seconds() - since < REST_SECONDS:
            # AWS documents the wait and not the error: the name still being there is what eventual consistency would show
            raise AwsRefusal("ParameterAlreadyExists", "The parameter was deleted less than 30 seconds ago.")

    def _check_readable(self, request: AwsRequest, name: str) -> None:
        versions = moto_state.find_parameter(request, name.partition(":")[0])
        if versions and versions[-1].parameter_type == "SecureString" and versions[-1].keyid in self._disabled_keys:
            raise AwsRefusal("InvalidKeyId", "The KMS key is disabled.")

    def amend(self, request: AwsRequest, answer: AwsAnswer) -> AwsAnswer:
        """Return moto's answer as AWS would have given it, and remember deletions."""
        if not answer.is_success:
            return answer
        tree = answer.tree()
        if request.operation == "DeleteParameter":
            self._note_deleted(request, request.text("Name"))
        for name in tree.get("DeletedParameters", ()):
            self._note_deleted(request, name)
        rows = [*tree.get("Parameters", ()), *([tree["Parameter"]] if "Parameter" in tree else ())]
        for row in rows:
            _hide(request, row)
        return answer.with_tree(tree) if rows else answer

    def _note_deleted(self, request: AwsRequest, name: str) -> None:
        self._deleted[_name(request, name)] = self._clock.seconds()


def _hide(request: AwsRequest, row: dict[str, Any]) -> None:
    """Take the value out of what shows none at AWS; moto gives it in clear behind a prefix."""
    if request.operation == "DescribeParameters":
        row.pop("Value", None)
    elif row.get("Type") == "SecureString" and not request.parameters.get("WithDecryption"):
        row["Value"] = base64.b64encode(b"standin-ciphertext" + hashlib.sha256(str(row.get("Value")).encode()).digest()).decode()


def _check_tags(request: AwsRequest) -> None:
    before: dict[str, str] = moto_state.backend("ssm", request)._resource_tags["Parameter"][request.text("ResourceId")]
    after = {*before, *(tag["Key"] for tag in request.parameters.get("Tags") or [])}
    if len(after) > secret_limits.TAGS_MAX:
        raise AwsRefusal("TooManyTagsError", f"at most {secret_limits.TAGS_MAX} tags")


def _name(request: AwsRequest, name: str) -> _Name:
    return request.account, request.region, name
