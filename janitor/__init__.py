"""The janitor: the only way back for jobs and messages that somebody lost, and the one that clears away.

Every sweep runs under a lock of the database, so a second janitor (a rolling upgrade) does no harm.
"""
