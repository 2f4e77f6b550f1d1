"""The port to an infrastructure tool such as Terraform: it plans, the plan is looked at, and exactly that plan is carried out.

The tool owns containers, tags, policies, keys, rotation settings and the reader's role; never a value (R1). Its plan is not trusted:
whoever asks for it compares it with our own before it is applied. Everything it does is repeatable.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from goldenpath.model.infrastructure import InfrastructurePlan, InfrastructureRoot


class InfrastructureWorkspace(Protocol):
    """One environment's working place while it is held."""

    def plan(self) -> InfrastructurePlan:
        """Return what the tool would do; the plan is saved.

        In a workspace that is no preview the tool first forgets what no request asks for any more: the records stay.

        Raises:
            ProviderRefused: ``terraform.command-failed``, ``terraform.output-unreadable``.
            ProviderUnavailable: ``terraform.timeout``.
        """
        ...

    def apply(self) -> None:
        """Carry out the saved plan, once. A failure may leave part of it done: look at the store to know.

        Raises:
            ProviderRefused: ``terraform.command-failed``, ``terraform.no-plan``.
            ProviderUnavailable: ``terraform.timeout``.
        """
        ...


class Infrastructure(Protocol):
    """Opens workspaces."""

    def open(self, root: InfrastructureRoot, *, is_preview: bool) -> AbstractContextManager[InfrastructureWorkspace]:
        """Prepare the environment's workspace and hold it; a preview works on a copy of the tool's state and changes nothing anywhere.

        Raises:
            Misconfigured: ``terraform.missing``, ``terraform.version``, ``terraform.module-missing``, ``terraform.backend-shared``.
            Conflict: ``terraform.workspace-busy``.
            ProviderRefused, ProviderUnavailable: as for planning.
        """
        ...
