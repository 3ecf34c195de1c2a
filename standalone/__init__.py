"""Everything on one machine by one command: databases, api, worker and janitor as child processes."""
