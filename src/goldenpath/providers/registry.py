"""Every store backend, by the word that ``goldenpath.yaml`` uses for it. A new one is one line here; the contract suite runs it too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from goldenpath.errors import Misconfigured
from goldenpath.model.settings import EnvironmentSettings, NamingSettings, StoreSettings
from goldenpath.ports.clock import Clock, Entropy
from goldenpath.ports.pace import UNPACED, Pace
from goldenpath.ports.parameters import ParameterStore
from goldenpath.ports.store import Store


@dataclass(frozen=True, kw_only=True)
class StoreOptions:
    """What a backend may need: the private state folder, where the root key lies (``file`` or ``keyring``), time, randomness, pace.

    A backend with a vendor behind it takes a turn of ``pace`` for each request that it sends, and looks into ``place`` (the settings of
    the environment) and ``store`` (its own) for where and as whom it calls. ``correlation_id`` joins its calls to the vendor's log.
    """

    directory: Path
    key_source: str
    clock: Clock
    entropy: Entropy
    name: str = "store"
    pace: Pace = UNPACED
    environment: str = ""
    place: EnvironmentSettings = field(default_factory=EnvironmentSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    naming: NamingSettings = field(default_factory=NamingSettings)
    correlation_id: str = ""


def _open_local(options: StoreOptions) -> Store:
    from goldenpath.providers.local.opening import open_local_store  # noqa: PLC0415 - a backend costs nothing until it is used

    store = open_local_store(options.directory, options.key_source, name=options.name, clock=options.clock, entropy=options.entropy)
    return _paced(store, options.pace)


def _open_memory(options: StoreOptions) -> Store:
    from goldenpath.providers.local.memory import MemoryStore  # noqa: PLC0415 - same

    return _paced(MemoryStore(clock=options.clock, entropy=options.entropy), options.pace)


def _open_secrets_manager(options: StoreOptions) -> Store:
    from goldenpath.providers.aws.opening import open_secrets_manager  # noqa: PLC0415 - same

    return open_secrets_manager(options)


def _open_parameter_records(options: StoreOptions) -> Store:
    from goldenpath.providers.aws.parameter_opening import open_parameter_records  # noqa: PLC0415 - same

    return open_parameter_records(options)


def _paced(store: Store, pace: Pace) -> Store:
    if pace is UNPACED:
        return store
    from goldenpath.providers.paced import PacedStore  # noqa: PLC0415 - same

    return PacedStore(store, pace)


BACKENDS: Mapping[str, Callable[[StoreOptions], Store]] = {
    "aws-parameter-store": _open_parameter_records,
    "aws-secrets-manager": _open_secrets_manager,
    "local": _open_local,
    "memory": _open_memory,
}


def _open_parameters(options: StoreOptions) -> ParameterStore:
    from goldenpath.providers.aws.parameter_opening import open_parameters  # noqa: PLC0415 - same

    return open_parameters(options)


PARAMETER_BACKENDS: Mapping[str, Callable[[StoreOptions], ParameterStore]] = {"aws-parameter-store": _open_parameters}
"""Backends whose parameters can be written one by one, as an injection does."""


def open_store(backend: str, options: StoreOptions) -> Store:
    """Open one store.

    Raises:
        Misconfigured: ``store.backend-unknown``, and whatever the backend says of its surroundings.
    """
    require_known(backend, BACKENDS, hint="set environments.<name>.stores.<provider>.backend in goldenpath.yaml")
    return BACKENDS[backend](options)


def require_known(backend: str, known: Iterable[str], *, hint: str) -> None:
    """Refuse a word that is no backend. Raises ``Misconfigured`` ``store.backend-unknown``."""
    words = sorted(known)
    if backend not in words:
        raise Misconfigured("store.backend-unknown", f"unknown backend {backend!r}; expected one of {', '.join(words)}", hint=hint)
