"""The gate's codes: every rule, waivers, and why an approval does not count."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

CODES: dict[str, CodeDoc] = {
    "policy.value-unknown": CodeDoc(
        title="A word that the gate has no rule for",
        why="An unknown tier, class, status or environment could otherwise slip through as the mildest one.",
        fix="Use a known word. A new rotation class needs a cadence under rotation in the policy file first.",
        rule="R15",
    ),
    "policy.tier-floor": CodeDoc(
        title="Declared tier below the platform's floor",
        why="The platform knows which environments and types are dangerous whatever their author thinks; authors can only raise.",
        fix="Write the tier that the finding expects. It already counts: approvals, rotation and windows follow the floor.",
        rule="R14",
    ),
    "policy.tier-lowered": CodeDoc(
        title="The risk tier goes down",
        why="Lowering a tier removes approvals and rotation from a secret that had them, so the old tier's approvers decide.",
        fix="Get the approvals of the old tier, or keep it.",
        rule="R13",
    ),
    "policy.rotation-required": CodeDoc(
        title="Rotation class none at a tier that needs rotation",
        why="A high-risk value that never changes stays stolen once it is stolen.",
        fix="Choose a rotation class. Where the type cannot rotate, ask the platform for a waiver with owner, ticket and expiry.",
        rule="R15",
    ),
    "policy.rotation-weakened": CodeDoc(
        title="The secret rotates less often than before",
        why="Longer-lived values are worth more to whoever copies them, so the change is judged at the stricter side.",
        fix="Keep the rotation, or let the approvers of the stricter tier agree.",
        rule="R13",
    ),
    "policy.rotator-unusable": CodeDoc(
        title="The rotator cannot rotate this secret",
        why="The environment declares no such rotator, or it is not for this secret type, or nothing would call it: another provider or "
        "store, a class without a cadence, an option that it does not know. The value would stay as it is while everybody trusts that it "
        "changes.",
        fix="Choose a rotator that the environment declares for this type, or leave spec.rotation.rotator out: then goldenpath status "
        "lists the secret as not rotated by the store.",
        rule="R15",
    ),
    "policy.adr-required": CodeDoc(
        title="A decision record is missing",
        why="The policy file asks that requests of this tier rest on a written decision.",
        fix="Add metadata.adr with the id or link of the record.",
    ),
    "policy.identity-changed": CodeDoc(
        title="An identity field or the file of a request changed",
        why="The store path is made of service, environment and name; changing one leaves the old record behind with nobody responsible.",
        fix="Make a new request with a new id, move the readers, then deprecate the old one.",
        rule="R13",
    ),
    "policy.owner-changed": CodeDoc(
        title="The owner changes",
        why="Neither can a team give a secret away alone nor another take it.",
        fix="Get an approval of the old owner and one of the new owner.",
        rule="R13",
    ),
    "policy.id-reuse": CodeDoc(
        title="An id or store path is used again",
        why="Audit records, tombstones and receipts are found by id and path; reuse would mix two secrets' histories.",
        fix="Let goldenpath request new choose the id, and choose a name that was never used.",
        rule="R54",
    ),
    "policy.file-deletion": CodeDoc(
        title="A request file is deleted",
        why="Deleting a file is never a decommission: the secret would stay in the store without an owner.",
        fix="Bring the file back and walk spec.lifecycle.status to decommissioned step by step. The file may go once a tombstone stands.",
        rule="R13",
    ),
    "policy.lifecycle-start": CodeDoc(
        title="A new request that does not start as active",
        why="A life that begins in the middle skips the checks of the steps before.",
        fix="Write status: active.",
        rule="R54",
    ),
    "policy.lifecycle-step": CodeDoc(
        title="A lifecycle step that is not in the table",
        why="Only adjacent steps forward, and withdrawal to deprecated before deletion starts, keep proof of non-use possible.",
        fix="Take one step at a time. Nothing leaves decommissioned.",
        rule="R54",
    ),
    "policy.lifecycle-dwell": CodeDoc(
        title="A lifecycle step before its day",
        why="The wait is the time in which a forgotten reader is noticed; several changes in a row would make it zero.",
        fix="Propose the step again on the date in the finding. The policy file can make the wait longer, never shorter.",
        rule="R54",
    ),
    "policy.lifecycle-with-tier": CodeDoc(
        title="Lifecycle status and tier change together",
        why="The tier decides how long a step waits, so lowering it in the same change would choose its own wait.",
        fix="Make two changes: the tier first, then the step.",
        rule="R54",
    ),
    "policy.retirement-frozen": CodeDoc(
        title="A request on its way out is changed",
        why="Retirement acts on the target, store path and principals of the request; they must not move under it.",
        fix="Withdraw to deprecated in a change of its own, then change it. A decommissioned request never changes.",
        rule="R55",
    ),
    "policy.recovery-window": CodeDoc(
        title="Recovery window shorter than the tier's",
        why="The window is the last chance to bring back a secret that turned out to be needed.",
        fix="Leave recoveryWindowInDays out, or give at least the tier's days.",
        rule="R21",
    ),
    "policy.ttl-expired": CodeDoc(
        title="The term of the request ran out",
        why="A request that nobody renews is one that nobody looks after. Other changes wait; nothing is deleted.",
        fix="Set spec.renewedOn to today and have it reviewed, or set the status to deprecated.",
        rule="R56",
    ),
    "policy.ttl-expiring": CodeDoc(
        title="The term of the request ends soon",
        why="The warning comes ahead so that no change has to wait for a renewal.",
        fix="Set spec.renewedOn to today and have it reviewed, or plan the deprecation.",
        rule="R56",
    ),
    "policy.ttl-too-long": CodeDoc(
        title="ttlDays beyond the tier's limit",
        why="A term is the longest time between two looks at a secret; the policy file caps it by tier.",
        fix="Shorten ttlDays and renew when it runs out.",
        rule="R56",
    ),
    "policy.renewal-invalid": CodeDoc(
        title="A renewal with an impossible date",
        why="A renewal in the future, backwards or on no real day would stretch a term without a review.",
        fix="Write today's date in spec.renewedOn.",
        rule="R56",
    ),
    "policy.provider-unknown": CodeDoc(
        title="No such provider",
        why="A request for a store that does not exist would wait for ever, or be read as another one.",
        fix="Choose a provider from the finding.",
        rule="R15",
    ),
    "policy.namespace-unmapped": CodeDoc(
        title="Namespace not mapped to the service",
        why="Projecting into another service's namespace hands it our secret, or replaces its own.",
        fix="Use the service's own namespace, or have the platform add a mapping to the policy file.",
        rule="R26",
    ),
    "policy.namespace-reserved": CodeDoc(
        title="System namespace",
        why="What runs the cluster and the platform must not be fed by requests.",
        fix="Use the service's own namespace. This cannot be waived.",
        rule="R26",
    ),
    "policy.target-reserved": CodeDoc(
        title="Reserved Kubernetes Secret name",
        why="An ExternalSecret that owns such a name replaces another system's credentials; Argo CD broke that way.",
        fix="Choose another Secret name. This cannot be waived.",
        rule="R27",
    ),
    "policy.target-moved": CodeDoc(
        title="The Kubernetes Secret moves",
        why="The old object goes away with its owner, and pods that mount it fail at the next start.",
        fix="Move the readers first, or make a second request for the new place.",
        rule="R13",
    ),
    "policy.principal-invalid": CodeDoc(
        title="A principal that is not one role or user",
        why="Wildcards, roots and shortened names stand for more identities than the reviewers see.",
        fix="Name each role or user by its full ARN. This cannot be waived.",
        rule="R16",
    ),
    "policy.principal-account": CodeDoc(
        title="A principal of an account that the environment does not allow",
        why="Cross-account access is the platform's decision, made per environment.",
        fix="Use a principal of the environment's account, or have the platform add the account to its settings.",
        rule="R16",
    ),
    "policy.principal-overlap": CodeDoc(
        title="A principal with two kinds of access",
        why="Everyday readers that can also write or break glass make every leak of them an emergency.",
        fix="Use a role of its own for each kind of access, each listed once.",
        rule="R16",
    ),
    "policy.access-widened": CodeDoc(
        title="More principals get access",
        why="Reviewers decide on names, so the verdict shows each one that is added.",
        fix="Check that each added principal needs this secret; the stricter side's approvers decide.",
        rule="R13",
    ),
    "policy.mixed-environments": CodeDoc(
        title="One change touches several environments",
        why="A mild companion must not make a production change cheaper.",
        fix="Nothing, if the union of approvals is fine; otherwise split the change.",
        rule="R13",
    ),
    "policy.governance-change": CodeDoc(
        title="A steering file changes",
        why="Whoever could change the gate and pass it in one change would have no gate.",
        fix="Get the governance approvals. The old version judges; the new one counts after the merge.",
        rule="R10",
    ),
    "policy.governance-deleted": CodeDoc(
        title="A steering file is deleted",
        why="Without its data the gate cannot judge, and what cannot be judged is blocked.",
        fix="Bring the file back and change what must change inside it.",
        rule="R10",
    ),
    "policy.governance-weakened": CodeDoc(
        title="The proposed policy is milder",
        why="Lowering is allowed to those who own the policy, never unnoticed.",
        fix="Say why in the change, and get the governance approvals.",
        rule="R10",
    ),
    "policy.tombstone-removed": CodeDoc(
        title="A tombstone is taken away",
        why="Tombstones keep retired ids and paths from ever coming back.",
        fix="Bring the entry back; a new secret takes a new id and name.",
        rule="R54",
    ),
    "policy.policy-word-unknown": CodeDoc(
        title="A word in the policy file that means nothing",
        why="A floor or waiver with a typing error protects nobody, or is believed to.",
        fix="Mend the word in a change that touches the policy file only; such a repair is let through to its approvers.",
        rule="R15",
    ),
    "policy.change-unreadable": CodeDoc(
        title="A change without a readable side",
        why="What cannot be read is blocked, not skipped.",
        fix="Run goldenpath validate and mend the file.",
        rule="R15",
    ),
    "policy.waiver-expired": CodeDoc(
        title="A waiver is past its expiry",
        why="The exception was approved until that day and not a day longer.",
        fix="Remove it, or have a new expiry reviewed in a change of its own.",
        rule="R15",
    ),
    "policy.waiver-refused": CodeDoc(
        title="A waiver that never counts",
        why="Some rules cannot be waived, and a waiver without ticket and reason is nobody's decision.",
        fix="Remove it, or give it a ticket and a reason.",
        rule="R15",
    ),
    "approval.signature-invalid": CodeDoc(
        title="The approval's signature does not verify",
        why="Only a signature proves who approved.",
        fix="Approve again with a key that stands in the approvers file.",
        rule="R12",
    ),
    "approval.statement-unknown": CodeDoc(
        title="The approval has a form that this version does not know",
        why="What cannot be read completely does not count.",
        fix="Approve again with this version.",
        rule="R12",
    ),
    "approval.stale": CodeDoc(
        title="The approval is for another head, base or content",
        why="A new commit, or another base, makes a change that the approver has not seen.",
        fix="Ask the approver to look again and approve.",
        rule="R12",
    ),
    "approval.approver-unknown": CodeDoc(
        title="The approver is not in the approvers file of the base",
        why="Who may approve is decided by the protected base, not by the change.",
        fix="Have the person added in a change of its own, or ask somebody who is listed.",
        rule="R12",
    ),
    "approval.key-unknown": CodeDoc(
        title="The approval was signed with a key that is not the approver's",
        why="A key speaks for the person under whom it is listed, and for nobody else.",
        fix="Sign with a listed key, or have the key added to the approvers file.",
        rule="R12",
    ),
    "approval.by-bot": CodeDoc(
        title="The approver is a bot",
        why="Four eyes means two people.",
        fix="Ask a person.",
        rule="R12",
    ),
    "approval.by-author": CodeDoc(
        title="The approver had a hand in the change",
        why="Authors, committers, co-authors and requesters do not approve their own change, under any address or login.",
        fix="Ask somebody who has no commit in the change.",
        rule="R12",
    ),
    "approval.duplicate": CodeDoc(
        title="A second approval by the same person",
        why="One person counts once.",
        fix="Nothing; the first one counts.",
        rule="R12",
    ),
    "approval.address-unknown": CodeDoc(
        title="The approver has no address or login on file",
        why="Without one, nobody can tell whether the approver is also an author of the change.",
        fix="List the person's commit addresses in the approvers file, in a change of its own.",
        rule="R12",
    ),
    "approval.authors-unknown": CodeDoc(
        title="The change has no readable commits",
        why="Without its commits nobody can tell whether the approver is also the author.",
        fix="Judge with the full history of the branch (no shallow clone).",
        rule="R15",
    ),
    "approval.review-void": CodeDoc(
        title="The review does not approve",
        why="The newest verdict of a person counts: one that asks for changes or was dismissed takes the earlier one back. Comments, "
        "labels and reviews that were not submitted are no approval.",
        fix="Ask the reviewer to approve the pull request as it is now.",
        rule="R12",
    ),
    "approval.pusher-unknown": CodeDoc(
        title="Nobody can say who pushed the change",
        why="Whoever pushed a commit cannot approve it, and the forge does not tell who did: the fork is gone or hidden from the token, "
        "the account is gone, or the push is too old. What is unknown blocks.",
        fix="Let the token read the fork, or push the branch to this repository and have it reviewed there. With approvals.source: "
        "both, a signed statement (goldenpath approve) counts without it.",
        rule="R12 R15",
    ),
    "approval.identity-shared": CodeDoc(
        title="Two people of the approvers file share an address, login or key",
        why="One human could then approve as two.",
        fix="Give each person addresses, logins and keys of their own in governance/approvers.yaml.",
        rule="R12",
    ),
    "policy.rule-unknown": CodeDoc(
        title="No rule of this name",
        why="Explaining another rule than the one that was asked for would mislead.",
        fix="Run goldenpath policy explain to list every rule.",
    ),
}
