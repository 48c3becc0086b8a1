"""Not needed."""
