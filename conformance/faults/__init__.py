"""Faults of every kind under load: what is lost, doubled, hung or answered otherwise than promised."""
