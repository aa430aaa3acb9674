"""Asking for reviews: the wizard, the requests that came of it, the one reminder, and whoever says stop."""
