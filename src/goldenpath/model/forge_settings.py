"""Where pull requests live, and which approvals count: the parts ``forge`` and ``approvals`` of ``goldenpath.yaml``."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from goldenpath.model.base import Contract

ApiAddress = Annotated[
    str,
    Meta(
        max_length=255,
        pattern=r"^(?:https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._-]+)*)?$(?!\n)",
        description="Base address of the API, without a slash at its end",
    ),
]
ForgeRepository = Annotated[
    str, Meta(max_length=200, pattern=r"^(?:[A-Za-z0-9][A-Za-z0-9._-]*/(?!\.{1,2}$)[A-Za-z0-9._-]+)?$(?!\n)", description="owner/name")
]
Number = Annotated[int, Meta(ge=0, le=2**53 - 1)]


class ForgeSettings(Contract, frozen=True, kw_only=True):
    """The repository on its forge.

    ``url`` is the base of its API: https://api.github.com, https://github.example.com/api/v3, https://gitea.example.com/api/v1. Where
    ``url`` and ``repository`` are left out, a workflow's own GITHUB_API_URL and GITHUB_REPOSITORY count; reviews are only read from a forge
    that is stated here. The token comes from GOLDENPATH_FORGE_TOKEN or GITHUB_TOKEN, or is made for the GitHub App ``app`` and its
    ``installation`` (0: the one of the repository) with the private key in the file that GOLDENPATH_FORGE_APP_KEY names.
    """

    kind: Literal["github", "gitea"] = "github"
    url: ApiAddress = ""
    repository: ForgeRepository = ""
    app: Number = 0
    installation: Number = 0

    @property
    def is_stated(self) -> bool:
        """True when no variable has a say in which forge is meant."""
        return bool(self.url and self.repository)


class ApprovalSettings(Contract, frozen=True, kw_only=True):
    """Which approvals count: statements that people signed, reviews on the forge, or either (a person counts once)."""

    source: Literal["signed-notes", "reviews", "both"] = "signed-notes"

    @property
    def counts_notes(self) -> bool:
        """True when signed statements count."""
        return self.source != "reviews"

    @property
    def counts_reviews(self) -> bool:
        """True when reviews on the forge count."""
        return self.source != "signed-notes"
