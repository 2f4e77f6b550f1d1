"""What the demo starts from: the example platform, an empty GitOps repository, and people with SSH keys of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

from goldenpath.bootstrap import open_founding
from goldenpath.errors import Misconfigured


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """One person of the demo."""

    id: str
    name: str
    roles: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()

    @property
    def email(self) -> str:
        """Address in commits and in the approvers file."""
        return f"{self.id}@example.com"

    def key(self, root: Path) -> Path:
        """Return the person's private SSH key below ``root``."""
        return root / "people" / self.id / "id_ed25519"

    def environment(self, root: Path) -> dict[str, str]:
        """Return the variables that make a child process act as this person, whoever the caller's own variables name."""
        config = {"user.name": self.name, "user.email": self.email, "gpg.format": "ssh", "user.signingkey": str(self.key(root))}
        numbered = enumerate(config.items())
        pairs = {f"GIT_CONFIG_{part}_{index}": text for index, item in numbered for part, text in zip(("KEY", "VALUE"), item, strict=True)}
        hands = {
            f"GIT_{hand}_{part}": text for hand in ("AUTHOR", "COMMITTER") for part, text in (("NAME", self.name), ("EMAIL", self.email))
        }
        return {"GIT_CONFIG_COUNT": str(len(config)), **pairs, **hands}


DEVELOPER = Persona(id="dana", name="Dana Developer")
PLATFORM_ENGINEER = Persona(id="pat", name="Pat Platform", roles=("platform",))
SECURITY_ENGINEER = Persona(id="sam", name="Sam Security", roles=("security",))
OWNER = Persona(id="olga", name="Olga Owner", owners=("app-team",))
FOUNDER = Persona(id="founder", name="Platform Founder")


def make_platform(root: Path, *, example: Path | None = None) -> None:
    """Create both repositories and the people below ``root``, which must not exist or be empty; ``example`` is what is copied."""
    _require_tools()
    people = (DEVELOPER, PLATFORM_ENGINEER, SECURITY_ENGINEER, OWNER)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    platform = root / "platform"
    shutil.copytree(example or example_platform(), platform)
    for person in (*people, FOUNDER):
        _make_key(person, root)
    (platform / "governance" / "approvers.yaml").write_text(_approvers(people, root), encoding="utf-8")
    _new_repository(platform, root, "Start the platform repository")
    gitops = root / "gitops"
    gitops.mkdir()
    (gitops / "README.md").write_text("# GitOps repository\n\nGoldenpath commits manifests below `environments/`.\n", encoding="utf-8")
    _new_repository(gitops, root, "Start the GitOps repository")


def example_platform() -> Path:
    """Return the folder of the example platform: in a checkout beside the sources, in an installed wheel inside the package."""
    package = Path(__file__).resolve().parent.parent
    for candidate in (package.parent.parent / "examples" / "platform", package / "examples" / "platform"):
        if (candidate / "goldenpath.yaml").is_file():
            return candidate
    raise Misconfigured(
        "cli.example-missing",
        "the example platform is not part of this installation",
        hint="install the wheel, or run from a checkout",
    )


def _require_tools() -> None:
    """Refuse before anything is made: a half-made folder would be in the way of the next try."""
    if shutil.which("ssh-keygen") is None:
        raise Misconfigured("cli.ssh-keygen-missing", "ssh-keygen is not on PATH", hint="install the OpenSSH client; it signs approvals")
    if shutil.which("git") is None:
        raise Misconfigured("git.missing", "git is not on PATH", hint="install git 2.34 or newer and put it on PATH")


def _make_key(person: Persona, root: Path) -> None:
    path = person.key(root)
    path.parent.mkdir(parents=True, mode=0o700)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person.email, "-f", str(path)], check=True)


def _approvers(people: tuple[Persona, ...], root: Path) -> str:
    entries = [
        {
            "id": person.id,
            "name": person.name,
            "emails": [person.email],
            "keys": [" ".join(person.key(root).with_suffix(".pub").read_text(encoding="utf-8").split()[:2])],
            "roles": list(person.roles),
            "owners": list(person.owners),
        }
        for person in people
    ]
    head = "# Who may approve what. A person may have several keys and addresses and still counts once.\n"
    document = {"apiVersion": "goldenpath.io/v1", "kind": "Approvers", "people": entries}
    return head + yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _new_repository(path: Path, root: Path, message: str) -> None:
    environment = {**os.environ, **FOUNDER.environment(root)}
    open_founding(path).found("main")
    for arguments in (
        ("add", "--all"),
        ("commit", "--quiet", "--no-verify", "--message", message),
    ):
        subprocess.run(["git", *arguments], cwd=path, env=environment, check=True, capture_output=True)
