"""The page in a real browser: what drives it, what it may not say, and the pictures for the documentation."""
