"""The worker: the consumer of the queue, and the sandbox that runs its conversions."""
