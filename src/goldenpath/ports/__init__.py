"""Protocols between the stages and the world. Each says what "missing" means, in which units, with which errors."""
