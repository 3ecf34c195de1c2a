"""The whole service by one command: databases, api, worker and janitor as child processes."""
