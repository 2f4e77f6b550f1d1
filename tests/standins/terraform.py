"""StandInTerraform: a small program that behaves like Terraform where the engine looks, and fails where a test says so.

It is no Terraform: it knows the commands of the engine, keeps a state file of ids, and prints a plan in Terraform's JSON.
"""

from __future__ import annotations

import json
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

PROGRAM: Final = r"""
import json, os, signal, sys, time
from pathlib import Path

here = Path(__file__).resolve().parent
script = json.loads((here / "script.json").read_text())
words = sys.argv[1:]
with open(here / "calls.jsonl", "a") as calls:
    calls.write(json.dumps({"words": words, "variables": dict(os.environ), "cwd": os.getcwd()}) + "\n")
root = Path("main.tf.json")
name = " ".join(words[:2]) if words[0] == "state" else "show" if words[0] == "show" else words[0]
fault = script["faults"].get(name)
sys.stderr.write(script["noise"])
if fault == "hang":
    time.sleep(600)
if fault == "stubborn":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    time.sleep(600)
if isinstance(fault, int):
    sys.exit(fault)
state = Path(json.loads(root.read_text())["terraform"]["backend"].get("local", {}).get("path", here / "remote.tfstate")) if root.is_file() else None
held = json.loads(state.read_text()) if state and state.is_file() else {"version": 4, "resources": []}

def ids():
    return [each["index_key"] for resource in held["resources"] for each in resource["instances"]]

def keep(known, tainted=()):
    instances = [{"index_key": each, **({"status": "tainted"} if each in tainted else {})} for each in sorted(known)]
    resource = {"module": "module.catalog", "mode": "managed", "type": "aws_secretsmanager_secret", "name": "this", "instances": instances}
    state.write_text(json.dumps({"version": 4, "resources": [resource]}))

wanted = json.loads(Path("secrets.auto.tfvars.json").read_text())["goldenpath_secrets"] if root.is_file() else {}
if words[0] == "version":
    print(json.dumps({"terraform_version": script["version"]}))
elif words[:2] == ["state", "pull"]:
    sys.stdout.write(script["state"] if script["state"] is not None else (state.read_text() if state.is_file() else ""))
elif words[:2] == ["state", "rm"]:
    gone = {each.partition('["')[2].rstrip('"]') for each in words[2:]}
    keep(set(ids()) - gone)
elif words[0] == "plan":
    imports = json.loads(Path("imports.tf.json").read_text())["locals"]["existing"] if Path("imports.tf.json").is_file() else {}
    changes = script["changes"]
    if changes is None:
        changes = [
            {"address": f'module.catalog.aws_secretsmanager_secret.this["{each}"]', "module_address": "module.catalog", "mode": "managed",
             "type": "aws_secretsmanager_secret", "name": "this", "index": each,
             "change": {"actions": ["update" if each in imports else "create"], "before": wanted[each] if each in imports else None,
                        "after": wanted[each], **({"importing": {"id": each}} if each in imports else {})}}
            for each in sorted(set(wanted) - set(ids()))
        ]
    Path("plan.bin").write_text(json.dumps({"format_version": "1.2", "resource_changes": changes}))
    sys.exit(2 if changes else 0)
elif words[0] == "show":
    text = Path(words[-1]).read_text()
    sys.stdout.write(text[: len(text) // 2] if fault == "truncate" else text)
elif words[0] == "apply":
    done = [each["index"] for each in json.loads(Path("plan.bin").read_text())["resource_changes"] if each.get("index")]
    with open(here / "applied.jsonl", "a") as applied:
        applied.write(json.dumps({each: wanted[each] for each in done if each in wanted}) + "\n")
    keep(set(ids()) | set(done))
"""


@dataclass
class StandInTerraform:
    """The program in ``folder`` and what it is told to do.

    ``faults`` are by command: an exit status, ``hang``, ``stubborn`` (does not stop when asked) or ``truncate``. ``changes`` replace the
    plan that it would make from its state and the variables.
    """

    folder: Path
    faults: dict[str, int | str] = field(default_factory=dict)
    changes: list[dict[str, Any]] | None = None
    state: str | None = None
    version: str = "1.11.4"
    noise: str = ""

    @property
    def binary(self) -> str:
        """Write the program down and return its path."""
        self.folder.mkdir(parents=True, exist_ok=True)
        program = self.folder / "stand-in-terraform"
        program.write_text(f"#!{sys.executable} -IS\n{PROGRAM}", encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self.say()
        return str(program)

    def say(self, **told: Any) -> None:
        """Tell it something new."""
        for name, value in told.items():
            setattr(self, name, value)
        names = ("faults", "changes", "state", "version", "noise")
        (self.folder / "script.json").write_text(json.dumps({name: getattr(self, name) for name in names}), encoding="utf-8")

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Every start: words, variables and folder."""
        file = self.folder / "calls.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []

    @property
    def commands(self) -> list[str]:
        """The commands, without options."""
        return [" ".join(call["words"][:2]) if call["words"][0] == "state" else call["words"][0] for call in self.calls]

    @property
    def applied(self) -> list[dict[str, Any]]:
        """What each apply carried out: containers by request id."""
        file = self.folder / "applied.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []


def change(request_id: str, action: str, **over: Any) -> dict[str, Any]:
    """One resource change as Terraform writes it."""
    actions = {"replace": ["delete", "create"]}.get(action, [action])
    detail = {"actions": actions, "before": {"description": "a"}, "after": {"description": "b"}, **over.pop("change", {})}
    address = f'module.catalog.aws_secretsmanager_secret.this["{request_id}"]'
    base = {"address": address, "module_address": "module.catalog", "mode": "managed", "type": "aws_secretsmanager_secret", "name": "this"}
    return {**base, "index": request_id, "change": detail, **over}
