"""Forges: GitHub, and Gitea with Forgejo. One transport, one way to call, a module for each forge's words."""
