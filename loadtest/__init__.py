"""Load tests: users over public HTTP, what they met, and a report of it."""
