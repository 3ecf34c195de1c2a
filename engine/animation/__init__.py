"""Films: laying frames on their canvas, and their times."""
