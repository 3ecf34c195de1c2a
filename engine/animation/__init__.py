"""Films: the composition of their frames, and their times."""
