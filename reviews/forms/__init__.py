"""Forms for staff and customers."""
