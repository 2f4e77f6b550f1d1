"""Makes a platform repository from nothing, or adds what one lacks. It adds files and never changes one that is there (R7, R59).

What is there decides: where a ``goldenpath.yaml`` exists, its catalog root, governance paths, branch and environments are those of
everything that is added.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from goldenpath.app.author import Author
from goldenpath.app.backstage import render_portal, stated_repository
from goldenpath.app.scaffold_text import fill, require_plain, words_of
from goldenpath.errors import Conflict, InvalidIntent
from goldenpath.intent.contract import load
from goldenpath.intent.enums import load_enums
from goldenpath.intent.folder import Folder
from goldenpath.intent.layout import SCHEMA_FILE
from goldenpath.intent.listing import REGULAR_MODES
from goldenpath.intent.schema import platform_schema_bytes
from goldenpath.model.counting import counted
from goldenpath.model.policy import Policy
from goldenpath.model.scaffold import Choices, Scaffold, ScaffoldFile
from goldenpath.model.settings import Settings
from goldenpath.model.tombstones import Tombstones
from goldenpath.ports.founding import Founding
from goldenpath.settings import SETTINGS_FILE, load_settings

MAX_BYTES = 1 << 20
_NAMED = 5
_REPOSITORY_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_GITHUB = (".github/",)
_GITLAB = (".gitlab",)


def plan_scaffold(root: Path, founding: Founding, templates: Mapping[str, bytes], choices: Choices) -> Scaffold:
    """Return what would be written below ``root``, which need not exist yet.

    Raises:
        InvalidIntent: ``init.choice-invalid``, ``init.not-a-folder``, ``init.foreign-folder``, ``init.inside-repository``,
            ``init.in-the-way``.
        Conflict: ``init.dirty``.
        Misconfigured: ``settings.invalid`` for a ``goldenpath.yaml`` with faults, or what git says of the folder.
    """
    is_founded = _require_place(root, founding)
    folder = Folder(root)
    there = _found(folder, SETTINGS_FILE)
    require_plain(choices)
    settings = load_settings(fill(templates[SETTINGS_FILE], words_of(choices, Settings())) if there is None else there)
    words = words_of(choices, settings, is_stated=there is not None)
    wanted = {_place_of(path, settings): fill(data, words) for path, data in templates.items() if _is_wanted(path, choices)}
    wanted |= _made_from_words(folder, root, settings, wanted, choices)
    files = tuple(_compared(folder, path, data) for path, data in sorted(wanted.items()))
    _require_clean(root, founding, files)
    folders = () if (root / settings.catalog.root).is_dir() else (settings.catalog.root,)
    return Scaffold(
        files=files,
        folders=folders,
        branch=settings.governance.protected_branch,
        is_founded=is_founded,
        without_account=_without_account(settings),
    )


def write_scaffold(root: Path, founding: Founding, scaffold: Scaffold) -> None:
    """Write what is new, each file whole or not at all; an interrupted run is finished by the next one.

    Raises:
        Conflict: ``intent.file-exists`` when something appeared since it was planned.
        InvalidIntent: ``intent.folder-unsafe``.
    """
    root.mkdir(parents=True, exist_ok=True)
    folder = Folder(root)
    if not scaffold.is_founded:
        founding.found(scaffold.branch)
    for file in scaffold.of("new"):
        folder.write_new(file.path, file.data)
    for path in scaffold.folders:
        folder.make(path)


def _require_place(root: Path, founding: Founding) -> bool:
    """Return whether the folder is a repository, and refuse what is not ours to fill."""
    if root.is_symlink() or (root.exists() and not root.is_dir()):
        raise InvalidIntent(
            "init.not-a-folder", "a link or a file is there", subject=str(root), hint="name the folder itself, or one that does not exist"
        )
    top = founding.root()
    if top is None:
        _require_empty_or_platform(root)
        return False
    if top.resolve() != root.resolve():
        raise InvalidIntent(
            "init.inside-repository",
            "the folder lies inside another repository; a platform is a repository of its own",
            subject=str(top),
            hint="name the top of that repository, or a folder outside it",
        )
    return True


def _require_clean(root: Path, founding: Founding, files: tuple[ScaffoldFile, ...]) -> None:
    """Refuse changes that are not committed; files exactly as they ship are not in the way: an earlier run may have left them (R59)."""
    ours = {file.path for file in files if file.state == "same"}
    changed = [path for path in founding.changed() if path not in ours]
    if changed:
        more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
        raise Conflict(
            "init.dirty",
            f"{counted(len(changed), 'change')} not committed: {', '.join(map(ascii, changed[:_NAMED]))}{more}",
            subject=str(root),
            hint="commit or stash them, so that what init adds can be reviewed by itself",
        )


def _require_empty_or_platform(root: Path) -> None:
    names = {path.name for path in root.iterdir()} if root.is_dir() else set()
    if names and SETTINGS_FILE not in names:
        raise InvalidIntent(
            "init.foreign-folder",
            f"the folder holds {counted(len(names), 'entry', plural='entries')}, and is neither a git repository nor a platform",
            subject=str(root),
            hint="name an empty or new folder, or make it a repository first: git init",
        )


def _without_account(settings: Settings) -> tuple[str, ...]:
    places = settings.environments.items()
    return tuple(name for name, place in places if place.account is None and any(not store.is_embedded for store in place.stores.values()))


def _made_from_words(folder: Folder, root: Path, settings: Settings, wanted: Mapping[str, bytes], choices: Choices) -> dict[str, bytes]:
    """Return what is made from the platform's own words: the schema that new requests point editors to, and the form of a portal.

    Where its own words cannot be read, those that ship count; ``validate`` names what is wrong with them.
    """
    places = settings.governance

    def read(path: str) -> bytes | None:
        return _found(folder, path) or wanted.get(path)

    enums = load_enums(read(places.enums), file=places.enums).value or load_enums(None).value
    assert enums is not None  # noqa: S101 - a test holds that the shipped words load
    files = {SCHEMA_FILE: platform_schema_bytes("request", enums)}
    if choices.forge == "gitlab":  # Backstage opens no pull request there by itself
        return files
    tombstones = load(read(places.tombstones) or b"", Tombstones, file=places.tombstones).value or Tombstones()
    author = Author(settings=settings, enums=enums, tombstones=tombstones, entries=(), ids=(), read=read, has_schema=True)
    policy = read(places.policy)
    usable = None if policy is None or load(policy, Policy, file=places.policy).value is None else policy
    return files | render_portal(author, usable, repository=_portal_place(root, settings, choices))


def _portal_place(root: Path, settings: Settings, choices: Choices) -> str:
    """Return where a portal opens pull requests: what the settings state, else a guess from the names that are known."""
    name = root.name if _REPOSITORY_NAME.fullmatch(root.name) else "platform"
    return stated_repository(settings) or f"github.com?owner={choices.organisation}&repo={name}"


def _is_wanted(path: str, choices: Choices) -> bool:
    others = {"github": _GITLAB, "gitlab": _GITHUB, "all": ()}[choices.forge]
    return not path.startswith(others)


def _place_of(path: str, settings: Settings) -> str:
    """Return where a template goes: the settings may have moved the governance files."""
    governance = settings.governance
    moved = {
        "schemas/metadata/enums.yaml": governance.enums,
        "governance/policy.yaml": governance.policy,
        "governance/approvers.yaml": governance.approvers,
        "governance/tombstones.yaml": governance.tombstones,
    }
    return moved.get(path, path)


def _compared(folder: Folder, path: str, data: bytes) -> ScaffoldFile:
    found = _found(folder, path)
    if found is None:
        return ScaffoldFile(path=path, state="new", data=data)
    return ScaffoldFile(path=path, state="same" if found == data else "kept", data=data, found=found)


def _found(folder: Folder, path: str) -> bytes | None:
    """Return the bytes of a file that is there; None when nothing is."""
    entry = next(iter(folder.entries(path)), None)
    if entry is None:
        if folder.is_folder(path):
            raise _in_the_way(path, path)
        return None
    data = folder.read_file(path, max_bytes=MAX_BYTES) if entry.path == path and entry.mode in REGULAR_MODES else None
    if data is None:
        raise _in_the_way(entry.path, path)
    return data


def _in_the_way(entry: str, path: str) -> InvalidIntent:
    return InvalidIntent(
        "init.in-the-way",
        f"a link, a folder or something unreadable stands where {path} belongs",
        subject=entry,
        hint="move it away; init follows no link and replaces nothing",
    )
