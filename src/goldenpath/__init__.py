"""Goldenpath takes a platform secret through its whole life, with proof at every seam.

This package must stay free of import-time work: `goldenpath --version` is measured (P4).
"""

__version__ = "0.1.0"
