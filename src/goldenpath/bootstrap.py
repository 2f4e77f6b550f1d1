"""Wires ports to providers. The only module that knows both."""

from __future__ import annotations
