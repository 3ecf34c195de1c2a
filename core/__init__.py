"""What api, worker and janitor share: the job record, the queue, and the words they use."""
