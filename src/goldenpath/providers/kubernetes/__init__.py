"""Kubernetes over its own HTTP API with urllib3, which is imported only when a cluster is used (ADR 0015)."""
