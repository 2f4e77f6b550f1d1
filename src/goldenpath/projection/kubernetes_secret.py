"""The Kubernetes Secret of a request, made by the platform itself where no External Secrets runs (seed 004, flow 4).

Type and labels are those that an ExternalSecret of the request would set, so a cluster may change from one way to the other. Must not
read or compare anything.
"""

from __future__ import annotations

from collections.abc import Mapping

from goldenpath.model.cluster import KubernetesSecret, ObjectMeta
from goldenpath.model.request import SecretRequest
from goldenpath.model.secret import SecretValue
from goldenpath.model.secret_marks import secret_annotations, secret_labels
from goldenpath.model.store import VersionInfo
from goldenpath.projection.external_secret import kubernetes_type


def kubernetes_secret(
    request: SecretRequest, values: Mapping[str, SecretValue], *, version: VersionInfo, fingerprint: str, commit: str, over: str = ""
) -> KubernetesSecret:
    """Return the Secret with ``values``, the ones of ``version`` in the store.

    Args:
        request: What asks for it.
        values: Every key of the record, as External Secrets would extract them.
        version: Where the values come from.
        fingerprint: Keyed digest of the values, by their store.
        commit: The reviewed commit that the request was read at.
        over: The resource version that the Secret takes the place of; empty where there is none.
    """
    meta = request.metadata
    return KubernetesSecret(
        meta=ObjectMeta(
            name=request.spec.access.k8s_secret_name,
            namespace=request.spec.access.namespace,
            resource_version=over,
            labels=secret_labels(request.environment, request_id=meta.id, owner=meta.owner, service=meta.service),
            annotations=secret_annotations(meta.id, version_id=version.id, fingerprint=fingerprint, commit=commit),
        ),
        data=values,
        type=kubernetes_type(request),
    )
