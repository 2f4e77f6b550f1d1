"""Codes of refreshing ExternalSecrets, and of what arrived."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

_SYNC = "Run goldenpath sync again; it asks anew and changes nothing else."

CODES: dict[str, CodeDoc] = {
    "sync.nothing-selected": CodeDoc(
        title="No ExternalSecret matches",
        why="Nothing was refreshed, and that must not look like a success.",
        fix="Check namespace and labels. goldenpath status shows which requests should be in the cluster.",
        rule="R30",
    ),
    "sync.external-secret-missing": CodeDoc(
        title="The ExternalSecret is not in the cluster",
        why="Its manifest was not committed, or Argo CD has not applied it, or somebody deleted it.",
        fix="goldenpath trace names the first seam that is behind.",
        rule="R30",
    ),
    "sync.refresh-disabled": CodeDoc(
        title="The ExternalSecret ignores requests to refresh",
        why="With refreshInterval 0 or refreshPolicy CreatedOnce the controller does nothing when asked, so waiting would be in vain.",
        fix="Give it a refreshInterval above 0, or refreshPolicy OnChange.",
        rule="R30",
    ),
    "sync.store-unusable": CodeDoc(
        title="The store behind the ExternalSecret serves nobody",
        why="It is not in the cluster, not ready, or belongs to a controller of another class, so a refresh can only fail.",
        fix="goldenpath doctor --cluster shows the stores; kubectl describe on the store shows its provider's words.",
        rule="R30",
    ),
    "sync.being-deleted": CodeDoc(
        title="The ExternalSecret is being deleted",
        why="What is on its way out is not refreshed. A finalizer that nobody serves holds it for ever.",
        fix="Wait until it is gone. If it stays, its controller is not running: goldenpath doctor --cluster.",
        rule="R30",
    ),
    "sync.deleted": CodeDoc(
        title="The ExternalSecret was deleted meanwhile",
        why="Somebody removed it after it was asked to refresh.",
        fix="goldenpath trace shows whether it should be there; goldenpath apply and Argo CD bring it back.",
    ),
    "sync.replaced": CodeDoc(
        title="Another ExternalSecret has the name now",
        why="It was deleted and made anew after it was asked; what the new one did says nothing about the request.",
        fix=_SYNC,
    ),
    "sync.failed": CodeDoc(
        title="The controller could not refresh it",
        why="External Secrets reported an error after the request: the value is not there, not readable, or the Secret cannot be written.",
        fix="kubectl describe on the ExternalSecret shows the provider's words, which may name what must not be repeated here.",
        rule="R30",
    ),
    "sync.still-failing": CodeDoc(
        title="It was failing before, and nothing changed",
        why="The controller repeats a failure without a word, so an old one and a new one look alike.",
        fix="kubectl describe on the ExternalSecret shows its newest event. Mend the cause, then run goldenpath sync again.",
        rule="R30",
    ),
    "sync.not-processed": CodeDoc(
        title="The controller did not work on the request",
        why="No status names it. External Secrets may not run, be overloaded, or be throttled by its provider.",
        fix="goldenpath doctor --cluster; then run the same command again, with a longer --wait-seconds if the cluster is busy.",
        rule="R30",
    ),
    "sync.no-secret": CodeDoc(
        title="The controller is done, and there is no Secret",
        why="Its provider has no data, and the ExternalSecret's policies say that it is then deleted or left out.",
        fix="Look at the value in the store (goldenpath status), then run goldenpath sync again.",
        rule="R30",
    ),
    "sync.secret-missing": CodeDoc(
        title="The Secret is not in the cluster",
        why="The controller says that it wrote it; somebody deleted it since, or it has another name.",
        fix=_SYNC,
        rule="R30",
    ),
    "sync.secret-foreign": CodeDoc(
        title="The Secret belongs to somebody else",
        why="It has another owner, or none, so what is in it did not come from this ExternalSecret.",
        fix="Find out who made it (goldenpath orphans --cluster), and give one of the two another name.",
        rule="R27",
    ),
    "sync.version-behind": CodeDoc(
        title="The Secret holds another value than the store",
        why="The controller was asked several times and wrote something whose fingerprint is not that of the current version.",
        fix="goldenpath trace shows both. Does the ExternalSecret read the record that the request names? Was the Secret edited by hand?",
        rule="R30",
    ),
    "sync.unproven": CodeDoc(
        title="Nobody can say which version arrived",
        why="No fingerprint can be compared, and times do not tell which is newer.",
        fix=_SYNC,
        rule="R30",
    ),
    "sync.stuck-deletion": CodeDoc(
        title="A deletion does not end",
        why="A finalizer holds the object: its controller is not running, or cannot do its part.",
        fix="goldenpath doctor --cluster. Removing a finalizer by hand leaves behind what its controller would have cleaned up.",
        rule="R31",
    ),
    "sync.still-there": CodeDoc(
        title="The ExternalSecret should be gone and is there",
        why="Its manifest is still in Git, or Argo CD does not prune.",
        fix="Run goldenpath apply; turn prune on for the application, or remove the object there.",
        rule="R31",
    ),
    "sync.secret-left": CodeDoc(
        title="The Secret outlived its ExternalSecret",
        why="It has no owner that Kubernetes would delete it with, or nothing collects garbage.",
        fix="See whose it is with goldenpath orphans --cluster, then delete it when no pod needs it.",
        rule="R31",
    ),
}
