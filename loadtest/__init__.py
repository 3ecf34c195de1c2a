"""Load tests: users over public HTTP, a journal of their requests, and a report."""
