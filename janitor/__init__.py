"""The janitor: bring lost jobs and messages back, expire results and drop partitions.

Every sweep runs under a lock of the database, so a second janitor (a rolling upgrade) does no harm.
"""
