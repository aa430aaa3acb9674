"""Actions on lists of needs, needs, and credentials."""
