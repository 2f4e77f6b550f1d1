"""Shorthand for what AWS says no to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError


def code_of(call: Callable[..., Any], **parameters: Any) -> str:
    """Make a call; return the name of the error, empty for a success."""
    try:
        call(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""
