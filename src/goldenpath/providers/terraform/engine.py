"""The Terraform engine: one private folder per environment, written anew before each run.

<state>/terraform/<environment>/          what an apply works in, and by default the state
<state>/terraform/<environment>/preview/  a preview: the same files over a copy of the state, which nothing ever reads back
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
import orjson

from goldenpath.errors import Conflict, Misconfigured, ProviderRefused
from goldenpath.model.infrastructure import InfrastructurePlan, InfrastructureRoot
from goldenpath.model.settings import TerraformSettings
from goldenpath.providers.local.files import private_folder, replace_private_file
from goldenpath.providers.terraform.command import GRACE_SECONDS, Terraform
from goldenpath.providers.terraform.reading import StateInstance, read_plan, read_state, unreadable
from goldenpath.providers.terraform.root import MODULE, VARIABLE, render_cli_config, render_imports, render_root

OLDEST_TERRAFORM = (1, 7)
"""The first with ``for_each`` in import blocks."""
PLAN_FILE = "plan.bin"
LOG_FILE = "run.log"
PLACEHOLDER = "{environment}"
_LOCAL = "local"
_HAS_CHANGES = 2
_VERSION = re.compile(r"([0-9]+)\.([0-9]+)\.")


def module_folder() -> Path:
    """Return the shipped module: in a checkout beside the sources, in an installed wheel inside the package.

    Raises:
        Misconfigured: ``terraform.module-missing``.
    """
    package = Path(__file__).resolve().parents[2]
    for candidate in (package.parents[1] / "terraform" / "modules" / MODULE, package / "terraform" / "modules" / MODULE):
        if (candidate / "main.tf").is_file():
            return candidate
    raise Misconfigured(
        "terraform.module-missing",
        f"the module {MODULE} is not part of this installation",
        hint="install the wheel, or run from a checkout",
    )


class TerraformEngine:
    """Opens workspaces below one folder.

    Args:
        directory: The state folder of this machine.
        settings: Binary, mirror, backend and time limit.
        grace_seconds: From asking Terraform to stop to ending it.
    """

    def __init__(self, directory: Path, settings: TerraformSettings, *, grace_seconds: float = GRACE_SECONDS) -> None:
        self._directory = directory / "terraform"
        self._settings = settings
        self._grace_seconds = grace_seconds

    @contextmanager
    def open(self, root: InfrastructureRoot, *, is_preview: bool) -> Iterator[TerraformWorkspace]:
        """Hold the environment's folder and prepare it. See :class:`~goldenpath.ports.infrastructure.Infrastructure`."""
        config = self._backend_config(root.environment)
        home = private_folder(self._directory / root.environment)
        place = private_folder(home / "preview") if is_preview else home
        with _held(place):
            terraform = self._terraform(place)
            _require_version(terraform)
            workspace = TerraformWorkspace(root, terraform, home=home)
            try:
                if is_preview:
                    workspace.prepare_preview(self._settings.backend.type, config)
                else:
                    workspace.prepare(self._settings.backend.type, config)
                yield workspace
            finally:
                (place / PLAN_FILE).unlink(missing_ok=True)

    def _terraform(self, place: Path) -> Terraform:
        replace_private_file(place / LOG_FILE, b"")
        replace_private_file(place / "terraform.rc", render_cli_config(self._settings.provider_mirror))
        return Terraform(
            binary=self._settings.binary,
            folder=place,
            log=place / LOG_FILE,
            timeout_seconds=self._settings.timeout_seconds,
            variables={"TF_CLI_CONFIG_FILE": str(place / "terraform.rc")},
            grace_seconds=self._grace_seconds,
        )

    def _backend_config(self, environment: str) -> dict[str, str]:
        backend = self._settings.backend
        if backend.type == _LOCAL and "path" not in backend.config:
            # outside the working folder: a file named terraform.tfstate in there is one that init migrates, and empties
            return {**backend.config, "path": str(self._directory.absolute() / f"{environment}.tfstate")}
        if not any(PLACEHOLDER in text for text in backend.config.values()):
            raise Misconfigured(
                "terraform.backend-shared",
                f"the {backend.type} backend has one state for every environment",
                subject="provision.terraform.backend.config",
                hint=f"write {PLACEHOLDER} into its key, prefix or path",
            )
        return {name: text.replace(PLACEHOLDER, environment) for name, text in backend.config.items()}


class TerraformWorkspace:
    """One environment's folder while it is held."""

    def __init__(self, root: InfrastructureRoot, terraform: Terraform, *, home: Path) -> None:
        self._root = root
        self._terraform = terraform
        self._home = home

    def prepare(self, backend: str, config: Mapping[str, str]) -> None:
        """Write the root and initialise it; providers are pinned by the lock file that stays beside it."""
        self._write_root(backend, config)
        self._terraform.run("init", "-input=false", "-no-color", "-reconfigure")

    def prepare_preview(self, backend: str, config: Mapping[str, str]) -> None:
        """Do the same over a copy of the state."""
        place = self._terraform.folder
        copy = place / "copy.tfstate"
        lock = self._home / ".terraform.lock.hcl"
        if lock.is_file():
            replace_private_file(place / lock.name, lock.read_bytes())
        if backend == _LOCAL:
            source = Path(config["path"])
            data = source.read_bytes() if source.is_file() else b""
        else:
            self.prepare(backend, config)
            data = self._terraform.read("state", "pull")
        copy.unlink(missing_ok=True)
        if data.strip():
            replace_private_file(copy, data)
        self.prepare(_LOCAL, {"path": str(copy)})

    def plan(self) -> InfrastructurePlan:
        """Plan. See :class:`~goldenpath.ports.infrastructure.InfrastructureWorkspace`."""
        known = read_state(self._terraform.read("state", "pull"))
        forgotten = self._forget(known)
        self._write_imports({each.request_id for each in known if each.part == "secret" and each not in forgotten})
        status = self._terraform.run(
            "plan", "-input=false", "-no-color", "-detailed-exitcode", f"-out={PLAN_FILE}", allowed=(0, _HAS_CHANGES)
        )
        changes = read_plan(self._terraform.read("show", "-json", PLAN_FILE))
        if status != _HAS_CHANGES and any(each.action != "none" for each in changes):
            raise unreadable("plan")
        ids = tuple(sorted({each.request_id for each in forgotten}))
        return InfrastructurePlan(environment=self._root.environment, changes=changes, forgotten=ids)

    def apply(self) -> None:
        """Apply the saved plan. See :class:`~goldenpath.ports.infrastructure.InfrastructureWorkspace`."""
        plan = self._terraform.folder / PLAN_FILE
        if not plan.is_file():
            raise ProviderRefused("terraform.no-plan", "there is no saved plan", subject=str(plan), hint="run apply again; it plans anew")
        try:
            self._terraform.run("apply", "-input=false", "-no-color", PLAN_FILE)
        finally:
            plan.unlink(missing_ok=True)

    def _write_root(self, backend: str, config: Mapping[str, str]) -> None:
        place = self._terraform.folder
        shutil.rmtree(place / MODULE, ignore_errors=True)
        for name in (PLAN_FILE, "imports.tf.json"):
            (place / name).unlink(missing_ok=True)
        copied = private_folder(place / MODULE)
        for source in sorted(module_folder().glob("*.tf")):
            replace_private_file(copied / source.name, source.read_bytes())
        replace_private_file(place / "main.tf.json", render_root(self._root, backend=backend, backend_config=config))
        replace_private_file(place / "secrets.auto.tfvars.json", self._root.variables)

    def _forget(self, known: tuple[StateInstance, ...]) -> tuple[StateInstance, ...]:
        """Take out of the state what no request asks for, and what Terraform would replace; the records themselves stay."""
        wanted = orjson.loads(self._root.variables)[VARIABLE].keys()
        ours = [each for each in known if each.request_id]
        broken = {each.request_id for each in ours if not each.is_usable}
        forgotten = tuple(each for each in ours if each.request_id not in wanted or each.request_id in broken)
        if forgotten:
            self._terraform.run("state", "rm", *(each.address for each in forgotten))
        return forgotten

    def _write_imports(self, known: set[str]) -> None:
        records = [each for each in self._root.existing if each.request_id not in known]
        file = self._terraform.folder / "imports.tf.json"
        if records:
            replace_private_file(file, render_imports(records))
        else:
            file.unlink(missing_ok=True)


def _require_version(terraform: Terraform) -> None:
    data = terraform.read("version", "-json")
    try:
        text = str(msgspec.json.decode(data, type=dict[str, object])["terraform_version"])
    except (msgspec.DecodeError, KeyError):
        raise unreadable("version") from None
    found = _VERSION.match(text)
    if found is None or (int(found[1]), int(found[2])) < OLDEST_TERRAFORM:
        oldest = ".".join(str(number) for number in OLDEST_TERRAFORM)
        raise Misconfigured(
            "terraform.version", f"this Terraform is older than {oldest}", subject=terraform.binary, hint=f"update it to {oldest} or newer"
        )


@contextmanager
def _held(place: Path) -> Iterator[None]:
    """Hold a folder against other processes of this machine; the system lets go when we die."""
    handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise Conflict(
            "terraform.workspace-busy", "another run uses this folder", subject=str(place), hint="run again when it has ended"
        ) from None
    try:
        yield
    finally:
        os.close(handle)
