"""What becomes of the Kubernetes Secrets that the platform makes itself. Names, counts and ids; never a value."""

from __future__ import annotations

from typing import Literal

from goldenpath.model.base import Record

SecretAction = Literal["create", "update", "overwrite", "unchanged", "drift", "awaiting-value", "delete"]
"""``overwrite`` is an update over a hand edit that somebody accepted; ``drift`` one that nobody accepted, which is left alone."""

SecretOutcome = Literal["planned", "done", "none", "refused", "not-done"]
"""``none``: there was nothing to do. ``refused``: the cluster said no. ``not-done``: not tried, or not known to have worked."""

CHANGING: frozenset[SecretAction] = frozenset({"create", "update", "overwrite", "delete"})


class SecretReceipt(Record, frozen=True, kw_only=True):
    """What became of one Kubernetes Secret; ``code`` and ``message`` say why it is not as it should be.

    ``is_retryable`` says that running again is all it needs.
    """

    request_id: str
    namespace: str
    name: str
    action: SecretAction
    outcome: SecretOutcome
    keys: int = 0
    version_id: str = ""
    code: str = ""
    message: str = ""
    is_retryable: bool = False

    @property
    def change(self) -> tuple[str, str, str]:
        """What is done to what: the action and the Secret's place."""
        return (self.action, self.namespace, self.name)
