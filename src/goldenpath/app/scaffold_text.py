"""Fills the blanks of the scaffold's templates. Every word that goes in has a closed form, so none can add a line or a key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from goldenpath.errors import InvalidIntent
from goldenpath.model.scaffold import Choices
from goldenpath.model.settings import Settings
from goldenpath.settings import SETTINGS_FILE

ACTIONS: Final[Mapping[str, str]] = {
    "CHECKOUT": "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0",
    "SETUP_PYTHON": "actions/setup-python@e797f83bcb11b83ae66e0230d6156d7c80228e7c # v6.0.0",
    "UPLOAD_ARTIFACT": "actions/upload-artifact@330a01c490aca151604b8cf639adc76d48f6c5d4 # v5.0.0",
    "UPLOAD_SARIF": "github/codeql-action/upload-sarif@0499de31b99561a6d14a36a5f662c2a54f91beee # v4.31.2",
    "AWS_CREDENTIALS": "aws-actions/configure-aws-credentials@00943011d9042930efac3dcd3a170e4273319bc8 # v5.1.0",
}
"""The only actions of others that a workflow uses, by full commit (R60)."""

OUR_ACTION: Final = "goldenpath-io/goldenpath@f4cb086066a268b20b435243577e48653fa786bc"
"""What workflows run: the project's own action, at the commit of the release (CONTRIBUTING says when it moves)."""

_BLANK = re.compile(rb"@@([A-Z_]+)@@")
_FORMS: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    "branch": (re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}"), "a branch name of letters, digits, '.', '_', '/', '-'"),
    "catalog": (re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*"), "a relative folder of plain names"),
    "action": (re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+@[0-9a-f]{40})?"), "OWNER/NAME@ and the full id of a commit"),
    "organisation": (re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}"), "the name of an organisation at the forge"),
    "remote": (re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]*)?"), "the name of a git remote"),
    "version": (re.compile(r"[0-9A-Za-z.+]*"), "a version"),
}


def require_plain(choices: Choices) -> None:
    """Refuse a choice that is no plain word: it goes into files that machines execute.

    Raises:
        InvalidIntent: ``init.choice-invalid``.
    """
    for name, (form, expected) in _FORMS.items():
        if not form.fullmatch(getattr(choices, name)):
            raise InvalidIntent("init.choice-invalid", f"--{name} does not have the expected form", hint=f"expected {expected}")


def fill(template: bytes, words: Mapping[str, str]) -> bytes:
    """Return the template with every blank filled; a line whose only content was an empty word is left out."""
    lines = (_filled(line, words) for line in template.splitlines(keepends=True))
    return b"".join(line for line in lines if line is not None)


def words_of(choices: Choices, settings: Settings, *, is_stated: bool = False) -> dict[str, str]:
    """Return the word of each blank. What the settings state wins over the choices once there are settings (``is_stated``)."""
    branch = settings.governance.protected_branch if is_stated else choices.branch
    catalog = settings.catalog.root if is_stated else choices.catalog
    action = choices.action or OUR_ACTION
    return {
        **ACTIONS,
        "ACTION": f"{action} # v{choices.version}",
        "ACTION_REPOSITORY": action.partition("@")[0],
        "ACTION_COMMIT": action.partition("@")[2],
        "BRANCH": branch,
        "CATALOG": catalog,
        "REMOTE": f"  remote: {choices.remote}" if choices.remote else "",
        "VERSION": choices.version,
        "OWNERS_PLATFORM": f"@{choices.organisation}/platform-team",
        "OWNERS_SECURITY": f"@{choices.organisation}/security-team",
        "GOVERNED": "".join(f'\n      - "{path}"' for path in (f"{catalog}/**", *_governed(settings))),
        "GOVERNANCE_PATTERN": "|".join(re.escape(path) for path in (SETTINGS_FILE, *_files(settings))),
        "ENVIRONMENTS": _matrix(settings),
        "ENVIRONMENT_NAMES": ", ".join(_environments(settings)),
    }


def _filled(line: bytes, words: Mapping[str, str]) -> bytes | None:
    filled = _BLANK.sub(lambda blank: words[blank[1].decode()].encode(), line)
    return None if filled != line and not filled.strip() else filled


def _files(settings: Settings) -> tuple[str, ...]:
    governance = settings.governance
    return (
        *(governance.enums, governance.policy, governance.approvers),
        *(governance.tombstones, governance.actions, governance.drift_ignores),
    )


def _governed(settings: Settings) -> list[str]:
    """Return what the gate itself rests on: a change of it is judged as much as a request is (R10)."""
    protected = settings.governance.protected_paths
    return [SETTINGS_FILE, *_files(settings), *(pattern for path in protected for pattern in (path, f"{path}/**"))]


def _environments(settings: Settings) -> list[str]:
    """Return the environments that the settings mention, in canonical order; dev when they mention none."""
    return [name for name in settings.known_environments() if name in settings.environments] or ["dev"]


def _matrix(settings: Settings) -> str:
    entry = "\n          - environment: {name}\n            role: GOLDENPATH_ROLE_{shout}"
    return "".join(entry.format(name=name, shout=name.upper()) for name in _environments(settings))
