"""Every read format to every target, seen by programs that share no code with the engine."""
