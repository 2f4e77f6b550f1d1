"""bytes → SecretRequest: the strict YAML reader with positions, the catalog, the enums. Never decides what is allowed."""
