"""What api and worker share: the job record, the queue, and the words they use."""
