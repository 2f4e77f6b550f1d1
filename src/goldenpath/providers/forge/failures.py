"""A forge's way to say no, in the words of our one exception family.

What a forge says about an error is free text that can repeat titles, names and addresses, so it is dropped. What stays is the HTTP status
and the request's id, with which the forge's own people find the rest.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NamedTuple

from goldenpath.errors import AccessDenied, GoldenpathError, NotFound, ProviderRefused, ProviderUnavailable, Unauthenticated
from goldenpath.ports.clock import Clock
from goldenpath.providers.forge.transport import Reply, unavailable

SECONDARY_SECONDS: Final = 60.0
"""How long GitHub asks to wait after a secondary rate limit that names no time."""
WAIT_MAX_SECONDS: Final = 3600.0
_SERVER_FAULT: Final = 500
_TOO_MANY: Final = 429
_FORBIDDEN: Final = 403
_REQUEST_ID: Final = re.compile(r"[0-9A-Fa-f:]{1,80}")
_SECONDARY: Final = re.compile(r"secondary rate limit|abuse detection", re.IGNORECASE)


class Errand(NamedTuple):
    """What was to be done, in words, and what with: for messages."""

    what: str
    subject: str


def tree_of(reply: Reply) -> Any:
    """Return an answer's JSON; ``NO_JSON`` for what is none."""
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        return NO_JSON


class _NoJson:
    """Stands for an answer that is no JSON, which ``null`` is not."""


NO_JSON: Final = _NoJson()


def failure(reply: Reply, errand: Errand, clock: Clock) -> GoldenpathError:
    """Return our error for an answer that is no success."""
    said = f"the forge answered with HTTP {reply.status} when asked to {errand.what}{_request_id(reply)}"
    if is_throttled(reply):
        return ProviderUnavailable(
            "forge.throttled",
            said,
            subject=errand.subject,
            hint="too much is asked with this token, here or elsewhere; run the same command again later",
            retry_after_seconds=wait_seconds(reply, clock),
        )
    if reply.status >= _SERVER_FAULT:
        return unavailable(said, subject=errand.subject)
    return _refusal(reply.status, said, errand)


def is_throttled(reply: Reply) -> bool:
    """Say whether the forge asks to wait: 429, or GitHub's 403 for its primary and secondary limits."""
    if reply.status == _TOO_MANY:
        return True
    if reply.status != _FORBIDDEN:
        return False
    if "Retry-After" in reply.headers or reply.headers.get("X-RateLimit-Remaining") == "0":
        return True
    tree = tree_of(reply)
    return isinstance(tree, dict) and _SECONDARY.search(str(tree.get("message", ""))) is not None


def wait_seconds(reply: Reply, clock: Clock) -> float:
    """Return how long the forge asks to wait, by its own numbers where it gives any."""
    after = reply.headers.get("Retry-After", "")
    if _is_number(after):
        return min(float(after), WAIT_MAX_SECONDS)
    reset = reply.headers.get("X-RateLimit-Reset", "")
    if reply.headers.get("X-RateLimit-Remaining") == "0" and _is_number(reset):
        return min(max(float(reset) - clock.now().timestamp(), 1.0), WAIT_MAX_SECONDS)
    return SECONDARY_SECONDS


def answer_invalid(errand: Errand, said: str) -> ProviderRefused:
    """Return the error for an answer that is none of this API's."""
    return ProviderRefused(
        "forge.answer-invalid",
        f"asked to {errand.what}, the forge gave an answer that cannot be used: {said}",
        subject=errand.subject,
        hint="is forge.url the base of the API, and forge.kind the right one?",
    )


def _refusal(status: int, said: str, errand: Errand) -> GoldenpathError:
    if status == 401:  # noqa: PLR2004 - HTTP's own numbers
        hint = "renew the token in GOLDENPATH_FORGE_TOKEN (or GITHUB_TOKEN)"
        return Unauthenticated("forge.unauthenticated", said, subject=errand.subject, hint=hint)
    if status == _FORBIDDEN:
        hint = "the token lacks a right; docs/how-to/connect-a-forge.md lists those that are needed"
        return AccessDenied("forge.forbidden", said, subject=errand.subject, hint=hint)
    if status in {404, 410}:
        hint = "check forge.repository; a token without the right to see something gets the same answer"
        return NotFound("forge.not-found", said, subject=errand.subject, hint=hint)
    if 300 <= status < 400:  # noqa: PLR2004
        hint = "it leads elsewhere, and the token does not go along: was the repository renamed? Set its present name in forge.repository"
        return ProviderRefused("forge.refused", said, subject=errand.subject, hint=hint)
    hint = "its own words may repeat what strangers wrote and are not shown; look at the pull request on the forge"
    return ProviderRefused("forge.refused", said, subject=errand.subject, hint=hint)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12  # noqa: PLR2004 - seconds since 1970 have ten digits


def _request_id(reply: Reply) -> str:
    found = reply.headers.get("X-GitHub-Request-Id", "")
    return f" (request {found})" if _REQUEST_ID.fullmatch(found) else ""
