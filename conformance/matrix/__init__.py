"""Every read format to every target, seen by programs without any code of the engine."""
