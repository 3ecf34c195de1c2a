"""What the line of a request costs."""
