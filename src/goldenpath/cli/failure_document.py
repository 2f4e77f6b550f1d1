"""A failure as a document, so that a machine that asked for one always gets one (CASES 179)."""

from __future__ import annotations

import os
import sys
from typing import Any
from xml.sax.saxutils import quoteattr

from goldenpath import __version__
from goldenpath.cli.output import MACHINE_FORMATS, SCHEMA_VERSION, encode_document, neutralise, printable
from goldenpath.cli.streams import accept_any_text
from goldenpath.errors import GoldenpathError


def write_failure(format_name: str, error: GoldenpathError, code: int) -> None:
    """Write ``error`` to stdout in ``format_name``; json for a format that does not exist."""
    accept_any_text(sys.stdout, is_machine_readable=format_name in MACHINE_FORMATS)
    is_on_github = bool(os.environ.get("GITHUB_ACTIONS"))
    if format_name == "junit":
        text = _junit(error)
    elif format_name == "github":
        text = _annotation(error)
    elif format_name == "sarif":
        text = encode_document("json", _sarif(error, code), is_on_github=is_on_github)
    else:
        known = format_name if format_name in MACHINE_FORMATS else "json"
        text = encode_document(known, failure_document(error, code), is_on_github=is_on_github)
    sys.stdout.write(text)


def failure_document(error: GoldenpathError, code: int) -> dict[str, Any]:
    """Return the ``Error`` document; ``retry_after_seconds`` is null when a retry as is cannot help."""
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "Error",
        "code": error.code,
        "error_kind": error.kind,
        "exit_code": int(code),
        "message": error.message,
        "subject": error.subject,
        "hint": error.hint,
        "retry_after_seconds": error.retry_after_seconds,
        "explain": f"goldenpath explain {error.code}",
    }


def _sarif(error: GoldenpathError, code: int) -> dict[str, Any]:
    notification = {"level": "error", "descriptor": {"id": error.code}, "message": {"text": printable(str(error))}}
    invocation = {"executionSuccessful": False, "exitCode": int(code), "toolExecutionNotifications": [notification]}
    driver = {"name": "goldenpath", "version": __version__, "rules": []}
    run = {"tool": {"driver": driver}, "invocations": [invocation], "results": []}
    return {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}


def _junit(error: GoldenpathError) -> str:
    attributes = f"type={quoteattr(error.code)} message={quoteattr(printable(str(error)))}"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<testsuites><testsuite name="goldenpath" tests="1" errors="1" failures="0">'
        f'<testcase name={quoteattr(error.code)} classname="goldenpath"><error {attributes}/></testcase>'
        "</testsuite></testsuites>\n"
    )


def _annotation(error: GoldenpathError) -> str:
    message = printable(str(error)).replace("%", "%25")
    return f"::error title={error.code}::{neutralise(message)}\n"
