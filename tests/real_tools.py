"""What tests marked ``real`` need of the machine: without it they skip with a reason, except where it must be there.

``GOLDENPATH_REAL_REQUIRED`` lists what must be there, by comma: ``servers`` (those that ``make real-servers`` builds with Go), ``npm`` (those that
it installs with npm), ``redis-server``, ``terraform``, ``provider-mirror``. ``1`` means that no real test may skip, whatever its reason (``tests/conftest.py``).
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

# read when the tests are collected: a running test has an environment without settings of ours
_REQUIRED = frozenset(name.strip() for name in os.environ.get("GOLDENPATH_REAL_REQUIRED", "").split(","))


def lack(tool: str, reason: str) -> NoReturn:
    """Skip for want of a tool, or fail where the machine is known to have it."""
    if tool in _REQUIRED:
        pytest.fail(f"a real test must not skip on this machine ({tool} is required): {reason}", pytrace=False)
    pytest.skip(reason)
