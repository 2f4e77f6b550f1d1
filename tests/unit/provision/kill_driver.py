"""Dies before and after every external call of an apply (store and journal), runs again, and prints what became of it.

Runs as a process of its own, so that it can fork: each fork is one run that ends by ``os._exit`` at a chosen call. Prints one JSON line
per death: the call, when, the exit status, and what differs from a clean run (nothing, when all is well).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

from msgspec.structs import replace
from tests.apply_rig import ApplyRig, many, open_rig
from tests.faults import Fault, FaultyJournal, Schedule
from tests.stores import make_desired

from goldenpath.model.store import DesiredSecret, StoreRecord


def desired_state() -> list[DesiredSecret]:
    """One record to change, one to leave alone, three to make, one orphan (the prepared fourth)."""
    old = many(3)
    return [replace(old[0], description="changed", policy=""), old[1], *(make_desired(f"SEC-1{n:03d}", path=f"new/{n}") for n in range(3))]


def prepare(folder: Path) -> None:
    open_rig(folder).apply(many(3), commit="0" * 40)


def rig_of(folder: Path, schedule: Schedule, *, run: int) -> ApplyRig:
    rig = open_rig(folder, schedule, entropy_seed=1000 * run)
    rig.journal = FaultyJournal(rig.journal, schedule)
    rig.holder = f"run-{run}"
    return rig


def essence(record: StoreRecord) -> StoreRecord:
    """What must be equal however often a run died: everything but who wrote last and when."""
    return replace(record, generation=0, created_at="")


def final_state(folder: Path) -> list[StoreRecord]:
    return [essence(record) for record in open_rig(folder).store.list_records("dev")]


def apply_once(folder: Path, schedule: Schedule, *, run: int) -> int:
    return rig_of(folder, schedule, run=run).apply(desired_state()).mutating_calls


def die(folder: Path, number: int, fault: Fault) -> int:
    child = os.fork()
    if child == 0:
        apply_once(folder, Schedule({number: fault}), run=1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def faults_after(folder: Path, clean: list[StoreRecord]) -> list[str]:
    """Run again twice; return what is wrong."""
    again = rig_of(folder, Schedule(), run=2)
    receipt = again.apply(desired_state())
    found = [] if receipt.is_complete else ["the rerun is incomplete"]
    if final_state(folder) != clean:
        found.append("the final state differs from a clean run")
    if list(again.journal.unfinished("dev")):
        found.append("the journal still has open entries")
    if apply_once(folder, Schedule(), run=3):
        found.append("the third run still changed something")
    return found


def main(workspace: Path) -> None:
    prepare(workspace / "prepared")
    shutil.copytree(workspace / "prepared", workspace / "clean")
    schedule = Schedule()
    apply_once(workspace / "clean", schedule, run=1)
    clean = final_state(workspace / "clean")
    faults: list[Fault] = ["kill-before", "kill-after"]
    for number, call in enumerate(schedule.calls, start=1):
        for fault in faults:
            folder = workspace / f"{fault}-{number}"
            shutil.copytree(workspace / "prepared", folder)
            status = die(folder, number, fault)
            line = {"number": number, "call": call, "fault": fault, "status": status, "wrong": faults_after(folder, clean)}
            sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
