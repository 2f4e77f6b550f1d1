"""The container of a request on Parameter Store: a small parameter that holds what was applied for it, and no value.

A request's values are parameters of their own, and there are none before the first value. The marker stands for the request from its
first apply on: free, readable by anyone who may list, and tagged like the parameters it speaks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from goldenpath.model.base import Record, canonical_bytes
from goldenpath.model.secret import SecretRef
from goldenpath.model.store import TAG_ID, DesiredSecret, StoreRecord, VersionInfo
from goldenpath.providers.aws.calls import AwsCalls

MARKERS: Final = "_requests"
"""Beside the services' folders: no service is called so, as their names are DNS labels."""

_SERVICE: Final = "ssm"
_MISSING: Final = "ParameterNotFound"
_EXISTS: Final = "ParameterAlreadyExists"
_PAGE: Final = 10
_REFERENCE: Final = "{{"
_NO_REFERENCE: Final = r"\u007b\u007b"
"""Two braces begin a reference to another parameter, which AWS refuses; in JSON they stand in texts alone, and can be spelled so."""


class Marker(Record, frozen=True, kw_only=True):
    """What was applied. ``token`` made it; ``bookkeeping`` are the tags that say who wrote last."""

    path: str = ""
    request_id: str = ""
    description: str = ""
    kms_key: str = ""
    tags: dict[str, str] = {}
    bookkeeping: dict[str, str] = {}
    generation: int = 0
    token: str = ""

    def record(self, ref: SecretRef, versions: tuple[VersionInfo, ...]) -> StoreRecord:
        """Return the record that the marker and the parameters make up. Parameter Store keeps no policy with a parameter."""
        return StoreRecord(
            ref=ref,
            description=self.description,
            kms_key=self.kms_key,
            tags=tuple(sorted({**self.tags, **self.bookkeeping}.items())),
            versions=versions,
            generation=self.generation,
        )


def marker_of(desired: DesiredSecret, bookkeeping: dict[str, str], *, generation: int, token: str) -> Marker:
    """Return the marker for a container."""
    return Marker(
        path=desired.ref.path,
        request_id=desired.request_id,
        description=desired.description,
        kms_key=desired.kms_key,
        tags=dict(desired.tags),
        bookkeeping=bookkeeping,
        generation=generation,
        token=token,
    )


class Markers:
    """The markers below one prefix.

    Args:
        calls: The door to AWS.
        prefix: First level of every name.
    """

    def __init__(self, calls: AwsCalls, *, prefix: str) -> None:
        self._calls = calls
        self._prefix = prefix

    def name(self, ref: SecretRef) -> str:
        """Return the marker's name; injective, as service and name are labels."""
        service, name = place_of(ref)
        return f"{self._folder(ref.environment)}/{service}/{name}"

    def find(self, ref: SecretRef) -> Marker | None:
        """Return the marker; an empty one for a parameter of that name that the platform did not write."""
        answer = self._calls.send(_SERVICE, "GetParameter", subject=self.name(ref), expected=frozenset({_MISSING}), Name=self.name(ref))
        return None if answer.code == _MISSING else self._own(answer.body["Parameter"], ref.environment)

    def all(self, environment: str) -> Iterator[Marker]:
        """Yield every marker of an environment that the platform wrote, by name."""
        following: dict[str, Any] = {}
        while True:
            folder = self._folder(environment)
            body = self._calls.send(
                _SERVICE, "GetParametersByPath", subject=folder, Path=folder, Recursive=True, MaxResults=_PAGE, **following
            ).body
            yield from (marker for each in body.get("Parameters", ()) if (marker := self._own(each, environment)).path)
            if not body.get("NextToken"):
                return
            following = {"NextToken": body["NextToken"]}

    def write(self, ref: SecretRef, marker: Marker, *, is_new: bool) -> bool:
        """Write the marker; False when a new one is there already."""
        name = self.name(ref)
        tags = [{"Key": key, "Value": value} for key, value in sorted(marker.tags.items())]
        answer = self._calls.send(
            _SERVICE,
            "PutParameter",
            subject=name,
            expected=frozenset({_EXISTS}),
            Name=name,
            Description="What goldenpath applied for the request; holds no value",
            Value=canonical_bytes(marker).decode().replace(_REFERENCE, _NO_REFERENCE),
            Type="String",
            Tier="Standard",
            **({"Overwrite": False, "Tags": tags} if is_new else {"Overwrite": True}),
        )
        return answer.code != _EXISTS

    def retag(self, ref: SecretRef, tags: dict[str, str], names: list[str]) -> None:
        """Give the marker and the parameters ``names`` these tags."""
        listed = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
        for name in [self.name(ref), *names]:
            self._calls.send(_SERVICE, "AddTagsToResource", subject=name, ResourceType="Parameter", ResourceId=name, Tags=listed)

    def _own(self, parameter: dict[str, Any], environment: str) -> Marker:
        """Return the marker in a parameter; an empty one unless it speaks of the request whose place this is, and of one alone."""
        marker = _read(parameter)
        *_, service, of_environment, name = ["", "", *marker.path.split("/")]
        is_here = of_environment == environment and parameter["Name"] == f"{self._folder(environment)}/{service}/{name}"
        return marker if is_here and marker.tags.get(TAG_ID, "") == marker.request_id else Marker()

    def _folder(self, environment: str) -> str:
        return f"/{self._prefix}/{environment}/{MARKERS}"


def place_of(ref: SecretRef) -> tuple[str, str]:
    """Return service and name of the request behind ``<prefix>/<service>/<environment>/<name>``."""
    parts = ref.path.split("/")
    return parts[-3], parts[-1]


def _read(parameter: dict[str, Any]) -> Marker:
    try:
        return msgspec.json.decode(parameter["Value"], type=Marker)
    except (msgspec.DecodeError, RecursionError):
        return Marker()
