"""Pages about access, for clients and staff."""
