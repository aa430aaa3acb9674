"""Forms and filters of profiles."""
