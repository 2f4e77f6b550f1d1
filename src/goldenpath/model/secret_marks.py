"""What a Kubernetes Secret of ours says of itself: labels that whoever makes it sets, and annotations of those that the platform makes.

Names and ids alone. The one thing that comes from a value is a fingerprint, keyed by its store.
"""

from __future__ import annotations

from typing import Final, TypeVar

T = TypeVar("T")

MANAGED_BY: Final = "app.kubernetes.io/managed-by"
PLATFORM: Final = "goldenpath"
LABEL_ENVIRONMENT: Final = "goldenpath.io/environment"
LABEL_ID: Final = "goldenpath.io/id"
LABEL_OWNER: Final = "goldenpath.io/owner"
LABEL_SERVICE: Final = "goldenpath.io/service"

REQUEST: Final = "goldenpath.io/request"
STORE_VERSION: Final = "goldenpath.io/store-version"
FINGERPRINT: Final = "goldenpath.io/fingerprint"
COMMIT: Final = "goldenpath.io/commit"
"""The reviewed commit that the Secret was last written from; only a write changes it, so that a new commit alone writes nothing."""


def secret_labels(environment: str, *, request_id: T, owner: T, service: T) -> dict[str, str | T]:
    """Return the labels of a Kubernetes Secret: who manages it and which request explains it, whichever way it gets there."""
    return {
        MANAGED_BY: PLATFORM,
        LABEL_ENVIRONMENT: environment,
        LABEL_ID: request_id,
        LABEL_OWNER: owner,
        LABEL_SERVICE: service,
    }


def secret_annotations(request_id: str, *, version_id: str, fingerprint: str, commit: str) -> dict[str, str]:
    """Return the annotations of a Secret that the platform makes from a version of the store.

    A fingerprint means something only to who has the store's key, and machines may have different ones: it is a hint, no proof.
    """
    return {REQUEST: request_id, STORE_VERSION: version_id, FINGERPRINT: fingerprint, COMMIT: commit}
