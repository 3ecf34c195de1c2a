"""Flaws of the wrapping at each place of a file, and pixels that are missing: which is which, and what becomes of it."""
