"""The Kubernetes Secret of a request, made by the platform itself where no External Secrets runs (seed 004, flow 4).

Type and labels are those that an ExternalSecret of the request would set, so a cluster may change from one way to the other. Must not
read or compare anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from goldenpath.model.cluster import KubernetesSecret, ObjectMeta
from goldenpath.model.request import SecretRequest
from goldenpath.model.secret import SecretValue
from goldenpath.model.secret_marks import secret_annotations, secret_labels
from goldenpath.model.store import VersionInfo
from goldenpath.projection.external_secret import kubernetes_type

_NEW: Final = ObjectMeta(name="")


def kubernetes_secret(
    request: SecretRequest,
    values: Mapping[str, SecretValue],
    *,
    version: VersionInfo,
    fingerprint: str,
    commit: str,
    over: ObjectMeta | None = None,
) -> KubernetesSecret:
    """Return the Secret with ``values``, the ones of ``version`` in the store.

    Args:
        request: What asks for it.
        values: Every key of the record, as External Secrets would extract them.
        version: Where the values come from.
        fingerprint: Keyed digest of the values, by their store.
        commit: The reviewed commit that the request was read at.
        over: The Secret that was looked at, which is changed in exactly this version; None where there is none.
    """
    meta = request.metadata
    exactly = over or _NEW
    return KubernetesSecret(
        meta=ObjectMeta(
            name=request.spec.access.k8s_secret_name,
            namespace=request.spec.access.namespace,
            uid=exactly.uid,
            resource_version=exactly.resource_version,
            labels=secret_labels(request.environment, request_id=meta.id, owner=meta.owner, service=meta.service),
            annotations=secret_annotations(meta.id, version_id=version.id, fingerprint=fingerprint, commit=commit),
        ),
        data=values,
        type=kubernetes_type(request),
    )
