"""The port to what renders a Kustomize overlay. It is given files and gives back text: it reads nothing else, and asks nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from goldenpath.model.base import Record


class Rendered(Record, frozen=True, kw_only=True):
    """What an overlay came to: a stream of YAML documents, or why there is none, in our own words. ``fault`` is empty when it worked."""

    documents: bytes = b""
    fault: str = ""


class OverlayRenderer(Protocol):
    """Renders overlays as Kustomize does, without plugins, Helm, or anything from a network."""

    def render(self, files: Mapping[str, bytes], folder: str) -> Rendered:
        """Render the overlay in ``folder`` of ``files`` ({path: content}); an overlay that cannot be rendered is an answer.

        Raises:
            Misconfigured: ``overlay.renderer-missing``.
            ProviderUnavailable: ``overlay.renderer-timeout``.
        """
        ...
