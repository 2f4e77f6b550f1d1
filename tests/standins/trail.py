"""CloudTrail's LookupEvents, answered from the record of calls; moto has none.

What AWS promises is kept: newest first, one attribute at a time, 50 to a page, no values. Whether AWS lists a secret under its name or its
ARN depends on what the caller sent, so both find the event here; code that must be sure asks by ``EventName`` and reads the event itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from tests.standins.calls import Call
from tests.standins.wire import AwsAnswer, AwsRefusal, AwsRequest, json_answer

PAGE_MAX: Final = 50
_RESOURCE_TYPES: Final = {"secretsmanager": "AWS::SecretsManager::Secret", "ssm": "AWS::SSM::Parameter"}
_READS: Final = ("BatchGet", "Describe", "Get", "List", "Lookup", "Validate")

_ATTRIBUTES: Final[Mapping[str, Callable[[Call, str], bool]]] = {
    "AccessKeyId": lambda call, wanted: call.access_key == wanted,
    "EventId": lambda call, wanted: _event_id(call) == wanted,
    "EventName": lambda call, wanted: call.operation == wanted,
    "EventSource": lambda call, wanted: _source(call) == wanted,
    "ReadOnly": lambda call, wanted: _read_only(call) == wanted,
    "ResourceName": lambda call, wanted: wanted in {call.resource_name, call.parameters.get("SecretId"), call.parameters.get("Name")},
    "ResourceType": lambda call, wanted: _RESOURCE_TYPES.get(call.service) == wanted,
    "Username": lambda call, wanted: _username(call) == wanted,
}


def lookup(request: AwsRequest, calls: list[Call], *, until: float) -> AwsAnswer:
    """Answer LookupEvents of an account and region with what happened up to ``until``. Raises ``AwsRefusal``."""
    asked = request.parameters
    attributes = asked.get("LookupAttributes") or []
    most = int(asked.get("MaxResults") or PAGE_MAX)
    if len(attributes) > 1 or any(one.get("AttributeKey") not in _ATTRIBUTES for one in attributes):
        raise AwsRefusal("InvalidLookupAttributesException", "one attribute at a time")
    if not 1 <= most <= PAGE_MAX:
        raise AwsRefusal("InvalidMaxResultsException", f"1 to {PAGE_MAX}")
    start, end = float(asked.get("StartTime") or 0), float(asked.get("EndTime") or until)
    if asked.get("EndTime") and start > end:
        raise AwsRefusal("InvalidTimeRangeException", "StartTime is after EndTime")
    found = [
        call
        for call in reversed(calls)
        if (call.account, call.region) == (request.account, request.region)
        and call.status
        and start <= call.time <= min(end, until)
        and all(_ATTRIBUTES[one["AttributeKey"]](call, one["AttributeValue"]) for one in attributes)
    ]
    skipped = int(asked.get("NextToken") or 0)
    tree: dict[str, Any] = {"Events": [_event(call) for call in found[skipped : skipped + most]]}
    if skipped + most < len(found):
        tree["NextToken"] = str(skipped + most)
    return json_answer(tree)


def _event(call: Call) -> dict[str, Any]:
    resource = {"ResourceType": _RESOURCE_TYPES.get(call.service, ""), "ResourceName": call.resource_name}
    return {
        "AccessKeyId": call.access_key,
        "CloudTrailEvent": json.dumps(_record(call)),
        "EventId": _event_id(call),
        "EventName": call.operation,
        "EventSource": _source(call),
        "EventTime": call.time,
        "ReadOnly": _read_only(call),
        "Resources": [resource] if call.resource_name and call.service in _RESOURCE_TYPES else [],
        "Username": _username(call),
    }


def _record(call: Call) -> dict[str, Any]:
    record = {
        "eventVersion": "1.08",
        "eventID": _event_id(call),
        "eventName": call.operation,
        "eventSource": _source(call),
        "eventTime": datetime.fromtimestamp(call.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "awsRegion": call.region,
        "readOnly": _read_only(call) == "true",
        "recipientAccountId": call.account,
        "requestParameters": {name[:1].lower() + name[1:]: value for name, value in call.parameters.items()},
        "responseElements": None,
        "sourceIPAddress": "127.0.0.1",
        "userIdentity": {"type": _kind(call), "arn": call.principal, "accountId": call.account, "accessKeyId": call.access_key},
    }
    return {**record, "errorCode": call.error_code} if call.error_code else record


def _event_id(call: Call) -> str:
    return str(UUID(int=hash((call.time, call.access_key, call.operation, call.number, call.resource_name)) % (1 << 128)))


def _source(call: Call) -> str:
    return f"{call.service}.amazonaws.com"


def _read_only(call: Call) -> str:
    return "true" if call.operation.startswith(_READS) else "false"


def _kind(call: Call) -> str:
    return "AssumedRole" if ":assumed-role/" in call.principal else "IAMUser"


def _username(call: Call) -> str:
    return call.principal.rpartition("/")[2]
