"""The migration steps, in order.

A step is frozen: it holds its own SQL and imports nothing of ours, so that a later change of the code leaves it as it was.
"""
