"""Which HTTP proxy leads to an API server, by the variables and rules that Go programs, and so kubectl, keep."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit


def proxy_of(server: str, configured: str, variables: Mapping[str, str]) -> str:
    """Return the proxy's address; empty for none. ``configured`` is the kubeconfig's ``proxy-url``, which counts before the variables."""
    if configured:
        return configured
    parts = urlsplit(server)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if _is_here(host) or _is_excepted(host, port, _variable(variables, "NO_PROXY")):
        return ""
    return _variable(variables, f"{parts.scheme.upper()}_PROXY")


def _variable(variables: Mapping[str, str], name: str) -> str:
    return variables.get(name) or variables.get(name.lower()) or ""


def _is_here(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _is_excepted(host: str, port: int, listed: str) -> bool:
    return any(_fits(host, port, entry.strip().lower()) for entry in listed.split(",") if entry.strip())


def _fits(host: str, port: int, entry: str) -> bool:
    if entry == "*":
        return True
    address = _address(host)
    if address is not None and "/" in entry:
        try:
            return address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    name, separator, number = entry.rpartition(":")
    if separator and number.isdigit() and _address(entry) is None:
        if int(number) != port:
            return False
        entry = name.strip("[]")
    if address is not None:
        return _address(entry) == address
    entry = entry.removeprefix("*")
    return host.endswith(entry) if entry.startswith(".") else host == entry or host.endswith(f".{entry}")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
