"""Actions on invitations and access requests."""
