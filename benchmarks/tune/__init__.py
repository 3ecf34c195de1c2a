"""What efforts and qualities of the encoders cost and give."""
