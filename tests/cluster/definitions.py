"""CustomResourceDefinitions as they were released, from what ``make real-servers`` kept beside a server's binary."""

from __future__ import annotations

from pathlib import Path

import yaml
from tests.cluster.api_client import Json

# megabytes of YAML: the loader in C takes a tenth of the time, and falls away where PyYAML was built without it
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def released(built: Path) -> list[Json]:
    """Return the definitions in a server's folder."""
    trees = [yaml.load(path.read_bytes(), Loader=_Loader) for path in sorted((built / "crds").glob("*.yaml"))]  # noqa: S506 - a safe loader
    return [tree for tree in trees if tree["kind"] == "CustomResourceDefinition"]
