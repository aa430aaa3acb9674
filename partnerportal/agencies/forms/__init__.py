"""Forms of the team and of notifications."""
