"""Who runs this process, for the audit log: what the system vouches for, and beside it what they call themselves."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from goldenpath.model.audit import Actor
from goldenpath.providers.git.identity import claimed_address


def acting(root: Path) -> Actor:
    """Return who acts, as the operating system or the runner says; the address in git's configuration is only what they call themselves."""
    name = _os_user()
    if os.environ.get("GITHUB_ACTIONS"):
        # a runner only says so in variables, which anybody can set: the account that the system vouches for stands beside it
        claimed = f"github:{os.environ.get('GITHUB_ACTOR', 'unknown')}"
        return Actor(id=claimed, kind="automation", auth_method="ci-runner", display=f"run as {name}")
    return Actor(id=name, kind="human", auth_method="os-user", display=claimed_address(root))


def _os_user() -> str:
    """Return the account of this process as the system knows it; LOGNAME and USER are what anybody sets them to."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid-{os.getuid()}"
