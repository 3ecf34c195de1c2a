"""The worker: the consumer of the queue, and the sandbox for its conversions."""
