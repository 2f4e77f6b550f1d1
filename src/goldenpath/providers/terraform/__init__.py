"""Terraform as an engine: runs the shipped module in a private folder and reports its plan in our words."""
