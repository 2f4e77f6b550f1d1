"""Executes a plan through ports: journal, idempotency tokens, fencing. Knows no vendor."""
