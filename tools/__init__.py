"""Programs that write the tables of the documentation and count what reviews look at."""
