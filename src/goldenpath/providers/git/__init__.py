"""Git through its own command line: history, approvals kept in notes, and the manifest repository.

Everything read from a repository is data (R11): no hook, filter, pager, helper or diff driver that a repository names is ever run.
"""
