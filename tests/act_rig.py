"""The shipped workflows, run by act on this machine: a forge's repository as a folder, and stand-ins for the actions of others.

No container and no network. Our own action is the real one; it finds goldenpath on the PATH, through a small program that notes what it was
given before it becomes the real command.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.cluster.built import require_built
from tests.house.source_tree import ROOT
from tests.standins.oidc import StandInOidc

from goldenpath.app.scaffold_text import ACTIONS, OUR_ACTION

ACT_SECONDS = 300
# what the workflow asks of each action of others, and no more
CHECKOUT = """\
name: StandInCheckout
description: Checks a branch of the folder that stands for the forge's repository out, and keeps no credential
inputs:
  ref: {required: true, description: branch}
  fetch-depth: {required: true, description: all of it}
  persist-credentials: {required: true, description: must be false}
runs:
  using: composite
  steps:
    - shell: bash
      env: {REF: "${{ inputs.ref }}", PERSIST: "${{ inputs.persist-credentials }}"}
      run: |
        test "$PERSIST" = false
        git init --quiet --initial-branch="$REF" .
        git remote add origin "$STAND_IN_ORIGIN"
        git fetch --quiet --no-tags origin "+refs/heads/*:refs/remotes/origin/*"
        git checkout --quiet -B "$REF" "refs/remotes/origin/$REF"
"""
NOTHING = """\
name: StandInForAnAction
description: Does nothing
runs: {using: composite, steps: [{shell: bash, run: "true"}]}
"""
# exchanges the job's own identity for a role as the real action does, where the job may ask for one
ASSUME = """\
name: StandInAssumeRole
description: Exchanges the job's identity for a role
inputs:
  role-to-assume: {required: true, description: role}
  role-session-name: {required: true, description: name}
  aws-region: {required: true, description: region}
runs:
  using: composite
  steps:
    - shell: bash
      env: {ROLE: "${{ inputs.role-to-assume }}", NAMED: "${{ inputs.role-session-name }}", REGION: "${{ inputs.aws-region }}"}
      run: |
        test -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" || { echo "this job may not ask for an identity"; exit 1; }
        python3 -I - <<'PROGRAM'
        import json, os, re, urllib.parse, urllib.request
        ask = urllib.request.Request(os.environ["ACTIONS_ID_TOKEN_REQUEST_URL"] + "&audience=sts.amazonaws.com")
        ask.add_header("Authorization", "bearer " + os.environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
        token = json.load(urllib.request.urlopen(ask))["value"]
        form = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": os.environ["ROLE"],
                "RoleSessionName": os.environ["NAMED"][:64], "WebIdentityToken": token}
        sent = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], data=urllib.parse.urlencode(form).encode())
        sent.add_header("Host", "sts." + os.environ["REGION"] + ".amazonaws.com")
        text = urllib.request.urlopen(sent).read().decode()
        names = {"AccessKeyId": "AWS_ACCESS_KEY_ID", "SecretAccessKey": "AWS_SECRET_ACCESS_KEY", "SessionToken": "AWS_SESSION_TOKEN"}
        with open(os.environ["GITHUB_ENV"], "a") as env:
            env.write("AWS_DEFAULT_REGION=" + os.environ["REGION"] + "\\n")
            for tag, name in names.items():
                value = re.search("<" + tag + ">([^<]+)</", text).group(1)
                print("::add-mask::" + value)
                env.write(name + "=" + value + "\\n")
        PROGRAM
"""
UPLOAD = """\
name: StandInUpload
description: Keeps what would be uploaded
inputs:
  name: {description: name}
  path: {description: file}
  sarif_file: {description: file}
  category: {description: category}
  ref: {description: ref}
  sha: {description: commit}
  if-no-files-found: {description: what then}
runs:
  using: composite
  steps:
    - shell: bash
      env: {FILE: "${{ inputs.path || inputs.sarif_file }}", REF: "${{ inputs.ref }}", SHA: "${{ inputs.sha }}"}
      run: |
        test ! -f "$FILE" || cp "$FILE" "$STAND_IN_UPLOADS/"
        printf '%s %s\\n' "$REF" "$SHA" >>"$STAND_IN_UPLOADS/said"
"""
STAND_INS = {"CHECKOUT": CHECKOUT, "SETUP_PYTHON": NOTHING, "AWS_CREDENTIALS": ASSUME, "UPLOAD_ARTIFACT": UPLOAD, "UPLOAD_SARIF": UPLOAD}
# notes what a step gives to goldenpath, then becomes it
NOTING = """#!/bin/sh
case "$1" in --version) ;; *)
  n=$(ls "{notes}" | wc -l)
  "{python}" -I -c 'import json, os, sys
print(json.dumps({{"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd()}}))' "$@" >"{notes}/$n.json" ;;
esac
test -z "${{MEMORY_DUMP:-}}" || exec "{python}" "{probe}" "$@"
exec "{python}" -m goldenpath "$@"
"""
PROBE = Path(__file__).with_name("memory_dump.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a workflow ended: act's exit code, everything that it printed, and each call of goldenpath."""

    code: int
    log: str
    calls: list[dict[str, Any]]

    def call(self, *words: str) -> dict[str, Any]:
        """Return the one call that begins with these words."""
        found = [call for call in self.calls if call["arguments"][: len(words)] == list(words)]
        assert len(found) == 1, (words, [call["arguments"] for call in self.calls], self.log[-4000:])
        return found[0]


def may_ask_for_identity(workflow: Path, job: str) -> bool:
    """Say whether GitHub would let the job ask who it is; without a name, whether all jobs of the workflow may."""
    jobs = yaml.safe_load(workflow.read_text())["jobs"]
    return all(each.get("permissions", {}).get("id-token") == "write" for name, each in jobs.items() if job in ("", name))


class ActRig:
    """A sandbox: everything that a run may touch lies below ``root``.

    Args:
        root: An empty folder.
        origin: The bare repository that stands for the forge's, or the address of a real one.
        repository: What the workflows take for their repository.
    """

    def __init__(self, root: Path, origin: Path | str, *, repository: str = "acme/platform") -> None:
        self._act = require_built("act") / "act"
        self.root, self.origin, self._repository = root, origin, repository
        self.home, self.state, self.uploads, self.notes = (root / name for name in ("home", "state", "uploads", "notes"))
        for folder in (self.home, self.uploads, self.notes, root / "temp"):
            folder.mkdir(parents=True)
        self._actions = self._write_actions(root / "actions")
        self._bin = self._write_program(root / "bin")

    def run(
        self,
        workflow: Path,
        event: str,
        payload: Mapping[str, Any],
        *,
        job: str = "",
        variables: Mapping[str, str] | None = None,
        extra: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        matrix: str = "",
        oidc: StandInOidc | None = None,
    ) -> Ran:
        """Run one workflow file as it is, as GitHub would for this event.

        ``oidc`` is offered to a job with the permission ``id-token: write`` and to no other, as GitHub does; name the ``job`` then.
        """
        place = self._place(workflow)
        event_file = self.root / "event.json"
        event_file.write_text(json.dumps(payload), encoding="utf-8")
        stated = {"GOLDENPATH_STATE_DIRECTORY": str(self.state), **(variables or {})}
        offered = oidc.environment() if oidc is not None and may_ask_for_identity(workflow, job) else {}
        given = {"STAND_IN_ORIGIN": str(self.origin), "STAND_IN_UPLOADS": str(self.uploads), **offered, **(extra or {})}
        command = [
            *(str(self._act), event, "-C", str(place), "-W", str(place / ".github" / "workflows" / workflow.name)),
            *("-e", str(event_file), "-P", "ubuntu-latest=-self-hosted", "--no-skip-checkout", "--no-cache-server", "--pull=false"),
            *("--action-offline-mode", "--defaultbranch", "main", "--container-daemon-socket", "-"),
            *(part for action, folder in self._actions.items() for part in ("--local-repository", f"{action}={folder}")),
            *(part for name, text in stated.items() for part in ("--var", f"{name}={text}")),
            *(part for name, text in given.items() for part in ("--env", f"{name}={text}")),
            *(("-j", job) if job else ()),
            *(("--matrix", matrix) if matrix else ()),
        ]
        secret_file = self.home / ".secrets"
        secret_file.write_text("".join(f"{name}={json.dumps(text)}\n" for name, text in (secrets or {}).items()))
        try:
            done = subprocess.run(
                [*command, "--secret-file", str(secret_file)],
                env=self._environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                timeout=ACT_SECONDS, check=False,
            )  # fmt: skip
        finally:
            secret_file.unlink()
        return Ran(code=done.returncode, log=done.stdout.decode("utf-8", "replace"), calls=self._taken_notes())

    def _taken_notes(self) -> list[dict[str, Any]]:
        """Return each call, and leave nothing of it: what a test searches afterwards is what the workflow left."""
        calls = []
        for path in sorted(self.notes.iterdir(), key=lambda path: int(path.stem)):
            calls.append(json.loads(path.read_text()))
            path.unlink()
        return calls

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self._bin}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.home / ".cache"),
            "TMPDIR": str(self.root / "temp"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "PYTHONPATH": str(ROOT / "src"),
            "LANG": "C.UTF-8",
        }

    def _place(self, workflow: Path) -> Path:
        """Return a repository at the commit of main, with nothing but the workflow in its folder: a job has to check out what it needs."""
        place = self.root / "place"
        shutil.rmtree(place, ignore_errors=True)
        (place / ".github" / "workflows").mkdir(parents=True)
        shutil.copy(workflow, place / ".github" / "workflows" / workflow.name)
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(place)], check=True)
        subprocess.run(["git", "remote", "add", "origin", f"https://github.com/{self._repository}.git"], cwd=place, check=True)
        subprocess.run(["git", "fetch", "--quiet", str(self.origin), "main"], cwd=place, check=True)
        subprocess.run(["git", "update-ref", "refs/heads/main", "FETCH_HEAD"], cwd=place, check=True)
        return place

    def _write_actions(self, folder: Path) -> dict[str, Path]:
        actions = {}
        for name, text in STAND_INS.items():
            repository, _, commit = ACTIONS[name].partition(" ")[0].partition("@")
            parts = repository.split("/")
            place = folder / name.lower()
            (place / "/".join(parts[2:])).mkdir(parents=True)
            (place / "/".join(parts[2:]) / "action.yml").write_text(text)
            actions[f"{'/'.join(parts[:2])}@{commit}"] = place
        ours = folder / "ours"
        (ours / "tools").mkdir(parents=True)
        shutil.copy(ROOT / "action.yml", ours / "action.yml")
        shutil.copy(ROOT / "tools" / "action.sh", ours / "tools" / "action.sh")
        return {**actions, OUR_ACTION: ours}

    def _write_program(self, folder: Path) -> Path:
        folder.mkdir()
        program = folder / "goldenpath"
        program.write_text(NOTING.format(notes=self.notes, python=sys.executable, probe=PROBE))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return folder
