"""Reads ``goldenpath.yaml`` once into a frozen object. Nothing else in the package reads configuration files."""

from __future__ import annotations
