"""The answers to a form → a request as its file would state it. The command line and the portal's form share it, so both ask the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def request_tree(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request that the answers describe, fields in the order of the contract; without an id when none was given."""
    optional = {name: answers[name] for name in ("description", "adr", "requester") if answers.get(name)}
    metadata = {name: answers[name] for name in ("name", "owner", "service", "environment")}
    if answers.get("request_id"):
        metadata["id"] = answers["request_id"]
    spec: dict[str, Any] = {
        "provider": answers["provider"],
        "secretType": answers["secret_type"],
        "risk": {"tier": answers["tier"]},
        "rotation": {"rotationClass": answers["rotation_class"]},
        "lifecycle": {"status": "active"},
        "access": _access(answers),
        "ttlDays": answers["ttl_days"],
    }
    keys = [key_tree(text) for text in answers["keys"]]
    return {"metadata": {**metadata, **optional}, "spec": {**spec, "keys": keys} if keys else spec}


def key_tree(text: str) -> dict[str, str]:
    """Return a declared key from ``NAME`` or ``NAME:FORMAT``."""
    name, separator, kind = text.partition(":")
    return {"name": name, "format": kind} if separator else {"name": name}


def _access(answers: Mapping[str, Any]) -> dict[str, Any]:
    access: dict[str, Any] = {
        "namespace": answers.get("namespace") or answers["service"],
        "k8sSecretName": answers.get("k8s_secret_name") or answers["name"],
    }
    lists = {"readPrincipals": answers["read_principals"], "writePrincipals": answers["write_principals"]}
    return {**access, **{name: list(arns) for name, arns in lists.items() if arns}}
