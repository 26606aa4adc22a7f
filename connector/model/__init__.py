"""Nouns: what the connector speaks of, with no way to do anything about it."""
