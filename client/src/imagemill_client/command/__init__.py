"""The command `imagemill`."""
