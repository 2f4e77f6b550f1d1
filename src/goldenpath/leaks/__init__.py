"""Finds values where they must not be: known kinds of tokens by their form, managed values by keyed fingerprints.

Says where a match is and what kind it is, never what it is. Reads no file and asks no store.
"""
