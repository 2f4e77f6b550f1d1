"""Argo CD, asked through its Application objects or through its API. Neither is told to sync, prune or change anything."""
