"""Rules, gate, approvals, waivers, lifecycle. Pure: everything it judges is handed to it."""
