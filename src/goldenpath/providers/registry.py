"""Every store backend, by the word that ``goldenpath.yaml`` uses for it. A new one is one line here; the contract suite runs it too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from goldenpath.errors import Misconfigured
from goldenpath.ports.clock import Clock, Entropy
from goldenpath.ports.store import Store


@dataclass(frozen=True, kw_only=True)
class StoreOptions:
    """What a backend may need: the private state folder, where the root key lies (``file`` or ``keyring``), time, randomness."""

    directory: Path
    key_source: str
    clock: Clock
    entropy: Entropy
    name: str = "store"


def _open_local(options: StoreOptions) -> Store:
    from goldenpath.providers.local.opening import open_local_store  # noqa: PLC0415 - a backend costs nothing until it is used

    return open_local_store(options.directory, options.key_source, name=options.name, clock=options.clock, entropy=options.entropy)


def _open_memory(options: StoreOptions) -> Store:
    from goldenpath.providers.local.memory import MemoryStore  # noqa: PLC0415 - same

    return MemoryStore(clock=options.clock, entropy=options.entropy)


BACKENDS: Mapping[str, Callable[[StoreOptions], Store]] = {
    "local": _open_local,
    "memory": _open_memory,
}


def open_store(backend: str, options: StoreOptions) -> Store:
    """Open one store.

    Raises:
        Misconfigured: ``store.backend-unknown``, and whatever the backend says of its surroundings.
    """
    if backend not in BACKENDS:
        raise Misconfigured(
            "store.backend-unknown",
            f"unknown backend {backend!r}; expected one of {', '.join(sorted(BACKENDS))}",
            hint="set environments.<name>.stores.<provider>.backend in goldenpath.yaml",
        )
    return BACKENDS[backend](options)
