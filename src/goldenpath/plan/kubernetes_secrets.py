"""Decides about Kubernetes Secrets that the platform makes itself: whose they are, what each needs, which of them nobody asks for any more.

A Secret is ours when labels, annotations and the field manager all say so and nobody owns it (R27). A label alone is quickly copied.
Must not keep a value: those that it compares are compared in constant time and forgotten.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from goldenpath.model.cluster import FIELD_MANAGER, ClusterObject, KubernetesSecret, ObjectMeta
from goldenpath.model.finding import Finding
from goldenpath.model.materialize import SecretAction
from goldenpath.model.naming import external_secret_name
from goldenpath.model.request import SecretRequest
from goldenpath.model.secret import SecretValue
from goldenpath.model.secret_marks import COMMIT, LABEL_ID, MANAGED_BY, PLATFORM, REQUEST, STORE_VERSION


def judge_place(request: SecretRequest, found: ClusterObject | None, external_secrets: Iterable[ClusterObject]) -> Iterator[Finding]:
    """Yield why the request's Secret is not ours to write.

    Args:
        request: What asks for it.
        found: The Secret's metadata; None when the name is free.
        external_secrets: Those of its namespace.
    """
    for writer in external_secrets:
        if _target_of(writer) == request.spec.access.k8s_secret_name or writer.meta.name == external_secret_name(request):
            yield _finding(
                request,
                "materialize.external-secret",
                f"{writer.ref} writes {place_of(request)}; two writers would undo each other's work",
                hint="External Secrets serves this request: goldenpath sync. To change over, remove the ExternalSecret from Git first",
            )
    if found is not None:
        yield from _judge_found(request, found.meta)


def _judge_found(request: SecretRequest, meta: ObjectMeta) -> Iterator[Finding]:
    where = place_of(request)
    if meta.owners:
        owners = ", ".join(f"{owner.kind} {owner.name}" for owner in meta.owners)
        yield _finding(
            request,
            "materialize.secret-owned",
            f"Secret {where} is there and owned by {owners}",
            hint="let its owner go first, or ask for another k8sSecretName; it was not touched",
        )
    elif not is_materialized(meta):
        yield _finding(
            request,
            "materialize.secret-foreign",
            f"Secret {where} is there and was not made by goldenpath; {_managers(meta)}",
            hint="move what it holds into the store (goldenpath seed), delete it once nobody else needs it, and run again",
        )
    elif meta.labels.get(LABEL_ID) != request.id:
        yield _finding(
            request,
            "materialize.secret-foreign",
            f"Secret {where} belongs to {meta.labels.get(LABEL_ID) or 'no request'}",
            hint="one Secret has one request: ask for another k8sSecretName, or delete the Secret once nobody needs the old one",
        )
    if meta.deleted_at:
        waits = f"; it waits for {', '.join(meta.finalizers)}" if meta.finalizers else ""
        yield _finding(
            request,
            "materialize.secret-terminating",
            f"Secret {where} is being deleted since {meta.deleted_at}{waits}",
            hint="wait until it is gone, and run again",
        )


def judge_change(request: SecretRequest, wanted: KubernetesSecret, found: KubernetesSecret) -> Iterator[Finding]:
    """Yield why a Secret of ours cannot become what is wanted: Kubernetes changes no type and nothing of an immutable Secret."""
    if found.type != wanted.type:
        yield _finding(
            request,
            "materialize.type-differs",
            f"Secret {place_of(request)} has the type {found.type}, wanted is {wanted.type}; Kubernetes changes no type",
            hint="delete it while nobody mounts it, and run again",
        )
    elif found.is_immutable and not is_as_wanted(wanted, found):
        yield _finding(
            request,
            "materialize.secret-immutable",
            f"Secret {place_of(request)} was made immutable, and its data is not what is wanted",
            hint="delete it while nobody mounts it, and run again",
        )


def action_on(wanted: KubernetesSecret, found: KubernetesSecret | None, *, is_edited: bool, is_accepted: bool) -> SecretAction:
    """Return what the Secret needs. ``is_edited``: its data is not what we last wrote (R24)."""
    if found is None:
        return "create"
    if is_edited:
        return "overwrite" if is_accepted else "drift"
    return "unchanged" if is_as_wanted(wanted, found) else "update"


def is_as_wanted(wanted: KubernetesSecret, found: KubernetesSecret) -> bool:
    """Say whether nothing need be written. The commit does not count, nor the fingerprint, whose key may be another machine's."""
    marks = {REQUEST, STORE_VERSION}
    is_marked = all(found.meta.annotations.get(name) == wanted.meta.annotations[name] for name in marks)
    return is_marked and wanted.meta.labels.items() <= found.meta.labels.items() and has_same_data(wanted.data, found.data)


def has_same_data(one: Mapping[str, SecretValue], other: Mapping[str, SecretValue]) -> bool:
    """Say whether two sets of values are the same, in constant time per value (R4)."""
    if one.keys() != other.keys():
        return False
    return sum(not hmac.compare_digest(value.reveal(), other[key].reveal()) for key, value in one.items()) == 0


def is_materialized(meta: ObjectMeta) -> bool:
    """Say whether the platform made this Secret, and nobody has taken it over."""
    is_marked = meta.labels.get(MANAGED_BY) == PLATFORM and bool(meta.annotations.get(STORE_VERSION))
    return is_marked and FIELD_MANAGER in meta.managers and not meta.owners


def find_leftovers(
    objects: Iterable[ClusterObject],
    requests: Sequence[SecretRequest],
    *,
    known_ids: Collection[str],
    is_contained: Callable[[str], bool],
) -> tuple[tuple[ClusterObject, ...], tuple[Finding, ...]]:
    """Return the Secrets of ours that no request asks for any more and that may go, and a warning for each that stays.

    Args:
        objects: Secrets of the environment, others' too.
        requests: The environment's requests that take values.
        known_ids: Every id of the catalog and of the tombstones.
        is_contained: Says whether the commit that we work from contains another one.
    """
    asked = {(each.spec.access.namespace, each.spec.access.k8s_secret_name): each.id for each in requests}
    left = [
        each
        for each in objects
        if is_materialized(each.meta)
        and not each.meta.deleted_at
        and asked.get((each.meta.namespace, each.meta.name)) != each.meta.labels.get(LABEL_ID)
    ]
    reasons = [(each, _reason_to_stay(each, known_ids, is_contained)) for each in left]
    return tuple(each for each, reason in reasons if reason is None), tuple(reason for _, reason in reasons if reason is not None)


def newer_commit(where: str, written: str) -> str:
    """Return the message about a Secret that another history than ours wrote."""
    return f"Secret {where} was written from commit {written[:12] or '(not stated)'}, which this clone's reviewed branch does not contain"


def _reason_to_stay(found: ClusterObject, known_ids: Collection[str], is_contained: Callable[[str], bool]) -> Finding | None:
    """Return why a leftover stays: a newer commit, or another platform, may ask for it (R19); a file that is gone is no end (R13)."""
    where = f"{found.meta.namespace}/{found.meta.name}"
    written, owner = found.meta.annotations.get(COMMIT, ""), found.meta.labels.get(LABEL_ID, "")
    if not written or not is_contained(written):
        rule, message, hint = "materialize.newer-commit", newer_commit(where, written), "fetch the protected branch and run again"
    elif owner not in known_ids:
        rule = "materialize.request-gone"
        message = f"Secret {where} was made for {owner}, which is neither in the catalog nor among the tombstones"
        hint = "bring its request back and decommission it; or delete the Secret by hand once nobody reads it"
    else:
        return None
    return Finding(rule=rule, level="warn", message=message, subject=owner, hint=hint)


def place_of(request: SecretRequest) -> str:
    """Return namespace and name of the request's Secret, as ``kubectl`` users write them."""
    return f"{request.spec.access.namespace}/{request.spec.access.k8s_secret_name}"


def _target_of(external_secret: ClusterObject) -> str:
    target = external_secret.spec.get("target")
    name = target.get("name") if isinstance(target, dict) else None
    return name if isinstance(name, str) and name else external_secret.meta.name


def _managers(meta: ObjectMeta) -> str:
    return f"its fields were set by {', '.join(meta.managers)}" if meta.managers else "nobody says who set its fields"


def _finding(request: SecretRequest, rule: str, message: str, *, hint: str) -> Finding:
    return Finding(rule=rule, level="block", message=message, subject=request.id, field="spec.access.k8sSecretName", hint=hint)
