"""The conversion engine: bytes to bytes. `pipeline.convert()` is its only door."""
