"""The sandbox: each conversion in a process of its own, which can do nothing else."""
