"""Says clearly what is missing on a new machine, before pip says it unclearly. Runs on any Python 3."""

import shutil
import sys


def main():
    """Exit with a message naming what is missing and how to get it."""
    problems = []
    if sys.version_info < (3, 11):
        problems.append("Python 3.11 or newer is needed; this is %d.%d. Set PYTHON=/path/to/python3.11" % sys.version_info[:2])
    try:
        import ensurepip  # noqa: F401, PLC0415
        import venv  # noqa: F401, PLC0415
    except ImportError:
        problems.append("this Python has no venv or ensurepip module (on Debian: apt-get install python3-venv)")
    problems.extend(
        f"{tool} is not on PATH ({why})"
        for tool, why in (("git", "2.34 or newer"), ("ssh-keygen", "OpenSSH client; it signs and checks approvals"))
        if shutil.which(tool) is None
    )
    if problems:
        sys.exit("cannot set up:\n  " + "\n  ".join(problems))


main()
