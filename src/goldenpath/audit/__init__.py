"""Record, chain, checkpoint, verify. Never holds a value, nor anything derived from one without a key."""
