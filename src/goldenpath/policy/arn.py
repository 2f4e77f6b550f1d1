"""IAM principals as a request may name them (R16): full ARNs of one role or one user, nothing that stands for more."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_IAM_PRINCIPAL = re.compile(
    r"arn:(?:aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b):iam::([0-9]{12}):(?:role|user)/(?:[A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,64}",
)


class Principal(NamedTuple):
    """One principal: its account, or why it cannot be used."""

    text: str
    account: str = ""
    fault: str = ""

    @property
    def key(self) -> str:
        """What two entries are compared by: IAM does not allow names that differ only in case."""
        return self.text.casefold()


@lru_cache(maxsize=65536)
def parse_principal(text: str) -> Principal:
    """Return the principal behind ``text``; ``fault`` says what is wrong with it."""
    fault = _fault(text)
    if fault:
        return Principal(text, fault=fault)
    match = _IAM_PRINCIPAL.fullmatch(text)
    if match is None:
        return Principal(text, fault="is not the full ARN of one IAM role or user")
    return Principal(text, account=match.group(1))


def _fault(text: str) -> str:
    if "*" in text or "?" in text:
        return "holds a wildcard"
    if ".." in text or "\N{HORIZONTAL ELLIPSIS}" in text:
        return "is shortened with dots"
    if text.casefold().endswith(":root"):
        return "is an account's root, which stands for everyone in it"
    if text.startswith("arn:") and ":sts:" in text:
        return "is a session; name the role itself"
    return ""
