"""Pages about access: for clients, for staff, and for whoever is asked."""
