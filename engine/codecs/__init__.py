"""Formats: how each is read and written."""
