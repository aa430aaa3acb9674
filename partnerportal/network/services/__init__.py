"""Actions on profiles."""
