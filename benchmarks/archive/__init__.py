"""The archive of a batch: the memory of the API that streams it, and what a slow reader holds."""
