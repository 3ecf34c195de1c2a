"""Damaged files, and small ones that ask for much."""
