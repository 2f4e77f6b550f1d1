"""Codes of the Terraform engine."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "terraform.missing": CodeDoc(
        title="Terraform could not be started",
        why="goldenpath.yaml says provision.engine: terraform, and the program is not on this machine.",
        fix="Install it, set provision.terraform.binary, or use the direct engine.",
    ),
    "terraform.version": CodeDoc(
        title="This Terraform is too old",
        why="Records that exist are taken over with import blocks, which need Terraform 1.7.",
        fix="Update Terraform to 1.7 or newer.",
    ),
    "terraform.module-missing": CodeDoc(
        title="The module secret-catalog is not part of this installation",
        why="The engine runs the module that is shipped with the package, so that both have one version.",
        fix="Install the wheel, or run from a checkout.",
    ),
    "terraform.backend-shared": CodeDoc(
        title="Two environments would share one Terraform state",
        why="The state of an environment must never be planned against the catalog of another.",
        fix="Write {environment} into the backend's key, prefix or path: provision.terraform.backend.config.",
        rule="R33",
    ),
    "terraform.workspace-busy": CodeDoc(
        title="Another run uses the same working folder",
        why="Two Terraforms in one folder would exchange each other's plan.",
        fix="Wait for the other run to end, then run again.",
        rule="R19",
    ),
    "terraform.command-failed": CodeDoc(
        title="A Terraform command failed",
        why="Its text is not repeated here, as it can hold addresses and account details. Part of an apply may be done.",
        fix="Read run.log in the folder that the message names, mend the cause and run again: what is done is found and not done twice.",
    ),
    "terraform.timeout": CodeDoc(
        title="A Terraform command did not end in time",
        why="It was asked to stop and to save its state. Part of an apply may be done.",
        fix="Run again; raise provision.terraform.timeoutSeconds for a large catalog.",
        rule="R22",
    ),
    "terraform.output-unreadable": CodeDoc(
        title="Terraform's JSON cannot be read",
        why="What it would do is unknown, so nothing was done.",
        fix="Run again; if it stays, this Terraform writes a format that is not known here.",
    ),
    "terraform.no-plan": CodeDoc(
        title="There is no saved plan to apply",
        why="Only a plan that was compared with ours is ever applied, and only once.",
        fix="Run apply again; it plans anew.",
        rule="R19",
    ),
    "terraform.would-destroy": CodeDoc(
        title="Terraform would delete or replace something",
        why="The platform never destroys on its own; a replaced secret loses its values.",
        fix="Look at the address in the plan: a renamed secret needs a new request, a retired one the reviewed action.",
        rule="R21",
    ),
    "terraform.unknown-address": CodeDoc(
        title="Terraform would change something that belongs to no request",
        why="Its state holds resources that the platform did not make, or the module was changed.",
        fix="Keep other resources in a state of their own.",
        rule="R20",
    ),
    "terraform.would-create": CodeDoc(
        title="Terraform would create a secret whose name is taken",
        why="The record exists, is somebody else's or is scheduled for deletion; creating it would fail or take it over.",
        fix="Adopt or restore the record by a reviewed action, or choose another name.",
        rule="R20",
    ),
    "terraform.plan-differs": CodeDoc(
        title="Terraform would change a record that our plan leaves alone",
        why="Both engines must say the same; a difference means that one of them sees something that the other does not.",
        fix="Compare both in goldenpath apply --dry-run. A store that lags behind settles within minutes.",
        rule="R8",
    ),
    "terraform.held-up": CodeDoc(
        title="Not tried: something else in the same Terraform plan was refused",
        why="Terraform carries out a plan as a whole, so one step that may not be done holds up the environment's others.",
        fix="Resolve the steps that are refused with a reason of their own, then run again.",
        rule="R24",
    ),
}
