"""Color: ICC profiles, and color described by numbers."""
