"""What each role may do in Parameter Store. One function a role; each returns the statements of its identity policy.

``GetParametersByPath`` is authorised on the folder alone, past a denial of what is in it, so it is granted for the folder of markers
only, which holds no value (STANDARD section 2).
"""

from __future__ import annotations

from typing import Any

from goldenpath.model.settings import Settings
from goldenpath.projection.identity import LEASE, MARKERS, parameter_arn_pattern

Statements = list[dict[str, Any]]

_VALUES = ("GetParameter", "GetParameterHistory", "GetParameters", "GetParametersByPath")
_WRITES = ("DeleteParameter", "DeleteParameters", "PutParameter")


def keep_markers(environment: str, settings: Settings) -> Statements:
    """CI: what was applied for each request, and the tags of its parameters; no value, neither read nor given."""
    markers, lease = _markers(environment, settings), _below(environment, settings, LEASE)
    return [
        _list_names(),
        _statement("KeepMarkers", ("AddTagsToResource", "GetParameter", "PutParameter"), [markers]),
        _list_markers(environment, settings),
        _keep_lease(environment, settings),
        _statement("TagParameters", ("AddTagsToResource",), [parameter_arn_pattern(environment, settings=settings)]),
        _never("NeverParameterValues", (*_VALUES, *_WRITES), [*_marker_places(environment, settings), lease]),
    ]


def give_values(environment: str, settings: Settings) -> Statements:
    """Injection: write, tag, prune; and read back, because only a value can tell whether it changed. Markers stay CI's."""
    actions = (
        "AddTagsToResource",
        "DeleteParameters",
        "GetParameter",
        "GetParameterHistory",
        "GetParameters",
        "ListTagsForResource",
        "PutParameter",
    )
    return [
        _list_names(),
        _statement("GiveParameters", actions, [parameter_arn_pattern(environment, settings=settings)]),
        _statement("NeverMarkers", ("DeleteParameters", "PutParameter"), [_markers(environment, settings)], effect="Deny"),
        _statement("NeverByPath", ("GetParametersByPath",), ["*"], effect="Deny"),
    ]


def read_values(environment: str, settings: Settings) -> Statements:
    """A person or a process that reveals values, name by name."""
    return [
        _list_names(),
        _statement("ReadMarkers", ("GetParameter",), [_markers(environment, settings)]),
        _statement("ReadParameters", ("GetParameters",), [parameter_arn_pattern(environment, settings=settings)]),
        _statement("NeverByPath", ("GetParametersByPath",), ["*"], effect="Deny"),
    ]


def look(environment: str, settings: Settings) -> Statements:
    """An operator: names, types, versions and markers; no value and no change."""
    return [
        _list_names(),
        _statement("ReadMarkers", ("GetParameter",), [_markers(environment, settings)]),
        _list_markers(environment, settings),
        _never("NeverParameterValues", _VALUES, _marker_places(environment, settings)),
    ]


def synchronise(environment: str, settings: Settings) -> Statements:
    """External Secrets in the cluster: read this environment's parameters, one by one."""
    pattern = parameter_arn_pattern(environment, settings=settings)
    return [_statement("ReadParameters", ("GetParameter", "GetParameters"), [pattern])]


def _list_names() -> dict[str, Any]:
    # AWS knows no resource for this action; it shows no value
    return _statement("ListParameters", ("DescribeParameters",), ["*"])


def _list_markers(environment: str, settings: Settings) -> dict[str, Any]:
    return _statement("ListMarkers", ("GetParametersByPath",), [_below(environment, settings, MARKERS)])


def _keep_lease(environment: str, settings: Settings) -> dict[str, Any]:
    actions = ("GetParameter", "GetParameterHistory", "PutParameter")
    return _statement("KeepParameterLease", actions, [_below(environment, settings, LEASE)])


def _marker_places(environment: str, settings: Settings) -> list[str]:
    return [_below(environment, settings, MARKERS), _markers(environment, settings)]


def _markers(environment: str, settings: Settings) -> str:
    return _below(environment, settings, MARKERS, "*")


def _below(environment: str, settings: Settings, *names: str) -> str:
    return parameter_arn_pattern(environment, *names, settings=settings)


def _never(sid: str, actions: tuple[str, ...], spared: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Deny", "Action": _full(actions), "NotResource": spared}


def _statement(sid: str, actions: tuple[str, ...], at: list[str], *, effect: str = "Allow") -> dict[str, Any]:
    return {"Sid": sid, "Effect": effect, "Action": _full(actions), "Resource": at}


def _full(actions: tuple[str, ...]) -> list[str]:
    return sorted(f"ssm:{name}" for name in actions)
