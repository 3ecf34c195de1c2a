"""The system calls that children make, beside those that their filter allows."""
