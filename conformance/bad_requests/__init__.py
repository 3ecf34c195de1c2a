"""Bad requests to every call, byte by byte, each with the answer that it must get."""
