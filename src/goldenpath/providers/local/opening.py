"""Opens the files of one state folder with the keys that belong to them. The only place that knows their names."""

from __future__ import annotations

from pathlib import Path

from goldenpath.ports.clock import Clock, Entropy
from goldenpath.providers.local.files import private_folder
from goldenpath.providers.local.journal import LocalJournal
from goldenpath.providers.local.keys import RootKeys, load_or_create_keyring, load_or_create_root
from goldenpath.providers.local.store import LocalStore

KEY_FILE = "root.key"
JOURNAL_FILE = "journal.db"


def open_local_store(directory: Path, key_source: str, *, name: str, clock: Clock, entropy: Entropy) -> LocalStore:
    """Open (or make) the store file ``<name>.db`` of a state folder.

    Raises:
        Misconfigured: ``key.*`` and ``state.*``.
    """
    keys = open_root_keys(directory, key_source, entropy=entropy)
    return LocalStore(directory / f"{name}.db", keys=keys, clock=clock, entropy=entropy)


def open_root_keys(directory: Path, key_source: str, *, entropy: Entropy | None = None) -> RootKeys:
    """Return the root keys of a state folder; made once, when the folder never had any."""
    private_folder(directory)
    if key_source == "keyring":
        return load_or_create_keyring(str(directory.resolve()), marker=directory / f"{KEY_FILE}.id", entropy=entropy)
    return load_or_create_root(directory / KEY_FILE, entropy=entropy)


def open_journal(directory: Path) -> LocalJournal:
    """Open (or make) the journal of a state folder."""
    return LocalJournal(directory / JOURNAL_FILE)
