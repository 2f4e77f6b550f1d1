"""Vendor kits and the operating system live here and nowhere else. Imports no stage."""
