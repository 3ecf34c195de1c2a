"""The consumer, the conversion engine, its sandbox, and the janitor."""
