"""Codes of restarts on request."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "rollout.failed": CodeDoc(
        title="A restarted workload did not come through",
        why="Its new pods do not become ready; the old ones keep running, and nothing further was restarted.",
        fix="kubectl describe shows why its pods fail. Mend that, then run the same command again: it goes on with the rest.",
        rule="R59",
    ),
    "rollout.gone": CodeDoc(
        title="A workload was deleted while it restarted",
        why="Somebody deleted it, or made another one of the same name, so what was waited for cannot come.",
        fix="Run the same command again: it looks at what is there now.",
    ),
    "rollout.not-restartable": CodeDoc(
        title="A workload cannot be restarted any more",
        why="Since the plan was made it was paused, deleted, or given a strategy that replaces no pods.",
        fix="Run the same command again: it shows the workload with the reason.",
    ),
    "rollout.not-seen": CodeDoc(
        title="More would be restarted than was shown",
        why="What somebody agreed to is the most that is done; meanwhile another workload came to hold an older version.",
        fix="Run it again and look at the new plan.",
        rule="R19",
    ),
    "rollout.outside-window": CodeDoc(
        title="The change window is closed",
        why="Workloads of this environment are restarted only at the times that rollout.windows in goldenpath.yaml states, in UTC.",
        fix="Run it again when the window opens (the message says when), or pass --outside-window with --reason; both are recorded.",
        rule="R50",
    ),
    "rollout.several-environments": CodeDoc(
        title="The requests are in several environments",
        why="One run restarts workloads in one environment, so that nobody restarts prod by naming one id too many.",
        fix="Run it once for each environment.",
        rule="R33",
    ),
    "rollout.stopped": CodeDoc(
        title="A workload was not restarted because another one failed",
        why="What broke one workload can break the next; after the first that does not come through, nothing further is restarted.",
        fix="Mend the one that failed, then run the same command again: it goes on with the rest.",
        rule="R59",
    ),
    "rollout.superseded": CodeDoc(
        title="A workload's template was replaced while its restart was waited for",
        why="A deployment in the meantime took the mark of the restart away; its pods may have seen the change all the same.",
        fix="Run the same command again: it looks at what each pod has seen.",
    ),
    "rollout.timeout": CodeDoc(
        title="A workload took longer than a restart may take",
        why="Its pods were not replaced in time: a disruption budget, missing room, or a slow start.",
        fix="Run the same command again: it goes on waiting and restarts nothing twice. --wait-seconds makes it more patient.",
        rule="R59",
    ),
}
