"""What has to change so that the repository holds exactly the generated files, and what stands in the way. Pure.

Only files that the listing names are ever replaced or removed. A generated file that a person has edited is drift: it is
reported and left alone until somebody decides (R24). A file of somebody else is never touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate

from goldenpath.delivery.listing import LISTING, checksum, read_listing, write_listing
from goldenpath.delivery.outline import Outline
from goldenpath.errors import InvalidIntent
from goldenpath.model.base import Record

Files = Mapping[str, Mapping[str, bytes]]
"""{place: {path inside its folder: content}}. A place is an environment, or a folder of the repository, which has a ``/`` in it."""


def folder_of(place: str, *, directory: str) -> str:
    """Return the folder of a place; those of environments lie in ``directory``."""
    return place if "/" in place else f"{directory}/{place}"


class Difference(Record, frozen=True, kw_only=True):
    """Repository against generated files. All paths are relative to the repository's folder, sorted.

    ``additions`` are those of ``writes`` that are not there yet.
    ``drift`` are generated files that were edited or removed by hand; ``foreign`` are files in the way that we did not make.
    ``writes`` and ``removals`` include what drifted; they may be carried out only after a decision.
    """

    writes: dict[str, bytes]
    additions: tuple[str, ...]
    removals: tuple[str, ...]
    drift: tuple[str, ...]
    foreign: tuple[str, ...]
    unchanged: int

    @property
    def outline(self) -> Outline:
        """What this does, without the content."""
        return Outline(
            writes={path: checksum(content) for path, content in sorted(self.writes.items())}, removals=self.removals, drift=self.drift
        )


def compare(current: Mapping[str, bytes], files: Files, *, directory: str) -> Difference:
    """Compare what is there with what should be, for the places in ``files`` only.

    Args:
        current: {path: content} of everything in the places' folders, and of what is around them.
        files: Generated files by place; one with none gives up all that it had.
        directory: The folder of the environments' folders.

    Raises:
        Conflict: ``delivery.listing-invalid``.
        InvalidIntent: ``delivery.path-invalid`` when a generated file has the listing's own name.
    """
    parts = [_compare_one(current, files[place], folder_of(place, directory=directory)) for place in sorted(files)]
    return Difference(
        writes={path: content for part in parts for path, content in sorted(part.writes.items())},
        additions=tuple(sorted(path for part in parts for path in part.additions)),
        removals=tuple(sorted(path for part in parts for path in part.removals)),
        drift=tuple(sorted(path for part in parts for path in part.drift)),
        foreign=tuple(sorted(path for part in parts for path in part.foreign)),
        unchanged=sum(part.unchanged for part in parts),
    )


def _compare_one(current: Mapping[str, bytes], files: Mapping[str, bytes], folder: str) -> Difference:
    if LISTING in files:
        raise InvalidIntent("delivery.path-invalid", "a generated file has the name of the listing", subject=f"{folder}/{LISTING}")
    listing = f"{folder}/{LISTING}"
    owned = {f"{folder}/{path}": total for path, total in read_listing(current.get(listing), subject=listing).items()}
    wanted = {f"{folder}/{path}": content for path, content in files.items()}
    writes = {path: content for path, content in wanted.items() if current.get(path) != content}
    removals = [path for path in owned if path not in wanted and path in current]
    drift = [path for path in {*writes, *removals} if _has_drifted(current.get(path), wanted.get(path), owned.get(path))]
    unchanged = len(wanted) - len(writes)
    _put_listing(writes, removals, current.get(listing), files, listing)
    return Difference(
        writes=writes,
        additions=tuple(path for path in writes if path not in current),
        removals=tuple(removals),
        drift=tuple(drift),
        foreign=tuple(_foreign(current, wanted, {*owned, listing}, folder)),
        unchanged=unchanged,
    )


def _has_drifted(there: bytes | None, wanted: bytes | None, listed: str | None) -> bool:
    """Say whether a listed file is not as we left it, and not already as we want it."""
    return listed is not None and there != wanted and (there is None or checksum(there) != listed)


def _put_listing(writes: dict[str, bytes], removals: list[str], there: bytes | None, files: Mapping[str, bytes], listing: str) -> None:
    if not files:
        removals += [listing] if there is not None else []
    elif there != write_listing(files):
        writes[listing] = write_listing(files)


def _foreign(current: Mapping[str, bytes], wanted: Mapping[str, bytes], owned: set[str], folder: str) -> Iterator[str]:
    """Yield files of others that a wanted file would replace, hide, or differ from only by case (R6)."""
    others = {path: content for path, content in current.items() if path not in owned and path.startswith(f"{folder}/")}
    by_case = {path.casefold(): path for path in wanted}
    wanted_folders = {above.casefold() for path in wanted for above in _folders(path)}
    for path, content in others.items():
        same = by_case.get(path.casefold())
        if (
            (same is not None and (same != path or wanted[same] != content))
            or path.casefold() in wanted_folders
            or any(above.casefold() in by_case for above in _folders(path))
        ):
            yield path


def _folders(path: str) -> Iterator[str]:
    """Yield every folder above ``path``."""
    yield from accumulate(path.split("/")[:-1], lambda above, part: f"{above}/{part}")
