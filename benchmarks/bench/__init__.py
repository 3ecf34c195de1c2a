"""The protocol, the sandbox and the memory of conversions."""
