"""Actions on contact requests."""
