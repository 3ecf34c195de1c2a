"""Public test images."""
