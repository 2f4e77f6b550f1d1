"""The embedded store, its journal and its keys: what the platform runs on where no cloud is set (D8)."""
