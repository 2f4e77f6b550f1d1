"""What Secrets Manager takes, judged on the request alone (STANDARD section 2). Nothing here knows what is stored."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from tests.standins.wire import AwsRefusal, AwsRequest

VALUE_MAX_BYTES: Final = 65_536
NAME_MAX_CHARS: Final = 512
SECRET_ID_MAX_CHARS: Final = 2048
DESCRIPTION_MAX_CHARS: Final = 2048
POLICY_MAX_CHARS: Final = 20_480
TOKEN_CHARS: Final = range(32, 65)
TAGS_MAX: Final = 50
TAG_KEY_MAX_CHARS: Final = 128
TAG_VALUE_MAX_CHARS: Final = 256
STAGES_MAX: Final = 20
STAGE_MAX_CHARS: Final = 256
BATCH_MAX: Final = 20
PAGE_MAX: Final = 100
RECOVERY_WINDOW_DAYS: Final = range(7, 31)

_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]+")
_TAG = re.compile(r"[\w\s.:/=+\-@]*")


def check(request: AwsRequest) -> None:
    """Refuse what AWS would refuse without looking. Raises ``AwsRefusal``."""
    parameters = request.parameters
    _check_name(request)
    _check_value(parameters)
    _check_length(parameters, "Description", DESCRIPTION_MAX_CHARS)
    _check_length(parameters, "ResourcePolicy", POLICY_MAX_CHARS)
    _check_token(request.text("ClientRequestToken"))
    check_tags(parameters.get("Tags") or [], code="InvalidParameterException")
    _check_stages(parameters)
    _check_window(parameters)
    _check_pages(parameters)
    if request.operation == "PutResourcePolicy":
        check_policy_syntax(request.text("ResourcePolicy"))


def _check_name(request: AwsRequest) -> None:
    secret_id = request.text("SecretId")
    if "SecretId" in request.parameters and not 1 <= len(secret_id) <= SECRET_ID_MAX_CHARS:
        raise _validation("secretId", f"Member must have length between 1 and {SECRET_ID_MAX_CHARS}")
    if request.operation != "CreateSecret":
        return
    name = request.text("Name")
    if not 1 <= len(name) <= NAME_MAX_CHARS:
        raise _validation("name", f"Member must have length between 1 and {NAME_MAX_CHARS}")
    if not _NAME.fullmatch(name):
        raise _parameter("Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@")


def _check_value(parameters: Mapping[str, Any]) -> None:
    sent = [name for name in ("SecretString", "SecretBinary") if parameters.get(name) is not None]
    if len(sent) > 1:
        raise _parameter("You can't specify both a binary secret value and a string secret value in the same secret.")
    for name in sent:
        size = len(base64.b64decode(parameters[name]) if name == "SecretBinary" else str(parameters[name]).encode())
        if not 1 <= size <= VALUE_MAX_BYTES:
            raise _validation(name, f"Member must have length between 1 and {VALUE_MAX_BYTES}")


def _check_length(parameters: Mapping[str, Any], name: str, most: int) -> None:
    if len(parameters.get(name) or "") > most:
        raise _validation(name, f"Member must have length less than or equal to {most}")


def _check_token(token: str) -> None:
    if token and len(token) not in TOKEN_CHARS:
        raise _parameter("ClientRequestToken must be 32-64 characters long.")


def check_tags(tags: list[Mapping[str, str]], *, code: str) -> None:
    """Refuse tags that AWS would refuse, with the error name of the service. Raises ``AwsRefusal``."""
    if len(tags) > TAGS_MAX:
        raise AwsRefusal(code, f"at most {TAGS_MAX} tags")
    if len({tag.get("Key") for tag in tags}) != len(tags):
        raise AwsRefusal(code, "a tag key is given twice")
    for tag in tags:
        key, value = tag.get("Key") or "", tag.get("Value") or ""
        if not 1 <= len(key) <= TAG_KEY_MAX_CHARS or len(value) > TAG_VALUE_MAX_CHARS:
            raise AwsRefusal(code, f"a tag has a key of 1-{TAG_KEY_MAX_CHARS} and a value of at most {TAG_VALUE_MAX_CHARS} characters")
        if key.lower().startswith("aws:"):
            raise AwsRefusal(code, "aws: prefixed tag key names are not allowed for external use")
        if not (_TAG.fullmatch(key) and _TAG.fullmatch(value)):
            raise AwsRefusal(code, "a tag holds a character that AWS does not take")


def _check_stages(parameters: Mapping[str, Any]) -> None:
    stages = parameters.get("VersionStages")
    if stages is None:
        return
    if not 1 <= len(stages) <= STAGES_MAX:
        raise _validation("versionStages", f"Member must have length between 1 and {STAGES_MAX}")
    if not all(1 <= len(stage) <= STAGE_MAX_CHARS for stage in stages):
        raise _validation("versionStages", f"Member must have length between 1 and {STAGE_MAX_CHARS}")


def _check_window(parameters: Mapping[str, Any]) -> None:
    days = parameters.get("RecoveryWindowInDays")
    if days is None:
        return
    if parameters.get("ForceDeleteWithoutRecovery"):
        raise _parameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
    if days not in RECOVERY_WINDOW_DAYS:
        raise _parameter("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")


def _check_pages(parameters: Mapping[str, Any]) -> None:
    if not 1 <= int(parameters.get("MaxResults") or 1) <= PAGE_MAX:
        raise _validation("maxResults", f"Member must have value between 1 and {PAGE_MAX}")
    if len(parameters.get("SecretIdList") or []) > BATCH_MAX:
        raise _parameter(f"SecretIdList has at most {BATCH_MAX} entries")


def check_policy_syntax(policy: str) -> None:
    """Refuse text that is no policy document. Raises ``AwsRefusal`` ``MalformedPolicyDocumentException``."""
    reason = syntax_fault(policy)
    if reason:
        raise AwsRefusal("MalformedPolicyDocumentException", reason)


def syntax_fault(policy: str) -> str:
    """Return what is wrong with the form of a policy document; empty when nothing is."""
    try:
        tree = json.loads(policy)
    except ValueError:
        return "This resource policy contains invalid Json."
    if not isinstance(tree, dict) or tree.get("Version") not in {"2012-10-17", "2008-10-17"}:
        return "This resource policy has no known Version."
    statements = tree.get("Statement")
    if not isinstance(statements, list) or not statements:
        return "This resource policy has no Statement."
    return next((fault for fault in map(_statement_fault, statements) if fault), "")


def _statement_fault(statement: Any) -> str:
    if not isinstance(statement, dict) or statement.get("Effect") not in {"Allow", "Deny"}:
        return "A statement has no Effect of Allow or Deny."
    for either in (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource")):
        if sum(name in statement for name in either) != 1:
            return f"A statement needs one of {' and '.join(either)}."
    return ""


def _validation(name: str, constraint: str) -> AwsRefusal:
    return AwsRefusal("ValidationException", f"1 validation error detected: Value at '{name}' failed to satisfy constraint: {constraint}")


def _parameter(message: str) -> AwsRefusal:
    return AwsRefusal("InvalidParameterException", message)
