"""Pixels: modes, samples, transparency and size."""
