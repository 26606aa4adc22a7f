"""Optimum Measures."""
