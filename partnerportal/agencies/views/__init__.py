"""Views of the agency, its team and team invitations."""
