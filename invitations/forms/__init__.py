"""Forms of clients and staff."""
