"""(desired, observed) → Plan. Never calls a store."""
