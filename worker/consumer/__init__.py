"""The consumer: reads the queue, claims jobs, runs them and stores their results."""
