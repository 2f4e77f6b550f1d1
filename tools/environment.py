"""Makes a virtual environment with exactly what lock files name, and keeps the packages for the next checkout.

What pip downloaded, checked by hash and installed once lies in a cache folder outside the checkout, under a name that changes with the lock
files and the Python. A second checkout copies it: seconds instead of a minute, and no registry has to answer. Runs on any Python 3.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

SETTING = "GOLDENPATH_PACKAGES"
COMPLETE = ".complete"


def main(venv, *locks):
    """Make ``venv`` with the packages of ``locks``; what is installed there already stays."""
    target = Path(venv)
    kept = cache_folder() / key_of([Path(lock) for lock in locks])
    if not (kept / COMPLETE).is_file():
        fill(kept, locks)
    if not (target / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(target)], check=True)
    copy_packages(kept, target)
    # nothing is left to fetch: pip only confirms that every locked version is there
    install(target / "bin" / "python", locks)


def cache_folder():
    """Return where packages are kept; the setting names another place."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get(SETTING) or base / "goldenpath" / "packages")


def key_of(locks):
    """Return a name for what the lock files install on this Python."""
    digest = hashlib.sha256(f"{sys.version} {sysconfig.get_platform()}".encode())
    for lock in locks:
        digest.update(hashlib.sha256(lock.read_bytes()).digest())
    return digest.hexdigest()[:16]


def fill(kept, locks):
    """Install into a new folder, and give it its name when it is whole: a run that was stopped leaves no half of it under that name."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=kept.parent))
    try:
        subprocess.run([sys.executable, "-m", "venv", str(new)], check=True)
        install(new / "bin" / "python", locks)
        (new / COMPLETE).touch()
        if kept.exists():  # another run was faster, or an older one left something incomplete
            shutil.rmtree(kept)
        new.rename(kept)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def install(python, locks):
    """Install what the lock files name: these versions, these hashes, and nothing that they do not name."""
    command = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
    for lock in locks:
        subprocess.run([*command, "-r", str(lock)], check=True)


def copy_packages(kept, target):
    """Copy packages and commands from one environment into another; what is there already is replaced."""
    shutil.copytree(site_packages(kept), site_packages(target), dirs_exist_ok=True, symlinks=True)
    for command in sorted((kept / "bin").iterdir()):
        place = target / "bin" / command.name
        # what a virtual environment brings itself, and the folder of bytecode that a script among the commands left
        if command.name.startswith(("python", "activate", "Activate")) or command.is_symlink() or not command.is_file():
            continue
        shutil.copy2(command, place)
        first, _, rest = place.read_bytes().partition(b"\n")
        if first.startswith(b"#!") and b"python" in first:
            place.write_bytes(b"#!" + os.fsencode((target / "bin" / "python").absolute()) + b"\n" + rest)


def site_packages(venv):
    """Return the folder of an environment's packages."""
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(venv), "platbase": str(venv)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
