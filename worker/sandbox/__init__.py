"""The sandbox: each conversion runs in a process of its own that can do nothing else."""
