"""Pages of the list of needs, and of needs and credentials for staff and clients."""
