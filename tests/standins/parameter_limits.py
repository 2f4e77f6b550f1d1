"""What Parameter Store takes, judged on the request alone (STANDARD section 2). Nothing here knows what is stored."""

from __future__ import annotations

import re
from typing import Final

from tests.standins import secret_limits
from tests.standins.wire import AwsRefusal, AwsRequest

VALUE_MAX_BYTES: Final = {"Standard": 4096, "Advanced": 8192, "Intelligent-Tiering": 8192}
NAME_MAX_CHARS: Final = 1011
"""The ARN's front included."""
LEVELS_MAX: Final = 15
DESCRIPTION_MAX_CHARS: Final = 1024
NAMES_MAX: Final = 10
PATH_PAGE_MAX: Final = 10
PAGE_MAX: Final = 50

_NAME = re.compile(r"[a-zA-Z0-9_.-]+|(/[a-zA-Z0-9_.-]+)+")
_NESTED = re.compile(r"\{\{.*?\}\}", re.DOTALL)


def check(request: AwsRequest) -> AwsRequest:
    """Refuse what AWS would refuse without looking; return the request as AWS reads it. Raises ``AwsRefusal``."""
    if request.operation == "PutParameter":
        request = request.with_parameters(Name=request.text("Name").strip())
        _check_name(request)
        _check_value(request)
        _check_put(request)
    if request.operation in {"AddTagsToResource", "PutParameter"}:
        secret_limits.check_tags(request.parameters.get("Tags") or [], code="ValidationException")
    if request.operation in {"GetParameters", "DeleteParameters"} and not 1 <= len(request.parameters.get("Names") or []) <= NAMES_MAX:
        raise _validation(f"Value at 'names' failed to satisfy constraint: Member must have length between 1 and {NAMES_MAX}")
    _check_page(request)
    return request


def _check_name(request: AwsRequest) -> None:
    name = request.text("Name")
    front = f"arn:aws:ssm:{request.region}:{request.account}:parameter" + ("" if name.startswith("/") else "/")
    if len(front) + len(name) > NAME_MAX_CHARS:
        raise _validation(f"Parameter name: the ARN of a parameter has at most {NAME_MAX_CHARS} characters")
    if "/" in name and not name.startswith("/"):
        raise _validation("Parameter name must be a fully qualified name.")
    if not _NAME.fullmatch(name):
        raise _validation("Parameter name: can be formed as a mix of letters, numbers and the following 3 symbols .-_")
    if name.count("/") > LEVELS_MAX:
        raise AwsRefusal("HierarchyLevelLimitExceededException", f"A hierarchy can have a maximum of {LEVELS_MAX} levels.")
    if name.lstrip("/").lower().startswith(("aws", "ssm")):
        raise _validation('Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).')


def _check_value(request: AwsRequest) -> None:
    value = request.text("Value")
    if not value:
        raise _validation("Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1.")
    if _NESTED.search(value):
        raise _validation("Parameter value can't nest another parameter. Do not use {{}} in the value.")
    most = VALUE_MAX_BYTES.get(request.text("Tier") or "Standard", 0)
    if len(value.encode()) > most:
        raise _validation(f"a parameter of this tier supports a maximum parameter value of {most} characters")


def _check_put(request: AwsRequest) -> None:
    if request.parameters.get("Overwrite") and request.parameters.get("Tags"):
        raise _validation("Invalid request: tags and overwrite can't be used together.")
    if len(request.text("Description")) > DESCRIPTION_MAX_CHARS:
        raise _validation(f"Value at 'description' failed to satisfy constraint: at most {DESCRIPTION_MAX_CHARS} characters")


def _check_page(request: AwsRequest) -> None:
    most = PATH_PAGE_MAX if request.operation == "GetParametersByPath" else PAGE_MAX
    if not 1 <= int(request.parameters.get("MaxResults") or 1) <= most:
        raise _validation(f"Value at 'maxResults' failed to satisfy constraint: Member must have value between 1 and {most}")
    if request.operation == "GetParametersByPath" and not request.text("Path").startswith("/"):
        raise _validation("The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash.")


def _validation(message: str) -> AwsRefusal:
    return AwsRefusal("ValidationException", f"1 validation error detected: {message}")
