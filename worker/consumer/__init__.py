"""The consumer: read the queue, claim jobs, run them and store their results."""
