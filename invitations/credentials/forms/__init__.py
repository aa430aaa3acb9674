"""Forms of the list of needs, of needs, and of credentials."""
