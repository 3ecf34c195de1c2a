"""The bytes of results beside those of programs that are known for small files."""
