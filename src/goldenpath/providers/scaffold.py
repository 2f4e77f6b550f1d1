"""The files of a new platform repository, as they lie in the package: templates by profile, and the shipped Terraform module.

Names that begin with a dot begin with ``dot-`` here, so that no tool takes a template for the project's own file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from goldenpath.providers.terraform.engine import module_folder

SCAFFOLD = Path(__file__).resolve().parent.parent / "scaffold"
_COMMON = "common"


def read_templates(profile: str) -> dict[str, bytes]:
    """Return {path in the platform repository: template}; what a profile brings stands above what all have in common.

    Raises:
        Misconfigured: ``terraform.module-missing`` when the installation is not whole.
    """
    templates = {path: data for part in (_COMMON, profile) for path, data in _files_in(SCAFFOLD / part)}
    module = module_folder()
    names = sorted(path for path in module.iterdir() if path.suffix in {".tf", ".md"})
    return templates | {f"terraform/modules/{module.name}/{path.name}": path.read_bytes() for path in names}


def _files_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield "/".join(_visible(part) for part in path.relative_to(folder).parts), path.read_bytes()


def _visible(name: str) -> str:
    return f".{name.removeprefix('dot-')}" if name.startswith("dot-") else name
