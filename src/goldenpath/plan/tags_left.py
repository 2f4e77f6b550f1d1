"""What the platform left each tag at, worked out from the one digest that it keeps of all tags together.

A tag that differs was left as it is found (then the catalog moved on) or as it is wanted (then somebody changed it). Every combination
of the two is tried against the digest; the one that fits is what was. Where none fits, nobody knows, and it counts as drift.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Literal

from goldenpath.model.store import StoreRecord, tags_digest

Left = Literal["found", "wanted", "neither", "unknown"]

MOST_TAGS = 10
"""Up to this many tags that differ, combinations are tried; 1,024 short digests."""


def tags_left(wanted: Mapping[str, str], record: StoreRecord) -> dict[str, Left]:
    """Return, for each tag that differs between ``wanted`` and the record, how our last write left it."""
    found = dict(record.comparable_tags)
    keys = sorted(key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key))
    left = record.applied_digests.get("tags")
    if left is None or len(keys) > MOST_TAGS:
        guess: Left = "unknown" if left is None else "found" if left == record.field_digests["tags"] else "neither"
        return dict.fromkeys(keys, guess)
    for sides in product((found, wanted), repeat=len(keys)):
        tags = {**found, **{key: side[key] for key, side in zip(keys, sides, strict=True) if key in side}}
        gone = {key for key, side in zip(keys, sides, strict=True) if key not in side}
        if tags_digest({key: text for key, text in tags.items() if key not in gone}) == left:
            return {key: "found" if side is found else "wanted" for key, side in zip(keys, sides, strict=True)}
    return dict.fromkeys(keys, "neither")
