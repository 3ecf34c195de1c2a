"""Damaged files, and small files with large demands."""
