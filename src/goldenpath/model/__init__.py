"""Frozen types and pure rules. No I/O, no clock, no vendor name."""
