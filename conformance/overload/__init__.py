"""Twice the load that the service can take: `make overload`."""
