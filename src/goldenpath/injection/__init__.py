"""Values → store: read, check the whole batch, write, report. Keeps no value longer than the call."""
