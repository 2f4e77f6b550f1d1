"""Turns git's machine output into records. Pure; knows the formats and nothing else."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from goldenpath.errors import InvalidIntent
from goldenpath.model.change import CommitInfo
from goldenpath.ports.repository import PathChange, TreeEntry

OBJECT_ID = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})", re.ASCII)
_NOTHING = re.compile(r"0+", re.ASCII)
_IDENT = re.compile(rb"\A(?P<name>[^<\n]*)<(?P<email>[^\n]*?)>(?P<rest>[^>\n]*)\Z")
_CO_AUTHOR = re.compile(r"^[ \t>]*co-authored-by[ \t]*:(?P<who>[^\n]*(?:\n[ \t]+[^\n]*)*)", re.IGNORECASE | re.MULTILINE)
_TRAILER = re.compile(r"(?P<name>[A-Za-z0-9-]+): (?P<value>.*)", re.ASCII)
_PERSON = re.compile(r"(?P<name>[^<>,;]*)<(?P<email>[^<>]*)>")

TIME_MAX = 221_845_391_999
"""The end of the year 8999: whoever writes a commit states its time, and days are counted from it."""

BRANCH_NAME = re.compile(r"(?!/|.*(?:\.\.|//|/\.|\.lock(?:/|\Z)|\.\Z|/\Z))[A-Za-z0-9_][A-Za-z0-9._/+@-]*", re.ASCII)
"""The branch names that we commit to: a plain subset of what git allows."""


def is_object_id(text: str) -> bool:
    """Say whether ``text`` is a full object id, SHA-1 or SHA-256."""
    return OBJECT_ID.fullmatch(text) is not None


def clean_path(path: str) -> str:
    """Return a path inside a tree without the closing slash; empty means the whole tree.

    Raises:
        InvalidIntent: ``git.path-invalid`` for an absolute path, an empty, ``.`` or ``..`` segment, or a NUL.
    """
    trimmed = path.removesuffix("/")
    if path.startswith("/") or "\0" in path or (trimmed and any(part in {"", ".", ".."} for part in trimmed.split("/"))):
        raise InvalidIntent(
            "git.path-invalid", f"not a path inside a repository: {path!r}", hint="write it relative to the root, without dots"
        )
    return trimmed


def tree_entries(records: Iterator[bytes]) -> Iterator[TreeEntry]:
    """Yield the entries of ``ls-tree -z`` records."""
    for record in records:
        meta, _tab, name = record.partition(b"\t")
        mode, _kind, oid = meta.decode("ascii").split()
        yield TreeEntry(path=os.fsdecode(name), mode=mode, oid=oid)


def path_changes(output: bytes) -> tuple[PathChange, ...]:
    """Return the changes of ``diff-tree -z --raw`` output, in path order."""
    fields = output.split(b"\0")
    pairs = zip(fields[0:-1:2], fields[1::2], strict=True)
    changes = (_path_change(meta.decode("ascii"), os.fsdecode(name)) for meta, name in pairs)
    return tuple(sorted(changes, key=lambda change: os.fsencode(change.path)))


def _path_change(meta: str, path: str) -> PathChange:
    old_mode, new_mode, old_oid, new_oid, _status = meta.removeprefix(":").split()
    return PathChange(
        path=path,
        old_oid="" if _NOTHING.fullmatch(old_oid) else old_oid,
        new_oid="" if _NOTHING.fullmatch(new_oid) else new_oid,
        old_mode="" if _NOTHING.fullmatch(old_mode) else old_mode,
        new_mode="" if _NOTHING.fullmatch(new_mode) else new_mode,
    )


def first_additions(output: bytes) -> dict[str, int]:
    """Return {path: seconds} of ``log -z --raw --diff-filter=A --format=%x01%ct``, newest commit first: the first addition wins."""
    times: dict[str, int] = {}
    seconds = 0
    fields = iter(output.split(b"\0"))
    for field in fields:
        # a path comes after its own record only, so no name of a file can pass for a header
        if field.lstrip(b"\n").startswith(b":"):
            times[os.fsdecode(next(fields))] = seconds
        elif field.startswith(b"\x01"):
            seconds = _seconds(field[1:])
    return times


def commit_info(oid: str, content: bytes) -> CommitInfo:
    """Return what a raw commit object says about itself: no mailmap, no replacement, no configured format in between."""
    head, _blank, message = content.partition(b"\n\n")
    headers = [line.partition(b" ")[::2] for line in head.split(b"\n") if not line.startswith(b" ")]
    authors = [_ident(value) for key, value in headers if key == b"author"] or [("", "", 0)]
    committers = [_ident(value) for key, value in headers if key == b"committer"] or [("", "", 0)]
    text = message.decode("utf-8", "surrogateescape").replace("\r", "")
    # a second author or committer line is not git's own doing: whoever is named there had a hand in it
    extra = [(name, email) for name, email, _time in (*authors[1:], *committers[1:])]
    return CommitInfo(
        oid=oid,
        parents=tuple(value.decode("ascii", "replace") for key, value in headers if key == b"parent"),
        author_name=authors[0][0],
        author_email=authors[0][1],
        committer_name=committers[0][0],
        committer_email=committers[0][1],
        co_authors=tuple(dict.fromkeys((*extra, *co_authors(text)))),
        subject=text.lstrip("\n").partition("\n")[0],
        time=committers[0][2],
        trailers=trailers(text),
    )


def _ident(value: bytes) -> tuple[str, str, int]:
    found = _IDENT.match(value)
    if found is None:
        return value.decode("utf-8", "surrogateescape").strip(), "", 0
    seconds = found["rest"].split()
    return _text(found["name"]), _text(found["email"]), _seconds(seconds[0]) if seconds else 0


def _seconds(text: bytes) -> int:
    """Return a commit's time as far as a calendar goes; 0 for what is none."""
    return min(int(text), TIME_MAX) if re.fullmatch(rb"[0-9]{1,30}", text) else 0


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape").strip()


def trailers(message: str) -> tuple[tuple[str, str], ...]:
    """Return the trailers of a message: its last paragraph when that is not the first and holds nothing else."""
    paragraphs = [part for part in message.split("\n\n") if part.strip()]
    lines = paragraphs[-1].strip("\n").split("\n") if len(paragraphs) > 1 else []
    found = [_TRAILER.fullmatch(line) for line in lines]
    return tuple((match["name"], match["value"].strip()) for match in found if match) if all(found) else ()


def co_authors(message: str) -> list[tuple[str, str]]:
    """Return (name, address) of every ``Co-authored-by`` line, wherever it stands, folded or with several people.

    Wider than git's own trailers on purpose: one name too many keeps an approval from counting, one too few lets an author approve.
    """
    found: list[tuple[str, str]] = []
    for match in _CO_AUTHOR.finditer(message):
        who = " ".join(match["who"].split())
        people = [(person["name"].strip(' "'), person["email"].strip()) for person in _PERSON.finditer(who)]
        found += people or ([_without_brackets(who)] if who else [])
    return found


def _without_brackets(who: str) -> tuple[str, str]:
    """Return (name, address) of a line that lacks ``<...>``: a lone address is taken for one."""
    address = next((word for word in who.split() if "@" in word), "")
    return " ".join(word for word in who.split() if word != address), address.strip("<>,;")
