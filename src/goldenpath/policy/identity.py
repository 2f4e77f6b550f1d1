"""Who is who (R12): addresses, logins and keys in one canonical spelling, so that one human stays one human under every variant.

Matching is deliberately generous: taking two people for one costs an approval, taking one for two costs the gate.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from goldenpath.model.approval import Approvers, Person

_NOREPLY = re.compile(r"(?:[0-9]+[+-])?(?P<login>[^@+]+)@users\.noreply\.[a-z0-9.-]+")
_DOTLESS_DOMAINS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
_KEY_MATERIAL = re.compile(r"(?:^|\s)(AAAA[A-Za-z0-9+/]+=*)(?:\s|$)")


@lru_cache(maxsize=4096)
def canonical_word(text: str) -> str:
    """Return a login or name in one spelling: compatibility forms, case, spaces and invisible characters folded away."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    visible = "".join(char for char in folded if unicodedata.category(char) not in {"Cf", "Cc"})
    return " ".join(unicodedata.normalize("NFKC", visible).split()).removeprefix("@")


@lru_cache(maxsize=4096)
def canonical_address(text: str) -> str:
    """Return a mail address in one spelling: no display name, no plus part, no case, no trailing dot."""
    word = canonical_word(text)
    bracketed = re.search(r"<([^<>]*)>[^<>]*$", word)
    address = (bracketed.group(1) if bracketed else word).strip().removeprefix("mailto:").replace(" ", "")
    local, at, domain = address.rpartition("@")
    if not at:
        return address
    domain = domain.rstrip(".")
    local = local.strip('"')
    if _NOREPLY.fullmatch(f"{local}@{domain}"):
        return f"{local}@{domain}"
    local = local.partition("+")[0] or local
    if domain in _DOTLESS_DOMAINS:
        return f"{local.replace('.', '')}@{_DOTLESS_DOMAINS[domain]}"
    return f"{local}@{domain}"


def login_behind(address: str) -> str:
    """Return the login that a forge's no-reply address stands for; empty for any other address."""
    match = _NOREPLY.fullmatch(canonical_address(address))
    return match.group("login") if match else ""


def key_material(line: str) -> str:
    """Return the key itself from an ``authorized_keys`` line: options, type and comment name nobody."""
    match = _KEY_MATERIAL.search(line)
    return match.group(1) if match else line.strip()


@dataclass(frozen=True, slots=True)
class Directory:
    """The people of an approvers file, found by any of their spellings."""

    people: Mapping[str, Person]
    shared: Mapping[str, tuple[str, ...]]
    _by_address: Mapping[str, frozenset[str]]
    _by_login: Mapping[str, frozenset[str]]
    _by_name: Mapping[str, frozenset[str]]

    @staticmethod
    def of(approvers: Approvers) -> Directory:
        """Index the people. ``shared`` maps everyone who shares an id, address, login or key to what is shared."""
        people = approvers.people
        return Directory(
            people={person.id: person for person in people},
            shared=_shared(people),
            _by_address=_index((canonical_address(email), person.id) for person in people for email in person.emails),
            _by_login=_index((login, person.id) for person in people for login in _logins(person)),
            _by_name=_index((canonical_word(person.name), person.id) for person in people if person.name.strip()),
        )

    def behind(self, name: str, address: str) -> frozenset[str]:
        """Return the ids of everyone whom a commit's name and address may stand for.

        The address decides; where nobody has it, the name and the part before the @ do, so that an unlisted address hides nobody.
        """
        canonical = canonical_address(address)
        found = self._by_address.get(canonical, frozenset()) | self._by_login.get(login_behind(address), frozenset())
        return found or self.named(name) | self._by_login.get(canonical.partition("@")[0], frozenset())

    def named(self, word: str) -> frozenset[str]:
        """Return the ids of everyone whom a bare word may mean: an id, a login, a name or an address."""
        key = canonical_word(word)
        found = self._by_login.get(key, frozenset()) | self._by_name.get(key, frozenset())
        return found | self._by_address.get(canonical_address(word), frozenset())


def _logins(person: Person) -> tuple[str, ...]:
    return tuple(filter(None, (canonical_word(person.id), *(canonical_word(login) for login in person.logins.values()))))


def _index(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for key, person in pairs:
        found[key].add(person)
    return {key: frozenset(people) for key, people in found.items() if key}


def _shared(people: Iterable[Person]) -> dict[str, tuple[str, ...]]:
    """Return {person id: what it shares with another entry}; two entries with one id share it."""
    holders: dict[tuple[str, str], list[Person]] = defaultdict(list)
    for person in people:
        for mark in _marks(person):
            holders[mark].append(person)
    found: dict[str, set[str]] = defaultdict(set)
    for (kind, _text), entries in holders.items():
        if len(entries) > 1:
            for person in entries:
                found[person.id].add(kind)
    return {person_id: tuple(sorted(kinds)) for person_id, kinds in found.items()}


def _marks(person: Person) -> set[tuple[str, str]]:
    marks = {("id", canonical_word(person.id))}
    marks |= {("address", canonical_address(email)) for email in person.emails}
    marks |= {(f"{forge} login", canonical_word(login)) for forge, login in person.logins.items()}
    return marks | {("key", key_material(key)) for key in person.keys}
