"""Slow conversions for tests: the last bytes of an upload say how long its conversion waits.

In the code of the product nothing waits for tests; `slow_worker` starts the real worker with `slow_zygote`, whose
children have one more step. Readers of images ignore bytes after the end of a picture. The two programs stand alone, so
that the cases on a cluster can mount them into a pod.
"""

ZYGOTE = "conformance.slow.slow_zygote"
"""For a Sandbox of a test's own."""


def slowed(data: bytes, seconds: float) -> bytes:
    """Return the upload so that its conversion waits first."""
    return data + f"hold={seconds:g}".encode() if seconds else data
