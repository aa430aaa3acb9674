"""Changes of a team and its invitations."""
