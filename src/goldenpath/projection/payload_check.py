"""Asks whether a set of keys can become a Kubernetes Secret, before anything is projected (CASES 63 and 67).

Takes names, kinds and sizes; a value never comes here. Limits are those of Kubernetes' own validation of Secrets.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from goldenpath.model.finding import Finding
from goldenpath.model.payload import PayloadKey

TOTAL_MAX_BYTES = 1_048_576
KEY_MAX = 253
SHOWN = 80
"""Characters of a bad name that a message repeats: the name is the reader's only handle, and a pasted document must not follow it."""

_CHARSET = re.compile(r"[-._a-zA-Z0-9]+")


def check_payload(keys: Sequence[PayloadKey], *, subject: str) -> tuple[Finding, ...]:
    """Return a blocking finding for each key that Kubernetes or External Secrets would refuse or bend, and one for too many bytes.

    ``subject`` is the request id. An empty payload is a finding as well: it would make an empty Secret.
    """
    findings = [_finding(subject, key.name, *fault) for key in _first_of_each(keys) for fault in _faults(key)]
    repeated = sorted(name for name, count in Counter(key.name for key in keys).items() if count > 1)
    findings += [
        _finding(subject, name, "projection.payload-key-duplicate", "stands more than once; one of its values would be lost", "once each")
        for name in repeated
    ]
    if not keys:
        findings.append(_whole(subject, "projection.payload-empty", "the payload holds no key", "at least one key"))
    total = sum(key.size_bytes for key in keys)
    if total > TOTAL_MAX_BYTES:
        text = f"the values have {total} bytes together; a Kubernetes Secret holds at most {TOTAL_MAX_BYTES} (1 MiB)"
        findings.append(_whole(subject, "projection.payload-too-large", text, f"at most {TOTAL_MAX_BYTES} bytes"))
    return tuple(findings)


def _first_of_each(keys: Sequence[PayloadKey]) -> Iterator[PayloadKey]:
    # a repeated key is reported once per fault, but every different fault of its copies counts
    yield from {(key.name, key.kind): key for key in keys}.values()


def _faults(key: PayloadKey) -> Iterator[tuple[str, str, str]]:
    if not key.name:
        yield "projection.payload-key-empty", "has no name", "a name of at least one character"
    elif not _CHARSET.fullmatch(key.name):
        yield "projection.payload-key-charset", "holds a character that Kubernetes refuses", "letters, digits, - . and _"
    elif key.name == "." or key.name.startswith(".."):
        yield (
            "projection.payload-key-charset",
            "is a path step, which Kubernetes refuses",
            "a name that is not . and does not start with ..",
        )
    if len(key.name) > KEY_MAX:
        yield "projection.payload-key-too-long", f"has {len(key.name)} characters", f"at most {KEY_MAX} characters"
    if key.kind != "string":
        yield "projection.payload-not-text", f"holds a JSON {key.kind}; it would be bent into text", "a JSON string"


def _finding(subject: str, name: str, rule: str, problem: str, expected: str) -> Finding:
    return Finding(
        rule=rule,
        level="block",
        message=f"key {_shown(name)} {problem}",
        subject=subject,
        field=_shown(name),
        expected=expected,
        hint="rename the key where it is seeded, and declare it under spec.keys",
    )


def _whole(subject: str, rule: str, message: str, expected: str) -> Finding:
    return Finding(rule=rule, level="block", message=message, subject=subject, expected=expected)


def _shown(name: str) -> str:
    return ascii(name if len(name) <= SHOWN else name[:SHOWN] + "...")
